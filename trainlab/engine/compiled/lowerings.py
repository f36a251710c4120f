"""Finds the kernels of a component: the module of its name in `layers/`, `losses/`, `optimizers/`, `preprocess/`,
`regularizers/`.

A component without such a module runs its NumPy method between the kernels.
"""

from types import ModuleType
from typing import Literal

from trainlab.core import companion
from trainlab.core.component import Component

Kind = Literal["layers", "losses", "optimizers", "preprocess", "regularizers"]


def lowering_of(component: Component, kind: Kind) -> ModuleType | None:
    """The module that lowers this component to kernels, or None if there is none."""
    return companion.companion(f"{__package__}.{kind}", component)


def names(kind: Kind) -> set[str]:
    """The names of all components of this kind that have kernels."""
    return companion.companions(f"{__package__}.{kind}")


def find(kind: Kind, name: str) -> ModuleType | None:
    """The module of this name, or None if there is none."""
    return companion.find(f"{__package__}.{kind}", name)
