"""The findings of a run that has ended: what it disproved is withdrawn, and the likeliest cause comes first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite, isnan, nan

from trainlab.diagnose.finding import SEVERITIES, Finding
from trainlab.diagnose.forecast import expected_gain
from trainlab.diagnose.monitor import Monitor
from trainlab.diagnose.view import BALANCED, View

TOLD = 3  # findings that are told at the end; the others are folded
_WELL = 0.8  # progress from chance (0) to perfect (1) of a run that ends well
_ALONE = 0.9  # the same where no simple rule is known to compare with
_BEHIND = 0.02  # score by which a simple rule may be ahead
_RISING = 0.04  # of the score: a run that would still gain so much has not ended well


def concluded(findings: Sequence[Finding], monitors: Sequence[Monitor], view: View | None) -> list[Finding]:
    """The findings in their final order, those withdrawn that a run that ended well has disproved.

    Only what would have kept the run from ending well can be disproved: neither faults of the data that a good score
    may hide (leaked rows), nor what was read from the config.

    Warnings and errors come first: those without a cause among the others, of these what was read from the config,
    then by confidence, then as they came. view: at the end of the run, None if it did not get there.
    """
    by_code = {monitor.name: monitor for monitor in monitors}
    reason = _disproof(view) if view is not None else ""
    kept = [
        replace(f, severity="info", withdrawn=reason)
        if reason and f.severity != "info" and _can_be_disproved(f, by_code)
        else f
        for f in findings
    ]
    standing = {f.code for f in kept if f.severity != "info"}
    kept = [replace(f, because=tuple(c for c in f.because if c.partition("@")[0] in standing)) for f in kept]
    return sorted(kept, key=lambda finding: _place(finding, by_code))


def _disproof(view: View) -> str:
    """What shows that the run has ended well, in words; empty if it has not."""
    score, judged = view.curves.score, view.judged
    train, val = (float(c[-1]) if len(c := view.curves[name]) else nan for name in (f"train_{score}", judged))
    best = view.best_rule
    enough = _ALONE if isnan(best) else _WELL
    # where classes are imbalanced, accuracy and loss come far without the rare ones
    come = (view.task.outputs * val - 1) / (view.task.outputs - 1) if judged == BALANCED else view.progress
    if judged != BALANCED and isfinite(val) and view.majority < 1:  # rows that were learned by heart prove nothing
        come = min(come, (val - view.majority) / (1 - view.majority))
    if come < enough or (isfinite(best) and best - val > _BEHIND) or expected_gain(view) > _RISING:
        return ""
    last = (
        f"validation {judged.removeprefix('val_').replace('_', ' ')} {val:.3g}"
        if isfinite(val)
        else f"training {score} {train:.3g}"
    )
    ahead = f", and the best simple rule reaches {best:.3g}" if isfinite(best) else ""
    return f"the run ended with {last}{ahead}"


def _can_be_disproved(finding: Finding, monitors: Mapping[str, Monitor]) -> bool:
    monitor = monitors.get(finding.code)
    return monitor is None or not (monitor.lasting or monitor.certain)


def _place(finding: Finding, monitors: Mapping[str, Monitor]) -> tuple[bool, bool, bool, bool, float, int]:
    certain = finding.code in monitors and monitors[finding.code].certain
    return (
        bool(finding.withdrawn),
        finding.severity == "info",
        bool(finding.because),
        not certain,
        -round(finding.confidence if finding.confidence is not None else 0.5, 1),
        -SEVERITIES.index(finding.severity),
    )
