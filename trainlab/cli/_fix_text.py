"""What is said of an attempt to cure a run: each trial as it comes, what was tried, and the smallest patch."""

from collections.abc import Mapping
from typing import Any

from trainlab.cli._summary import arguments, counted, findings
from trainlab.core.dump import dump
from trainlab.tools.fix.fix import Fixed
from trainlab.tools.fix.trial import Trial

_NOT_TRIED = 3  # findings that are told in full


def line(trial: Trial, first_seed: int | None) -> str:
    """One trial in a line."""
    seed = "" if first_seed in (None, trial.seed) else f" (seed {trial.seed})"
    return f"{_place(trial)}: {_patch(trial)}{seed}: {_outcome(trial)}"


def as_text(fixed: Fixed, wrote: str = "") -> str:
    """Everything: what was found, what was tried, what helped, and what to type next."""
    lines = [_headline(fixed), ""]
    if fixed.state != "healthy":
        lines += [*_table(fixed), ""]
    if fixed.patch:
        patch = dump(nested(fixed.patch)).splitlines()
        lines += ["the smallest patch that helps:", "", *(f"  {text}" for text in patch)]
        lines += ["", *_gains(fixed), ""]
    if fixed.left:
        lines += ["what is left:" if fixed.patch else "what was found:", ""]
        lines += [*findings(fixed.left[:_NOT_TRIED]), *_more(len(fixed.left)), ""]
    return "\n".join([*lines, wrote or _next(fixed)])


def nested(patch: Mapping[str, Any]) -> dict[str, Any]:
    """A patch as it would stand in a config; keys that lead into a list stay dotted.

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
    cut = {"budget": "; the budget is spent", "interrupted": "; stopped, the same command goes on"}
    tail = cut.get(fixed.stopped, "")
    said = {
        "healthy": "nothing to cure: this run has no warning and no error",
        "cured": f"cured by the prescription of {' and '.join(fixed.credits)} ({spent}{tail})",
        "improved": f"better, but not cured, by the prescription of {' and '.join(fixed.credits)} ({spent}{tail})",
        "nothing helped": f"nothing helped measurably ({spent}{tail})",
        "no prescription": "no change of the config can cure what was found; it is for you to do",
        "interrupted": f"stopped before anything helped ({spent}); the same command goes on",
    }
    return f"{fixed.run}: {said[fixed.state]}"


def _table(fixed: Fixed) -> list[str]:
    """A row per trial."""
    rows = [("trial", fixed.metric, "seed", "left", "patch")]
    for trial in fixed.trials:
        score = "-" if trial.refused or trial.state != "finished" else f"{trial.score:.4g}"
        codes = [d.code for d in trial.alarms]
        left = "refused" if trial.refused else codes[0] if codes else "-"
        left += f" +{len(codes) - 1}" if len(codes) > 1 else ""
        rows.append((_place(trial), score, str(trial.seed), left, _patch(trial)))
    wide = [max(len(row[i]) for row in rows) for i in range(4)]
    return ["  ".join([*(cell.ljust(w) for cell, w in zip(row[:4], wide, strict=True)), row[4]]) for row in rows]


def _gains(fixed: Fixed) -> list[str]:
    """The score before and after, by seed."""
    each = [f"{before:.4g} -> {after:.4g} (seed {seed})" for seed, before, after in fixed.pairs]
    sure = f"gain {fixed.gain:.3g}, standard error {fixed.error:.2g}"
    return [f"{fixed.metric}: {', '.join(each)}; {sure}"]


def _next(fixed: Fixed) -> str:
    folder = str(fixed.folder)
    if fixed.patch:
        return f"next: trainlab fix {folder} -o cured.yaml   (writes the cured config; nothing is run again)"
    if fixed.state in ("nothing helped", "no prescription") and fixed.left:
        return f"next: trainlab explain {fixed.left[0].code}"
    return f"next: trainlab report {folder}"


def _more(number: int) -> list[str]:
    return [f"and {number - _NOT_TRIED} more"] if number > _NOT_TRIED else []


def _place(trial: Trial) -> str:
    return trial.folder.name if trial.folder is not None else "-"


def _patch(trial: Trial) -> str:
    return " ".join(arguments(trial.patch)) or "(nothing changed)"


def _outcome(trial: Trial) -> str:
    if trial.refused:
        return f"cannot run: {trial.refused.splitlines()[0]}"
    codes = [d.code for d in trial.alarms]
    said = ", ".join(codes[:3]) or "nothing to complain about"
    score = f"{trial.metric} {trial.score:.4g}" if trial.state == "finished" else trial.state
    return f"{score}, {said}"
