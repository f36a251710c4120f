"""The frame of every page: style, script, Vega and the specs of the pictures in one self-contained file.

A content security policy names each script by its hash and forbids connections: text that reaches the page unescaped
can neither run nor send anything. Chart expressions are interpreted instead of compiled, so `eval` is not needed.
"""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError
from trainlab.report.html.numbers import numbers
from trainlab.report.html.tags import Html, join, prose, tag
from trainlab.report.pictures.picture import Picture
from trainlab.report.pictures.theme import config
from trainlab.store.writing import write_atomic


class Page:
    """A page under construction: sections in order, with pictures, and a table of contents."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._sections: list[Html] = []
        self._contents: list[tuple[str, str]] = []
        self._charts: dict[str, dict[str, Any]] = {}
        self._uses: dict[str, list[str]] = {}
        self._data: dict[str, Any] = {}
        self._frames: dict[str, list[str]] = {}

    def section(self, name: str, title: str, *children: Html | None) -> None:
        """Add a section, unless it has no content."""
        inside = [child for child in children if child]
        if inside:
            self._contents.append((name, title))
            head = tag("h2", title, id=f"{name}-title")
            self._sections.append(tag("section", head, *inside, id=name, aria_labelledby=f"{name}-title"))

    def figure(self, picture: Picture) -> Html:
        """A picture with its sentence, its numbers and, if it has one, the switch of its axis."""
        spec = _dashed(picture.spec())
        datasets = spec.pop("datasets", {})
        self._data |= {name: _packed(rows) for name, rows in datasets.items()}
        self._charts[picture.name], self._uses[picture.name] = spec, list(datasets)
        chart = tag("div", role="img", class_="chart", aria_label=picture.sentence, data_chart=picture.name)
        switch = _switch(picture) if picture.switch else None
        head = tag("figcaption", tag("h3", picture.title), switch)
        controls = tag("div", class_="controls")  # outside the picture, which is one image to a screen reader
        if picture.frames:
            self._frames[picture.name] = list(picture.frames)
            controls = _player(picture)
        inside = [head, chart, controls, tag("p", prose(picture.sentence)), numbers(picture.table, picture.title)]
        return tag("figure", *inside, class_="wide" if picture.wide else None, id=f"picture-{picture.name}")

    def figures(self, pictures: Sequence[Picture], *, small: bool = False) -> Html | None:
        """Pictures in a grid, as many in a row as fit."""
        if not pictures:
            return None
        return tag("div", *(self.figure(picture) for picture in pictures), class_="grid small" if small else "grid")

    def html(self, head: Html, *, script: str = "", connect: bool = False) -> str:
        """The whole page, `head` above its sections.

        `script`: JavaScript of the server, if one serves the page · `connect`: the page may connect to its own server.
        """
        texts = {
            "specs": {"charts": self._charts, "uses": self._uses, "data": self._data, "frames": self._frames},
            "themes": _themes(),
        }
        data = [_data_tag(name, value) for name, value in texts.items()]
        code = [vega(), _asset("page.js"), *([script] if script else [])]
        links = [tag("li", tag("a", title, href=f"#{name}")) for name, title in self._contents]
        bar = tag("div", tag("ul", *links), tag("button", "Dark", id="theme", type="button", title="Light or dark"))
        body = tag(
            "body",
            tag("a", "Skip to the content", href="#content", class_="skip"),
            tag("header", head),
            tag("nav", bar, aria_label="Contents"),
            tag("main", *self._sections, id="content"),
            tag("footer", "Made by trainlab. Nothing on this page is loaded from anywhere."),
            *data,
            *(Html(f"<script>{text}</script>") for text in code),
        )
        return f"<!doctype html>\n{tag('html', _head(self.title, code, connect), body, lang='en')}\n"


@cache
def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, as vl-convert carries them.

    Bundling takes seconds, so the bundle is stored in the user's cache folder, one for each version of vl-convert.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trainlab"
    kept = folder / f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="utf-8")
    code = _closed(import_module("vl_convert").javascript_bundle())
    with suppress(OSError, UserError):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(kept, code.encode())
    return code


def _head(title: str, code: Sequence[str], connect: bool) -> Html:
    style = _asset("page.css")
    scripts = " ".join(f"'sha256-{_hash(text)}'" for text in code)
    rules = [
        "default-src 'none'",
        f"script-src {scripts}",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        *(["connect-src 'self'"] if connect else []),
    ]
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content="; ".join(rules)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        Html(f"<style>{style}</style>"),
    )


def _switch(picture: Picture) -> Html:
    first, second = ("log", "linear")
    buttons = [
        tag("button", first, type="button", value="log", aria_pressed="true"),
        tag("button", second, type="button", value="linear", aria_pressed="false"),
    ]
    return tag("div", *buttons, role="group", aria_label="Scale of the axis", data_switch=picture.name)


def _player(picture: Picture) -> Html:
    """Buttons and a slider for the moments of a picture; the script fills in which one is shown."""
    play = tag("button", "Play", type="button", aria_label=f"Play the moments of {picture.title}")
    slider = tag("input", type="range", min="0", max=str(len(picture.frames) - 1), step="1", value="0",
                 aria_label=f"Moment of {picture.title}")  # fmt: skip
    return tag("div", play, slider, tag("output"), class_="controls frames", data_frames=picture.name)


def _packed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The rows by column, so that each name is written once."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {"names": names, "columns": [[row.get(name) for row in rows] for name in names]}


def _dashed(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec without the parts that all charts share."""
    return {key: value for key, value in spec.items() if key not in ("$schema", "config")}


def _data_tag(name: str, value: Any) -> Html:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return Html(f'<script type="application/json" id="{name}">{safe}</script>')


def _themes() -> dict[str, Any]:
    return {"light": config("light"), "dark": config("dark")}


def _closed(code: str) -> str:
    """The code with end tags escaped, so that it cannot end its own script element."""
    return code.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@cache
def _asset(name: str) -> str:
    return files("trainlab.report.html").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


__all__ = ["Html", "Page", "join", "tag", "vega"]
