"""Finds the kernels of a component: the module of its name in `layers/`, `losses/`, `optimizers/`, `regularizers/`.

A component without such a module runs its NumPy method between the kernels.
"""

import importlib
from functools import cache
from types import ModuleType
from typing import Literal

from trainlab.core.component import Component

Kind = Literal["layers", "losses", "optimizers", "regularizers"]


def lowering_of(component: Component, kind: Kind) -> ModuleType | None:
    """The module that lowers this component to kernels, or None if there is none."""
    return _module(kind, component.name.replace(component.separator, "_"))


@cache
def _module(kind: str, name: str) -> ModuleType | None:
    module = f"{__package__}.{kind}.{name}"
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == module:
            return None
        raise
