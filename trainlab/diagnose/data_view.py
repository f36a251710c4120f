"""The splits as the network gets them, and statistics of them for the data monitors, each computed once.

Everything is bounded: beyond `BUDGET` numbers, rows are sampled evenly over the set. Only `where_broken` reads all, up
to `_SCANNED` numbers, or a sample of large stored rows.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.data.dataset import IMBALANCED, Rows, Splits
from trainlab.data.lazy import LazyRows, is_large, sampled
from trainlab.data.widening import narrow_rows
from trainlab.diagnose._quantiles import median, quantiles

BUDGET = 500_000  # numbers of one split that are inspected: tens of milliseconds, a few megabytes
NEIGHBOUR_ROWS = 300  # rows of a part that are compared each with each
_AT_ONCE = 1 << 16  # numbers whose distances from the mean are in memory at once
_CHUNK = 500_000  # numbers that are looked through at once
_SCANNED = 200_000_000  # numbers of one part that are looked through for ones that are not finite
_KERNEL = 400  # rows that kernel regression learns from
SPREAD_OF_IQR = 1.349  # interquartile range of a normal distribution of standard deviation 1


@dataclass(frozen=True)
class RawTable:
    """Training rows of a table before preprocessing, sampled: x (n, columns), y, and the line of each row.

    names: of the columns of x · categorical: columns of the file that are spread over several columns of x.
    """

    x: Array
    y: Array
    lines: Array
    names: tuple[str, ...]
    categorical: frozenset[str]

    def column_of(self, name: str) -> str:
        """The file's column that a column of x comes from: `city` of `city=Rome`."""
        return next((c for c in self.categorical if name.startswith(f"{c}=")), name)


@dataclass(frozen=True)
class DataView:
    """The data of a run. t: the training targets as the loss gets them · shuffled: whether rows are shuffled ·
    val_changes: validation rows differ from one reading to the next.
    """

    parts: Splits
    t: Array
    shuffled: bool
    val_changes: bool = False

    @property
    def task(self) -> Task:
        """Classes or numbers."""
        return self.parts.task

    @cached_property
    def train(self) -> Array:
        """A sample of the training rows as the network gets them, flat, in float64."""
        return _sample(self.parts.train.x)

    @cached_property
    def val(self) -> Array | None:
        """A sample of the validation rows, in the same form."""
        return _sample(self.parts.val.x) if self.parts.val is not None and len(self.parts.val) else None

    @cached_property
    def raw(self) -> Array:
        """A sample of the training rows before preprocessing."""
        return self.train if self.parts.raw_train is self.parts.train.x else _sample(self.parts.raw_train)

    @cached_property
    def mean(self) -> Array:
        """The mean of each training feature."""
        return self.train.mean(axis=0)

    @cached_property
    def std(self) -> Array:
        """The standard deviation of each training feature."""
        squares, step = np.zeros(self.train.shape[1]), max(1, _AT_ONCE // max(1, self.train.shape[1]))
        for start in range(0, len(self.train), step):
            away = self.train[start : start + step] - self.mean
            squares += np.einsum("ij,ij->j", away, away)
        return np.sqrt(squares / max(1, len(self.train)))

    @cached_property
    def rms(self) -> float:
        """Root mean square of all training inputs."""
        return float(np.sqrt(np.mean(np.square(self.train)))) if self.train.size else 0.0

    @cached_property
    def row_length(self) -> float:
        """Median Euclidean length of a training row."""
        return float(median(np.linalg.norm(self.train, axis=1))) if self.train.size else 0.0

    @cached_property
    def finite(self) -> bool:
        """Whether all sampled inputs are finite, which most measurements need."""
        val = self.val
        return bool(np.isfinite(self.train).all() and (val is None or np.isfinite(val).all()))

    @cached_property
    def counts(self) -> Array:
        """Training rows of each class."""
        return self.parts.class_counts()

    @cached_property
    def table(self) -> RawTable | None:
        """The training rows as their table holds them; None for images and rows without named columns."""
        x, train, encoding = self.parts.raw_train, self.parts.train, self.parts.encoding
        names = train.features
        if x.ndim != 2 or len(names) != x.shape[1] or train.lines is None or "target" not in encoding:
            return None
        index = _spaced(len(x), max(64, BUDGET // max(1, x.shape[1])))
        columns = frozenset(str(c["name"]) for c in encoding.get("columns", ()) if "categories" in c)
        raw_y = self.parts.raw_y if len(self.parts.raw_y) == len(x) else train.y
        return RawTable(np.asarray(x[index], np.float64), raw_y[index], train.lines[index], names, columns)

    def name(self, column: int, *, raw: bool = False) -> str:
        """The name of a column of the inputs, or of the raw rows."""
        names = self.parts.train.features if raw else self.parts.inputs or self.parts.train.features
        return f"`{names[column]}`" if column < len(names) else f"feature {column + 1}"

    def where_broken(self) -> tuple[str, int, str, int] | None:
        """(part, line of the row, what, how many rows) of the first value that is not finite; None if all are."""
        raw = self.parts.raw_train
        for part, rows in (("training", self.parts.train), ("validation", self.parts.val), ("test", self.parts.test)):
            if rows is None or not len(rows):
                continue
            found = _broken_cells(rows.x)
            if found is not None and part == "training" and len(raw) == len(rows):
                found = _broken_cells(raw) or found  # scaling spreads one nan over its whole column
            if found is not None:
                row, column, count = found
                return part, _line(rows, row), self.name(column, raw=True), count
            bad = ~np.isfinite(np.asarray(rows.y, dtype=np.float64)).reshape(len(rows), -1).all(axis=1)
            if bad.any():
                return part, _line(rows, int(bad.argmax())), "its target", int(bad.sum())
        return None

    @cached_property
    def neighbour_scores(self) -> tuple[float, float, int] | None:
        """How well a row's neighbours predict its label, among training rows and among validation rows.

        The share of rows (for numbers: of variance) that the 5 nearest other rows of the same split predict, and the
        number of rows used from each split. None with fewer than 40 rows.
        """
        val = self.parts.val
        n = min(len(self.parts.train), len(val) if val is not None else 0, NEIGHBOUR_ROWS)
        if val is None or n < 40 or not self.finite:
            return None
        scores = [_self_score(_picked(rows, n), self.task) for rows in (self.parts.train, val)]
        return scores[0], scores[1], n

    def baselines(self, budget: float) -> dict[str, float]:
        """Validation scores of simple rules: always the same prediction, a linear model, kernel regression, the nearest
        neighbours.

        Accuracy, balanced where classes are imbalanced, or R2 for numbers. Rows are sampled so that the cost stays
        under `budget` multiplications.
        """
        val = self.parts.val
        if val is None or not len(val) or not self.finite:
            return {}
        features = int(np.prod(self.parts.shape))
        n_val = int(np.clip(budget / (400.0 * features), 200, 400))
        n_train = int(np.clip(budget / (2.0 * n_val * features), 200, 2000))
        few = _picked(self.parts.train, min(n_train, len(self.parts.train)))
        seen = _picked(val, min(n_val, len(val)))
        y, v, w = few.y, seen.x(), seen.y
        by_class = self.task.kind == "classification"
        same = np.full(len(w), np.bincount(y).argmax()) if by_class else np.tile(y.mean(axis=0), (len(w), 1))
        answers = {"always the same": same}
        if features <= 512:
            answers["linear"] = _linear(few.x(), y, v, self.task)
        answers["kernel regression"] = _kernel(few.some(_KERNEL), v, self.task)
        answers["nearest neighbours"] = _neighbours(few, v, self.task, skip=False)
        score = _balanced_accuracy if self.imbalanced else _score
        return {name: score(answer, w, self.task) for name, answer in answers.items()}

    @property
    def imbalanced(self) -> bool:
        """Whether the classes of the training rows count as imbalanced."""
        return self.parts.imbalance >= IMBALANCED

    @property
    def balanced_error(self) -> float:
        """The standard error, at most, of a balanced accuracy on the validation rows: rare classes have few of them."""
        val = self.parts.val
        counts = np.bincount(val.y, minlength=1) if val is not None and len(val) else np.ones(1)
        counts = counts[counts > 0]
        return 0.5 * float(np.sqrt(np.sum(1.0 / counts))) / len(counts)


def _sample(x: Array | LazyRows) -> Array:
    """Evenly spaced rows, flat and in float64."""
    per_row = max(1, int(np.prod(x.shape[1:])))
    keep = max(64, BUDGET // per_row)
    index = np.arange(len(x)) if len(x) <= keep else np.linspace(0, len(x) - 1, keep).astype(np.int64)
    return np.asarray(x[index], dtype=np.float64).reshape(len(index), -1)


@dataclass(frozen=True, slots=True)
class _Picked:
    """Some of the rows of a part, read when they are needed: large ones piece by piece."""

    rows: Rows
    index: Array

    def __len__(self) -> int:
        return len(self.index)

    @property
    def y(self) -> Array:
        """Their targets."""
        return self.rows.y[self.index]

    def x(self, part: slice = slice(None)) -> Array:
        """Their inputs, flat and in float64."""
        index = self.index[part]
        return np.asarray(self.rows.x[index], dtype=np.float64).reshape(len(index), -1)

    def some(self, n: int) -> "_Picked":
        """At most n of them, evenly spaced."""
        return _Picked(self.rows, self.index[_spaced(len(self.index), n)])


def _picked(rows: Rows, n: int) -> _Picked:
    """n evenly spaced rows."""
    return _Picked(rows, _spaced(len(rows), n))


def _spaced(count: int, n: int) -> Array:
    return np.linspace(0, count - 1, min(count, n)).astype(np.int64)


def _line(rows: Rows, row: int) -> int:
    return int(rows.lines[row]) if rows.lines is not None else row + 1


def _broken_cells(x: Array | LazyRows) -> tuple[int, int, int] | None:
    """Row and flat column of the first value that is not finite, and how many rows have one."""
    x = narrow_rows(x)
    if x.dtype.kind not in "fc":
        return None
    per_row = max(1, int(np.prod(x.shape[1:])))
    step = max(1, _CHUNK // per_row)
    first, count = None, 0
    for part in sampled(x, step):
        if part.start >= max(step, _SCANNED // per_row) and not is_large(x):
            break
        piece = x[part]
        with np.errstate(all="ignore"):
            if np.isfinite(np.sum(piece, dtype=np.float64)):  # the usual case, decided fast
                continue
        bad = ~np.isfinite(piece.reshape(len(piece), -1))
        rows = bad.any(axis=1)
        if first is None and rows.any():
            row = int(rows.argmax())
            first = part.start + row, int(bad[row].argmax())
        count += int(rows.sum())
    return None if first is None else (*first, count)


# The simple rules are written out: importing scikit-learn's takes half a second, longer than many runs.


def _distances(a: Array, b: Array) -> Array:
    """Squared distances of the rows of a from those of b."""
    return np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T


def _neighbours(few: _Picked, v: Array, task: Task, *, skip: bool) -> Array:
    """Predictions for the rows of v from the 5 nearest of a few rows; `skip`: v is these rows, and a row is not its own
    neighbour.
    """
    d, step = np.empty((len(v), len(few))), max(1, _CHUNK // max(1, v.shape[1]))
    for start in range(0, len(few), step):
        part = slice(start, start + step)
        d[:, part] = _distances(v, few.x(part))
    if skip:
        np.fill_diagonal(d, np.inf)
    near = np.argpartition(d, min(5, len(few) - 1) - 1, axis=1)[:, :5]
    if task.kind != "classification":
        return few.y[near].mean(axis=1)
    votes = (few.y[near][:, :, None] == np.arange(task.outputs)).sum(axis=1)
    return votes.argmax(axis=1)


def _linear(x: Array, y: Array, v: Array, task: Task) -> Array:
    """Ridge regression, onto one-hot rows for classes."""
    mean, std = x.mean(axis=0), x.std(axis=0)
    scale = np.where(std > 1e-12 * (np.abs(mean) + 1), std, 1.0)
    a, b = (x - mean) / scale, np.clip((v - mean) / scale, -10, 10)
    t = np.eye(task.outputs)[y] if task.kind == "classification" else y
    gram = a.T @ a + (1e-2 * len(x) + 1.0) * np.eye(a.shape[1])
    weights = np.asarray(np.linalg.solve(gram, a.T @ (t - t.mean(axis=0))), dtype=np.float64)
    answer = np.asarray(b @ weights + t.mean(axis=0), dtype=np.float64)
    return answer.argmax(axis=1) if task.kind == "classification" else answer


def _kernel(few: _Picked, v: Array, task: Task) -> Array:
    """Ridge regression with a Gaussian kernel as wide as the median distance of the rows, inputs standardized."""
    a, y = few.x(), few.y
    mean, std = a.mean(axis=0), a.std(axis=0)
    scale = np.where(std > 1e-12 * (np.abs(mean) + 1), std, 1.0)
    a -= mean
    a /= scale
    b = (v - mean) / scale
    np.clip(b, -10, 10, out=b)
    d = _distances(a, a)
    width = float(median(d.ravel())) or 1.0
    t = np.eye(task.outputs)[y] if task.kind == "classification" else y
    ridge = np.exp(-d / width) + 1e-2 * np.eye(len(a))
    duals = np.asarray(np.linalg.solve(ridge, t - t.mean(axis=0)), dtype=np.float64)
    answer = np.asarray(np.exp(-_distances(b, a) / width) @ duals + t.mean(axis=0), dtype=np.float64)
    return answer.argmax(axis=1) if task.kind == "classification" else answer


def _score(answer: Array, y: Array, task: Task) -> float:
    """Accuracy, of labels the share that is right, or R2 averaged over the outputs."""
    if task.kind == "classification":
        return float(np.mean(np.equal(answer, y)))
    if task.kind == "multilabel":
        return float(np.equal(answer > 0.5, y > 0.5).mean())
    spread = np.square(y - y.mean(axis=0)).sum(axis=0)
    left: Array = np.square(answer - y).sum(axis=0) / np.maximum(spread, 1e-300)
    return float(np.mean(1.0 - left))


def _balanced_accuracy(answer: Array, y: Array, task: Task) -> float:
    """The mean over the classes of the share of their rows that are right."""
    right = np.equal(answer, y)
    return float(np.mean([right[y == c].mean() for c in np.unique(y)]))


def _self_score(few: _Picked, task: Task) -> float:
    """How well neighbours predict; a few extreme targets would decide R2 alone, so they are drawn in."""
    if task.kind == "regression":
        low, high = quantiles(few.y.reshape(len(few), -1), [0.05, 0.95])
        return _score(
            np.clip(_neighbours(few, few.x(), task, skip=True).reshape(len(few), -1), low, high),
            np.clip(few.y.reshape(len(few), -1), low, high),
            task,
        )
    return _score(_neighbours(few, few.x(), task, skip=True), few.y, task)
