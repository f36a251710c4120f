"""Finds the companions of a component: modules of its name in other packages (rooms), such as its ONNX lowering.

So `layers/relu.py` in a room of ONNX lowerings is the lowering of `relu`, and no list is needed.
"""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from trainlab.core.component import Component


def companion(room: str, component: Component) -> ModuleType | None:
    """The module of the component's name in this room, or None if there is none."""
    return find(room, component.name.replace(component.separator, "_"))


def companions(room: str) -> set[str]:
    """The names of all modules in this room, except those that begin with `_`."""
    return {m.name for m in pkgutil.iter_modules(importlib.import_module(room).__path__) if m.name[0] != "_"}


@cache
def find(room: str, name: str) -> ModuleType | None:
    """The module of this name in this room, or None if there is none."""
    module = f"{room}.{name}"
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == module:
            return None
        raise
