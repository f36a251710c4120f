"""A config value together with where it was written, so that every later finding can point at it.

A `Node` is a scalar, a list of nodes or a table of nodes; a `Span` is a run of characters in a `Source`. Nodes are
never changed: merging and overriding make new tables that share the old nodes, and with them their places.
"""

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, cast

_BREAKS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # line breaks of PyYAML


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The text that a config comes from: a file, a command-line argument, or (without lines) plain Python data."""

    name: str
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, text: str) -> "Source":
        """The source with this text, cut into lines as PyYAML counts them."""
        return cls(name, tuple(_BREAKS.split(text)))

    def span(self, line: int, column: int, width: int = 1) -> "Span":
        """The run of `width` characters at this line and column, both counted from 1."""
        return Span(self, line, column, width)

    @property
    def whole(self) -> "Span":
        """The start of the text, or, for plain data, the source without any place in it."""
        return Span(self, 1, 1, 1) if self.lines else Span(self, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Span:
    """The location of a text: line and column, counted from 1 (0 if there is no text), and a width."""

    source: Source
    line: int
    column: int
    width: int

    @property
    def quoted(self) -> str:
        """The line that contains it."""
        return self.source.lines[self.line - 1] if 0 < self.line <= len(self.source.lines) else ""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A scalar, a list of nodes, or a table of nodes by key; `keys` says where the keys of a table are written."""

    value: Any
    at: Span
    keys: dict[str, Span] = field(default_factory=dict[str, Span])

    @classmethod
    def of(cls, value: Any, at: Span) -> "Node":
        """Plain data as nodes that were all written in one place; NumPy's numbers and arrays, and paths, made plain."""
        if hasattr(value, "tolist"):
            value = value.tolist()
        elif isinstance(value, PurePath):
            value = str(value)
        if isinstance(value, dict):
            table = {str(k): cls.of(v, at) for k, v in cast("dict[Any, Any]", value).items()}
            return cls(table, at, dict.fromkeys(table, at))
        if isinstance(value, list | tuple):
            return cls([cls.of(v, at) for v in cast("list[Any]", value)], at)
        return cls(value, at)

    @property
    def table(self) -> "dict[str, Node] | None":
        """The nodes of a table by key, None for anything else."""
        value = self.value
        return cast("dict[str, Node]", value) if isinstance(value, dict) else None

    @property
    def items(self) -> "list[Node] | None":
        """The nodes of a list, None for anything else."""
        value = self.value
        return cast("list[Node]", value) if isinstance(value, list) else None

    def plain(self) -> Any:
        """The value as dicts, lists and scalars."""
        if (table := self.table) is not None:
            return {k: v.plain() for k, v in table.items()}
        if (items := self.items) is not None:
            return [v.plain() for v in items]
        return self.value

    def child(self, key: str | int) -> "Node | None":
        """The node under a key or at an index (a number may come as text), or None."""
        if (table := self.table) is not None:
            return table.get(str(key))
        items, index = self.items, str(key)
        if items is not None and index.isdecimal() and int(index) < len(items):
            return items[int(index)]
        return None

    def with_child(self, key: str, node: "Node", at: Span) -> "Node":
        """This table with one more or another node under `key`, the key being written at `at`."""
        return Node({**(self.table or {}), key: node}, self.at, {**self.keys, key: at})

    def with_item(self, index: int, node: "Node") -> "Node":
        """This list with another node at `index`."""
        items = list(self.items or [])
        items[index] = node
        return Node(items, self.at)

    @property
    def label(self) -> Span:
        """The place to point at for the whole node: a component's name, otherwise its own place."""
        table = self.table
        return table["name"].at if table and "name" in table and isinstance(table["name"].value, str) else self.at
