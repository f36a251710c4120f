"""Measures a Keras model between two batches: weights with every backend, gradients and outputs with PyTorch's."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from math import nan, prod
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.integrations.layer_graph import keras_layers, structure
from trainlab.integrations.reading import LayerReading, ModelInfo, Reading, layer_reading, step_lengths, weight_reading

_ROWS = 256  # of a batch whose outputs are measured
_KINDS = {"Dense": "dense", "Conv1D": "conv", "Conv2D": "conv", "Conv3D": "conv", "BatchNormalization": "batch_norm"}
_PASSING = {"InputLayer", "Flatten", "Reshape", "Dropout", "Permute"}


class KerasReader:
    """Weights before and after a step; with the PyTorch backend also gradients and outputs."""

    def __init__(self, model: Any, loss: str) -> None:
        self.loss = loss
        self.model, self.keras = model, import_module("keras")
        self.torch = self.keras.backend.backend() == "torch"
        self.layers: list[Any] = list(_leaves(model))
        self.weighted: list[tuple[str, Any]] = [
            (layer.name, layer.kernel) for layer in self.layers if getattr(layer, "kernel", None) is not None
        ]
        self.grad_norm = self.update_ratio = nan
        self._before: dict[str, Array] | None = None
        self._hooks: list[Any] = []
        self._seen: dict[str, LayerReading] = {}
        self._input: Array | None = None
        self._steps = 0

    def known(self) -> ModelInfo:
        """Names and sizes, in our words."""
        optimizer = self.model.optimizer
        settings: dict[str, float | str] = {"name": str(optimizer.name).lower(), "lr": self.lr()}
        for ours, theirs in (("momentum", "momentum"), ("b1", "beta_1"), ("b2", "beta_2")):
            if isinstance(value := getattr(optimizer, theirs, None), float) and value:
                settings[ours] = value
        rows = [f"{layer.name}: {type(layer).__name__}{_shape_of(layer)}" for layer in self.layers]
        framework = f"keras {self.keras.__version__}, {self.keras.backend.backend()}"
        notes = {"steps": "grad_norm and update_ratio are measured at observed steps, and held"}
        trained = int(sum(prod(v.shape) for v in self.model.trainable_variables))
        return ModelInfo(framework, "\n".join(rows), settings, trained, gradients=self.torch, notes=notes)

    def lr(self) -> float:
        """Of the next step."""
        return float(self._numbers(self.model.optimizer.learning_rate))

    def observe(self) -> None:
        """Before an observed step."""
        if not self.weighted and not self.layers:  # a model that is built by its first batch
            self.__init__(self.model, self.loss)
        self._before = {name: np.array(self._numbers(kernel)) for name, kernel in self.weighted}
        self._seen = {}
        if self.torch:
            self._hooks = [layer.register_forward_hook(self._hook(layer)) for layer in self.layers]
            self._hooks.append(self.model.register_forward_pre_hook(self._start))

    def reading(self) -> Reading | None:
        """After an observed step; None after others."""
        before, self._before = self._before, None
        if before is None:
            return None
        self.detach()
        weights = [
            weight_reading(
                name,
                before[name],
                np.asarray(self._numbers(kernel)),
                self._gradient(kernel),
                compare=not self._steps and kernel is not self.weighted[-1][1],
                frozen=not kernel.trainable,
            )
            for name, kernel in self.weighted
        ]
        self._steps += 1
        self.grad_norm, self.update_ratio = step_lengths([w for w in weights if not w.frozen])
        x = self._input
        spread = float(x.astype(np.float64).var(axis=0).mean()) ** 0.5 if x is not None and len(x) > 1 else 0.0
        rows = len(x) if x is not None else 0
        plan = structure(keras_layers(self.model, self.loss)) if self._steps == 1 else None
        return Reading(rows, spread, self._ordered(), weights, plan)

    def detach(self) -> None:
        """Take all hooks off."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def _ordered(self) -> list[LayerReading]:
        """The layers that were seen, those after the last weights as outputs."""
        names = [name for name, _ in self.weighted]
        seen = list(self._seen.values())
        last = max((i for i, r in enumerate(seen) if r.name in names), default=len(seen))
        outputs = {r.name for r in seen[last:]}
        return [replace(r, output=r.name in outputs) for r in seen]

    def _start(self, model: Any, args: Any) -> None:
        x: Any = args[0] if args else None
        if hasattr(x, "detach") and x.is_floating_point():
            self._input = x.detach()[:_ROWS].float().cpu().numpy()

    def _hook(self, layer: Any) -> Callable[[Any, Any, Any], None]:
        def keep(module: Any, args: Any, output: Any) -> None:
            if hasattr(output, "detach") and output.is_floating_point() and output.ndim > 1:
                y = output.detach()[:_ROWS].float().cpu().numpy()
                bend = _activation_of(layer)
                kind = bend or _KINDS.get(type(layer).__name__, type(layer).__name__.lower())
                axis = 1 if getattr(layer, "data_format", "") == "channels_first" else -1
                self._seen[layer.name] = layer_reading(layer.name, kind, bool(bend), False, np.moveaxis(y, axis, -1))

        return keep

    def _gradient(self, kernel: Any) -> Array | None:
        if not self.torch or kernel.value.grad is None:
            return None
        return kernel.value.grad.detach().float().cpu().numpy()

    def _numbers(self, value: Any) -> Array:
        return self.keras.ops.convert_to_numpy(value)


def _leaves(model: Any) -> Sequence[Any]:
    """The layers that compute something, those of models in models too."""
    found: list[Any] = []
    for layer in model.layers:
        inner = getattr(layer, "layers", None)
        found += _leaves(layer) if inner else [layer] if type(layer).__name__ not in _PASSING else []
    return found


def _activation_of(layer: Any) -> str:
    """The name of the activation in or at a layer; empty for none."""
    own = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu", "PReLU": "prelu"}.get(type(layer).__name__)
    name = own or getattr(getattr(layer, "activation", None), "__name__", "")
    return "" if name in ("linear", "softmax") else name


def _shape_of(layer: Any) -> str:
    shape = getattr(layer, "output", None)
    return f" {tuple(shape.shape)}" if shape is not None and hasattr(shape, "shape") else ""
