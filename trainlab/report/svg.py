"""A chart as SVG text, without a library: a curve over a logarithmic axis, faint curves behind it, marked places."""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from trainlab.core.problem import visible
from trainlab.report.text import number

_SIZE, _LEFT, _RIGHT, _TOP, _BOTTOM = (720, 400), 64, 20, 44, 48
_COLORS = ("#c0392b", "#1e8449", "#7d3c98", "#b9770e")
_TICKS = 4  # about so many lines across


def log_chart(
    title: str,
    x: Sequence[float],
    y: Sequence[float],
    *,
    behind: Sequence[Sequence[float]] = (),
    marks: Mapping[str, float] | None = None,
    x_name: str = "",
    y_name: str = "",
) -> str:
    """The chart of y over x (all x above 0). behind: more curves over the same x, shorter ones end earlier.

    marks: names of places on the x axis, each drawn as an upright line. What is not finite is left out, and what lies
    far above the curve is cut.
    """
    finite = [v for v in y if math.isfinite(v)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    room = (high - low or abs(high) or 1.0) * 0.08
    frame = _Frame(math.log10(x[0]), math.log10(x[-1]), low - room, high + room)
    width, height = _SIZE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(width / 2, 18, title, "middle", 'font-size="14" font-weight="bold"'),
        *frame.axes(x_name, y_name),
        f'<clipPath id="in"><rect x="{_LEFT}" y="{_TOP}" width="{width - _LEFT - _RIGHT}" '
        f'height="{height - _TOP - _BOTTOM}"/></clipPath>',
    ]
    parts += [frame.line(x, values, 'stroke="#b8c4d0" stroke-width="0.8"') for values in behind]
    parts.append(frame.line(x, y, 'stroke="#1f4e79" stroke-width="2"'))
    for i, (name, place) in enumerate((marks or {}).items()):
        parts += frame.mark(name, place, _COLORS[i % len(_COLORS)], i)
    return "\n".join([*parts, "</svg>", ""])


class _Frame:
    """From numbers to places in the picture."""

    def __init__(self, left: float, right: float, low: float, high: float) -> None:
        self.left, self.right, self.low, self.high = left, right, low, high

    def x(self, value: float) -> float:
        share = (math.log10(value) - self.left) / ((self.right - self.left) or 1.0)
        return _LEFT + share * (_SIZE[0] - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _TOP + (self.high - value) / (self.high - self.low) * (_SIZE[1] - _TOP - _BOTTOM)

    def axes(self, x_name: str, y_name: str) -> list[str]:
        """Lines at round numbers with their labels."""
        made: list[str] = []
        bottom, right = _SIZE[1] - _BOTTOM, _SIZE[0] - _RIGHT
        for power in range(math.ceil(self.left - 1e-9), math.floor(self.right + 1e-9) + 1):
            at = self.x(10.0**power)
            made += [_line(at, _TOP, at, bottom, "#e3e8ed"), _text(at, bottom + 16, f"1e{power}", "middle")]
        step = _round_step((self.high - self.low) / _TICKS)
        for i in range(math.ceil(self.low / step), math.floor(self.high / step) + 1):
            at = self.y(i * step)
            made += [_line(_LEFT, at, right, at, "#e3e8ed"), _text(_LEFT - 6, at + 4, number(i * step), "end")]
        made += [_line(_LEFT, _TOP, _LEFT, bottom, "#555"), _line(_LEFT, bottom, right, bottom, "#555")]
        made.append(_text((_LEFT + right) / 2, _SIZE[1] - 10, x_name, "middle"))
        made.append(_text(0, 0, y_name, "middle", f'transform="translate(14 {(_TOP + bottom) / 2:.0f}) rotate(-90)"'))
        return made

    def line(self, x: Sequence[float], y: Sequence[float], style: str) -> str:
        """A curve, with a gap where a number is not finite."""
        path, pen = "", "M"
        for a, b in zip(x, y, strict=False):
            if not math.isfinite(b):
                pen = "M"
                continue
            top = min(b, self.high + 10 * (self.high - self.low))
            path += f"{pen}{self.x(a):.1f} {self.y(max(top, self.low - 10 * (self.high - self.low))):.1f}"
            pen = "L"
        return f'<path d="{path}" fill="none" {style} clip-path="url(#in)"/>'

    def mark(self, name: str, place: float, color: str, order: int) -> list[str]:
        """An upright line with its name at the top."""
        at = self.x(place)
        side = "end" if at > _SIZE[0] * 0.7 else "start"
        text = _text(
            at + (-5 if side == "end" else 5), _TOP + 14 + 15 * order, f"{name} {place:.2g}", side, f'fill="{color}"'
        )
        return [_line(at, _TOP, at, _SIZE[1] - _BOTTOM, color, 'stroke-dasharray="4 3"'), text]


def _round_step(step: float) -> float:
    """The next of 1, 2, 5, 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= step * (1 - 1e-9))


def _line(x: float, y: float, to_x: float, to_y: float, color: str, more: str = "") -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{color}" {more}/>'


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(visible(text))}</text>'
