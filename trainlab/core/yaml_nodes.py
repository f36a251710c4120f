"""YAML text -> nodes with their places, and all problems of the text.

Built from PyYAML's parse events rather than its constructors, so that nothing in a file can make an object, a duplicate
key is seen with both of its lines, aliases are shared instead of copied, and what they would expand to is counted.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)
from yaml.scanner import ScannerError

from trainlab.core.node import Node, Source, Span
from trainlab.core.problem import Problem
from trainlab.core.scalars import resolve

LARGEST_FILE = 1 << 20  # bytes
MOST_NODES = 50_000  # after aliases are expanded
DEEPEST = 40  # levels
_TOO_DEEP = f"nested more than {DEEPEST} levels deep"

# PyYAML's stubs leave the stream untyped
_events = cast("Callable[..., Iterator[Event]]", yaml.parse)  # pyright: ignore[reportUnknownMemberType]
_QUOTED = "a text that starts like this needs quotes"
# The meaning of a character at which PyYAML stops. PyYAML's own messages and limits differ between its versions.
_WRONG_HERE = {
    "\t": "a tab is not allowed here; indent with spaces",
    ":": "a `:` too many in one line, or a wrong indent",
    "-": "a list item where none can stand, or a wrong indent",
    "]": "a `]` too many",
    "}": "a `}` too many",
    "!": "a tag is not supported; write the plain value",
    **dict.fromkeys("@`%", _QUOTED),
}
# The meaning of the first character of the part at whose end PyYAML stops.
_WRONG_SINCE = {
    "[": "a `[` that is never closed, or a missing comma",
    "{": "a `{` that is never closed, or a missing comma",
    "!": _WRONG_HERE["!"],
    **dict.fromkeys("*&", "a `*` or `&` without a name; a text that starts like this needs quotes"),
    **dict.fromkeys("|>", _QUOTED),
}


def decode(name: str, data: bytes) -> tuple[Source, list[Problem]]:
    """The text of a file as a source, or why it cannot be read as text."""
    if len(data) > LARGEST_FILE:
        return Source(name), [Problem.at(Source(name).whole, "", "larger than 1 MiB; a config is not that large")]
    try:
        return Source.of(name, data.decode("utf-8-sig")), []
    except UnicodeDecodeError as error:
        head = Source.of(name, data[: error.start].decode("utf-8-sig", "replace"))
        source = Source.of(name, data.decode("utf-8-sig", "replace"))
        place = source.span(len(head.lines), len(head.lines[-1]) + 1)
        return source, [Problem.at(place, "", f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8")]


def parse(source: Source, text: str | None = None) -> tuple[Node | None, list[Problem]]:
    """The nodes of a YAML text (None if there are none) and its problems.

    `text` is what is parsed where it is not the source's own: the value in an argument, padded to its place.
    """
    builder = _Builder(source)
    try:
        return builder.document("\n".join(source.lines) if text is None else text), builder.problems
    except _UnreadableError as error:
        return None, [*builder.problems, error.problem]


def has_half_characters(text: str) -> bool:
    r"""Whether a text holds surrogates, which no file can hold: from `"\ud800"`, or from bytes that are not UTF-8."""
    return any("\ud800" <= char <= "\udfff" for char in text)


def _too_deep(text: str) -> int | None:
    """The place of the bracket that opens one level too many, if there is one."""
    depth = 0
    for index, char in enumerate(text):
        depth += (char in "[{") - (char in "]}")
        if depth > DEEPEST:
            return index
    return None


def _fault(text: str, stop: int, start: int | None, in_token: bool) -> str:
    """The problem of a YAML text at `stop`, where PyYAML stops reading.

    `start`: where the unfinished part begins, if PyYAML says so; `in_token`: this part is a single word, text or key.
    """
    here, since = text[stop : stop + 1], text[start] if start is not None else ""
    if start is None or (not in_token and here in ("]", "}") and since not in ("[", "{")):
        return _WRONG_HERE.get(here, "this is not allowed here; a text that starts like this needs quotes")
    if since in ("'", '"') and in_token and since not in re.sub(r"''|\\.", "", text[start + 1 : stop]):
        if re.search(r"\\[xuU]?[0-9a-fA-F]*$", text[start:stop]) and here:
            return "an unknown escape in double quotes; single quotes take text as it is"
        return "a quote that is never closed"
    if since in _WRONG_SINCE:
        return _WRONG_SINCE[since]
    return "a key without `: value`, or a wrong indent" if in_token else "a wrong indent"


class _UnreadableError(Exception):
    """The text cannot be read any further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Builder:
    """Makes nodes from events. Stores anchors and counts the nodes that aliases expand to."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.open: set[str] = set()
        self.count = 0
        self.end: Any = None  # the mark after the last list or table

    def document(self, text: str) -> Node | None:
        """The one document of the text."""
        events = self.events(text)
        root: Node | None = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    self.problem(self.span(event), "a second document starts here; a config is one document")
                    return root
                root = self.node(next(events), events, 0, None)
            elif isinstance(event, StreamEndEvent):
                break
        return root

    def events(self, text: str) -> Iterator[Event]:
        """PyYAML's events; its errors as problems."""
        try:
            yield from _events(text, Loader=yaml.SafeLoader)
        except RecursionError:  # PyYAML's own, of thousands of keys in one line
            raise _UnreadableError(Problem.at(self.source.whole, "", _TOO_DEEP)) from None
        except yaml.reader.ReaderError as error:
            before = Source.of("", text[: error.position]).lines
            code = error.character if isinstance(error.character, int) else ord(error.character[:1])
            place = self.source.span(len(before), len(before[-1]) + 1)
            raise _UnreadableError(
                Problem.at(place, "", f"the character U+{code:04X} is not allowed in YAML")
            ) from None
        except yaml.MarkedYAMLError as error:
            raise _UnreadableError(self.syntax(error, text)) from None

    def syntax(self, error: yaml.MarkedYAMLError, text: str) -> Problem:
        """The problem at the place where PyYAML stops, from the characters there."""
        mark, opened = error.problem_mark, error.context_mark
        if mark is None:
            return Problem.at(self.source.whole, "", "not valid YAML")
        if (deep := _too_deep(text[: mark.index])) is not None:  # newer versions refuse this before our own count
            before = text[:deep].split("\n")
            return Problem.at(self.source.span(len(before), len(before[-1]) + 1), "", _TOO_DEEP)
        if opened is not None and opened.index >= mark.index:
            opened = None
        message = _fault(text, mark.index, opened.index if opened else None, isinstance(error, ScannerError))
        never_closed = message.startswith(("a quote", "a `[`", "a `{`", "a key"))
        if opened and never_closed and (opened.line < mark.line or mark.index >= len(text)):
            mark = opened
        return Problem.at(self.source.span(mark.line + 1, mark.column + 1), "", f"not valid YAML: {message}")

    def problem(self, span: Span, message: str) -> None:
        """Add a problem and continue reading."""
        self.problems.append(Problem.at(span, "", message))

    def span(self, event: Event) -> Span:
        """The place of an event; of one with several lines, the first line."""
        start, end = event.start_mark, event.end_mark
        place = self.source.span(int(start.line) + 1, int(start.column) + 1)
        last = int(end.column) if end.line == start.line else len(place.quoted)
        return self.source.span(place.line, place.column, max(last - place.column + 1, 1))

    def collection_span(self, event: Any, span: Span, key: Span | None) -> Span:
        """The place of a list or table: the key of a block, otherwise its first line."""
        if key is not None and not event.flow_style:
            return key
        length = len(span.quoted)
        return self.source.span(span.line, span.column, max(length - span.column + 1, 1))

    def counted(self, size: int, span: Span) -> None:
        """Count nodes, refusing a text that expands to too many."""
        self.count += size
        if self.count > MOST_NODES:
            message = f"too much for a config: with all aliases expanded there are more than {MOST_NODES} values"
            raise _UnreadableError(Problem.at(span, "", message))

    def node(self, event: Event, events: Iterator[Event], depth: int, key: Span | None) -> Node:
        """The node that starts with this event. `key` is where its key is written, if it has one."""
        span = self.span(event)
        if isinstance(event, AliasEvent):
            return self.alias(str(event.anchor), span)
        if depth > DEEPEST:
            raise _UnreadableError(Problem.at(span, "", _TOO_DEEP))
        before = self.count
        anchor = cast("str | None", getattr(event, "anchor", None))
        self.counted(1, span)
        if anchor is not None:
            self.open.add(anchor)
        if isinstance(event, ScalarEvent):
            nothing = key if key and not event.value and event.style is None else None
            node = Node(self.scalar(event, span), nothing or span)
        else:
            node = self.collection(event, events, span, depth, key)
        if anchor is not None:
            self.open.discard(anchor)
            self.anchors[anchor] = (node, self.count - before)
        return node

    def collection(self, event: Any, events: Iterator[Event], span: Span, depth: int, key: Span | None) -> Node:
        """The list or table that starts with this event."""
        self.tag(event, span)
        read = self.table if isinstance(event, MappingStartEvent) else self.sequence
        node = read(events, self.collection_span(event, span, key), depth)
        if event.flow_style and self.end.line == event.start_mark.line:
            width = self.end.column - event.start_mark.column
            return Node(node.value, self.source.span(span.line, span.column, width), node.keys)
        return node

    def alias(self, name: str, span: Span) -> Node:
        """The node of an alias."""
        if name in self.open:
            raise _UnreadableError(Problem.at(span, "", f"`*{name}` stands inside of what it names"))
        if name not in self.anchors:
            self.problem(span, f"nothing is named `&{name}` above")
            return Node(None, span)
        node, size = self.anchors[name]
        self.counted(size, span)
        return node

    def tag(self, event: Any, span: Span) -> None:
        """A problem for every tag except those for text."""
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.problem(span, f"the tag `{shown}` is not supported; write the plain value")

    def scalar(self, event: ScalarEvent, span: Span) -> Any:
        """The value of a scalar: that of an unquoted word, otherwise text."""
        self.tag(event, span)
        if has_half_characters(event.value):
            self.problem(span, "an escape stands for half a character; write the character itself")
            return event.value.encode("utf-8", "replace").decode()
        quoted = event.style is not None or event.tag in ("!", "tag:yaml.org,2002:str")
        return event.value if quoted else resolve(event.value)

    def sequence(self, events: Iterator[Event], span: Span, depth: int) -> Node:
        """A list; its start has been read."""
        items: list[Node] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            items.append(self.node(event, events, depth + 1, None))
        self.end = event.end_mark
        return Node(items, span)

    def table(self, events: Iterator[Event], span: Span, depth: int) -> Node:
        """A table; its start has been read."""
        values: dict[str, Node] = {}
        keys: dict[str, Span] = {}
        merged: list[Node] = []
        while not isinstance(event := next(events), MappingEndEvent):
            place = self.span(event)
            key = self.node(event, events, depth + 1, None)
            value = self.node(next(events), events, depth + 1, place)
            if key.value == "<<" and isinstance(event, ScalarEvent) and event.style is None:
                merged += self.merge_key(value, place)
            elif isinstance(key.value, str):
                self.add(key.value, value, place, values, keys)
            else:
                self.problem(place, _not_text(key, value))
        self.end = event.end_mark
        for other in merged:
            values = {**(other.table or {}), **values}
            keys = {**other.keys, **keys}
        return Node(values, span, keys)

    def add(self, key: str, value: Node, place: Span, values: dict[str, Node], keys: dict[str, Span]) -> None:
        """Add a key to a table, unless it has it already."""
        if key in keys:
            self.problem(place, f"the key `{key}` is written twice, first in line {keys[key].line}")
            return
        values[key], keys[key] = value, place

    def merge_key(self, value: Node, place: Span) -> list[Node]:
        """The tables that `<<` merges; the first one takes precedence."""
        tables = [value] if value.items is None else value.items
        if any(node.table is None for node in tables):
            self.problem(place, "`<<` takes a table or a list of tables")
        return [node for node in tables if node.table is not None]


def _not_text(key: Node, value: Node) -> str:
    """The error for a key that is not text."""
    if key.table is not None or key.items is not None:
        return f"a key must be text, not a {'table' if key.table is not None else 'list'}"
    shown = "null" if key.value is None else str(key.value).lower()
    if value.value is None and isinstance(key.value, int):
        return f"expected `key: value`, got {shown}; a decimal point is written as a dot"
    return f"a key must be text, not {shown}; put it in quotes if it is meant so"
