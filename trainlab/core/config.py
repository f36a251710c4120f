"""A YAML file (or plain data) -> one frozen tree of settings, or all of its errors at once.

    text --> nodes with marks --> `extends` merged, spellings made one --> overrides --> pydantic --> Document

A `Document` keeps the nodes, so that what is found later (a shape that does not fit) can point at its line, too.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from trainlab.core import plugins
from trainlab.core.component import Settings
from trainlab.core.merge import merged
from trainlab.core.node import Node, Source, Span
from trainlab.core.override import PathError, apply, argument, change
from trainlab.core.place import Place
from trainlab.core.plugin_nodes import KEY, refuse_override, with_given, with_plugins
from trainlab.core.problem import ConfigError, Problem, clipped, nearest
from trainlab.core.spelling import spelled_out
from trainlab.core.validation import checked
from trainlab.core.words import found
from trainlab.core.yaml_nodes import LARGEST_FILE, decode, parse

S = TypeVar("S", bound=Settings)
S_co = TypeVar("S_co", bound=Settings, covariant=True)


@dataclass(frozen=True, slots=True)
class Document(Generic[S_co]):
    """A config that is valid: its settings, the plain data they came from, and where each part was written."""

    value: S_co
    raw: dict[str, Any]
    file: Path | None
    node: Node

    def problem(
        self,
        path: str | Sequence[str | int],
        message: str,
        *,
        allowed: Iterable[str] = (),
        nearest: str | None = None,
        key: bool = False,
    ) -> Problem:
        """A problem at a dotted path. It points there, or at the nearest enclosing part that the user wrote.

        With `key` it points at the key instead of the value.
        """
        parts = path.split(".") if isinstance(path, str) else [str(part) for part in path]
        span = self._span([part for part in parts if part], key)
        return Problem.at(span, ".".join(parts), message, allowed=allowed, nearest=nearest)

    def error(self, path: str | Sequence[str | int], message: str) -> ConfigError:
        """The same as an error with one problem."""
        return ConfigError([self.problem(path, message)])

    def _span(self, parts: Sequence[str], key: bool) -> Span:
        node, span = self.node, self.node.label if self.file is None else self.node.at
        for part in parts:
            inner = node.child(part)
            if inner is None:
                return span
            span = node.keys.get(part, inner.label) if key else inner.label
            node = inner
        return span


def read(
    model: type[S], file: Path | str, overrides: Sequence[str] | Mapping[str, Any] = (), *, own: bool = False
) -> Document[S]:
    """The config in a YAML file, with overrides: `key=value` texts, or plain values by their dotted paths.

    Its plugins are loaded and made active; with `own`, the config of a run or a sweep, only those that were loaded
    already. Raises ConfigError with all that is wrong with it.
    """
    path, place = Path(file), Place(model)
    refuse_override(overrides)
    plugins.activate([])
    node, problems = _file(path, place, (), own=own)
    if node is None:
        raise ConfigError(problems)
    node, refused = _complete(model, node, place, overrides)
    return _document(model, node, path, problems, refused)


def settled(model: type[S], raw: dict[str, Any], file: Path) -> Document[S]:
    """The config in plain data as trainlab itself has written it into a file, in a twentieth of the time of `read`.

    Raises pydantic's ValidationError, in its own words. What is found later points at the file, not at a line.
    """
    return Document(model.model_validate(raw), raw, file, Node.of(raw, Source(str(file)).whole))


def read_plain(
    model: type[S], data: Mapping[str, Any], source_name: str, overrides: Mapping[str, Any] | None = None
) -> Document[S]:
    """The config in plain data, with values set by their dotted paths.

    Raises ConfigError; its problems name the source, or the override, and the path.
    """
    place, node = Place(model), Node.of(dict(data), Source(source_name).whole)
    if KEY in model.model_fields:
        refuse_override(overrides or {})
        plugins.activate([])
        node, problems = with_plugins(node, Path.cwd(), own=False)
        if problems:
            raise ConfigError(problems)
    node, refused = _complete(model, spelled_out(node, place), place, overrides or {})
    return _document(model, node, None, after=refused)


def nodes(model: type[Settings], data: Mapping[str, Any], source_name: str) -> Node:
    """Plain data as nodes with their components in the long spelling, to make many variants of it."""
    place = Place(model)
    return _complete(model, spelled_out(Node.of(dict(data), Source(source_name).whole), place), place)[0]


def variant(model: type[S], node: Node, changes: Mapping[str, Any]) -> Document[S]:
    """The config in nodes, spelled out by `nodes`, with values set by their dotted paths. Raises ConfigError."""
    changed, refused = _overridden(node, Place(model), changes)
    return _document(model, changed, None, after=refused)


def amended(document: Document[S], changes: Mapping[str, Any]) -> Document[S]:
    """The document with values set by their dotted paths. Raises ConfigError."""
    model = type(document.value)
    node, refused = _overridden(document.node, Place(model), changes)
    return _document(model, node, document.file, after=refused)


def override(raw: Mapping[str, Any], changes: Mapping[str, Any], model: type[Settings]) -> dict[str, Any]:
    """Plain data with values set by their dotted paths, components in their long spelling. Nothing is validated.

    Raises ConfigError where a path leads through something that has no settings.
    """
    place = Place(model)
    node = spelled_out(Node.of(dict(raw), Source("config").whole), place)
    node, refused = _overridden(node, place, changes)
    if refused:
        raise ConfigError(refused)
    return node.plain()


def _complete(
    model: type[Settings], node: Node, place: Place, overrides: Sequence[str] | Mapping[str, Any] = ()
) -> tuple[Node, list[Problem]]:
    """The config with its overrides, merged over the defaults of what it chooses (`Settings.beneath`)."""
    given, refused = _overridden(node, place, overrides)
    base = model.beneath(given.plain())
    if not base:
        return given, refused
    under = spelled_out(Node.of(base, Source("defaults").whole), place)
    return _overridden(merged(under, node, place), place, overrides, under)  # an override changes a default, too


def _overridden(
    node: Node, place: Place, overrides: Sequence[str] | Mapping[str, Any], under: Node | None = None
) -> tuple[Node, list[Problem]]:
    """The config with its overrides, and the problems of overrides whose path does not exist.

    under: defaults that a block which an override replaces as a whole is merged over, like the block before it.
    """
    refused: list[Problem] = []
    for given in overrides.items() if isinstance(overrides, Mapping) else overrides:
        if isinstance(given, str):
            override, wrong = argument(given)
            refused += wrong
        else:
            override = change(*given, Source(f"override `{given[0]}`"))
        try:
            if override is None:
                continue
            node = apply(node, place, override)
            (key, at), inside = override.parts[0], override.parts[1:]
            default, new = (under.child(key) if under else None), node.child(key)
            if default and new and not inside:
                node = node.with_child(key, merged(default, new, place.child(node, key)), at)
        except PathError as error:
            refused.append(error.problem)
    return node, refused


def _document(
    model: type[S], node: Node, file: Path | None, before: Sequence[Problem] = (), after: Sequence[Problem] = ()
) -> Document[S]:
    """The checked config; all problems in one error: those of the text, of the values and of the overrides."""
    node = with_given(node, model)
    value, wrong = checked(model, node)
    if value is None or before or after:
        raise ConfigError([*before, *wrong, *after])
    return Document(value, node.plain(), file, node)


def _file(
    path: Path, place: Place, above: tuple[Path, ...], *, own: bool, plugged: bool = False
) -> tuple[Node | None, list[Problem]]:
    """The nodes of a file, merged over the file that it extends; None if it cannot be read.

    `plugged`: the file that extends this one lists plugins, which replace the list of this one.
    """
    source, problems = _source(path)
    node = None
    if not problems:
        node, problems = parse(source)
        if not problems and node is None:
            problems = [Problem.at(source.whole, "", "the file is empty")]
    if node is None or node.table is None:
        if node is not None:
            problems.append(Problem.at(node.at, "", f"a config is a table of `key: value`, not {found(node)}"))
        return None, problems
    if not plugged:
        node, wrong = with_plugins(node, path.parent, own=own)
        problems = [*problems, *wrong]
        if wrong:  # without its plugins, every component of theirs would be a second problem
            return None, problems
    base_name, table = node.child("extends"), node.table or {}
    base, wrong = None, list[Problem]()
    if base_name is not None:  # before this file's components are looked up: they may be of the base's plugins
        base, wrong = _base(base_name, path, place, (*above, path), own=own, plugged=plugged or KEY in table)
    values = {key: value for key, value in table.items() if key != "extends"}
    spelled = spelled_out(Node(values, source.whole, node.keys), place)
    if base_name is None:
        return spelled, problems
    return (merged(base, spelled, place) if base else None), [*problems, *wrong]


def _base(
    name: Node, path: Path, place: Place, above: tuple[Path, ...], *, own: bool, plugged: bool
) -> tuple[Node | None, list[Problem]]:
    """The nodes of the file that `extends` names."""
    if not isinstance(name.value, str) or not name.value or "\0" in name.value:
        return None, [Problem.at(name.at, "extends", f"expected the name of a file, got {found(name)}")]
    file = Path(os.path.normpath(path.parent / name.value))
    if reason := _unreadable(file):
        return None, [Problem.at(name.at, "extends", f"{clipped(str(file), 200)}: {reason}")]
    if any(file.samefile(other) for other in above):
        chain = " -> ".join(str(other) for other in (*above, file))
        return None, [Problem.at(name.at, "extends", f"the files extend each other in a circle: {chain}")]
    return _file(file, place, above, own=own, plugged=plugged)


def _source(path: Path) -> tuple[Source, list[Problem]]:
    """The text of a file, or why there is none."""
    source = Source(str(path))
    if reason := _unreadable(path):
        return source, [Problem.at(source.whole, "", reason)]
    try:
        with path.open("rb") as file:
            return decode(str(path), file.read(LARGEST_FILE + 1))
    except OSError as error:
        return source, [Problem.at(source.whole, "", f"cannot be read: {error.strerror or error}")]


def _unreadable(path: Path) -> str:
    """Why the file at a path cannot be read; empty if it can."""
    try:
        if path.is_file():
            return ""
        if path.is_dir():
            return "is a folder; expected a YAML file"
        if path.exists():
            return "is not a regular file; expected a YAML file"
        beside = (
            sorted(other.name for other in path.parent.iterdir() if other.is_file()) if path.parent.is_dir() else []
        )
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    near = nearest(path.name, beside)
    inside = Path("configs", path.name).with_suffix(".yaml")  # `digits` for `configs/digits.yaml`
    meant = path.parent / near if near else inside if inside.is_file() else None
    return f"no such file; did you mean `{meant}`?" if meant else "no such file"
