"""The end of a run on the terminal: how it ended, its scores, its findings, and the command to type next."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from trainlab.diagnose.finding import Finding
from trainlab.report.baselines import beside
from trainlab.report.findings import NO_PROBLEMS, finding_lines, folded, grouped, told
from trainlab.report.text import counted, wrapped
from trainlab.store.strict_json import dumps
from trainlab.training.callbacks import RunResult

_UNWRAPPED = 10_000  # columns: lines are folded to the terminal's width later, and not at all in a pipe


def as_data(result: RunResult, exit_code: int) -> dict[str, Any]:
    """The result as `--json` prints it."""
    return {
        "folder": str(result.folder),
        "state": result.state,
        "exit_code": exit_code,
        "epoch": result.epoch,
        "step": result.step,
        "seconds": result.seconds,
        "best": None if result.best is None else dict(result.best),
        "test": None if result.test is None else dict(result.test),
        "diagnoses": [d.as_dict() for d in result.findings],
        **({"baselines": found} if (found := result.data.get("baselines")) else {}),
    }


def as_text(result: RunResult, given: Sequence[str] = ()) -> str:
    """The result as text; `given`: the config and overrides of the run."""
    rows = [("folder", str(result.folder))]
    if result.best:
        rows.append(("best", f"{result.best['metric']} {result.best['value']:.4g} at epoch {result.best['epoch']}"))
    if result.test:
        rows.append(("test", "  ".join(f"{name} {value:.4g}" for name, value in result.test.items())))
    best = {result.best["metric"]: result.best["value"]} if result.best else {}
    if compared := beside(result.data, result.test, best):
        rows.append(("beside", compared))
    lines = [f"{result.state} after {counted(result.epoch, 'epoch')} in {result.seconds:.1f} s"]
    lines += [f"  {name:<7} {text}" for name, text in rows]
    if result.reason and all(result.reason != d.message for d in result.findings):
        lines.insert(1, f"  {result.reason}")
    lines += ["", *findings(result.findings), "", f"next: {following(result, given)}"]
    return "\n".join(lines)


def following(result: RunResult, given: Sequence[str] = ()) -> str:
    """The command to type next: resume, try the first suggested patch, or report."""
    folder = str(result.folder)
    if result.state == "interrupted":
        return shlex.join(["trainlab", "train", "--resume", folder])
    patch = first_patch(result.findings)
    if patch and given:
        return shlex.join(["trainlab", "train", *patched(given, patch)])
    return shlex.join(["trainlab", "report", folder])


def findings(found: Sequence[Finding], width: int = _UNWRAPPED, *, color: bool = False) -> list[str]:
    """The likeliest causes with what to do about them; of the other codes the names."""
    first, others = told(grouped([finding.as_dict() for finding in found]))
    lines = [line for group in first for line in finding_lines(group, width, color=color)] or [NO_PROBLEMS]
    return [*lines, *(line for text in folded(others) for line in wrapped(text, width))]


def first_patch(found: Sequence[Finding]) -> Mapping[str, Any] | None:
    """The first suggested patch of the worst finding that has one; advice alone is no reason to change a config."""
    groups = grouped([finding.as_dict() for finding in found if finding.severity != "info"])
    return next((group.first["patches"][0] for group in groups if group.patches), None)


def patched(given: Sequence[str], patch: Mapping[str, Any]) -> list[str]:
    """The arguments of a command with the patch in place of the overrides of the same keys."""
    return [*(text for text in given if text.partition("=")[0] not in patch), *arguments(patch)]


def arguments(patch: Mapping[str, Any]) -> list[str]:
    """A patch as `key=value` arguments; JSON is YAML that fits one line."""
    return [f"{key}={value if isinstance(value, str) else dumps(value)}" for key, value in patch.items()]
