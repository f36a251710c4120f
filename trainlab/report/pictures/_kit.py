"""Parts that charts share: an axis, named lines with their names at their ends, marked moments, ticks for people."""

import math
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

from trainlab.report.pictures.picture import Chart
from trainlab.report.pictures.thinning import short

HEIGHT = 230
_DECADES = 20.0  # from this ratio of largest to smallest on, an axis is logarithmic


def altair() -> Any:
    """altair, imported when the first picture is drawn: it takes half a second."""
    return import_module("altair")


def rows_of(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Columns as rows, without the cells that hold nothing."""
    names = list(columns)
    return [
        {k: v for k, v in zip(names, cells, strict=True) if v is not None}
        for cells in zip(*columns.values(), strict=True)
    ]


def values(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Rows as a chart's data, floats short."""
    alt = altair()
    return alt.Data(values=[{k: short(v) if isinstance(v, float) else v for k, v in row.items()} for row in rows])


def is_log(numbers: Iterable[float | None]) -> bool:
    """Whether numbers belong on a logarithmic axis: all above zero and far apart."""
    known = [v for v in numbers if v is not None and math.isfinite(v)]
    return bool(known) and min(known) > 0 and max(known) / min(known) >= _DECADES


def axis_x(field: str = "x", title: str = "epoch", **more: Any) -> Any:
    """A horizontal axis of numbers without grid lines."""
    alt = altair()
    return alt.X(f"{field}:Q", title=title, axis=alt.Axis(grid=False, tickCount=6, labelFlush=True), **more)


def axis_y(field: str, title: str, *, log: bool = False, zero: bool = False, **scale: Any) -> Any:
    """A vertical axis with few lines; `scale` goes to the scale."""
    alt = altair()
    made = alt.Scale(type="log", nice=False, **scale) if log else alt.Scale(type="linear", zero=zero, **scale)
    return alt.Y(f"{field}:Q", title=title, scale=made, axis=alt.Axis(tickCount=4, format="~g"))


def end_label(x: float, y: float, text: str, style: str, y_axis: Any, dy: float = 0.0) -> Chart:
    """A line's name at its end."""
    alt = altair()
    place = alt.Chart(values([{"x": x, "end": y, "text": text}]))
    return place.mark_text(align="left", dx=5, dy=dy, style=style, limit=120).encode(
        x="x:Q", y=y_axis("end"), text="text:N"
    )


def moment(x: float, text: str) -> list[Chart]:
    """An upright line at a moment, with its name at the top."""
    alt = altair()
    data = values([{"x": x, "text": text}])
    rule = alt.Chart(data).mark_rule(style="moment").encode(x="x:Q")
    name = alt.Chart(data).mark_text(style="moment-label", align="left", baseline="bottom", dx=0, dy=-3)
    return [rule, name.encode(x="x:Q", y=alt.value(0), text="text:N")]


def level(y: float, text: str, style: str = "chance") -> list[Chart]:
    """A line across at a value, with its name above its left end."""
    alt = altair()
    data = values([{"y": y, "text": text}])
    rule = alt.Chart(data).mark_rule(style=style).encode(y="y:Q")
    name = alt.Chart(data).mark_text(style="quiet", align="left", baseline="bottom", dx=4, dy=-2)
    return [rule, name.encode(x=alt.value(0), y="y:Q", text="text:N")]


def layered(*charts: Chart, height: int = HEIGHT, right: int = 0) -> Chart:
    """The charts over each other, as wide as their container, with room for names at the right."""
    alt = altair()
    made = alt.layer(*charts).properties(width="container", height=height)
    return made.properties(padding={"left": 4, "top": 14, "bottom": 4, "right": right or 8})


def told(value: float | None) -> str:
    """A number for a sentence or a table.

    >>> told(0.97222), told(12345.0), told(1.5e-07), told(None)
    ('0.972', '12 345', '1.5e-7', '')
    """
    if value is None:
        return ""
    if not math.isfinite(value):
        return "not finite" if math.isnan(value) else "infinite"
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(int(value))
    if abs(value) >= 1e4 or abs(value) < 1e-3:
        digits, power = f"{value:.3g}".partition("e")[::2] if "e" in f"{value:.3g}" else (f"{value:.3g}", "")
        return f"{digits}e{int(power)}" if power else digits
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
