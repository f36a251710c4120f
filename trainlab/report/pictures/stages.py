"""The stages of a sweep, from coarse to fine: the cost and the scores of each."""

from typing import Any

from trainlab.report.json_fields import number, table
from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures.numbers import readable, share
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.sweep_record import SweepRecord, TrialRow


def pictures(sweep: SweepRecord) -> list[Picture]:
    """A row per stage with the scores of its trials, and the cost of training all trials to the end."""
    stages: dict[int, list[TrialRow]] = {}
    for trial in sweep.trials:
        stage = number(trial.facts, "stage")
        if stage is not None:
            stages.setdefault(int(stage), []).append(trial)
    if len(stages) < 2:
        return []
    alt = altair()
    points = [
        {"stage": f"stage {stage}", "score": t.score, "trial": t.number}
        for stage, trials in sorted(stages.items())
        for t in trials
        if t.score is not None
    ]
    order = [f"stage {stage}" for stage in sorted(stages)]
    x = alt.X("score:Q", title=sweep.metric, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5, format="~g"))
    y = alt.Y("stage:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False, grid=True))
    tips = [alt.Tooltip("trial:Q"), alt.Tooltip("score:Q", title=sweep.metric, format=".4~g")]
    chart = alt.Chart(values(points)).mark_tick(thickness=2, size=18, opacity=0.7).encode(x=x, y=y, tooltip=tips)
    rows = [_row(sweep, stage, trials) for stage, trials in sorted(stages.items())]
    spent = sum(int(number(t.facts, "epochs") or 0) for t in sweep.trials)
    longest = max(int(number(t.facts, "epochs") or 0) for t in sweep.trials)
    longest = max(longest, int(number(table(sweep.config, "train"), "epochs") or 0))
    whole = longest * len(sweep.trials)
    text = f"{len(stages)} stages trained {readable(spent)} epochs. "
    text += f"All {len(sweep.trials)} trials of {longest} epochs would have been {readable(whole)}"
    text += f": {share(1 - spent / whole)} are saved." if whole else "."
    numbers = Table(["stage", "trials", "epochs of a trial", f"best {sweep.metric}", "best trial"], rows)
    sized = chart.properties(width="container", height=max(90, 42 * len(stages)))
    return [Picture("stages", "Stages and saved epochs", sized, text, numbers)]


def _row(sweep: SweepRecord, stage: int, trials: list[TrialRow]) -> list[Any]:
    ranked = [t for t in sweep.ranked if t in trials]
    epochs = sorted(int(number(t.facts, "epochs") or 0) for t in trials)
    best = ranked[0] if ranked else None
    return [stage, len(trials), f"{epochs[0]} to {epochs[-1]}", best and best.score, best and best.number]
