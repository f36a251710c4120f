"""HTML made of tags whose texts and attributes are always escaped: there is no other way to put a text into a page."""

import re
from html import escape


class Html(str):
    """Text that is HTML already: made by `tag` and `join` only."""

    __slots__ = ()


Child = str | None
_EMPTY = ("br", "img", "input", "meta", "link", "wbr")


def tag(element: str, /, *children: Child, **attributes: str | bool | None) -> Html:
    """An element. A child that is no `Html` is escaped; None is left out.

    Attributes: `class_` and `for_` lose their underscore, other underscores become dashes; True stands without a value,
    None and False are left out.

    >>> tag("a", "<b>", href='x"y', aria_label="1 & 2", hidden=True)
    '<a href="x&quot;y" aria-label="1 &amp; 2" hidden>&lt;b&gt;</a>'
    """
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    inside = join(*children)
    return Html(f"<{element}{told}>" if element in _EMPTY else f"<{element}{told}>{inside}</{element}>")


def join(*children: Child) -> Html:
    """The children one after the other, escaped where they are no `Html`."""
    return Html("".join(c if isinstance(c, Html) else escape(clean(c)) for c in children if c is not None))


def prose(text: str) -> Html:
    """A sentence whose `names` in backticks are shown as code; everything in it is escaped.

    >>> prose("drop `<id>` first")
    'drop <code>&lt;id&gt;</code> first'
    """
    parts = re.split(r"`([^`\n]+)`", text)
    return join(*(tag("code", part) if i % 2 else part for i, part in enumerate(parts)))


def clean(text: str) -> str:
    r"""The text without control characters, which HTML does not allow: they show as `\x1b`.

    >>> clean("a\x1bb\u202ec")
    'a\\x1bb\\u202ec'
    """
    return text if text.isprintable() else "".join(c if _shows(c) else _code(c) for c in text)


def _shows(c: str) -> bool:
    return c.isprintable() or c in "\n\t\u202f\xa0"


def _code(c: str) -> str:
    return f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}"


def _attribute(key: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(clean(value))}"'
