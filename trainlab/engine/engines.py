"""Which arithmetic a network runs on: compiled kernels where there are some, NumPy otherwise and as the reference."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from trainlab.core.errors import UserError

if TYPE_CHECKING:
    from trainlab.engine.compiled.library import Library

Engine = Literal["auto", "numpy", "compiled"]


def kernels(engine: Engine, dtype: np.dtype[np.generic]) -> "Library | None":
    """The kernels for a network of this float type, None where NumPy does the work.

    Raises UserError where `compiled` is asked for and there are none.
    """
    if engine == "numpy":
        return None
    from trainlab.engine.compiled.library import load

    library = load() if dtype == np.float32 else None
    if library is None and engine == "compiled":
        raise UserError(f"train.engine: there are no compiled kernels ({_reason(dtype)}); use `auto` or `numpy`")
    return library


def describe(engine: Engine = "auto", dtype: str = "float32") -> dict[str, Any]:
    """What runs and why: name, level of the processor, reason where it is NumPy."""
    if engine == "numpy":
        return {"name": "numpy", "reason": "train.engine is numpy"}
    library = kernels("auto", np.dtype(dtype))
    if library is None:
        return {"name": "numpy", "reason": f"no compiled kernels ({_reason(np.dtype(dtype))})"}
    return {"name": "compiled", "level": library.level, "kernels": library.path.name}


def resumed(before: dict[str, Any] | None, engine: Engine, dtype: str) -> tuple[Engine, str]:
    """The engine on which a run goes on that began on `before`, and what is to be said of it.

    A run that began on NumPy stays there. One that began on other kernels than there are now cannot.
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


def _reason(dtype: np.dtype[np.generic]) -> str:
    from trainlab.engine.compiled.library import why_not

    return why_not() or f"kernels compute in float32, train.dtype is {dtype}"
