"""What is said of a run when it is over: how it ended, how good it was, what was found, what to type next."""

import shlex
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from trainlab.diagnose.finding import SEVERITIES, Finding
from trainlab.store.strict_json import dumps
from trainlab.training.callbacks import RunResult


def as_data(outcome: RunResult, exit_code: int) -> dict[str, Any]:
    """The outcome as `--json` prints it."""
    return {
        "folder": str(outcome.folder),
        "state": outcome.state,
        "exit_code": exit_code,
        "epoch": outcome.epoch,
        "step": outcome.step,
        "seconds": outcome.seconds,
        "best": None if outcome.best is None else dict(outcome.best),
        "test": None if outcome.test is None else dict(outcome.test),
        "diagnoses": [d.as_dict() for d in outcome.findings],
    }


def as_text(outcome: RunResult, given: Sequence[str] = ()) -> str:
    """The outcome as people read it; `given`: the config and overrides that were trained."""
    rows = [("folder", str(outcome.folder))]
    if outcome.best:
        rows.append(("best", f"{outcome.best['metric']} {outcome.best['value']:.4g} at epoch {outcome.best['epoch']}"))
    if outcome.test:
        rows.append(("test", "  ".join(f"{name} {value:.4g}" for name, value in outcome.test.items())))
    lines = [f"{outcome.state} after {counted(outcome.epoch, 'epoch')} in {outcome.seconds:.1f} s"]
    lines += [f"  {name:<7} {text}" for name, text in rows]
    if outcome.reason and all(outcome.reason != d.message for d in outcome.findings):
        lines.insert(1, f"  {outcome.reason}")
    lines += ["", *findings(outcome.findings), "", f"next: {following(outcome, given)}"]
    return "\n".join(lines)


def following(outcome: RunResult, given: Sequence[str] = ()) -> str:
    """The command that makes sense next: go on, try the first cure, or look at the run."""
    folder = str(outcome.folder)
    if outcome.state == "interrupted":
        return shlex.join(["trainlab", "train", "--resume", folder])
    cure = next((d.patches[0] for d in worst_first(outcome.findings) if d.patches and d.severity != "info"), None)
    if cure and given:
        kept = [text for text in given if text.partition("=")[0] not in cure]
        return shlex.join(["trainlab", "train", *kept, *arguments(cure)])
    return shlex.join(["trainlab", "report", folder])


def findings(diagnoses: Sequence[Finding]) -> list[str]:
    """Each code once, the worst first, with what to do about it."""
    if not diagnoses:
        return ["nothing to complain about"]
    lines: list[str] = []
    for _, same in groupby(worst_first(diagnoses), key=lambda d: (d.severity, d.code)):
        group = list(same)
        first = group[0]
        layers = [d.layer for d in group[1:] if d.layer]
        lines.append(f"{first.severity} {first.code} (epoch {first.epoch}): {first.message}")
        if layers:
            lines.append(f"  likewise: {', '.join(layers)}")
        if first.because:
            lines.append(f"  because of: {', '.join(first.because)}")
        lines.append(f"  advice: {first.advice}")
    return lines


def worst_first(diagnoses: Sequence[Finding]) -> list[Finding]:
    """Worst severity first, and within it as found, the findings of one code together."""
    order: dict[str, int] = {}
    for diagnosis in diagnoses:
        order.setdefault(diagnosis.code, len(order))
    return sorted(diagnoses, key=lambda d: (-SEVERITIES.index(d.severity), order[d.code]))


def arguments(patch: Mapping[str, Any]) -> list[str]:
    """A patch as `key=value` arguments; JSON is YAML that fits one line."""
    return [f"{key}={value if isinstance(value, str) else dumps(value)}" for key, value in patch.items()]


def counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
