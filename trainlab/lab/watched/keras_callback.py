"""`trainlab.KerasWatch`: a Keras 3 callback through which the monitors see `model.fit`.

    model.fit(x, y, epochs=20, validation_split=0.1, callbacks=[trainlab.KerasWatch(name="mine")])

Weights are measured with every backend, gradients and layers' outputs with PyTorch's, which shows them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from math import isfinite, nan, prod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from trainlab.core.types import Array
from trainlab.diagnose.diagnosis import Diagnosis
from trainlab.lab.handle import Run
from trainlab.lab.monitoring import Monitoring
from trainlab.lab.watched.given import given
from trainlab.lab.watched.journal import Journal, Subject
from trainlab.lab.watched.loop import monitors_of, printed
from trainlab.lab.watched.reading import Known, LayerReading, Reading, WeightReading, layer_reading
from trainlab.store.status import State

_ROWS = 256  # of a batch whose outputs are measured
_KINDS = {"Dense": "dense", "Conv1D": "conv", "Conv2D": "conv", "Conv3D": "conv", "BatchNormalization": "batch_norm"}
_LOSSES = {
    **dict.fromkeys(("categorical_crossentropy", "sparse_categorical_crossentropy"), "softmax_cross_entropy"),
    **dict.fromkeys(("mse", "mean_squared_error"), "mse"),
    **dict.fromkeys(("mae", "mean_absolute_error"), "mae"),
    **dict.fromkeys(("huber", "huber_loss"), "huber"),
    "binary_crossentropy": "binary_cross_entropy",
}
_SCORES = {
    "accuracy": ("accuracy", "acc", "sparse_categorical_accuracy", "categorical_accuracy", "binary_accuracy"),
    "r2": ("r2_score", "r2"),
}
_PASSING = {"InputLayer", "Flatten", "Reshape", "Dropout", "Permute"}


def KerasWatch(  # noqa: N802 - it makes an instance of a class that cannot exist before Keras is imported
    *,
    name: str = "watched",
    runs: Path | str = "runs",
    classes: int | None = None,
    chance: float | None = None,
    val_rows: int = 0,
    data: Any = None,
    val_data: Any = None,
    every: int = 50,
    monitors: Mapping[str, Any] | None = None,
    say: Callable[[Diagnosis], object] | None = None,
) -> "KerasWatching":
    """A callback that leaves a run folder `runs/NAME-N` behind, and prints what is found.

    The task is read off the loss, how long the run is off `fit`. classes, chance, val_rows, data, val_data, every,
    monitors, say: as in `trainlab.watch`. A code in `monitors.stop_on` ends the training. `fit` does not tell callbacks
    of an exception; in a `with` block around it the callback sees one, and the run's status says so.

    Raises ImportError without Keras, ConfigError for monitors.
    """
    keras: Any = import_module("keras")
    made: Any = type("KerasWatch", (KerasWatching, keras.callbacks.Callback), {})
    how = name, Path(runs), classes, chance, val_rows, (data, val_data)
    return made(how, monitors_of(monitors, every), say or printed)


class KerasWatching:
    """The callback, but for its base class: `model` and `params` are set by Keras."""

    model: Any
    params: Any

    def __init__(
        self,
        how: tuple[str, Path, int | None, float | None, int, tuple[Any, Any]],
        monitors: Monitoring,
        say: Callable[[Diagnosis], object],
    ) -> None:
        super().__init__()
        self._how = how
        self._monitors, self._say = monitors, say
        self._journal: Journal | None = None
        self._gauge: _KerasGauge | None = None

    # ------------------------------------------------------------------ what Keras calls

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """A new run folder."""
        name, runs, classes, chance, val_rows, (data, val_data) = self._how
        loss = _loss_of(self.model)
        numbers = loss in ("mse", "mae", "huber")
        outputs = int(getattr(self.model, "output_shape", (0, 0))[-1] or 0) if classes is None else classes
        subject = Subject(
            "regression" if numbers else "classification",
            max(2, outputs) if outputs and not numbers else None,
            chance,
            int(self.params.get("epochs") or 0),
            val_rows,
        )
        self._gauge = _KerasGauge(self.model)
        self._journal = Journal(
            self._gauge.known(),
            name=name,
            runs=runs,
            subject=subject,
            monitors=self._monitors,
            say=self._say,
            data=given(data, val_data, subject.task),
        )
        self._journal.loss = loss
        self._before = self._steps = 0
        self._mean = 0.0
        self._rows: list[tuple[float, float, float, float]] = []
        self._lengths = nan, nan
        self._sums = np.zeros(3)

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """At an observed step: the weights before it."""
        if self._gauge is not None and (not self._steps or (self._steps + 1) % self._monitors.every == 0):
            self._gauge.observe()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """The batch's loss, out of the epoch's mean that Keras tells."""
        journal, gauge = self._journal, self._gauge
        if journal is None or gauge is None:
            return
        mean = float((logs or {}).get("loss", nan))
        loss = mean if not batch else mean * (batch + 1) - self._mean * batch
        self._mean = mean
        reading = gauge.reading()
        if reading is not None:
            self._lengths = gauge.grad_norm, gauge.update_ratio
        first = not self._steps
        self._steps += 1
        self._rows.append((loss, gauge.lr(), *self._lengths))
        if first:
            journal.begin(loss, None, reading)
            reading = None
        if first or self._steps % self._monitors.every == 0 or not isfinite(loss):
            self._flush(reading)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """The epoch's scores."""
        journal, gauge = self._journal, self._gauge
        if journal is None or gauge is None:
            return
        self._flush(None)
        told = logs or {}
        row: dict[str, float | None] = {
            "lr": gauge.lr(),
            "train_loss": told.get("loss"),
            "val_loss": told.get("val_loss"),
        }
        for part, prefix in (("train", ""), ("val", "val_")):
            found = [told[prefix + k] for k in _SCORES[journal.score] if prefix + k in told]
            row[f"{part}_{journal.score}"] = float(found[0]) if found else None
        steps, grad_norm, ratio = self._sums
        if steps:
            row |= {"grad_norm": float(grad_norm / steps), "update_ratio": float(ratio / steps)}
        self._sums[:] = 0
        journal.close_epoch({k: v for k, v in row.items() if v is not None and v == v})
        if journal.stop:
            self.model.stop_training = True

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """The run has gone well."""
        self._end("finished", "")

    # ------------------------------------------------------------------ what it tells

    @property
    def diagnoses(self) -> Sequence[Diagnosis]:
        """Everything found so far, in its order."""
        return tuple(self._journal.babysitter.said) if self._journal is not None else ()

    @property
    def run(self) -> Run:
        """The last run, as `trainlab.load` gives it. Raises LookupError before `fit` was called."""
        if self._journal is None:
            raise LookupError("there is no run yet: call model.fit(..., callbacks=[this])")
        return Run(self._journal.folder.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            stopped = isinstance(error, KeyboardInterrupt | SystemExit)
            self._end("interrupted" if stopped else "failed", f"{type(error).__name__}: {error}".rstrip(": "))

    # ------------------------------------------------------------------ in between

    def _flush(self, reading: Reading | None) -> None:
        if self._journal is not None and self._rows:
            rows = np.array(self._rows)
            self._rows = []
            self._sums += len(rows), *np.nansum(rows[:, 2:], axis=0)
            self._journal.took(rows, reading)
            if self._journal.stop:
                self.model.stop_training = True

    def _end(self, state: State, reason: str) -> None:
        if self._journal is not None:
            try:
                if state == "finished":
                    self._flush(None)
            finally:
                if self._gauge is not None:
                    self._gauge.detach()
                self._journal.end(state, reason)


class _KerasGauge:
    """Weights before and after a step; with the PyTorch backend also gradients and outputs."""

    def __init__(self, model: Any) -> None:
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

    def known(self) -> Known:
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
        return Known(framework, "\n".join(rows), settings, trained, gradients=self.torch, notes=notes)

    def lr(self) -> float:
        """Of the next step."""
        return float(self._numbers(self.model.optimizer.learning_rate))

    def observe(self) -> None:
        """Before an observed step."""
        if not self.weighted and not self.layers:  # a model that is built by its first batch
            self.__init__(self.model)
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
        weights: list[WeightReading] = []
        for i, (name, kernel) in enumerate(self.weighted):
            was, gradient = before[name], self._gradient(kernel)
            norm, moved = _length(was), _length(np.asarray(self._numbers(kernel)) - was)
            last = i == len(self.weighted) - 1
            alike = not self._steps and not last and gradient is not None and _alike(was) and _alike(gradient)
            size = nan if gradient is None else _length(gradient)
            ratio = moved / norm if norm else nan
            frozen = not kernel.trainable
            weights.append(WeightReading(name, was.shape[-1], was.size, norm, size, ratio, alike, frozen))
        self._steps += 1
        trained = [w for w in weights if not w.frozen]
        self.grad_norm = _length(np.array([w.grad_norm for w in trained])) if trained else nan
        moves = np.array([w.update_ratio * w.norm for w in trained])
        total = _length(np.array([w.norm for w in trained]))
        self.update_ratio = _length(moves) / total if total else nan
        x = self._input
        spread = float(x.var(axis=0).mean()) ** 0.5 if x is not None and len(x) > 1 else 0.0
        rows = len(x) if x is not None else 0
        return Reading(rows, spread, self._ordered(), weights)

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


def _loss_of(model: Any) -> str:
    """Our name of a compiled model's loss, empty for others."""
    loss = model.loss
    name = loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", "")
    return _LOSSES.get(str(name).lower(), "")


def _activation_of(layer: Any) -> str:
    """The name of the activation in or at a layer; empty for none."""
    own = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu", "PReLU": "prelu"}.get(type(layer).__name__)
    name = own or getattr(getattr(layer, "activation", None), "__name__", "")
    return "" if name in ("linear", "softmax") else name


def _shape_of(layer: Any) -> str:
    shape = getattr(layer, "output", None)
    return f" {tuple(shape.shape)}" if shape is not None and hasattr(shape, "shape") else ""


def _length(a: Array) -> float:
    return float(np.linalg.norm(a.astype(np.float64).ravel()))


def _alike(a: Array) -> bool:
    """Whether all units (last axis) have the same numbers."""
    return a.shape[-1] > 1 and bool((a == a[..., :1]).all())
