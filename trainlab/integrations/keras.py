"""`trainlab.KerasWatch`: a Keras 3 callback that runs the monitors during `model.fit`.

    model.fit(x, y, epochs=20, validation_split=0.1, callbacks=[trainlab.KerasWatch(name="mine")])

Weights are measured with every backend; gradients and outputs of layers only with PyTorch's, which exposes them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from math import isfinite, nan
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from trainlab.core.errors import UserError
from trainlab.diagnose.finding import Finding
from trainlab.integrations.keras_statistics import KerasReader
from trainlab.integrations.reading import Reading
from trainlab.integrations.run import Run
from trainlab.integrations.training_info import TrainingInfo
from trainlab.integrations.user_data import read_user_data
from trainlab.integrations.watched_run import WatchedRun
from trainlab.integrations.watching import monitors_of, printed
from trainlab.store.status import State
from trainlab.training.monitor_settings import Monitoring

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
    say: Callable[[Finding], object] | None = None,
) -> "KerasWatching":
    """A callback that leaves a run folder `runs/NAME-N` behind, and prints what is found.

    The task is read off the loss, how long the run is off `fit`. classes, chance, val_rows, data, val_data, every,
    monitors, say: as in `trainlab.watch`. A code in `monitors.stop_on` ends the training. `fit` does not report
    exceptions to callbacks; use the callback in a `with` block around it to record them in the run's status.

    Raises UserError without Keras, ConfigError for monitors.
    """
    try:
        keras: Any = import_module("keras")
    except ImportError as error:
        text = "KerasWatch: Keras 3 is not installed; `pip install keras` and one of its backends"
        raise UserError(text) from error
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
        say: Callable[[Finding], object],
    ) -> None:
        super().__init__()
        self._how = how
        self._monitors, self._say = monitors, say
        self._run: WatchedRun | None = None
        self._reader: KerasReader | None = None

    # ------------------------------------------------------------------ what Keras calls

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """A new run folder."""
        name, runs, classes, chance, val_rows, (data, val_data) = self._how
        loss = _loss_of(self.model)
        training = TrainingInfo(None, classes, chance, int(self.params.get("epochs") or 0), val_rows)
        self._reader = KerasReader(self.model, loss)
        self._run = WatchedRun(
            self._reader.known(),
            name=name,
            runs=runs,
            training=training,
            loss=loss,
            monitors=self._monitors,
            say=self._say,
            rows=partial(read_user_data, data, val_data),
        )
        self._before = self._steps = 0
        self._mean = 0.0
        self._rows: list[tuple[float, float, float, float]] = []
        self._lengths = nan, nan
        self._sums = np.zeros(3)

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """At an observed step: the weights before it."""
        if self._reader is not None and (not self._steps or (self._steps + 1) % self._monitors.interval == 0):
            self._reader.observe()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """The batch's loss, from the running mean of the epoch that Keras reports."""
        run, reader = self._run, self._reader
        if run is None or reader is None:
            return
        mean = float((logs or {}).get("loss", nan))
        loss = mean if not batch else mean * (batch + 1) - self._mean * batch
        self._mean = mean
        reading = reader.reading()
        if reading is not None:
            self._lengths = reader.grad_norm, reader.update_ratio
        first = not self._steps
        self._steps += 1
        self._rows.append((loss, reader.lr(), *self._lengths))
        if first:
            outputs = int(getattr(self.model, "output_shape", (0, 0))[-1] or 0)
            run.begin(outputs, loss, None, reading)
            reading = None
        if first or self._steps % self._monitors.interval == 0 or not isfinite(loss):
            self._flush(reading)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """The epoch's scores."""
        run, reader = self._run, self._reader
        if run is None or reader is None:
            return
        self._flush(None)
        told = logs or {}
        row: dict[str, float | None] = {
            "lr": reader.lr(),
            "train_loss": told.get("loss"),
            "val_loss": told.get("val_loss"),
        }
        for part, prefix in (("train", ""), ("val", "val_")):
            found = [told[prefix + k] for k in _SCORES[run.score] if prefix + k in told]
            row[f"{part}_{run.score}"] = float(found[0]) if found else None
        steps, grad_norm, ratio = self._sums
        if steps:
            row |= {"grad_norm": float(grad_norm / steps), "update_ratio": float(ratio / steps)}
        self._sums[:] = 0
        run.end_epoch({k: v for k, v in row.items() if v is not None and v == v})
        if run.stop:
            self.model.stop_training = True

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """End the run as finished."""
        self._end("finished", "")

    # ------------------------------------------------------------------ results

    @property
    def diagnoses(self) -> Sequence[Finding]:
        """The findings so far, in the order in which they came."""
        return tuple(self._run.monitors.findings) if self._run is not None else ()

    @property
    def run(self) -> Run:
        """The last run, as `trainlab.load` gives it. Raises LookupError before `fit` was called."""
        if self._run is None:
            raise LookupError("there is no run yet: call model.fit(..., callbacks=[this])")
        return Run(self._run.folder.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            stopped = isinstance(error, KeyboardInterrupt | SystemExit)
            self._end("interrupted" if stopped else "failed", f"{type(error).__name__}: {error}".rstrip(": "))

    # ------------------------------------------------------------------ helpers

    def _flush(self, reading: Reading | None) -> None:
        if self._run is not None and self._rows:
            rows = np.array(self._rows)
            self._rows = []
            self._sums += len(rows), *np.nansum(rows[:, 2:], axis=0)
            self._run.end_steps(rows, reading)
            if self._run.stop:
                self.model.stop_training = True

    def _end(self, state: State, reason: str) -> None:
        if self._run is not None:
            try:
                if state == "finished":
                    self._flush(None)
            finally:
                if self._reader is not None:
                    self._reader.detach()
                self._run.end(state, reason)


def _loss_of(model: Any) -> str:
    """Our name of a compiled model's loss, empty for others."""
    loss = model.loss
    name = loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", "")
    return _LOSSES.get(str(name).lower(), "")
