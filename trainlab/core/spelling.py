"""Converts the three spellings of a component to one: `relu`, `dense: 128` and `{name: dense, units: 128}`.

Everything behind the reader (merging, overriding, validation, the resolved config) sees the last one only. A table that
names no component of its kind is left as it is: it may be a part that is merged over another file's component.
"""

from trainlab.core.component import Component, find
from trainlab.core.node import Node
from trainlab.core.place import Place, fields


def spelled_out(node: Node, place: Place) -> Node:
    """The node with every component in it in its long spelling."""
    if kind := place.component(node):
        node = _long(node, kind)
    if (table := node.table) is not None:
        settings, inner = place.settings(node), place.children(node)
        values = {key: _inside(value, inner(key)) for key, value in table.items()}
        if settings and settings.by_name:
            own = fields(settings)
            values = {k: v if k in own else _by_name(v, settings.by_name, k) for k, v in values.items()}
        return Node(values, node.at, node.keys)
    if (items := node.items) is not None:
        inner = place.children(node)
        return Node([_inside(item, inner(str(i))) for i, item in enumerate(items)], node.at)
    return node


def _inside(value: Node, place: Place | None) -> Node:
    return spelled_out(value, place) if place else value


def _long(node: Node, kind: type[Component]) -> Node:
    """One component in its long spelling."""
    table = node.table
    if isinstance(node.value, str):
        return Node({"name": node}, node.at, {"name": node.at})
    if table is None or "name" in table or (name := _head(table, kind)) is None:
        return node
    found, at, value = find(kind, name), node.keys[name], table[name]
    if found is None:
        return node
    named = Node(name, at)
    beside = {key: other for key, other in table.items() if key != name}
    keys = {key: node.keys[key] for key in beside}
    if value.value is None:
        return Node({"name": named, **beside}, node.at, {"name": at, **keys})
    if (settings := value.table) is not None:
        return Node({"name": named, **settings, **beside}, node.at, {"name": at, **value.keys, **keys})
    if not found.first:
        return node
    return Node({"name": named, found.first: value, **beside}, node.at, {"name": at, found.first: value.at, **keys})


def _head(table: dict[str, Node], kind: type[Component]) -> str | None:
    """The key that names the component: the only one, or, where the kind allows settings beside it, the one of whose
    component all others are settings.
    """
    if len(table) == 1 or not kind.beside:
        return next(iter(table)) if len(table) == 1 else None
    known = {key: fields(found) for key in table if (found := find(kind, key))}
    fitting = (key for key, settings in known.items() if table.keys() - {key} <= settings.keys())
    return next(fitting, next(iter(known), None))


def _by_name(node: Node, kind: type[Component], key: str) -> Node:
    """The settings under a component's name as a table, also if there are none or only the value of the first one."""
    found = find(kind, key)
    if found is None or node.table is not None:
        return node
    if node.value is None:
        return Node({}, node.at)
    return Node({found.first: node}, node.at, {found.first: node.at}) if found.first else node
