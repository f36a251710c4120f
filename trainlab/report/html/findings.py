"""The findings of a run on its page: each with a picture of its evidence, and its suggested patches to copy."""

import shlex
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, cast

from trainlab.report.findings import FindingGroup, folded, told
from trainlab.report.html.tags import Html, prose, tag
from trainlab.report.json_fields import table as facts_of
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture

Draw = Callable[[FindingGroup], Picture | None]  # the picture of a finding
_TONES = {"error": "error", "warning": "warning", "info": "advice"}


def findings(groups: Sequence[FindingGroup], config: str, draw: Draw, figure: Callable[[Picture], Html]) -> list[Html]:
    """A card for each finding, folded after the first few. config: what the suggested patches change."""
    first, others = told(groups)
    cards = [_card(group, config, draw, figure) for group in first]
    if others:
        summary = tag("summary", "; ".join(folded(others)))
        more = (_card(group, config, _no_picture, figure) for group in others)  # a hidden picture has no width
        cards.append(tag("details", summary, *more, class_="folded"))
    return cards


def _no_picture(group: FindingGroup) -> Picture | None:
    return None


def command(text: str) -> Html:
    """A command with a button to copy it."""
    button = tag("button", "Copy", type="button", aria_label=f"Copy: {text}")
    return tag("div", tag("pre", tag("code", text)), button, class_="command")


def _card(group: FindingGroup, config: str, draw: Draw, figure: Callable[[Picture], Html]) -> Html:
    tone = group.severity if group.severity in _TONES else "info"
    head = tag(
        "h3",
        tag("span", _TONES.get(group.severity, group.severity), class_="tone"),
        group.code,
        tag("span", f" {group.place}{group.sure}", class_="place") if group.place or group.sure else None,
    )
    picture = draw(group)
    patches = [command(f"trainlab train {shlex.quote(config)} {patch}") for patch in group.patches]
    words = tag(
        "div",
        tag("p", prose(f"Withdrawn: {group.withdrawn}.")) if group.withdrawn else None,
        tag("p", prose(group.message)),
        tag("p", f"In {', '.join(group.layers)}.") if len(group.layers) > 1 else None,
        tag("p", f"Because of {', '.join(group.because)}.") if group.because else None,
        tag("p", prose(group.advice)) if group.advice else None,
        tag("div", tag("strong", "Try one of" if len(patches) > 1 else "Try"), *patches) if patches else None,
        _evidence(group),
        tag("p", "What it means: ", tag("code", f"trainlab explain {group.code}"), class_="place"),
    )
    columns = tag("div", words, figure(picture) if picture else None, class_="columns")
    return tag("article", head, columns, class_=f"card finding {tone}", id=f"finding-{group.code}")


def _evidence(group: FindingGroup) -> Html | None:
    """The measured evidence of the finding."""
    shown = [f"{key.replace('_', ' ')}: {_value(value)}" for key, value in facts_of(group.first, "evidence").items()]
    if not shown:
        return None
    return tag("details", tag("summary", "Evidence"), tag("ul", *(tag("li", text) for text in shown)))


def _value(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return readable(float(value)) if isfinite(value) else str(value)
    if isinstance(value, dict):
        items = list(cast("dict[str, Any]", value).items())
        return ", ".join(f"{k} {_value(v)}" for k, v in items[:12]) + (" …" if len(items) > 12 else "")
    if isinstance(value, list):
        parts = cast("list[Any]", value)
        return ", ".join(_value(v) for v in parts[:12]) + (" …" if len(parts) > 12 else "")
    return str(value)
