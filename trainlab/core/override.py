"""One value of a config set by its dotted path: `optimizer.lr`, `model.layers.0.units`, `monitors.dead-relu.threshold`.

A block that the file leaves out is begun from the model's default. `optimizer.name` chooses another component and keeps
those settings that it has, too; `optimizer` alone replaces the whole of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.core.component import Component, brief, find
from trainlab.core.node import Node, Source, Span
from trainlab.core.place import Place, fields
from trainlab.core.problem import ConfigError, Problem, clipped
from trainlab.core.spelling import spelled_out
from trainlab.core.words import found
from trainlab.core.yaml_nodes import DEEPEST, has_half_characters, parse


@dataclass(frozen=True, slots=True)
class Override:
    """A dotted path in its parts, each with its place in the argument, and the value that goes there."""

    parts: tuple[tuple[str, Span], ...]
    value: Node


class PathError(Exception):
    """The path of an override does not exist."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def argument(text: str) -> tuple[Override | None, list[Problem]]:
    """The override of an argument like `optimizer.lr=3e-4`, and its problems."""
    source = Source.of(f'command line: "{clipped(text)}"', text)
    path, equals, value = text.partition("=")
    if not equals or not all(path.split(".")):
        place = source.span(1, 1, max(len(path), 1))
        wanted = "no spaces around `=`" if text == "=" else "expected `key=value`"
        return None, [Problem.at(place, "", f"{wanted}, for example `optimizer.lr=3e-4`")]
    if has_half_characters(text):
        return None, [Problem.at(source.span(1, 1, len(text)), "", "the argument is not valid UTF-8")]
    if path.count(".") >= DEEPEST:
        return None, [Problem.at(source.span(1, 1, len(path)), "", f"nested more than {DEEPEST} levels deep")]
    node, problems = parse(source, " " * (len(path) + 1) + value)
    if problems:
        return None, problems
    return Override(_parts(path, source), node or Node(None, source.span(1, len(path) + 1))), []


def values(texts: Sequence[str]) -> dict[str, Any]:
    """The values of arguments like `optimizer.lr=3e-4` by their dotted paths. Raises ConfigError.

    >>> values(["optimizer.lr=3e-4"])
    {'optimizer.lr': 0.0003}
    """
    read = [argument(text) for text in texts]
    if wrong := [problem for _, problems in read for problem in problems]:
        raise ConfigError(wrong)
    return {".".join(key for key, _ in o.parts): o.value.plain() for o, _ in read if o is not None}


def change(path: str, value: object, source: Source) -> Override:
    """The override of a dotted path with a plain value."""
    return Override(tuple((key, source.whole) for key in path.split(".")), Node.of(value, source.whole))


def apply(root: Node, place: Place, override: Override) -> Node:
    """The config with the override in it. Raises PathError if a part of the path has no settings."""
    return _set(root, place, override.parts, override.value, ())


def _parts(path: str, source: Source) -> tuple[tuple[str, Span], ...]:
    parts: list[tuple[str, Span]] = []
    column = 1
    for key in path.split("."):
        parts.append((key, source.span(1, column, len(key))))
        column += len(key) + 1
    return tuple(parts)


def _set(
    node: Node, place: Place | None, parts: Sequence[tuple[str, Span]], value: Node, path: tuple[str, ...]
) -> Node:
    (key, at), rest = parts[0], parts[1:]
    if node.items is not None:
        return _set_item(node, place, parts, value, path)
    if node.table is None and key == "name" and not rest and place and any(c.kind for c in place.choices()):
        node = Node({}, at)  # a component replaces a word like `auto`
    if node.table is None:
        raise PathError(_no_settings(node, place, parts[0], path))
    if place and key == "name" and not rest and (kind := place.component(node)):
        return _renamed(node, kind, value, at)
    key, rest = _free_key(node, place, key, rest)
    inner = place.child(node, key) if place else None
    if not rest:
        new = spelled_out(value, inner) if inner else value
    else:
        new = _set(_begun(node.child(key), inner, at), inner, rest, value, (*path, key))
    return node.with_child(key, new, at)


def _set_item(
    node: Node, place: Place | None, parts: Sequence[tuple[str, Span]], value: Node, path: tuple[str, ...]
) -> Node:
    (key, at), rest = parts[0], parts[1:]
    items = node.items or []
    if not key.isdecimal() or int(key) >= len(items):
        there = "has only item 0" if len(items) == 1 else f"has items 0 to {len(items) - 1}"
        message = f"no such item; `{'.'.join(path)}` {there if items else 'is an empty list'}"
        raise PathError(Problem.at(at, ".".join((*path, key)), message))
    inner = place.child(node, key) if place else None
    if rest:
        new = _set(items[int(key)], inner, rest, value, (*path, key))
    else:
        new = spelled_out(value, inner) if inner else value
    return node.with_item(int(key), new)


def _free_key(
    node: Node, place: Place | None, key: str, rest: Sequence[tuple[str, Span]]
) -> tuple[str, Sequence[tuple[str, Span]]]:
    """The key that a path means in a table with free keys, which may hold dots (`sweep.space.optimizer.lr`): the
    longest one that is there, else the whole rest of the path.
    """
    if place is None or place.settings(node) or not any(choice.values for choice in place.choices()):
        return key, rest
    for end in range(len(rest), 0, -1):
        longer = ".".join([key, *(part for part, _ in rest[:end])])
        if longer in (node.table or {}):
            return longer, rest[end:]
    return (key, rest) if key in (node.table or {}) else (".".join([key, *(part for part, _ in rest)]), ())


def _begun(node: Node | None, place: Place | None, at: Span) -> Node:
    """The present node, or the default of a block that the file leaves out."""
    if node is not None and node.value is not None:
        return node
    default = place.default() if place else ...
    return Node.of({} if default is ... or default is None else brief(default), at)


def _renamed(node: Node, kind: type[Component], name: Node, at: Span) -> Node:
    """Another component with the settings that it shares with the old one."""
    table = node.table or {}
    chosen = find(kind, name.value) if isinstance(name.value, str) else None
    kept = [key for key in table if key != "name" and (chosen is None or key in fields(chosen))]
    values = {"name": name, **{key: table[key] for key in kept}}
    return Node(values, node.at, {"name": at, **{key: node.keys[key] for key in kept}})


def _no_settings(node: Node, place: Place | None, part: tuple[str, Span], path: tuple[str, ...]) -> Problem:
    """The error for a path that continues after a number or a word."""
    (key, at), dotted = part, ".".join(path)
    kinds = [choice.kind for choice in place.choices() if choice.kind] if place else []
    if kinds:
        message = f"`{dotted}` is {found(node)}; choose one first: `{dotted}.name=...`"
    else:
        message = f"`{dotted}` is {found(node)} and has no settings"
    return Problem.at(at, ".".join((*path, key)), message)
