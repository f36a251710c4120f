"""What a monitor may look at: the curves so far and, on observed steps, the network's memory. All of it read only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.nn.layer import Layer, Slot


@dataclass(slots=True)
class Steps:
    """What was recorded at every step so far: one growing array per column, read by name.

    Columns: loss (of that step's batch, before its update), lr, grad_norm, update_ratio. Step i stands at index i - 1.
    """

    columns: tuple[str, ...] = ("loss", "lr", "grad_norm", "update_ratio")
    _table: Array = field(default_factory=lambda: np.empty((1024, 4)))
    count: int = 0

    def append(self, rows: Array) -> None:
        """Add rows (n, columns)."""
        need = self.count + len(rows)
        if need > len(self._table):
            grown = np.empty((max(need, 2 * len(self._table)), len(self.columns)))
            grown[: self.count] = self._table[: self.count]
            self._table = grown
        self._table[self.count : need] = rows
        self.count = need

    def __getitem__(self, column: str) -> Array:
        return self._table[: self.count, self.columns.index(column)]

    def tail(self, column: str, steps: int) -> Array:
        """The last `steps` values of a column."""
        return self._table[max(0, self.count - steps) : self.count, self.columns.index(column)]

    def __len__(self) -> int:
        return self.count


@dataclass(slots=True)
class Curves:
    """metrics.csv so far: a row per epoch, epoch 0 first; columns are read as float arrays, nan where empty."""

    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __getitem__(self, column: str) -> Array:
        return np.array([np.nan if r.get(column) is None else r[column] for r in self.rows], dtype=np.float64)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def score(self) -> str:
        """`accuracy` or `r2`: what stands beside the losses."""
        return "r2" if self.rows and "train_r2" in self.rows[0] else "accuracy"


@dataclass(frozen=True, slots=True)
class LayerView:
    """One layer after a step: its slot still holds the batch that made it."""

    name: str
    layer: Layer
    slot: Slot
    step: Mapping[str, Array]
    """The change that the step made to each trained param, by key (`W`)."""


@dataclass(slots=True)
class View:
    """A run at a moment.

    chance: the loss of a network that has learned nothing (ln C; the variance) · zero_loss: the loss of all-zero
    outputs, where a sane start is near · settings: the resolved config as plain data · layers: only on observed steps
    of a network of ours, else empty · broken: where the first non-finite number stands (`relu2`, `dense1.W`), once ·
    fresh: how many of the steps no monitor has seen yet.
    """

    epoch: int
    step: int
    epochs: int
    steps_per_epoch: int
    task: Task
    chance: float
    zero_loss: float
    steps: Steps
    curves: Curves
    settings: Mapping[str, Any]
    layers: Sequence[LayerView] = ()
    broken: str | None = None
    fresh: int = 0
    val_rows: int = 0
    train_rows: int = 0

    def learned(self, loss: float) -> float:
        """How much of the way from chance to zero this loss has come: 0 at chance, 1 at zero loss."""
        return 1.0 - loss / self.chance if self.chance > 0 else 0.0
