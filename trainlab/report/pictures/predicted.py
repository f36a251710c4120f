"""Predicted against true numbers of a regression."""

from collections.abc import Mapping, Sequence
from typing import Any

from trainlab.report.json_fields import lists, table, tables
from trainlab.report.pictures._kit import LABEL, altair, axis_y, layered, values
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.thinning import at_most
from trainlab.store.reading import RunRecord

_TARGETS = 6  # targets with a picture


def pictures(record: RunRecord) -> list[Picture]:
    """The pictures of the best network on the rows that it was tested on."""
    names = [str(target.get("name", "")) for target in tables(record.data, "targets")]
    return drawn(record.mistakes, names)


def drawn(facts: Mapping[str, Any], targets: Sequence[str]) -> list[Picture]:
    """A point per row, one picture per target; on the line prediction and truth are equal. facts: `sample`."""
    sample = table(facts, "sample")
    true, said = lists(sample, "true"), lists(sample, "predicted")
    count = len(true[0]) if true else 0
    names = [targets[i] if i < len(targets) else f"y{i + 1}" for i in range(count)]
    pairs = [[(t[i], s[i]) for t, s in zip(true, said, strict=False)] for i in range(min(count, _TARGETS))]
    return [_picture(names[i], i, some) for i, some in enumerate(pairs)]


def _picture(name: str, place: int, pairs: list[tuple[float, float]]) -> Picture:
    alt = altair()
    low, high = min(min(p) for p in pairs), max(max(p) for p in pairs)
    domain = alt.Scale(domain=[low, high], zero=False, nice=True)
    x = alt.X("true:Q", title=f"true {name}", scale=domain, axis=alt.Axis(grid=False, tickCount=6, labelExpr=LABEL))
    axis = axis_y(f"predicted {name}", [low, high], log=False)
    tips = [alt.Tooltip("true:Q", format=".4~g"), alt.Tooltip("said:Q", title="predicted", format=".4~g")]
    dots = alt.Chart(values([{"true": t, "said": s} for t, s in pairs])).mark_point(style="point", size=28)
    line = alt.Chart(values([{"a": low, "b": high}])).mark_rule(style="chance")
    dots = dots.encode(x=x, y=axis("said"), tooltip=tips)
    line = line.encode(x=alt.X("a:Q"), x2=alt.X2("b:Q"), y=alt.Y("a:Q"), y2=alt.Y2("b:Q"))
    error = sum(abs(s - t) for t, s in pairs) / len(pairs)
    text = f"On average the prediction of {name} is off by {readable(error)}; true values go from "
    text += f"{readable(min(t for t, _ in pairs))} to {readable(max(t for t, _ in pairs))}."
    rows = at_most(sorted(([t, s, s - t] for t, s in pairs), key=lambda r: -abs(r[2])), 30)
    numbers = Table(["true", "predicted", "error"], rows)
    stem = "predicted" if place == 0 else f"predicted-{place + 1}"
    return Picture(stem, f"Predicted against true: {name}", layered(line, dots, height=300), text, numbers)
