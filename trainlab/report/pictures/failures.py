"""The trials without a score, by cause."""

import re
from collections import Counter

from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures.numbers import listing
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.sweep_record import SweepRecord, TrialRow


def causes(sweep: SweepRecord) -> dict[str, list[TrialRow]]:
    """The trials that did not finish, by state and reason, the most frequent first."""
    found: dict[str, list[TrialRow]] = {}
    for trial in sweep.trials:
        if trial.status not in ("finished", "running", ""):
            found.setdefault(_cause(trial), []).append(trial)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def pictures(sweep: SweepRecord) -> list[Picture]:
    """A bar per cause."""
    found = causes(sweep)
    if not found:
        return []
    alt = altair()
    rows = [{"cause": cause, "trials": len(trials), "which": _which(trials)} for cause, trials in found.items()]
    y = alt.Y(
        "cause:N", sort=[r["cause"] for r in rows], title=None, axis=alt.Axis(labelLimit=240, ticks=False, domain=False)
    )
    x = alt.X("trials:Q", title="trials", axis=alt.Axis(tickMinStep=1, tickCount=5))
    bar = alt.Chart(values(rows)).mark_bar(style="bar", height={"band": 0.6})
    chart = bar.encode(x=x, y=y, tooltip=["cause:N", "trials:Q", alt.Tooltip("which:N", title="which")])
    count = sum(len(trials) for trials in found.values())
    text = f"{count} of {len(sweep.trials)} trials did not finish: "
    text += listing([f"{cause} ({len(trials)})" for cause, trials in found.items()]) + "."
    table = Table(["cause", "trials", "which"], [[r["cause"], r["trials"], r["which"]] for r in rows])
    sized = chart.properties(width="container", height=max(70, 34 * len(rows)))
    return [Picture("failures", "Failed trials", sized, text, table)]


def _cause(trial: TrialRow) -> str:
    """The state and the reason, without numbers, so that similar reasons are one cause."""
    reason = str(trial.facts.get("reason") or "")
    reason = re.sub(r"\d[\d.,e+-]*", "#", reason).strip().removesuffix(".")
    return f"{trial.status}: {reason}"[:120] if reason else trial.status


def _which(trials: list[TrialRow]) -> str:
    return listing([str(t.number) for t in trials], most=12)


def counts(sweep: SweepRecord) -> Counter[str]:
    """How many trials ended in each state."""
    return Counter(trial.status for trial in sweep.trials)
