"""The network of a finished run, ready for new rows.

The run's best checkpoint holds all that they need: the weights, what preprocessing learned from the training rows, and
how the columns of a file became numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.errors import DataError, UserError
from trainlab.core.types import Array, Task
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessing import apply_fitted, unscale
from trainlab.engine.evaluator import Evaluator
from trainlab.engine.net import Net
from trainlab.lab.building import layers_for
from trainlab.lab.experiment import Experiment, read
from trainlab.nn.loss import Loss
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder


@dataclass(frozen=True, slots=True)
class Trained:
    """A run's network with its best weights, and what it takes to feed it rows as they are in a file."""

    folder: RunFolder
    experiment: Experiment
    task: Task
    loss: Loss
    net: Net
    fitted: Mapping[str, Array]
    encoding: Mapping[str, Any]
    epoch: int

    def prepared(self, x: Array) -> Array:
        """Raw rows preprocessed as the training rows were."""
        return apply_fitted(self.experiment.data.preprocess, self.fitted, x, self.experiment.train.dtype)

    def outputs(self, x: Array | LazyRows) -> Array:
        """The network's outputs (rows, units) for preprocessed rows. Raises DataError if one is not finite."""
        y = Evaluator(self.net, self.loss, regression=self.task.kind == "regression").outputs(x)
        bad = np.flatnonzero(~np.isfinite(y).all(axis=1))
        if len(bad):
            raise DataError(
                f"row {bad[0] + 1}: the network's output is not finite, nor is that of {len(bad) - 1} more rows; look "
                "for values far from those of the training rows"
            )
        return y

    def answers(self, y: Array) -> Array:
        """Class indices (n,), or numbers (n, k) in the target's own units, for the network's outputs."""
        found = self.loss.predict(y, self.task)
        return found if self.task.kind == "classification" else unscale(found.astype(np.float64), self.fitted)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, or their numbers where they have none; empty for a regression."""
        if self.task.kind == "regression":
            return ()
        return self.task.names or tuple(str(i) for i in range(self.task.outputs))

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the target columns."""
        return tuple(self.encoding.get("target") or self.task.names)


def open_run(run: Path | str, runs: Path = Path("runs")) -> Trained:
    """The best network of a run. Raises UserError if there is no such run or it has no checkpoint yet."""
    folder = RunFolder.open(run, runs)
    path = folder.checkpoints / "best.safetensors"
    if not path.exists():
        raise UserError(f"{folder.path}: this run has no checkpoint yet; train it with `trainlab train --resume`")
    document = read(folder.config)
    arrays, meta = checkpoint.load(path)
    kept: dict[str, Any] = meta["task"]
    task = Task(kept["kind"], kept["outputs"], tuple(kept["names"]))
    shape = tuple(meta["shape"])
    loss, layers = layers_for(document, shape, task)
    net = Net(layers, shape, frozen=document.value.model.frozen, dtype=document.value.train.dtype)
    for name, param in net.params.items():
        if name not in arrays or arrays[name].shape != param.shape:
            raise UserError(
                f"{path}: has no `{name}` of shape {param.shape}: config.yaml is not the one it was trained by"
            )
        param[...] = arrays[name]
    fitted = {name.removeprefix("data."): a for name, a in arrays.items() if name.startswith("data.")}
    return Trained(folder, document.value, task, loss, net, fitted, meta["encoding"], meta["epoch"])
