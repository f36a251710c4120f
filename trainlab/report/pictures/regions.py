"""Decision regions: what a network answers at each point of two inputs, moment by moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.report.pictures._kit import altair, label_of, values
from trainlab.report.pictures.numbers import readable, share
from trainlab.report.pictures.picture import Chart, Picture, Table, frame_param, in_frame
from trainlab.report.pictures.png import address, larger
from trainlab.report.pictures.theme import CLASSES

_ACROSS, _SIDE, _STILL, _POINTS = 3, 300, 200, 240
_LOW, _HIGH = (33, 102, 172), (178, 90, 10)  # of a number: blue to orange, by way of white
_WEAKEST, _STRONGEST = 28, 120  # of 255: how strong the color of a class is, by how sure the network is


@dataclass(frozen=True, slots=True)
class Plane:
    """Two inputs: their names, the ends (left, right, bottom, top), rows x (n, 2) with their class or number y (n,).

    classes: their names, in order; empty for a number.
    """

    names: tuple[str, str]
    ends: tuple[float, float, float, float]
    x: Array
    y: Array
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """What a network answers on a grid (height, width), the first row at the bottom.

    found: classes, or numbers · sure: between 0 and 1 how sure it is of a class; None where that is not known.
    """

    found: Array
    sure: Array | None = None


def regions(name: str, title: str, moments: Mapping[str, Answers], plane: Plane, *, moving: bool = False) -> Picture:
    """A map for each moment or run, with the rows as points: side by side, or one after the other (`moving`)."""
    labels = list(moments)
    span = _span(moments, plane)
    points = _points(plane)
    images = [address(larger(_image(moments[label], plane, span)[::-1], 5)) for label in labels]

    def still() -> Chart:
        few = _few(len(labels)) if moving else range(len(labels))
        panels = [_panel([{"url": images[i], "text": labels[i], "frame": 0}], points, plane, span, _STILL) for i in few]
        return altair().concat(*panels, columns=_ACROSS)

    sentence, table = _told(moments, plane, span)
    if not moving:
        return Picture(name, title, still(), sentence, table, wide=len(labels) > 1)
    rows = [{"url": url, "text": labels[i], "frame": i} for i, url in enumerate(images)]
    chart = _panel(rows, points, plane, span, _SIDE, moving=True).add_params(frame_param(len(labels), len(labels) - 1))
    return Picture(name, title, chart, sentence, table, frames=tuple(labels), still=still)


def _few(count: int) -> list[int]:
    """Six of the moments for a picture that does not move, the first and the last among them."""
    return sorted({round(i * (count - 1) / min(5, max(1, count - 1))) for i in range(min(6, count))})


def _panel(
    grounds: list[dict[str, Any]],
    points: list[dict[str, Any]],
    plane: Plane,
    span: tuple[float, float],
    side: int,
    *,
    moving: bool = False,
) -> Chart:
    alt = altair()
    left, right, bottom, top = plane.ends
    titles = plane.names if moving else (None, None)
    axis = alt.Axis(grid=False, tickCount=5)
    x = alt.X("a:Q", title=titles[0], axis=axis, scale=alt.Scale(domain=[left, right], nice=False))
    y = alt.Y("b:Q", title=titles[1], axis=axis, scale=alt.Scale(domain=[bottom, top], nice=False))
    base = alt.Chart(values([{**ground, "a": left, "b": top} for ground in grounds]))
    base = in_frame(base) if moving else base
    ground = base.mark_image(width=side, height=side, align="left", baseline="top", aspect=False)
    head = base.mark_text(style="label", align="left", baseline="bottom", dy=-5)
    if plane.classes:
        known = list(plane.classes)
        colors = [CLASSES[i % len(CLASSES)] for i in range(len(known))]
        legend = alt.Legend(orient="top", columns=4, symbolType="circle") if moving else None
        color = alt.Color("class:N", title=None, scale=alt.Scale(domain=known, range=colors), legend=legend)
    else:
        ramp = [f"rgb{tuple(_ramp(np.array([t]))[0].tolist())}" for t in np.linspace(0, 1, 5).tolist()]
        legend = alt.Legend(orient="top", gradientLength=160, gradientThickness=8, labelExpr=label_of(*span))
        legend = legend if moving else None
        scale = alt.Scale(domain=np.linspace(*span, 5).tolist(), range=ramp, clamp=True)
        color = alt.Color("value:Q", title=None, scale=scale, legend=legend)
    dots = alt.Chart(values(points)).mark_circle(size=26 if moving else 14, opacity=1, stroke="white", strokeWidth=0.6)
    charts = [
        ground.encode(x=x, y=y, url="url:N"),
        dots.encode(x=x, y=y, color=color),
        head.encode(x=x, y=y, text="text:N"),
    ]
    return alt.layer(*charts).properties(width=side, height=side)


def _points(plane: Plane) -> list[dict[str, Any]]:
    some = slice(None, None, max(1, -(-len(plane.x) // _POINTS)))
    rows = zip(plane.x[some].tolist(), plane.y[some].tolist(), strict=True)
    if not plane.classes:
        return [{"a": a, "b": b, "value": v} for (a, b), v in rows]
    return [{"a": a, "b": b, "class": plane.classes[int(c) % len(plane.classes)]} for (a, b), c in rows]


def _span(moments: Mapping[str, Answers], plane: Plane) -> tuple[float, float]:
    """The numbers at both ends of the colors: those of the rows, whatever the network answers."""
    if plane.classes:
        return 0.0, 1.0
    low, high = (float(v) for v in np.quantile(plane.y, [0.01, 0.99])) if len(plane.y) else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _image(answers: Answers, plane: Plane, span: tuple[float, float]) -> Array:
    """The map in colors with opacity, so that it suits a light and a dark page."""
    found = answers.found
    image = np.empty((*found.shape, 4), np.uint8)
    if plane.classes:
        colors = np.array([_rgb(color) for color in CLASSES], np.uint8)
        image[..., :3] = colors[found % len(colors)]
        sure = np.ones(found.shape) if answers.sure is None else answers.sure
        image[..., 3] = (_WEAKEST + (_STRONGEST - _WEAKEST) * sure).astype(np.uint8)
        return image
    image[..., :3] = _ramp(np.clip((found - span[0]) / (span[1] - span[0]), 0, 1))
    image[..., 3] = 200
    return image


def _ramp(at: Array) -> Array:
    """Colors of numbers between 0 and 1."""
    middle = np.array([245, 245, 245])
    low, high = (np.array(color) - middle for color in (_LOW, _HIGH))
    away = 2 * at[..., None] - 1
    return (middle + np.where(away < 0, -away * low, away * high)).round().astype(np.uint8)


def _rgb(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def _told(moments: Mapping[str, Answers], plane: Plane, span: tuple[float, float]) -> tuple[str, Table]:
    if not plane.classes:
        rows = [[k, float(a.found.min()), float(np.median(a.found)), float(a.found.max())] for k, a in moments.items()]
        low, high = map(readable, span)
        if low == high:
            low, high = (f"{end:.6g}" for end in span)
        text = f"The color is the number that the network predicts there, from {low} (blue) to "
        text += f"{high} (orange); the points are training rows in the color of their own number."
        return text, Table(["panel", "lowest", "middle", "highest"], rows)
    counts = range(len(plane.classes))
    rows = [[k, *(share(float((a.found == c).mean())) for c in counts)] for k, a in moments.items()]
    text = "The color of the ground is the class that the network predicts there"
    text += ", the stronger, the surer" if any(a.sure is not None for a in moments.values()) else ""
    return f"{text}; the points are training rows.", Table(["panel", *(f"area of {c}" for c in plane.classes)], rows)
