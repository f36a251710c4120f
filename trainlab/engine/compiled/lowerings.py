"""Finds the kernels of a component: the module of its name in `layers/`, `losses/`, `optimizers/`, `regularizers/`.

A component without such a module runs its NumPy method between the kernels.
"""

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import Literal

from trainlab.core.component import Component

Kind = Literal["layers", "losses", "optimizers", "regularizers"]


def lowering_of(component: Component, kind: Kind) -> ModuleType | None:
    """The module that lowers this component to kernels, or None if there is none."""
    return find(kind, component.name.replace(component.separator, "_"))


def names(kind: Kind) -> set[str]:
    """The names of all components of this kind that have kernels."""
    room = importlib.import_module(f"{__package__}.{kind}")
    return {m.name for m in pkgutil.iter_modules(room.__path__) if m.name[0] != "_"}


@cache
def find(kind: Kind, name: str) -> ModuleType | None:
    """The module of this name, or None if there is none."""
    module = f"{__package__}.{kind}.{name}"
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == module:
            return None
        raise
