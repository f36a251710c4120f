"""A picture: a chart, a sentence about it, and the table of its numbers."""

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from trainlab.core.problem import visible
from trainlab.report.pictures.theme import Theme, config

Chart = Any  # any of altair's charts; it has a class for each way to combine them


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers behind a picture: rows of cells under their titles."""

    titles: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with its text.

    name: a file name without suffix, unique on its page (`loss`, `activations-relu1`) · sentence: what one would see,
    in words, for a screen reader and under the picture · switch: a logarithmic y axis can be switched to a linear one
    and back · wide: it needs the whole width of a page · frames: the names of moments that a page plays one after the
    other, as the chart's parameter `frame` counts them; which of them comes first is the parameter's value · still:
    makes the chart for a file, where nothing moves, if it is another one. A page needs none.
    """

    name: str
    title: str
    chart: Chart
    sentence: str
    table: Table
    switch: bool = False
    wide: bool = False
    group: str = ""
    frames: Sequence[str] = ()
    still: Callable[[], Chart] | None = None

    def spec(self, *, still: bool = False) -> dict[str, Any]:
        """The Vega-Lite spec as wide as its container, without colors: these come from a theme.

        Rows are in `datasets`, those that several layers draw only once. still: of the chart for a file.
        """
        chart = self.still() if still and self.still is not None else self.chart
        spec = chart.to_dict(validate=False)  # validating takes ten times as long; tests do it
        datasets: dict[str, Any] = {}
        for part in _parts(spec):
            rows = part.get("data", {}).get("values")
            if isinstance(rows, str):
                name = f"rows-{zlib.crc32(rows.encode()):08x}-{len(rows)}"
                datasets[name] = json.loads(rows)
                part["data"] = {"name": name}
        return _shown(spec | {"datasets": datasets} if datasets else spec)

    def svg(self, theme: Theme = "light", width: int = 640) -> str:
        """The picture as SVG text, without a browser."""
        return _converter().vegalite_to_svg(self._sized(width), config=config(theme))

    def png(self, theme: Theme = "light", width: int = 640, scale: float = 2.0) -> bytes:
        """The picture as a PNG file's bytes, without a browser."""
        return _converter().vegalite_to_png(self._sized(width), config=config(theme), scale=scale)

    def _sized(self, width: int) -> dict[str, Any]:
        """The spec with its title, as wide as this instead of as its container."""
        spec = self.spec(still=True)
        if spec.get("width") == "container":
            spec["width"] = width
        return {**spec, "title": {"text": _shown(self.title), "anchor": "start"}, "autosize": {"type": "pad"}}


def frame_param(count: int, first: int) -> Any:
    """The parameter of a chart that shows one of so many moments. A notebook gets a slider; a page has its own."""
    alt = import_module("altair")
    slider = alt.binding_range(min=0, max=count - 1, step=1, name="moment ")
    return alt.param(name="frame", value=first, bind=slider)


def in_frame(chart: Chart) -> Chart:
    """The chart with only the rows whose `frame` is shown."""
    return chart.transform_filter("datum.frame === frame")


def _parts(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The spec and all charts inside it."""
    inside = [part for key in ("layer", "hconcat", "vconcat", "concat") for part in spec.get(key, [])]
    return [spec, *(deep for part in inside for deep in _parts(part))]


def _shown(value: Any) -> Any:
    """The spec with control characters of its texts made visible: XML has no such characters, and vl-convert ends the
    whole process where it meets one.
    """
    if isinstance(value, str):
        return value if value.isprintable() else "\n".join(visible(line) for line in value.split("\n"))
    if isinstance(value, dict):
        return {_shown(key): _shown(inner) for key, inner in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_shown(inner) for inner in cast("list[Any]", value)]
    return value


def _converter() -> Any:
    return import_module("vl_convert")  # it has no types
