"""The page of a monitor, parsed from its docstring: meaning, measurement, what to do, a picture, a source.

The first paragraph of the docstring is the meaning. The parts `Do:`, `Picture:` (with the indented lines below it) and
`Source:` begin with these words. The paragraphs between the meaning and these parts say how it is measured, with which
threshold and why.
"""

import re
from dataclasses import dataclass
from textwrap import dedent

from trainlab.core.describe import describe
from trainlab.diagnose.monitor import Monitor

_PARTS = {"Do:": "todo", "Picture:": "picture", "Source:": "source"}


@dataclass(frozen=True, slots=True)
class MonitorPage:
    """The parts of a page. picture: lines as they are; the others are text to be wrapped."""

    meaning: str
    measured: str
    todo: str
    picture: str
    source: str

    def missing(self) -> list[str]:
        """Names of parts that are empty."""
        return [name for name in self.__slots__ if not getattr(self, name)]


def page_of(monitor: type[Monitor]) -> MonitorPage:
    """The page of a monitor; a part that its docstring lacks is empty."""
    parts: dict[str, list[str]] = {name: [] for name in MonitorPage.__slots__}
    now = "meaning"
    for number, paragraph in enumerate(re.split(r"\n\s*\n", describe(monitor).text)):
        head = paragraph.split(maxsplit=1)[0] if paragraph.strip() else ""
        if head in _PARTS and not paragraph.startswith(" "):
            now = _PARTS[head]
            paragraph = paragraph[len(head) :].strip()
        elif number:
            now = "measured" if now == "meaning" else now
        if paragraph:
            parts[now].append(paragraph)
    text = {name: "\n\n".join(found) for name, found in parts.items()}
    return MonitorPage(**{**text, "picture": dedent(text["picture"])})
