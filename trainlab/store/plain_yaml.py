"""A resolved config read fast, as plain data.

The reader of the configs that people write (`core.yaml_nodes`) knows the place of every word and takes 2 ms a config.
This one takes a fifteenth of that, which counts in reports of a thousand runs. It builds plain data from libyaml's
events: libyaml's own composer is slower, and a deeply nested text overflows its stack and ends the process.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import yaml
from yaml import events as e

from trainlab.core.errors import UserError
from trainlab.core.scalars import resolve
from trainlab.core.yaml_nodes import DEEPEST, LARGEST_FILE, decode, parse
from trainlab.store.opening import read_own
from trainlab.store.writing import named_errors

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_config(path: Path) -> dict[str, Any]:
    """A resolved config as plain data, unquoted words read as everywhere in trainlab (`1e-3` is a number).

    Raises UserError if the file is missing, no YAML, or no table.
    """
    with named_errors(path, "read"):
        data = read_own(path, LARGEST_FILE)
    try:
        value = loads(data)
    except ValueError as error:
        raise UserError(f"{path}: not a config: {error}") from error
    if not isinstance(value, dict):
        raise UserError(f"{path}: not a config: expected `key: value`")
    return cast("dict[str, Any]", value)


def read_value(text: str) -> Any:
    """A value as it is written in a config or after `key=`; a text that is not YAML is returned as it is.

    >>> read_value("1e-3"), read_value("[64, 64]"), read_value("adam"), read_value("[")
    (0.001, [64, 64], 'adam', '[')
    """
    try:
        return loads(text.encode(errors="replace"))
    except ValueError:
        return text


def loads(data: bytes) -> Any:
    """The value of a YAML text. Raises ValueError with the reason if a resolved config cannot contain it."""
    try:
        events = cast("Iterator[e.Event]", yaml.parse(data, Loader=_LOADER))  # pyright: ignore[reportUnknownMemberType]  # untyped
        for event in events:
            if isinstance(event, e.NodeEvent):
                return _value(event, events, 0)
    except (yaml.YAMLError, UnicodeDecodeError):
        # the other reader reports the problem and its place: libyaml's messages and limits differ between versions
        source, problems = decode("config", data)
        node, more = parse(source)
        if problems or more:
            first = [*problems, *more][0]
            raise ValueError(f"line {first.line}, column {first.column}: {first.message}") from None
        return node.plain() if node else None
    return None


def _value(event: e.Event, events: Iterator[e.Event], depth: int) -> Any:
    """The value that starts with this event."""
    if depth > DEEPEST:
        raise yaml.YAMLError("nested too deeply")
    if isinstance(event, e.ScalarEvent):
        return resolve(event.value) if not event.style and event.tag is None else event.value
    if isinstance(event, e.AliasEvent):
        raise ValueError("aliases have no place in a resolved config")
    if isinstance(event, e.SequenceStartEvent):
        return [_value(item, events, depth + 1) for item in _until(e.SequenceEndEvent, events)]
    table: dict[str, Any] = {}
    for key_event in _until(e.MappingEndEvent, events):
        key = _value(key_event, events, depth + 1)
        if isinstance(key, dict | list):
            raise ValueError("a list or a table cannot be a key")
        if str(key) in table:
            raise ValueError(f"`{key}` occurs twice")
        table[str(key)] = _value(next(events), events, depth + 1)
    return table


def _until(end: type[e.Event], events: Iterator[e.Event]) -> Iterator[e.Event]:
    """The events up to the next one of this kind, which is read as well."""
    while not isinstance(event := next(events), end):
        yield event
