"""The `plugins` of a config: loaded before its components are looked up, and written as absolute paths."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainlab.core import plugins
from trainlab.core.component import Settings
from trainlab.core.errors import UserError
from trainlab.core.node import Node, Source
from trainlab.core.problem import ConfigError, Problem

KEY = "plugins"
_OF_A_RUN = (plugins.RECORD, "status.json", "environment.json")  # a folder with one of them is a run's or a sweep's


def with_plugins(node: Node, folder: Path, *, own: bool) -> tuple[Node, list[Problem]]:
    """The table with its plugins loaded and active. `own`: of a run or a sweep, whose plugins are only recalled.

    What is no text is left for the model to refuse.
    """
    listed, problems = node.child(KEY), list[Problem]()
    items = [] if listed is None else listed.items or []
    if listed is None or not all(isinstance(item.value, str) for item in items):
        return node, []
    try:
        if own or any((folder / name).exists() for name in _OF_A_RUN):
            found = plugins.recalled(folder, [item.value for item in items]) if items else []
        else:
            found = list[plugins.Plugin]()
            for i, item in enumerate(items):
                try:
                    found.append(plugins.load(item.value, folder))
                except UserError as error:
                    problems.append(Problem.at(item.at, f"{KEY}.{i}", str(error)))
        plugins.activate(found)
    except UserError as error:
        return node, [Problem.at(listed.at, KEY, str(error))]
    paths = [Node(str(plugin.file), listed.at) for plugin in found]
    return (node if problems else node.with_child(KEY, Node(paths, listed.at), node.keys[KEY])), problems


def with_given(node: Node, model: type[Settings]) -> Node:
    """The table with all active plugins, those of `--plugin` too, if the model has a place for them."""
    active = plugins.active()
    if KEY not in model.model_fields or not active or node.table is None:
        return node
    listed = node.child(KEY)
    known = {item.value for item in listed.items or []} if listed else set[Any]()
    new = [plugin for plugin in active if str(plugin.file) not in known]
    at = Source("--plugin").whole
    items = [*((listed.items or []) if listed else []), *(Node(str(plugin.file), at) for plugin in new)]
    return node.with_child(KEY, Node(items, listed.at if listed else at), node.keys.get(KEY, at)) if new else node


def refuse_override(overrides: Sequence[str] | Mapping[str, Any]) -> None:
    """Raises ConfigError where an override sets the plugins, which are needed before overrides are read."""
    for given in overrides:
        if given.partition("=")[0].strip().partition(".")[0] == KEY:
            at = Source(f"override `{given}`").whole
            raise ConfigError([Problem.at(at, KEY, "cannot be overridden; give a plugin with `--plugin FILE`")])
