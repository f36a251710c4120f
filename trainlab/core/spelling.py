"""The three spellings of a component made one: `relu`, `dense: 128` and `{name: dense, units: 128}`.

Everything behind the reader (merging, overriding, validation, the resolved config) sees the last one only. A table that
names no component of its kind is left as it is: it may be a part that is merged over another file's component.
"""

from trainlab.core.component import Component, find
from trainlab.core.node import Node
from trainlab.core.place import Place


def spelled_out(node: Node, place: Place) -> Node:
    """The node with every component in it in its long spelling."""
    if kind := place.component(node):
        node = _long(node, kind)
    if (table := node.table) is not None:
        settings = place.settings(node)
        values = {key: _inside(node, key, value, place) for key, value in table.items()}
        if settings and settings.by_name:
            values = {key: _by_name(value, settings.by_name, key) for key, value in values.items()}
        return Node(values, node.at, node.keys)
    if (items := node.items) is not None:
        return Node([_inside(node, str(i), item, place) for i, item in enumerate(items)], node.at)
    return node


def _inside(node: Node, key: str, value: Node, place: Place) -> Node:
    inner = place.child(node, key)
    return spelled_out(value, inner) if inner else value


def _long(node: Node, kind: type[Component]) -> Node:
    """One component in its long spelling."""
    table = node.table
    if isinstance(node.value, str):
        return Node({"name": node}, node.at, {"name": node.at})
    if table is None or "name" in table or len(table) != 1:
        return node
    ((name, value),) = table.items()
    found, at = find(kind, name), node.keys[name]
    if found is None:
        return node
    named = Node(name, at)
    if value.value is None:
        return Node({"name": named}, node.at, {"name": at})
    if (settings := value.table) is not None:
        return Node({"name": named, **settings}, node.at, {"name": at, **value.keys})
    if not found.first:
        return node
    return Node({"name": named, found.first: value}, node.at, {"name": at, found.first: value.at})


def _by_name(node: Node, kind: type[Component], key: str) -> Node:
    """The settings that stand under a component's name: nothing and a lone first value are tables, too."""
    found = find(kind, key)
    if found is None or node.table is not None:
        return node
    if node.value is None:
        return Node({}, node.at)
    return Node({found.first: node}, node.at, {found.first: node.at}) if found.first else node
