"""Training and validation loss over the epochs, with the loss of a guess."""

import math

from trainlab.report.pictures._curves import Points, chance, in_epochs, metric, trained
from trainlab.report.pictures._kit import (
    ToAxis,
    altair,
    axis_x,
    axis_y,
    end_label,
    is_log,
    layered,
    level,
    moment,
    values,
)
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Chart, Picture, Table
from trainlab.report.pictures.thinning import at_most, band, extremes
from trainlab.report.roof import roof_of_run
from trainlab.store.reading import RunRecord

_UNDER = 0.1  # of the lowest point of the lines: how far below it the band of single batches reaches on a log axis


def pictures(record: RunRecord) -> list[Picture]:
    """The loss of every step as a faint band with a smoothed line in it, and the validation loss of every epoch."""
    train, val = _train(record), metric(record, "val_loss")
    if not train["x"] and not val:
        return []
    guess = chance(record, "loss")
    top = roof_of_run(train["high"], [v for _, v in val], first=_first(record))
    drawn = [min(v, top) for v in (*train["low"], *train["high"], *(v for _, v in val))]
    lines = [*train["smooth"], *(v for _, v in val)]
    log = is_log(lines)
    floor = _UNDER * min(lines) if log else -math.inf  # the loss of one batch may be zero
    drawn = [max(v, floor) for v in drawn]
    axis = axis_y("loss", drawn, log=log)

    charts = [*(level(guess, f"a guess: {readable(guess)}") if guess is not None and (not log or guess > 0) else [])]
    charts += _train_charts(train, axis, floor, top)
    charts += _val_charts(val, axis, train, top)
    charts += _break(record)
    return [
        Picture(
            "loss",
            "Loss",
            layered(*charts, height=260),
            _sentence(train, val, guess) + _left(train, val, top),
            _table(record),
            switch=log,
        )
    ]


def _train(record: RunRecord) -> dict[str, list[float]]:
    """The training loss, thinned: of the steps, or of the epochs if there are no steps."""
    if record.steps.get("loss"):
        return band(in_epochs(record, record.steps["step"]), record.steps["loss"])
    points = metric(record, "train_loss")
    return band([x for x, _ in points], [y for _, y in points])


def _first(record: RunRecord) -> float | None:
    """The loss of the first step."""
    return next((v for v in record.steps.get("loss", [])[:1] if v is not None and math.isfinite(v)), None)


def _train_charts(train: dict[str, list[float]], axis: ToAxis, floor: float, top: float) -> list[Chart]:
    if not train["x"]:
        return []
    alt = altair()
    names = ("x", "low", "high", "smooth")
    rows = [
        {"x": x, **{n: min(max(v, floor), top) for n, v in zip(names[1:], (low, high, mean), strict=True)}}
        for x, low, high, mean in zip(*(train[n] for n in names), strict=True)
    ]
    base = alt.Chart(values(rows))
    area = base.mark_area(style="train-band").encode(x=axis_x(), y=axis("low"), y2=alt.Y2("high:Q"))
    line = base.mark_line(style="train").encode(x=axis_x(), y=axis("smooth"))
    hover = base.mark_rule(opacity=0, strokeWidth=4).encode(
        x=axis_x(),
        tooltip=[
            alt.Tooltip("x:Q", title="epoch", format=".2f"),
            alt.Tooltip("smooth:Q", title="training loss", format=".4~g"),
            alt.Tooltip("low:Q", title="lowest", format=".4~g"),
            alt.Tooltip("high:Q", title="highest", format=".4~g"),
        ],
    )
    return [area, line, hover]


def _val_charts(val: Points, axis: ToAxis, train: dict[str, list[float]], top: float) -> list[Chart]:
    alt = altair()
    ends = [("train", train["x"][-1], min(train["smooth"][-1], top))] if train["x"] else []
    val = [(x, min(y, top)) for x, y in val]
    charts: list[Chart] = []
    if val:
        ends.append(("validation", *val[-1]))
        data = values([{"x": x, "val": y} for x, y in extremes(val)])
        tips = [alt.Tooltip("x:Q", title="epoch"), alt.Tooltip("val:Q", title="validation loss", format=".4~g")]
        charts.append(alt.Chart(data).mark_line(style="val").encode(x=axis_x(), y=axis("val")))
        charts.append(alt.Chart(data).mark_point(opacity=0, size=80).encode(x=axis_x(), y=axis("val"), tooltip=tips))
        best = min(trained(val), key=lambda point: point[1])
        mark = alt.Chart(values([{"x": best[0], "val": best[1]}])).mark_point(style="best-point", size=55)
        charts.append(mark.encode(x=axis_x(), y=axis("val"), tooltip=tips))
    upper = max((y for _, _, y in ends), default=0.0)
    for name, x, y in ends:
        dy = 0.0 if len(ends) == 1 else -7.0 if y == upper else 7.0
        dy = 12.0 if y == top else dy  # above the upper edge stands the name of the moment at which it blew up
        charts.append(end_label(x, y, name, f"{'val' if name == 'validation' else 'train'}-label", axis, dy))
    return charts


def _break(record: RunRecord) -> list[Chart]:
    """The moment at which the loss was no longer finite."""
    steps, losses = record.steps.get("step", []), record.steps.get("loss", [])
    at = next((s for s, v in zip(steps, losses, strict=False) if v is None or not math.isfinite(v)), None)
    return moment(in_epochs(record, [at])[0], f"not finite from step {at} on") if at is not None else []


def _sentence(train: dict[str, list[float]], val: Points, guess: float | None) -> str:
    facts: list[str] = []
    if train["x"]:
        facts.append(f"Training loss went from {readable(train['smooth'][0])} to {readable(train['smooth'][-1])}")
    if val:
        epoch, best = min(trained(val), key=lambda point: point[1])
        end = readable(val[-1][1])
        facts.append(f"validation loss was lowest in epoch {readable(epoch)} with {readable(best)} and ended at {end}")
    text = "; ".join(facts)
    return text[:1].upper() + text[1:] + (f". A guess has {readable(guess)}." if guess is not None else ".")


def _left(train: dict[str, list[float]], val: Points, top: float) -> str:
    """A sentence where a curve leaves the picture."""
    most = max([*train["high"], *(v for _, v in val)], default=0.0)
    if most <= top:
        return ""
    return f" Above {readable(top)} the curves leave the picture; the highest loss was {readable(most)}."


def _table(record: RunRecord) -> Table:
    epochs = record.metrics.get("epoch", [])
    names = [n for n in ("train_loss", "val_loss", "reg_loss") if any(v is not None for v in record.metrics.get(n, []))]
    rows = [[epochs[i], *(record.metrics[n][i] for n in names)] for i in at_most(range(len(epochs)), 40)]
    return Table(["epoch", *(n.replace("_", " ") for n in names)], rows)
