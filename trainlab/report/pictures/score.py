"""Accuracy (or R2) of training and validation rows, and the gap between them."""

from trainlab.report.pictures._curves import Points, chance, metric, score_name, trained
from trainlab.report.pictures._kit import altair, axis_x, axis_y, end_label, layered, level, placed, values
from trainlab.report.pictures.numbers import readable, share
from trainlab.report.pictures.picture import Chart, Picture, Table
from trainlab.report.pictures.thinning import at_most, extremes
from trainlab.store.reading import RunRecord

_HEIGHT = 260


def pictures(record: RunRecord) -> list[Picture]:
    """Both curves over the epochs, the gap between them shaded, the score of a guess, the best epoch marked."""
    name = score_name(record)
    train, val = metric(record, f"train_{name}"), metric(record, f"val_{name}")
    if not name or max(len(train), len(val)) < 2:
        return []
    guess = chance(record, name)
    drawn = [y for _, y in [*train, *val]]
    low = max(min(drawn), -1.0) if name == "r2" else min(drawn)
    title = "accuracy" if name == "accuracy" else "R²"
    axis = axis_y(title, [low, max(drawn)], log=False)
    alt = altair()
    charts: list[Chart] = level(guess, f"a guess: {readable(guess)}") if guess is not None and guess >= low else []
    shown = {x for points in (train, val) for x, _ in extremes(points)}
    rows = [
        {"x": x, **{k: max(v, low) for k, v in both.items()}} for x, both in _together(train, val).items() if x in shown
    ]
    data = alt.Chart(values(rows))
    if train and val:
        charts.append(data.mark_area(style="faint-band").encode(x=axis_x(), y=axis("train"), y2=alt.Y2("val:Q")))
    names = {"train": (train, "train"), "val": (val, "validation")}
    ends = {key: points[-1] for key, (points, _) in names.items() if points}
    span = [("", low), ("", max(drawn))]
    moved = placed([*((key, max(y, low)) for key, (_, y) in ends.items()), *span], _HEIGHT, log=False)
    for key, (x, y) in ends.items():
        charts.append(data.mark_line(style=key).encode(x=axis_x(), y=axis(key)))
        charts.append(end_label(x, max(y, low), names[key][1], f"{key}-label", axis, moved[key]))
    tips = [alt.Tooltip("x:Q", title="epoch"), *(alt.Tooltip(f"{k}:Q", title=names[k][1], format=".4~g") for k in ends)]
    charts.append(data.mark_rule(opacity=0, strokeWidth=8).encode(x=axis_x(), tooltip=tips))
    best = _best(record, val)
    if best is not None:
        mark = alt.Chart(values([{"x": best[0], "val": max(best[1], low)}])).mark_point(style="best-point", size=55)
        charts.append(mark.encode(x=axis_x(), y=axis("val")))
    heading = "Accuracy and gap" if name == "accuracy" else "R² and gap"
    chart = layered(*charts, height=_HEIGHT)
    return [Picture("score", heading, chart, _sentence(train, val, name, best), _table(train, val))]


def _together(train: Points, val: Points) -> dict[float, dict[str, float]]:
    rows: dict[float, dict[str, float]] = {}
    for key, points in (("train", train), ("val", val)):
        for x, y in points:
            rows.setdefault(x, {})[key] = y
    return rows


def _best(record: RunRecord, val: Points) -> tuple[float, float] | None:
    """The best epoch: of several with the same score the one that the run chose."""
    if not val:
        return None
    most = max(y for _, y in trained(val))
    chosen = record.status.best.epoch if record.status is not None and record.status.best is not None else None
    alike = [point for point in trained(val) if point[1] == most]
    return next((point for point in alike if point[0] == chosen), alike[0])


def _sentence(train: Points, val: Points, name: str, chosen: tuple[float, float] | None) -> str:
    spell = share if name == "accuracy" else readable
    if chosen is None:
        return f"The training score ended at {spell(train[-1][1])}; there are no validation rows."
    epoch, best = chosen
    text = f"Validation was best in epoch {readable(epoch)} with {spell(best)} and ended at {spell(val[-1][1])}"
    if not train:
        return text + "."
    gap = train[-1][1] - val[-1][1]
    points = f"{round(100 * gap, 1) + 0.0:.1f} points" if name == "accuracy" else readable(gap)
    return text + f"; at the end training stood at {spell(train[-1][1])}, a gap of {points}."


def _table(train: Points, val: Points) -> Table:
    rows = at_most(list(_together(train, val).items()), 40)
    return Table(["epoch", "train", "validation"], [[x, both.get("train"), both.get("val")] for x, both in rows])
