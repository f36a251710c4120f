"""A resolved config read fast, as plain data: no places, no merging, no aliases, nothing that could make an object.

Some ten times as fast as the reader of the configs that people write, which knows the place of every word: a report
looks at a thousand configs.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from trainlab.core.errors import UserError
from trainlab.core.scalars import resolve
from trainlab.store.writing import named_errors

_LARGEST = 1 << 20  # bytes
_DEEPEST = 40  # levels


def read_config(path: Path) -> dict[str, Any]:
    """A resolved config as plain data, unquoted words read as everywhere in trainlab (`1e-3` is a number).

    Raises UserError if the file is missing, no YAML, or no table.
    """
    with named_errors(path, "read"):
        data = path.read_bytes()
    if len(data) > _LARGEST:
        raise UserError(f"{path}: {len(data)} bytes are too much for a config")
    try:
        value = loads(data)
    except ValueError as error:
        raise UserError(f"{path}: not a config: {error}") from error
    if not isinstance(value, dict):
        raise UserError(f"{path}: not a config: expected `key: value`")
    return cast("dict[str, Any]", value)


def read_value(text: str) -> Any:
    """A value as it is written in a config or after `key=`; what is no YAML is the text itself.

    >>> read_value("1e-3"), read_value("[64, 64]"), read_value("adam"), read_value("[")
    (0.001, [64, 64], 'adam', '[')
    """
    try:
        return loads(text.encode(errors="replace"))
    except ValueError:
        return text


def loads(data: bytes) -> Any:
    """The value of a YAML text. Raises ValueError, whose text says why, if it is none that a resolved config holds."""
    import yaml
    from yaml import events as e

    stack: list[_Open] = [_Open([])]
    try:
        # the C parser's events: its own composer recurses, and a deeply nested text ends the process
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        events = cast("Iterator[e.Event]", yaml.parse(data, Loader=loader))  # pyright: ignore[reportUnknownMemberType]  # untyped
        for event in events:
            if isinstance(event, e.ScalarEvent):
                plain = not event.style and event.tag is None
                stack[-1].add(resolve(event.value) if plain else event.value)
            elif isinstance(event, e.CollectionStartEvent):
                stack.append(_Open({} if isinstance(event, e.MappingStartEvent) else []))
            elif isinstance(event, e.CollectionEndEvent):
                closed = stack.pop()
                stack[-1].add(closed.value)
            elif isinstance(event, e.AliasEvent):
                raise ValueError("aliases have no place in a resolved config")
            if len(stack) > _DEEPEST:
                raise ValueError(f"nested more than {_DEEPEST} levels deep")
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(_reason(error, data)) from error
    documents = stack[0].value
    return documents[0] if documents else None


def _reason(error: Exception, data: bytes) -> str:
    """Why a text is refused, in our own words: those of PyYAML and the nesting it bears differ between versions."""
    mark: Any = getattr(error, "problem_mark", None)
    if mark is None:
        return "not valid YAML"
    before = data.decode("utf-8", "replace")[: mark.index]
    if sum(before.count(char) for char in "[{") - sum(before.count(char) for char in "]}") > _DEEPEST:
        return f"nested more than {_DEEPEST} levels deep"
    return f"not valid YAML at line {mark.line + 1}, column {mark.column + 1}"


class _Open:
    """A list or a table whose end has not come yet."""

    __slots__ = ("_key", "_table", "_waiting", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self._table = isinstance(value, dict)
        self._key: Any = None
        self._waiting = False  # a key has come, its value has not

    def add(self, value: Any) -> None:
        """Takes the next item, key or value."""
        if not self._table:
            self.value.append(value)
        elif self._waiting:
            if self._key in self.value:
                raise ValueError(f"`{self._key}` is there twice")
            self.value[self._key] = value
            self._waiting = False
        elif isinstance(value, dict | list):
            raise ValueError("a list or a table cannot be a key")
        else:
            self._key, self._waiting = str(value), True
