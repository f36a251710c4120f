"""A config over another one: tables are merged, everything else is replaced, lists too.

A component with another name is replaced whole: the settings of `adam` mean nothing to `sgd`. One without a name
(`optimizer: {lr: 0.1}`) changes settings of the component below it.
"""

from trainlab.core.node import Node
from trainlab.core.place import Place
from trainlab.core.spelling import spelled_out


def merged(base: Node, over: Node, place: Place | None) -> Node:
    """`over` merged over `base`, both with their components in the long spelling."""
    under, upper = base.table, over.table
    if under is None or upper is None or (place and _other_component(base, over, place)):
        return over
    both = Node({**under, **upper}, over.at, {**base.keys, **over.keys})
    for key, value in upper.items():
        inner = place.child(both, key) if place else None
        value = spelled_out(value, inner) if inner else value
        both.value[key] = merged(under[key], value, inner) if key in under else value
    return both


def _other_component(base: Node, over: Node, place: Place) -> bool:
    """Whether another component is chosen."""
    if place.component(base) is None or place.component(over) is None:
        return False
    new, old = over.child("name"), base.child("name")
    return new is not None and old is not None and new.value != old.value
