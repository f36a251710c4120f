"""`trainlab.record`: monitors for a training loop in any framework: the loop tells what it knows.

with trainlab.record(name="mine", loss="softmax_cross_entropy", classes=10) as w:
    for x, y in batches:
        loss, grads = value_and_grad(params, x, y)
        params = update(params, grads)
        w.step(loss, params=params, grads=grads)
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import nan
from pathlib import Path
from typing import Any, cast

import numpy as np

from trainlab.core.component import names
from trainlab.core.errors import UserError
from trainlab.core.problem import nearest
from trainlab.core.types import Array
from trainlab.diagnose.program import Program
from trainlab.integrations.reading import (
    LayerReading,
    LossFacts,
    ModelInfo,
    Reading,
    Stepped,
    WeightReading,
    layer_reading,
    step_lengths,
    weight_reading,
)
from trainlab.integrations.training_info import TrainingInfo
from trainlab.integrations.user_data import read_user_data
from trainlab.integrations.watching import Say, Watch, monitors_of, printed
from trainlab.nn.activation import Activation
from trainlab.nn.loss import Loss

_CLOSELY = 100  # first steps, of which each is measured; later only observed ones
_ROWS = 256  # of a batch whose outputs are measured


def record(
    *,
    name: str = "recorded",
    runs: Path | str = "runs",
    framework: str = "",
    loss: str = "",
    optimizer: Mapping[str, float | str] | None = None,
    task: str | None = None,
    classes: int | None = None,
    chance: float | None = None,
    epochs: int = 0,
    val_rows: int = 0,
    data: Any = None,
    val_data: Any = None,
    every: int | None = None,
    monitors: Mapping[str, Any] | None = None,
    loss_falls: bool | None = None,
    say: Say | None = None,
) -> "Recorder":
    """Watch a training loop in any framework that gives arrays (JAX, MLX, NumPy ...); leaves a run folder behind.

    framework: its name and version, for the record · loss: our name of the loss (`softmax_cross_entropy`, `mse` ...),
    if it is one of ours · optimizer: what is known of it, `{"name": "adam", "lr": 1e-3}` · the rest as in
    `trainlab.watch`.

    Raises UserError for a loss that trainlab does not have, or if the folder cannot be made; ConfigError for monitors.
    """
    if loss and loss not in names(Loss):
        near = nearest(loss, names(Loss))
        hint = f"did you mean `{near}`?" if near else "leave it out if it is none of them"
        raise UserError(f"record: loss: unknown `{loss}`; {hint}")
    settings = monitors_of(monitors, every)
    training = TrainingInfo(task, classes, chance, epochs, val_rows, loss_falls)
    reader = ArrayReader(framework or "unknown", loss, optimizer or {})
    rows = partial(read_user_data, data, val_data)
    return Recorder(reader, name, Path(runs), training, settings, say or printed, rows)


class Recorder(Watch):
    """A recorded training; a context manager. `epoch`, `close` and the results are those of a watch."""

    _reader: "ArrayReader"

    def step(  # pyright: ignore[reportIncompatibleMethodOverride] - what a loop knows is not what a torch loop knows
        self,
        loss: Any,
        outputs: Any = None,
        targets: Any = None,
        *,
        accuracy: Any = None,
        lr: float | None = None,
        params: Any = None,
        grads: Any = None,
        layers: Mapping[str, Any] | None = None,
    ) -> None:
        """After a step: the batch's loss, and what else is known.

        outputs, targets, accuracy: of the batch, for the score · lr: of this step · params: the parameters after the
        step, grads: their gradients, as arrays in nested dicts, lists and tuples (a pytree) · layers: outputs of layers
        for this batch, rows first, by name; a name that begins with that of an activation (`relu`, `tanh1`) is one.
        Arrays are read at observed steps only.
        """
        self._reader.told(lr, params, grads, layers)
        super().step(loss, outputs, targets, accuracy=accuracy)


class ArrayReader:
    """Reads what a loop hands over. A matrix is W (inputs, units); a kernel has its filters on the last axis."""

    def __init__(self, framework: str, loss: str, optimizer: Mapping[str, float | str]) -> None:
        self._framework, self._loss, self._optimizer = framework, loss, dict(optimizer)
        self._asked = False
        self._steps = self._outputs = 0
        self._params: Any = None  # after the last step
        self._before: dict[str, Array] | None = None
        self._stepped: Stepped | None = None
        self._reading: Reading | None = None
        self._lr = float(self._optimizer.get("lr", nan))
        self._norms = nan, nan
        self._tally: list[tuple[float, Array, Array]] = []

    def known(self) -> ModelInfo:
        """What the user told."""
        notes = {"steps": f"after {_CLOSELY} steps grad_norm and update_ratio are measured at observed ones, and held"}
        return ModelInfo(self._framework, "told by the loop", self._optimizer, 0, notes=notes)

    def observe(self) -> None:
        """Read the arrays at the next step."""
        self._asked = True
        self._keep()

    def told(self, lr: float | None, params: Any, grads: Any, layers: Mapping[str, Any] | None) -> None:
        """What the loop knows of a step."""
        self._lr = self._lr if lr is None else float(lr)
        closely = self._steps < _CLOSELY
        if self._asked or closely:
            now, slopes = dict(_arrays(params)), dict(_arrays(grads))
            weights = self._weights(now, slopes)
            self._norms = step_lengths(weights)
            if self._asked:
                seen = [self._layer(name, np.asarray(y)) for name, y in (layers or {}).items()]
                rows = min((min(len(y), _ROWS) for y in (layers or {}).values()), default=0)
                self._reading = Reading(rows, 0.0, seen, weights)
            self._asked = False
        self._steps += 1
        self._params = params
        self._before = None
        if closely:
            self._keep()
        self._stepped = Stepped(self._lr, *self._norms)

    def reading(self) -> Reading | None:
        """What was read at an observed step, once."""
        found, self._reading = self._reading, None
        return found

    def stepped(self) -> Stepped | None:
        """Every call is a step."""
        found, self._stepped = self._stepped, None
        return found

    def kept(self, number: Any) -> Any:
        """As it is: a number of JAX is computed later, and nobody waits for it here."""
        return number

    def floats(self, numbers: Sequence[Any]) -> list[float]:
        """One by one."""
        return [float(n) for n in numbers]

    def read_loss(self, loss: Any) -> LossFacts:
        """What the user told."""
        return LossFacts(self._loss)

    def program(self) -> Program | None:
        """Not seen."""
        return None

    def outputs(self) -> int:
        """The second axis of the outputs that were handed over."""
        return self._outputs

    def tally(self, outputs: Any, targets: Any, task: str) -> None:
        """Hits of the largest output, or squares for R2."""
        y, t = np.asarray(outputs, np.float64), np.asarray(targets)
        self._outputs = y.shape[1] if y.ndim > 1 else 1
        if task == "classification":
            one = y.ndim < 2 or y.shape[1] == 1
            answer = y.ravel() > 0 if one else y.argmax(axis=1)
            truth = t.ravel() > 0.5 if one else (t.argmax(axis=1) if t.shape == y.shape else t.ravel())
            self._tally.append((float((answer == truth).sum()), np.empty((len(answer), 0)), np.empty(0)))
        else:
            t = t.reshape(len(t), -1).astype(np.float64)
            self._tally.append((float(((y.reshape(t.shape) - t) ** 2).sum()), t, np.empty(0)))

    def tallied(self) -> tuple[float, float] | None:
        """Accuracy or R2, and the variance of the targets."""
        tally, self._tally = self._tally, []
        if not tally:
            return None
        total, t = sum(entry[0] for entry in tally), np.concatenate([entry[1] for entry in tally])
        if not t.shape[1]:
            return total / len(t), nan
        variance = float(t.var(axis=0).sum())
        return (1.0 - total / len(t) / variance if variance > 0 else nan), variance / t.shape[1]

    def measure_gradients(self) -> None:
        """They are handed over with the step."""

    def detach(self) -> None:
        """Nothing was attached."""

    def _weights(self, now: Mapping[str, Array], slopes: Mapping[str, Array]) -> list[WeightReading]:
        before, matrices = self._before or {}, [name for name, w in now.items() if w.ndim >= 2]
        return [
            weight_reading(
                name,
                before.get(name, now[name]),
                now[name] if name in before else None,
                slopes.get(name),
                compare=not self._steps and name != matrices[-1],
            )
            for name in matrices
        ]

    def _layer(self, name: str, y: Array) -> LayerReading:
        kind = next((k for k in sorted(names(Activation), key=len, reverse=True) if name.startswith(k)), "dense")
        return layer_reading(name, kind, kind != "dense", False, y[:_ROWS])

    def _keep(self) -> None:
        """The parameters before the next step, which will be measured. Copied: NumPy loops change them in place."""
        self._before = {name: np.array(w) for name, w in _arrays(self._params)}


def _arrays(tree: Any, path: str = "") -> Iterator[tuple[str, Array]]:
    """The arrays of a pytree by their paths."""
    if tree is None:
        return
    if isinstance(tree, Mapping):
        items = [(str(k), v) for k, v in cast("Mapping[Any, Any]", tree).items()]
    elif isinstance(tree, list | tuple):
        items = [(str(i), v) for i, v in enumerate(cast("Sequence[Any]", tree))]
    else:
        yield path or "params", np.asarray(tree)
        return
    for key, value in items:
        yield from _arrays(value, f"{path}.{key}" if path else key)
