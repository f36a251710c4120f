"""Parts that charts share: an axis, named lines with their names at their ends, marked moments, ticks for people."""

import gc
import json
import math
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import pairwise
from typing import Any

from trainlab.report.pictures.picture import Chart
from trainlab.report.pictures.thinning import short

HEIGHT = 230
ToAxis = Callable[[str], Any]  # from a field to its axis
LABEL = (  # of an axis: powers of ten where a number is far from one
    "datum.value && (abs(datum.value) < 0.001 || abs(datum.value) >= 1e6) ? format(datum.value, '.2~e') "
    ": format(datum.value, ',.4~r')"
)
_LINE = 12  # pixels of a line of text
_DECADES = 20.0  # from this ratio of largest to smallest on, an axis is logarithmic


def altair() -> Any:
    """altair, imported when the first picture is drawn: it takes half a second."""
    return import_module("altair")


@contextmanager
def drawing() -> Generator[None]:
    """While charts are made altair checks none of their parts, and no objects are collected: a page holds nearly all.

    Tests check whole charts. Together that is a fifth of the time of a page.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        with import_module("altair.utils.schemapi").debug_mode(False):
            yield
    finally:
        if collected:
            gc.enable()


def rows_of(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Columns as rows, without the cells that hold nothing."""
    names = list(columns)
    return [
        {k: v for k, v in zip(names, cells, strict=True) if v is not None}
        for cells in zip(*columns.values(), strict=True)
    ]


def values(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Rows as a chart's data, floats short. As one text: altair copies and checks each cell of lists many times."""
    alt = altair()
    short_rows = [{k: short(v) if isinstance(v, float) else v for k, v in row.items()} for row in rows]
    return alt.Data(values=json.dumps(short_rows), format=alt.JsonDataFormat(type="json"))


def is_log(numbers: Iterable[float | None]) -> bool:
    """Whether numbers belong on a logarithmic axis: all above zero and far apart."""
    known = [v for v in numbers if v is not None and math.isfinite(v)]
    return bool(known) and min(known) > 0 and max(known) / min(known) >= _DECADES


def axis_x(field: str = "x", title: str = "epoch", **more: Any) -> Any:
    """A horizontal axis of numbers without grid lines; `more` goes to its scale."""
    alt = altair()
    axis = alt.Axis(grid=False, tickCount=6, labelOverlap=True, labelSeparation=8)
    return alt.X(f"{field}:Q", title=title, axis=axis, scale=alt.Scale(nice=False, zero=False, **more))


def axis_y(title: str, numbers: Iterable[float | None], *, log: bool | None = None, zero: bool = False) -> ToAxis:
    """The vertical axis for these numbers, as a function of a field: logarithmic if that suits them or is requested."""
    alt = altair()
    known = [v for v in numbers if v is not None and math.isfinite(v)]
    logarithmic = is_log(known) if log is None else log
    if logarithmic:
        above = [v for v in known if v > 0] or [1.0]
        low, high = min(above), max(above)
        alike = {}
        if low == high:
            low, high = low / 3, high * 3
            alike = {"domain": [low, high]}
        axis = alt.Axis(values=ticks(low, high), labelExpr=LABEL)
        scale = alt.Scale(type="log", nice=False, **alike)
    else:
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        around = [low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)]
        alike = {"domain": around} if low == high else {}
        scale = alt.Scale(type="linear", zero=zero, **alike)
        axis = alt.Axis(tickCount=5, labelExpr=label_of(low, high))
    return lambda field: alt.Y(f"{field}:Q", title=title, scale=scale, axis=axis)


def label_of(low: float, high: float) -> str:
    """The labels of an axis between two numbers, with as many digits as its marks differ by.

    >>> label_of(0.0, 2.5) == LABEL, "',.6~r'" in label_of(2.3026, 2.3031), "'.5~e'" in label_of(8.999e24, 9.001e24)
    (True, True, True)
    """
    step, most = (high - low) / 5, max(abs(low), abs(high))
    if not step > 0 or not math.isfinite(step):
        return LABEL
    digits = min(12, math.ceil(math.log10(most / step) + 1))
    return LABEL.replace(",.4~r", f",.{max(4, digits)}~r").replace(".2~e", f".{max(2, digits - 1)}~e")


def ticks(low: float, high: float) -> list[float]:
    """Round numbers of a logarithmic axis: powers of ten, of which some are left out, or 1, 2 and 5 times them.

    >>> ticks(0.03, 2.0), ticks(1e-9, 1.0)
    ([0.05, 0.1, 0.2, 0.5, 1.0, 2.0], [1e-08, 1e-06, 0.0001, 0.01, 1.0])
    >>> ticks(0.00102, 0.00197), ticks(1.001e-8, 1.019e-8)
    ([0.0012, 0.0014, 0.0016, 0.0018], [1.005e-08, 1.01e-08, 1.015e-08])
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    if math.log10(high / low) < 2.2:
        made = [m * 10.0**p for p in range(first, last + 1) for m in (1, 2, 5)]
    else:
        step = -(-(last - first) // 5)
        made = [10.0**p for p in range(last, first - 1, -1) if p % step == 0][::-1]
    found = [float(f"{v:.3g}") for v in made if low * 0.999 <= v <= high * 1.001]
    return found if len(found) > 1 else _even(low, high)


def _even(low: float, high: float) -> list[float]:
    """Round numbers at equal distances, three to seven of them."""
    if not low < high:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / 3))
    step = next(m * power for m in (5, 2, 1) if (high - low) / (m * power) >= 2.5)
    count = range(math.ceil(low / step), math.floor(high / step) + 1)
    digits = math.ceil(math.log10(high / step)) + 1
    return [float(f"{i * step:.{digits}g}") for i in count]


def end_label(x: float, y: float, text: str, style: str, y_axis: ToAxis, dy: float = 0.0) -> Chart:
    """A line's name at its end."""
    alt = altair()
    place = alt.Chart(values([{"x": x, "end": y, "text": text}]))
    return place.mark_text(align="left", dx=5, dy=dy, style=style, limit=120).encode(
        x=alt.X("x:Q"), y=y_axis("end"), text=alt.Text("text:N")
    )


def moment(x: float, text: str, end: float = math.inf) -> list[Chart]:
    """An upright line at a moment, with its name at the top: left of it near the end of the curves, whose names stand
    to the right.
    """
    alt = altair()
    data = values([{"x": x, "text": text}])
    rule = alt.Chart(data).mark_rule(style="moment").encode(x=alt.X("x:Q"))
    name = alt.Chart(data).mark_text(
        style="moment-label", align="right" if x > 0.8 * end else "left", baseline="bottom", dx=0, dy=-3
    )
    return [rule, name.encode(x=alt.X("x:Q"), y=alt.value(0), text=alt.Text("text:N"))]


def level(y: float, text: str, style: str = "chance") -> list[Chart]:
    """A line across at a value, with its name above its right end: curves begin at the left. The name is below a line
    at the upper edge, above which the names of moments are.
    """
    alt = altair()
    data = values([{"y": y, "text": text}])
    rule = alt.Chart(data).mark_rule(style=style).encode(y=alt.Y("y:Q"))
    baseline, dy = (
        alt.ExprRef(f"scale('y', datum.y) < 14 ? {high} : {low}") for high, low in (("'top'", "'bottom'"), (3, -2))
    )
    name = alt.Chart(data).mark_text(style="quiet", align="right", baseline=baseline, dx=-4, dy=dy)
    return [rule, name.encode(x=alt.value("width"), y=alt.Y("y:Q"), text=alt.Text("text:N"))]


def spans(moments: Sequence[float]) -> list[tuple[float, float]]:
    """From where to where the column of each moment reaches in a heat map: half-way to its neighbors, and no further
    than the first and the last moment. One that is alone is one wide.

    >>> spans([0.0, 1.0, 3.0])
    [(0.0, 0.5), (0.5, 2.0), (2.0, 3.0)]
    """
    if len(moments) == 1:
        return [(moments[0], moments[0] + 1)]
    borders = [(a + b) / 2 for a, b in pairwise(moments)]
    return list(zip([moments[0], *borders], [*borders, moments[-1]], strict=True))


def layered(*charts: Chart, height: int = HEIGHT) -> Chart:
    """The charts over each other, as wide as their container."""
    return altair().layer(*charts).properties(width="container", height=height)


def placed(ends: Sequence[tuple[str, float]], height: int, *, log: bool) -> dict[str, float]:
    """How far to move each name at a line's end, in pixels, so that they do not lie on each other, nor below the axis.

    ends: a name and the height of its line's end, on an axis that spans them and `height` pixels; one without a name
    only tells how far the axis reaches.

    >>> placed([("a", 0.0), ("b", 0.0), ("c", 1.0)], 100, log=False)
    {'c': 0.0, 'a': -12.0, 'b': 0.0}
    """
    scale = math.log if log else float
    known = [(name, scale(v)) for name, v in ends if math.isfinite(v) and (v > 0 or not log)]
    if not known:
        return {}
    low, high = min(v for _, v in known), max(v for _, v in known)
    pixels = sorted(
        ((name, (high - v) / ((high - low) or 1.0) * height) for name, v in known if name), key=lambda p: p[1]
    )
    places, last = list[float](), -math.inf
    for _, at in pixels:
        last = max(at, last + _LINE)
        places.append(last)
    floor = float(height)
    for i in reversed(range(len(places))):
        places[i] = min(places[i], floor)
        floor = places[i] - _LINE
    return {name: place - at for (name, at), place in zip(pixels, places, strict=True)}
