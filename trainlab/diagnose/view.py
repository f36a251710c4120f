"""The read-only input of a monitor: the curves so far and, at inspections, the network's memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, log
from typing import Any, cast

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.diagnose.data_view import DataView
from trainlab.diagnose.probe import Probe
from trainlab.diagnose.program import Program
from trainlab.diagnose.structure import Structure
from trainlab.diagnose.sweeps import FoldScores, SearchedRange
from trainlab.diagnose.trials import GradientError, TinyFit
from trainlab.nn.layer import Layer, Slot
from trainlab.store.rows import kept_steps

UNKNOWN_VAL_ROWS = 1000  # assumed where their number is unknown: so many that the noise of a score explains nothing
BALANCED = "val_balanced_accuracy"  # the column that runs on imbalanced classes are judged by
_CROSS_ENTROPIES = ("softmax_cross_entropy", "binary_cross_entropy")
RECENT = 512  # last steps without gaps, also in a long run


@dataclass(slots=True)
class Steps:
    """What was recorded of the steps so far, read by column: loss (of that step's batch, before its update), lr,
    grad_norm, update_ratio.

    `steps["loss"]` is the whole past, of which a long run keeps as many rows as steps.csv does: all of the first
    20 000 steps, fewer of the later ones. `tail` has the last steps without gaps. `len` counts steps done.
    """

    columns: tuple[str, ...] = ("loss", "lr", "grad_norm", "update_ratio")
    recent: Array = field(default_factory=lambda: np.empty((0, 4)))
    count: int = 0
    _table: Array = field(default_factory=lambda: np.empty((1024, 4)))
    _rows: int = 0

    def append(self, rows: Array, last: int) -> None:
        """Add a row (columns) for each of the steps that end with number `last`."""
        self.recent = np.concatenate([self.recent, rows])[-RECENT:]
        self.count = last
        self.restore(rows[kept_steps(last - len(rows) + 1, last)])

    def restore(self, rows: Array) -> None:
        """Add stored rows of the past."""
        need = self._rows + len(rows)
        if need > len(self._table):
            grown = np.empty((max(need, 2 * len(self._table)), len(self.columns)))
            grown[: self._rows] = self._table[: self._rows]
            self._table = grown
        self._table[self._rows : need] = rows
        self._rows = need

    def resume(self, rows: Array, recent: Array, count: int) -> None:
        """Continue after `count` steps: the stored `rows` of the past, and the last ones without gaps."""
        self.restore(rows)
        self.recent, self.count = recent, count

    def __getitem__(self, column: str) -> Array:
        return self._table[: self._rows, self.columns.index(column)]

    def tail(self, column: str, steps: int) -> Array:
        """The last `steps` values of a column, at most RECENT of them."""
        return self.recent[max(0, len(self.recent) - steps) :, self.columns.index(column)]

    def step_of(self, back: int) -> int:
        """The number of the step that stands `back` rows before the last one."""
        return self.count - back

    def __len__(self) -> int:
        return self.count


@dataclass(slots=True)
class Curves:
    """metrics.csv so far: a row per epoch, epoch 0 first; columns are read as float arrays, nan where empty."""

    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _read: dict[str, Array] = field(default_factory=dict[str, Array])

    def append(self, row: Mapping[str, Any]) -> None:
        """Add the row of one more epoch."""
        self.rows.append(dict(row))

    def __getitem__(self, column: str) -> Array:
        known = self._read.get(column)
        done = 0 if known is None else len(known)
        if known is None or done != len(self.rows):  # rows are only ever added
            new = [np.nan if r.get(column) is None else r[column] for r in self.rows[done:]]
            fresh = np.array(new, dtype=np.float64)
            known = self._read[column] = fresh if known is None else np.concatenate([known, fresh])
            known.flags.writeable = False
        return known

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def score(self) -> str:
        """`accuracy` or `r2`: the score next to the losses."""
        return "r2" if self.rows and "train_r2" in self.rows[0] else "accuracy"


@dataclass(frozen=True, slots=True)
class LayerView:
    """One layer after a step: its slot still holds the batch that made it."""

    name: str
    layer: Layer
    slot: Slot
    step: Mapping[str, Array]
    """The change that the step made to each trained param, by key (`W`)."""


@dataclass(frozen=True, slots=True)
class View:
    """A run at one moment; each moment gets a new view.

    chance: the loss of a network that has learned nothing (ln C; the variance) · zero_loss: the loss of all-zero
    outputs, where a sane start is near · settings: the resolved config as plain data · layers: only on observed steps
    of a network of ours, else empty · broken: where the first non-finite number stands (`relu2`, `dense1.W`), once ·
    fresh: how many of the steps no monitor has seen yet.

    Each is None if it was not measured at this moment: structure, the network's layers · program, what the code of
    another program does around a network that it trains · data, before the
    first step · probe, from time to time · lr_plan, what the schedule multiplies lr by, at even distances over the run
    · gradients and tiny, in `check` · baselines, at the end: validation scores of the simplest rules · folds and
    searched, of several runs together · majority: the score of always giving the commonest class; 0 for numbers ·
    out_of_patience, at the end: whether early stopping has ended the run · train_measured: whether the training loss is
    one, or the validation loss stands in for it in a log without.
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
    structure: Structure | None = None
    program: Program | None = None
    data: DataView | None = None
    probe: Probe | None = None
    lr_plan: Array | None = None
    gradients: Sequence[GradientError] | None = None
    tiny: TinyFit | None = None
    baselines: Mapping[str, float] | None = None
    folds: FoldScores | None = None
    searched: Sequence[SearchedRange] | None = None
    majority: float = 0.0
    out_of_patience: bool = False
    train_measured: bool = True

    def learned(self, loss: float) -> float:
        """How much of the way from chance to zero this loss has come: 0 at chance, 1 at zero loss."""
        return 1.0 - loss / self.chance if self.chance > 0 else 0.0

    @property
    def progress(self) -> float:
        """How far the network has come from chance (0) to perfect (1), at best in the last three epochs.

        By the training loss, the training score or the validation score, whichever is highest: a network may be right
        with a loss that is no better than chance, or score low in training because of dropout. Epoch 0 does not count.
        """
        come: list[float] = []
        score = self.curves.score
        for row in self.curves.rows[max(1, len(self.curves) - 3) :]:
            loss, scores = row.get("train_loss"), (row.get(f"train_{score}"), row.get(f"val_{score}"))
            if loss is not None:
                come.append(1.0 - loss / self.chance if self.chance > 0 else 0.0)
            if self.majority < 1:
                come += [(s - self.majority) / (1.0 - self.majority) for s in scores if s is not None]
            if (balanced := row.get(BALANCED)) is not None:
                come.append((balanced * self.task.outputs - 1.0) / max(1, self.task.outputs - 1))
        finite = [c for c in come if isfinite(c)]
        return max(-1.0, *finite) if finite else 0.0

    @property
    def behind(self) -> float:
        """By how much the best of the simple rules beats the last validation score, beyond what chance explains.

        Negative or nan where nothing is known of it. Scores are compared as `baselines` gives them.
        """
        if not self.baselines or not len(self.curves):
            return float("nan")
        score = self.curves.rows[-1].get(self.judged)
        if score is None:
            return float("nan")
        last = float(score) if np.isfinite(score) else -1.0
        best = max(self.baselines.values())
        if self.judged == BALANCED and self.data is not None:
            return best - max(last, -1.0) - 1.5 * self.data.balanced_error
        if self.task.kind != "regression":
            error = 0.5
        else:  # the standard error of R2 is about 2 r (1 - r^2) / sqrt(rows)
            error = 2 * min(1.0, max(best, 0.05)) ** 0.5 * (1 - min(0.95, max(best, 0.0)))
        return best - max(last, -1.0) - 1.5 * error / max(1, self.val_rows) ** 0.5

    @property
    def train_scores(self) -> Array:
        """The training score of each epoch. Where none was measured, the least accuracy that the loss allows.

        A row whose class is not the likeliest has a cross-entropy of at least ln 2, so no more than loss / ln 2 of the
        rows are wrong. A penalty in the loss, or label smoothing, makes the bound lower still.
        """
        scores = self.curves[f"train_{self.curves.score}"]
        loss = self.settings.get("loss")  # by name, or a table with it
        name = cast("Mapping[str, Any]", loss).get("name") if isinstance(loss, Mapping) else loss
        if np.isfinite(scores[1:]).any() or name not in _CROSS_ENTROPIES:
            return scores
        return np.maximum(0.0, 1.0 - self.curves["train_loss"] / log(2))

    @property
    def judged(self) -> str:
        """The column that simple rules are compared with: balanced accuracy where classes are imbalanced, else the
        validation score.
        """
        balanced = self.data is not None and self.data.imbalanced and bool(self.curves.rows)
        measured = balanced and self.curves.rows[-1].get(BALANCED) is not None
        return BALANCED if measured else f"val_{self.curves.score}"

    @property
    def best_rule(self) -> float:
        """The validation score of the best simple rule, nan if none was computed."""
        return max(self.baselines.values()) if self.baselines else float("nan")

    @property
    def warmup(self) -> float:
        """Epochs over which the learning rate climbs."""
        return float(self.settings.get("schedule", {}).get("warmup") or 0.0)

    @property
    def lr(self) -> float:
        """The learning rate of the config."""
        return float(self.settings.get("optimizer", {}).get("lr") or 0.0)

    def has(self, need: str) -> bool:
        """Whether this view holds what a monitor needs; `a|b` is one of both."""
        if need == "curves":
            return True
        if "|" in need:
            return any(self.has(part) for part in need.split("|"))
        value = getattr(self, need)
        return value is not None and (need not in ("steps", "layers") or len(value) > 0)
