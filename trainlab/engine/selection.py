"""Chooses the backend of a network: kernels if this machine has them, NumPy otherwise, PyTorch if asked for."""

import sys
from dataclasses import dataclass
from pathlib import Path
from platform import machine
from typing import Any, Literal

import numpy as np

from trainlab.core.errors import UserError
from trainlab.engine.backend import Backend
from trainlab.engine.compiled.backend import CompiledBackend
from trainlab.engine.compiled.library import load, why_not
from trainlab.engine.numpy_backend import NumpyBackend
from trainlab.engine.torch.backend import Device, torch_backend

_HEAVY = 1e9  # multiplications: tens of ms on a core, far more than it takes to start the step on a GPU

Engine = Literal["auto", "numpy", "compiled", "torch"]  # the setting `train.engine`


@dataclass(frozen=True, slots=True)
class TorchOptions:
    """Settings of the backend `torch`: `train.device`, `train.compile`, and whether `train.dtype` is bfloat16."""

    device: Device = "auto"
    compile: bool = False
    bfloat16: bool = False


DEFAULT = TorchOptions()


def select(engine: Engine, dtype: np.dtype[np.generic], options: TorchOptions = DEFAULT) -> Backend:
    """The backend for a network of this float type.

    Raises UserError if `compiled` is asked for and there are no kernels for it, or `torch` and it cannot be had so.
    """
    if engine == "torch":
        host = select("auto", dtype)
        return torch_backend(options.device, dtype, host, bfloat16=options.bfloat16, compile=options.compile)
    if engine == "numpy":
        return NumpyBackend("train.engine is numpy")
    library = load() if dtype == np.float32 else None
    if library is not None:
        return CompiledBackend(library)
    reason = why_not() or f"kernels compute in float32, train.dtype is {dtype}"
    if engine == "compiled":
        raise UserError(f"train.engine: there are no compiled kernels ({reason}); use `auto` or `numpy`")
    return NumpyBackend(f"no compiled kernels ({reason})")


def describe(engine: Engine = "auto", dtype: str = "float32", options: TorchOptions = DEFAULT) -> dict[str, Any]:
    """What would run with these settings, and why, as plain data. Raises UserError as `select` does."""
    return select(engine, np.dtype(dtype), options).describe()


def select_to_resume(
    before: dict[str, Any] | None, engine: Engine, dtype: str, options: TorchOptions = DEFAULT
) -> tuple[Engine, str]:
    """The setting with which a run that started on the backend `before` continues, and a note if its bits will differ.

    A run that began on NumPy stays there, unless the setting names another backend. One that began on kernels that are
    not here any more cannot.
    """
    now = describe(engine, dtype, options)
    if not before or before.get("name") == now["name"] == "numpy":
        return engine, ""
    if before.get("name") == "numpy" and engine == "auto":
        return "numpy", ""
    if now == before:
        return engine, ""
    one, other = (_told(e) for e in (before, now))
    kernels = "other kernels" if one == other else f"{one}, here it is {other}"
    return engine, f"the run began on {kernels}: its last bits will not be those of a run in one piece."


def gpu_hint(engine: Engine, work: float) -> str:
    """A sentence where `auto` leaves a GPU alone that a step of so many multiplications would gain by; else empty."""
    if engine != "auto" or work < _HEAVY or not has_gpu():
        return ""
    return (
        f"This machine has a GPU, and a step takes about {work / 1e9:,.1f} billion multiplications: "
        "train.engine=torch may be faster."
    )


def has_gpu() -> bool:
    """Whether the system shows a GPU that PyTorch may use; PyTorch itself takes seconds to ask."""
    return Path("/dev/nvidia0").exists() or (sys.platform == "darwin" and machine() == "arm64")


def _told(engine: dict[str, Any]) -> str:
    return " ".join(str(engine[key]) for key in ("name", "level", "version", "device") if engine.get(key))
