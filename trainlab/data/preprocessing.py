"""Fits the preprocessors one after the other on the training rows, and applies what they learned to any rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import DTypeLike

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.columns import Columns
from trainlab.data.lazy import LazyRows, chunks
from trainlab.data.preprocessor import Preprocessor
from trainlab.data.widening import Widen, WideningPreprocessor

CHOSEN = "columns"  # (d,) bool: the columns on which a preprocessor acts; absent where it acts on all


def fit_all(
    preprocessors: Sequence[Preprocessor], x: Array | LazyRows, columns: Columns | None = None, y: Array | None = None
) -> dict[str, Array]:
    """What each learns from the training rows as its predecessors leave them, named `0.standardize.mean` and so on.

    columns: those of a table, of which each preprocessor takes its own; None if x is no table · y: the rows' targets.
    Raises DataError for names of columns that are not there.
    """
    fitted: dict[str, Array] = {}
    with np.errstate(invalid="ignore", over="ignore"):  # values that are not finite are the data checks' to report
        for i, preprocessor in enumerate(preprocessors):
            learned = _fit_one(preprocessor, x, columns, y)
            fitted |= {f"{_prefix(i, preprocessor)}{name}": array for name, array in learned.items()}
            if i == len(preprocessors) - 1:
                break
            step = _Step(preprocessor, learned)
            columns = _after(preprocessor, learned, columns, step(x[:1]).shape[-1])
            x = x.then(step) if isinstance(x, LazyRows) else _in_chunks(step, x, np.float64)
    return fitted


def names_after(
    preprocessors: Sequence[Preprocessor], fitted: Mapping[str, Array], names: Sequence[str], row: Array
) -> tuple[str, ...]:
    """The names of the columns of x' for those of x; row: one of x, (1, d). Empty where x is no table with names."""
    if row.ndim != 2 or len(names) != row.shape[1] or not len(row):
        return ()
    columns: Columns | None = Columns(tuple(names), ("number",) * len(names))
    for step in _steps(preprocessors, fitted):
        row = step(row)
        columns = _after(step.preprocessor, step.learned, columns, row.shape[-1]) if row.ndim == 2 else None
    return columns.names if columns is not None else ()


def apply_fitted(
    preprocessors: Sequence[Preprocessor], fitted: Mapping[str, Array], x: Array, dtype: DTypeLike = np.float32
) -> Array:
    """Rows x preprocessed with what was fitted on the training rows, in a new array of this type.

    Raises DataError where `fitted` lacks an array or the rows have another shape than the training rows.
    """
    return _in_chunks(partial(_apply_all, _steps(preprocessors, fitted)), x, dtype)


def preprocessed(
    preprocessors: Sequence[Preprocessor], fitted: Mapping[str, Array], x: Array | LazyRows, dtype: DTypeLike
) -> Array | LazyRows:
    """As `apply_fitted`, but stored rows are preprocessed when they are read, rows that the last preprocessor widens
    are widened when they are read, and bytes that nothing changes stay.
    """
    steps = _steps(preprocessors, fitted)
    if isinstance(x, LazyRows):
        for step in steps:
            x = x.then(step)
        return x.then(partial(_cast, dtype)) if preprocessors else x
    if not preprocessors and x.dtype in (np.dtype(np.uint8), np.dtype(dtype)):
        return x
    if steps and (halves := steps[-1].halves()) is not None:
        return LazyRows(_in_chunks(partial(_apply_all, [*steps[:-1], halves[0]]), x, dtype)).then(halves[1])
    return _in_chunks(partial(_apply_all, steps), x, dtype)


def unscale(y: Array, fitted: Mapping[str, Array]) -> Array:
    """Predictions (n, k) of a regression in the target's own units.

    >>> fitted = {"target.mean": np.array([10.0]), "target.std": np.array([2.0])}
    >>> unscale(np.array([[-1.0], [0.5]]), fitted)
    array([[ 8.],
           [11.]])
    """
    return y * fitted["target.std"] + fitted["target.mean"] if "target.mean" in fitted else y


def scale(y: Array, fitted: Mapping[str, Array]) -> Array:
    """Targets (n, k) of a regression in the units of training: the reverse of `unscale`."""
    return (y - fitted["target.mean"]) / fitted["target.std"] if "target.mean" in fitted else y


def _prefix(i: int, preprocessor: Preprocessor) -> str:
    return f"{i}.{preprocessor.name}."


@dataclass(frozen=True)
class _Step:
    """A preprocessor with what it learned, as a function of rows."""

    preprocessor: Preprocessor
    learned: dict[str, Array]

    def __call__(self, x: Array) -> Array:
        """x' of the chosen columns in their places; if they are more or fewer by then, in front of the others."""
        return self._applied(self.preprocessor.apply, x, in_place=True)

    def halves(self) -> tuple[Callable[[Array], Array], Widen] | None:
        """What narrows the rows and what widens them again, together this step; None if nothing is widened."""
        preprocessor, chosen = self.preprocessor, self.learned.get(CHOSEN)
        if not isinstance(preprocessor, WideningPreprocessor) or (chosen is not None and not chosen.any()):
            return None
        learned = {name: array for name, array in self.learned.items() if name != CHOSEN}
        narrow = partial(self._applied, preprocessor.narrow, in_place=False)
        if chosen is None:
            return narrow, Widen(preprocessor, learned, None)
        some = np.zeros((1, int(chosen.sum())))
        place = preprocessor.narrow(some, learned)
        if preprocessor.widen(place, learned).shape[1] <= some.shape[1]:
            return None  # then the columns keep their places
        return narrow, Widen(preprocessor, learned, place.shape[1])

    def _applied(self, apply: Callable[[Array, dict[str, Array]], Array], x: Array, *, in_place: bool) -> Array:
        preprocessor, learned = self.preprocessor, self.learned
        try:
            with np.errstate(invalid="ignore", over="ignore"):
                x = x.astype(np.float64, copy=False)
                chosen = learned.get(CHOSEN)
                if chosen is None:
                    return apply(x, learned)
                return _to_chosen(lambda some: apply(some, learned), x, chosen.astype(bool), in_place=in_place)
        except (KeyError, ValueError, IndexError) as error:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in learned.items()) or "nothing"
            raise DataError(
                f"data.preprocess: `{preprocessor.name}`, fitted as {shapes}, cannot be applied "
                f"to rows of shape {x.shape[1:]}"
            ) from error


def _steps(preprocessors: Sequence[Preprocessor], fitted: Mapping[str, Array]) -> list[_Step]:
    steps: list[_Step] = []
    for i, preprocessor in enumerate(preprocessors):
        prefix = _prefix(i, preprocessor)
        learned = {name.removeprefix(prefix): array for name, array in fitted.items() if name.startswith(prefix)}
        steps.append(_Step(preprocessor, learned))
    return steps


def _fit_one(
    preprocessor: Preprocessor, x: Array | LazyRows, columns: Columns | None, y: Array | None
) -> dict[str, Array]:
    fit = preprocessor.fit if y is None else partial(preprocessor.fit_to, y=y)
    if columns is None:
        if isinstance(preprocessor.columns, list):
            raise DataError(
                f"data.preprocess: `{preprocessor.name}` has names of columns, but x is no table with names"
            )
        return fit(x)
    chosen = columns.chosen(preprocessor.columns, f"data.preprocess: `{preprocessor.name}`: the table")
    if chosen.all():
        return fit(x)
    if not chosen.any():
        return {CHOSEN: chosen}
    rows = x if isinstance(x, LazyRows) else LazyRows(x)  # so that no copy of all chosen columns is made
    return {**fit(rows.then(partial(_pick, chosen))), CHOSEN: chosen}


def _pick(chosen: Array, x: Array) -> Array:
    return x[:, chosen]


def _after(
    preprocessor: Preprocessor, learned: dict[str, Array], columns: Columns | None, width: int
) -> Columns | None:
    """The columns of a table behind a preprocessor that leaves `width` of them."""
    if columns is None or width == len(columns.names):
        return columns
    chosen = learned.get(CHOSEN, np.ones(len(columns.names), bool))
    made = preprocessor.made(columns.pick(chosen), learned, width - int((~chosen).sum()))
    return made.joined(columns.pick(~chosen))


def _to_chosen(apply: Callable[[Array], Array], x: Array, chosen: Array, *, in_place: bool) -> Array:
    if not chosen.any():
        return x.copy()
    made = apply(x[:, chosen])
    if made.shape[1] != chosen.sum() or not in_place:
        return np.hstack([made, x[:, ~chosen]])
    out = x.copy()
    out[:, chosen] = made
    return out


def _apply_all(steps: Sequence[Callable[[Array], Array]], x: Array) -> Array:
    for step in steps:
        x = step(x)
    return x


def _cast(dtype: DTypeLike, x: Array) -> Array:
    with np.errstate(over="ignore"):
        return x.astype(dtype, copy=False)


def _in_chunks(step: Callable[[Array], Array], x: Array, dtype: DTypeLike) -> Array:
    """step(x) written piece by piece, so that float64 copies of everything never lie in memory at once."""
    out: Array | None = None
    start = 0
    for part in chunks(x):
        made = step(part)
        if out is None:
            out = np.empty((len(x), *made.shape[1:]), dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            out[start : start + len(made)] = made
        start += len(made)
    return np.empty(x.shape, dtype) if out is None else out
