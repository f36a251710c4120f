"""The result of `trainlab fix` as text: a line per trial during the search, then the table and the smallest patch."""

from collections.abc import Mapping
from typing import Any

from trainlab.cli import _terminal
from trainlab.cli._summary import arguments, findings
from trainlab.core.dump import dump
from trainlab.report.findings import NO_PROBLEMS
from trainlab.report.grid import Column, grid
from trainlab.report.text import counted
from trainlab.tools.fix.fix import Fixed
from trainlab.tools.fix.trial import Trial

_SHOWN = 3  # remaining findings that are shown in full


def line(trial: Trial, first_seed: int | None) -> str:
    """One trial in a line."""
    seed = "" if first_seed in (None, trial.seed) else f" (seed {trial.seed})"
    return f"{_place(trial)}: {_patch(trial)}{seed}: {_outcome(trial)}"


def as_text(fixed: Fixed, wrote: str = "") -> str:
    """The whole text: the result, the trials, the patch, the remaining findings, and what to type next."""
    lines = [_headline(fixed), ""]
    if fixed.state != "healthy":
        lines += [*_table(fixed), ""]
    if fixed.patch:
        patch = dump(nested(fixed.patch)).splitlines()
        lines += ["the smallest patch that helps:", "", *(f"  {text}" for text in patch)]
        lines += ["", *_gains(fixed), ""]
    if fixed.left:
        lines += ["remaining findings:" if fixed.patch else "findings:", ""]
        lines += [*findings(fixed.left[:_SHOWN]), *_more(len(fixed.left)), ""]
    return "\n".join([*lines, wrote or _next(fixed)])


def nested(patch: Mapping[str, Any]) -> dict[str, Any]:
    """A patch in the form of a config; keys that lead into a list stay dotted.

    >>> nested({"optimizer.lr": 0.1, "model.layers.0.units": 8})
    {'optimizer': {'lr': 0.1}, 'model.layers.0.units': 8}
    """
    made: dict[str, Any] = {}
    for key, value in patch.items():
        *above, last = key.split(".") if not any(part.isdecimal() for part in key.split(".")) else [key]
        here = made
        for part in above:
            here = here.setdefault(part, {})
        here[last] = value
    return made


def _headline(fixed: Fixed) -> str:
    spent = f"{counted(fixed.reruns, 'run')}, {fixed.seconds:.0f} s"
    cut = {"budget": "; the budget is spent", "interrupted": "; stopped, the same command continues"}
    tail = cut.get(fixed.stopped, "")
    sources = " and ".join(fixed.credits)
    states = {
        "healthy": "nothing to fix: this run has no warning and no error",
        "cured": f"fixed by the suggestions of {sources} ({spent}{tail})",
        "improved": f"better, but not fixed, by the suggestions of {sources} ({spent}{tail})",
        "nothing helped": f"nothing helped measurably ({spent}{tail})",
        "no prescription": "no config change can fix these findings; follow their advice",
        "interrupted": f"stopped before anything helped ({spent}); the same command continues",
    }
    return f"{fixed.run}: {states[fixed.state]}"


def _table(fixed: Fixed) -> list[str]:
    """A row per trial."""
    scores = ["-" if t.refused or t.state != "finished" else f"{t.score:.4g}" for t in fixed.trials]
    return grid(
        [
            Column("trial", [_place(trial) for trial in fixed.trials], right=False),
            Column(fixed.metric, scores, right=False),
            Column("seed", [str(trial.seed) for trial in fixed.trials], 3, right=False),
            Column("findings", [_codes(trial) for trial in fixed.trials], 2, right=False),
            Column("patch", [_patch(trial) for trial in fixed.trials], right=False, shrinks=12, shrinks_at=2.5),
        ],
        width=_terminal.columns(None),
    )


def _codes(trial: Trial) -> str:
    codes = [d.code for d in trial.warnings]
    if trial.refused or not codes:
        return "refused" if trial.refused else "-"
    return codes[0] + (f" +{len(codes) - 1}" if len(codes) > 1 else "")


def _gains(fixed: Fixed) -> list[str]:
    """The score before and after, by seed."""
    each = [f"{before:.4g} -> {after:.4g} (seed {seed})" for seed, before, after in fixed.pairs]
    sure = f"gain {fixed.gain:.3g}, standard error {fixed.error:.2g}"
    return [f"{fixed.metric}: {', '.join(each)}; {sure}"]


def _next(fixed: Fixed) -> str:
    folder = str(fixed.folder)
    if fixed.patch:
        return f"to write the fixed config (nothing runs again):\nnext: trainlab fix {folder} -o fixed.yaml"
    if fixed.state in ("nothing helped", "no prescription") and fixed.left:
        return f"next: trainlab explain {fixed.left[0].code}"
    return f"next: trainlab report {folder}"


def _more(number: int) -> list[str]:
    return [f"and {number - _SHOWN} more"] if number > _SHOWN else []


def _place(trial: Trial) -> str:
    return trial.folder.name if trial.folder is not None else "-"


def _patch(trial: Trial) -> str:
    return " ".join(arguments(trial.patch)) or "(nothing changed)"


def _outcome(trial: Trial) -> str:
    if trial.refused:
        return f"cannot run: {trial.refused.splitlines()[0]}"
    codes = [d.code for d in trial.warnings]
    score = f"{trial.metric} {trial.score:.4g}" if trial.state == "finished" else trial.state
    return f"{score}, {', '.join(codes[:3]) or NO_PROBLEMS}"
