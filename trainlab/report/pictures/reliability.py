"""The reliability diagram: predicted probabilities against how often they come true."""

from collections.abc import Mapping, Sequence
from typing import Any

from trainlab.report.json_fields import number, table, tables
from trainlab.report.pictures._kit import altair, layered, values
from trainlab.report.pictures._ratings import HEIGHT, unit, where
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.store.reading import RunRecord

_FIELDS = ("probability", "frequency", "low", "high", "rows")


def pictures(record: RunRecord) -> list[Picture]:
    """The diagram of the best network on the rows that it was tested on."""
    return drawn(record.mistakes | {"decision": record.decision})


def drawn(facts: Mapping[str, Any]) -> list[Picture]:
    """A point for each bin of probabilities with its 95 % interval; calibrated ones lie on the diagonal.

    facts: see `roc.drawn`, and `decision`.
    """
    found = table(table(facts, "curves"), "reliability")
    bins = [{name: number(one, name) for name in _FIELDS} for one in tables(found, "bins")]
    rows = [{k: v for k, v in one.items() if v is not None} for one in bins if None not in one.values()]
    error = number(found, "calibration_error")
    if not rows or error is None:
        return []
    alt = altair()
    name = found.get("class")
    what = "of the predicted class" if name is None else f"of {name}"
    title = "how often it was right" if name is None else f"how often it was {name}"
    x, y = alt.X(**unit("probability", f"predicted probability {what}")), alt.Y(**unit("y", title))
    line = alt.Chart(values([{"a": 0.0, "b": 1.0}])).mark_rule(style="chance")
    line = line.encode(x=alt.X("a:Q"), x2=alt.X2("b:Q"), y=alt.Y("a:Q"), y2=alt.Y2("b:Q"))
    data = alt.Chart(values([{**one, "y": one["frequency"]} for one in rows]))
    spans = data.mark_rule(style="whisker").encode(x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
    tips = [
        alt.Tooltip("probability:Q", title="predicted", format=".3~g"),
        alt.Tooltip("y:Q", title="observed", format=".3~g"),
        alt.Tooltip("rows:Q"),
    ]
    size = alt.Size("rows:Q", legend=None, scale=alt.Scale(range=[25, 240], zero=False))
    dots = data.mark_point(style="point").encode(x=x, y=y, size=size, tooltip=tips)
    text = f"Calibration error {what} on {where(facts)}: {readable(error)}, the mean distance from the diagonal. "
    text += _verdict(rows, calibrated=bool(table(table(facts, "decision"), "temperature")))
    titles = ["rows", "predicted", "observed", "95 % from", "to"]
    cells = [[one[name] for name in ("rows", "probability", "frequency", "low", "high")] for one in rows]
    chart = layered(line, spans, dots, height=HEIGHT)
    return [Picture("reliability", "Reliability", chart, text, Table(titles, cells))]


def _verdict(bins: Sequence[Mapping[str, float]], *, calibrated: bool) -> str:
    """What the intervals say. By chance one in twenty misses the diagonal."""
    high = sum(one["high"] < one["probability"] for one in bins)
    low = sum(one["low"] > one["probability"] for one in bins)
    if high + low <= max(1, len(bins) // 10):
        return "Nearly all intervals reach it: nothing speaks against these probabilities."
    text = f"{high + low} of {len(bins)} intervals miss it: the probabilities are "
    text += "too high." if high > 2 * low else "too low." if low > 2 * high else "in part too high, in part too low."
    return text if calibrated else f"{text} `trainlab calibrate` fits one number that may correct it."
