"""Chooses the backend of a network: compiled kernels if this machine has them, NumPy otherwise."""

from typing import Any, Literal

import numpy as np

from trainlab.core.errors import UserError
from trainlab.engine.backend import Backend
from trainlab.engine.compiled.backend import CompiledBackend
from trainlab.engine.compiled.library import load, why_not
from trainlab.engine.numpy_backend import NumpyBackend

Engine = Literal["auto", "numpy", "compiled"]  # the setting `train.engine`


def select(engine: Engine, dtype: np.dtype[np.generic]) -> Backend:
    """The backend for a network of this float type.

    Raises UserError if `compiled` is asked for and there are no kernels for it.
    """
    if engine == "numpy":
        return NumpyBackend("train.engine is numpy")
    library = load() if dtype == np.float32 else None
    if library is not None:
        return CompiledBackend(library)
    reason = why_not() or f"kernels compute in float32, train.dtype is {dtype}"
    if engine == "compiled":
        raise UserError(f"train.engine: there are no compiled kernels ({reason}); use `auto` or `numpy`")
    return NumpyBackend(f"no compiled kernels ({reason})")


def describe(engine: Engine = "auto", dtype: str = "float32") -> dict[str, Any]:
    """What would run with these settings, and why, as plain data. Raises UserError as `select` does."""
    return select(engine, np.dtype(dtype)).describe()


def select_to_resume(before: dict[str, Any] | None, engine: Engine, dtype: str) -> tuple[Engine, str]:
    """The setting with which a run that started on the backend `before` continues, and a note if its bits will differ.

    A run that began on NumPy stays there. One that began on kernels that are not here any more cannot.
    """
    now = describe(engine, dtype)
    if not before or before.get("name") == now["name"] == "numpy":
        return engine, ""
    if before.get("name") == "numpy":
        return "numpy", ""
    if now == before:
        return engine, ""
    one, other = (f"{e['name']} {e.get('level', '')}".strip() for e in (before, now))
    kernels = "other kernels" if one == other else f"{one}, here it is {other}"
    return engine, f"the run began on {kernels}: its last bits will not be those of a run in one piece"
