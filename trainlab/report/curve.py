"""Curves in a terminal: a sparkline of one line, and a chart of a run's losses in braille or in ASCII."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from trainlab.report.roof import roof
from trainlab.report.text import fit, number, width_of

_BLOCKS, _ASCII_BLOCKS = "▁▂▃▄▅▆▇█", "_.-=^#"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille cell, by row and column
_DECADES = 100.0  # from this ratio of largest to smallest on, the axis is logarithmic
_BROKEN, _MARKS = "!", "o+x"


def sparkline(values: Sequence[float | None], width: int | None = None, *, ascii_only: bool = False) -> str:
    """The values in one line of blocks, lowest to highest; `!` where one is nan or infinite.

    More values than `width` are averaged in groups. Absent values are left out.

    >>> sparkline([1, 2, 4, 8]), sparkline([4, float("nan"), 1], ascii_only=True)
    ('▁▂▄█', '#!_')
    """
    known = [float(v) for v in values if v is not None]
    groups = _grouped(known, width)
    finite = [v for v in groups if math.isfinite(v)]
    if not finite:
        return _BROKEN * len(groups)
    blocks = _ASCII_BLOCKS if ascii_only else _BLOCKS
    low, span = min(finite), (max(finite) - min(finite)) or 1.0
    top = len(blocks) - 1
    return "".join(blocks[round((v - low) / span * top)] if math.isfinite(v) else _BROKEN for v in groups)


def curve(
    series: Mapping[str, Sequence[float | None]],
    x: Sequence[float],
    *,
    width: int = 80,
    height: int = 10,
    ascii_only: bool = False,
    x_name: str = "epoch",
    ends: tuple[str, str] | None = None,
    losses: bool = False,
) -> list[str]:
    """The lines of a chart of one or more series over the same x.

    The first series is a line of dots, the others are marks (`o`, `+`, `x`). The axis is logarithmic if the values
    span two decades or more. A value that is nan or infinite is a `!` in the top line, at its x. losses: values far
    above the first ones are drawn at the upper edge, and the legend says from where on. ends: the texts at the first
    and the last x, if not these numbers.
    """
    points = {
        name: [(a, float(v)) for a, v in zip(x, values, strict=True) if v is not None]
        for name, values in series.items()
    }
    points = {name: some for name, some in points.items() if some}
    finite = [[v for _, v in some if math.isfinite(v)] for some in points.values()]
    top, most = roof(finite) if losses else math.inf, max((v for line in finite for v in line), default=0.0)
    points = {name: [(a, min(v, top) if math.isfinite(v) else v) for a, v in some] for name, some in points.items()}
    scale = _Scale.of([v for some in points.values() for _, v in some])
    named = [0, height - 1] if height < 3 else [0, height // 2, height - 1]
    labels = {i: number(scale.value(1 - i / (height - 1))) for i in named}
    gutter = max(map(len, labels.values()))
    columns = width - gutter - 2
    if scale.empty or columns < 4:
        told = ", ".join(f"{name} {number(some[-1][1])}" for name, some in points.items())
        return [fit(told or "no values yet", width, ascii_only=ascii_only).rstrip()]
    grid = _Grid(columns, height, ascii_only)
    first, last = x[0], x[-1]
    for order, some in enumerate(points.values()):
        places = [((a - first) / ((last - first) or 1), scale.place(v)) for a, v in some]
        grid.line(places) if order == 0 else grid.marks(places, _MARKS[(order - 1) % len(_MARKS)])
    bar = "|" if ascii_only else "│"
    lines = [f"{labels.get(i, ''):>{gutter}} {bar}{row}".rstrip() for i, row in enumerate(grid.rows())]
    start, end = ends or (number(first), number(last))
    room = max(columns - len(start) - len(end), 1)
    middle = x_name.center(room) if room > len(x_name) + 1 else " " * room
    lines.append(" " * (gutter + 2) + fit(start + middle + end, columns, ascii_only=ascii_only).rstrip())
    notes = ["log scale"] * scale.log + [f"cut at {number(top)}"] * (most > top)
    return [*_legend(list(points), notes, ascii_only, width), *lines]


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to heights between 0 and 1, and back."""

    low: float
    high: float
    log: bool
    empty: bool = False

    @classmethod
    def of(cls, values: Sequence[float]) -> "_Scale":
        """The scale that spans the finite values: logarithmic over two decades or more, never of height zero."""
        finite = [v for v in values if math.isfinite(v)]
        if not finite:
            return cls(0.0, 1.0, False, empty=True)
        low, high = min(finite), max(finite)
        log = low > 0 and high / low >= _DECADES
        if low == high:
            low, high = low - (abs(low) / 2 or 1), high + (abs(high) / 2 or 1)
        return cls(low, high, log)

    def place(self, v: float) -> float:
        if not math.isfinite(v):
            return math.nan
        if self.log:
            return (math.log(v) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        half = self.high / 2 - self.low / 2  # halves: the difference of two large numbers may be too large
        return (v / 2 - self.low / 2) / half if half else 0.5

    def value(self, place: float) -> float:
        if self.log:
            return math.exp(math.log(self.low) + place * (math.log(self.high) - math.log(self.low)))
        return self.low * (1 - place) + self.high * place


@dataclass(slots=True)
class _Grid:
    """Dots in braille cells (2 x 4 a cell) or in ASCII (1 x 1), and marks over them."""

    columns: int
    height: int
    ascii_only: bool
    dots: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    over: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])

    @property
    def fine(self) -> tuple[int, int]:
        """How many dots there are across and down."""
        return (self.columns, self.height) if self.ascii_only else (2 * self.columns, 4 * self.height)

    def line(self, places: list[tuple[float, float]]) -> None:
        """Dots from point to point; a gap where a point is broken."""
        across, down = self.fine
        before: tuple[int, int] | None = None
        for a, b in places:
            if math.isnan(b):
                self.broken(a)
                before = None
                continue
            dot = (round(a * (across - 1)), round((1 - b) * (down - 1)))
            self.dots.update(_between(before or dot, dot))
            before = dot

    def marks(self, places: list[tuple[float, float]], mark: str) -> None:
        """A mark at each point."""
        for a, b in places:
            if math.isnan(b):
                self.broken(a)
            else:
                self.over[(round(a * (self.columns - 1)), round((1 - b) * (self.height - 1)))] = mark

    def broken(self, a: float) -> None:
        """A sign in the top line."""
        self.over[(round(a * (self.columns - 1)), 0)] = _BROKEN

    def rows(self) -> list[str]:
        """The grid as lines of text."""
        cells: dict[tuple[int, int], int] = {}
        for a, b in self.dots:
            cell, bit = ((a, b), 1) if self.ascii_only else ((a // 2, b // 4), _DOTS[b % 4][a % 2])
            cells[cell] = cells.get(cell, 0) | bit
        drawn = {cell: "." if self.ascii_only else chr(0x2800 + bits) for cell, bits in cells.items()} | self.over
        return ["".join(drawn.get((a, b), " ") for a in range(self.columns)) for b in range(self.height)]


def _between(one: tuple[int, int], two: tuple[int, int]) -> list[tuple[int, int]]:
    """All dots of the straight line between two dots."""
    (a, b), (c, d) = one, two
    steps = max(abs(c - a), abs(d - b), 1)
    return [(round(a + (c - a) * i / steps), round(b + (d - b) * i / steps)) for i in range(steps + 1)]


def _legend(names: list[str], notes: list[str], ascii_only: bool, width: int) -> list[str]:
    """The sign and name of each series, then the notes, in as many lines as they need."""
    signs = ["." if ascii_only else "⠒", *_MARKS]
    parts = [f"{signs[i % len(signs)]} {name}" for i, name in enumerate(names)]
    parts += [f"({', '.join(notes)})"] if notes else []
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]}   {part}"
        lines = [*lines[:-1], longer] if width_of(longer) <= width else [*lines, part]
    return [fit(line, width, ascii_only=ascii_only).rstrip() for line in lines]


def _grouped(values: list[float], width: int | None) -> list[float]:
    """Means of `width` groups of neighbors; a group with a broken value is broken."""
    if width is None or len(values) <= width:
        return values
    edges = [i * len(values) // width for i in range(width + 1)]
    return [
        math.fsum(g) / len(g) if all(map(math.isfinite, g)) else math.nan
        for g in (values[a:b] for a, b in pairwise(edges))
    ]
