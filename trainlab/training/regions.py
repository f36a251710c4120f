"""What a network of two inputs answers on a grid around its training rows, after a few epochs: rows of regions.csv.

A grid is small (40 x 40) and comes after the epochs 0 to 4, then about twice while their number doubles, so that a run
of thousands of epochs has some thirty of them. It changes nothing that the run depends on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessing import preprocessed, unscale
from trainlab.engine.evaluator import Evaluator
from trainlab.engine.trainer import Trainer
from trainlab.store.columns import REGION_SYMBOLS, region_levels
from trainlab.training.setup import TrainingSetup

SIDE = 40
_POINTS = 240  # training rows that are kept beside the grid
_MARGIN = 0.08  # of the range of the rows, around them
_WORK = 2_000_000_000  # multiplications of a grid, at most: some tenths of a second


class Regions:
    """The grids of one run. `facts`: what data.json says of them."""

    def __init__(self, setup: TrainingSetup, trainer: Trainer, evaluator: Evaluator) -> None:
        """For a setup that `has_regions`."""
        self._setup, self._trainer, self._evaluator = setup, trainer, evaluator
        self.facts = region_facts(setup)
        left, right, bottom, top = map(float, self.facts["ends"])
        across, up = np.linspace(left, right, SIDE), np.linspace(bottom, top, SIDE)
        grid = np.stack([np.tile(across, SIDE), np.repeat(up, SIDE)], axis=1)
        parts, experiment = setup.parts, setup.experiment
        steps, dtype = experiment.data.preprocess, experiment.train.arrays
        self._grid = preprocessed(steps, parts.fitted, grid, dtype)

    def due(self, epoch: int) -> bool:
        """Whether there is a grid after this epoch.

        >>> [epoch for epoch in range(65) if Regions.due_of(epoch, 50)]
        [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 50, 64]
        """
        return self.due_of(epoch, self._setup.experiment.train.epochs)

    @staticmethod
    def due_of(epoch: int, epochs: int) -> bool:
        """The same, for a run of so many epochs."""
        return epoch % (1 << max(0, epoch.bit_length() - 2)) == 0 or epoch == epochs

    def row(self, epoch: int, step: int) -> dict[str, Any]:
        """The row of regions.csv after this epoch: its cells are those of `store.columns.REGION_COLUMNS`."""
        setup, loss, task = self._setup, self._setup.config.loss, self._setup.parts.task
        with self._trainer.averaged(), np.errstate(all="ignore"):
            y = self._evaluator.outputs(self._grid)
            if task.kind == "regression":
                found = unscale(loss.predict(y, task).astype(np.float64), setup.parts.fitted)[:, 0]
                low, high, symbols = _levels(found)
            else:
                low, high, symbols = 0.0, 1.0, _classes(loss.predict(y, task), loss.probabilities(y), task.outputs)
        cells = "".join(map(REGION_SYMBOLS.__getitem__, symbols.tolist()))
        return {"epoch": epoch, "step": step, "low": low, "high": high, "cells": cells}


def has_regions(setup: TrainingSetup) -> bool:
    """Whether the network answers with one class or one number to two plain numbers, and quickly."""
    parts, task = setup.parts, setup.parts.task
    columns: Sequence[Mapping[str, Any]] = parts.encoding.get("columns") or []
    plain = not any(column.get("categories") for column in columns) and not isinstance(parts.raw_train, LazyRows)
    single = task.kind == "classification" and task.outputs <= len(REGION_SYMBOLS)
    single |= task.kind == "regression" and parts.raw_y.size == len(parts.raw_train)
    cheap = setup.net.forward_work * SIDE**2 <= _WORK
    return plain and single and cheap and parts.raw_train.shape[1:] == (2,) and len(_finite(parts.raw_train)) > 1


def region_facts(setup: TrainingSetup) -> dict[str, Any]:
    """The names of both inputs, the ends of the grid (left, right, bottom, top), its side, and some training rows."""
    parts = setup.parts
    x = np.asarray(parts.raw_train, np.float64)
    y = parts.train.y if parts.task.kind == "classification" else np.asarray(parts.raw_y).reshape(len(x))
    known = x[_finite(x)]
    low, high = known.min(axis=0), known.max(axis=0)
    margin = np.where(high > low, _MARGIN * (high - low), 0.5)
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    some = _finite(x)[:: max(1, -(-len(known) // _POINTS))]
    points = [[*map(_short, x[i].tolist()), _short(float(y[i]))] for i in some.tolist()]
    names = list(parts.train.features) or ["x1", "x2"]
    return {"names": names[:2], "ends": [left, right, bottom, top], "side": SIDE, "points": points}


def _finite(x: Any) -> Array:
    """The numbers of the rows without gaps."""
    return np.flatnonzero(np.isfinite(np.asarray(x, np.float64)).all(axis=1))


def _classes(found: Array, probabilities: Array | None, classes: int) -> Array:
    """A symbol for each class and how sure it is: class times the number of levels, plus the level."""
    levels = region_levels(max(2, classes))
    if probabilities is None or probabilities.shape[1] != classes:
        return found * levels + levels - 1
    sure = np.nan_to_num(np.take_along_axis(probabilities, found[:, None], axis=1)[:, 0])
    level = (sure - 1 / classes) / (1 - 1 / classes) * levels
    return found * levels + np.clip(level, 0, levels - 1).astype(np.int64)


def _levels(found: Array) -> tuple[float, float, Array]:
    """The lowest and the highest finite number, and a symbol for where each number lies between them."""
    known = found[np.isfinite(found)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    last = len(REGION_SYMBOLS) - 1
    place = np.nan_to_num((found - low) / (high - low if high > low else 1.0) * last, posinf=last, neginf=0)
    return low, high, np.clip(place.round(), 0, last).astype(np.int64)


def _short(value: float) -> float:
    return float(f"{value:.4g}")
