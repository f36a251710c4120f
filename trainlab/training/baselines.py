"""What simpler models score on the same splits: a constant, a linear model, and boosted trees.

A network is worth its trouble only if it beats them. They are scikit-learn's, with its defaults, and see the same rows:
numbers as they are in the file, categories as categories, nothing of the run's preprocessing.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from typing import Any

import numpy as np

from trainlab.core.component import make
from trainlab.core.memory import release
from trainlab.core.types import Array, Task
from trainlab.data.dataset import Splits
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessing import unscale
from trainlab.engine.blas import Threads, cores
from trainlab.nn.metric import Metric, MetricInput
from trainlab.store.columns import METRICS_OF
from trainlab.store.environment import thread_pools

TREES, LINEAR = "HistGradientBoosting", "linear model"
CONSTANT = {"classification": "most frequent class", "regression": "mean of the target"}
MOST_ROWS, MOST_CELLS = 20_000, 4_000_000  # of the training rows that they are fitted on: a second or two
# Numbers times classes that trees learn in a third of a second on one thread. On a busy machine two threads wait for
# each other at every split, and took 30 times as long.
_FOR_ONE_THREAD = 200_000
_MOST_CATEGORIES = 255  # of a column that the trees take as categories


def baselines(
    parts: Splits, metrics: Sequence[Metric] = (), decides: str = "", threads: Threads = "auto"
) -> dict[str, Any]:
    """Plain JSON: `scores` of each baseline by split and metric, the training `rows` used, and the `seconds` it took.

    metrics: to compute beside the task's score · decides: the column by which the best epoch is chosen; it comes first
    · threads: of the trees; `auto`: all cores where there is enough work for them.
    Pictures are taken as tables of their pixels. Empty where the rows are not in memory, have several targets, or
    cannot be learned from or scored.
    """
    scored = {name: rows for name, rows in (("val", parts.val), ("test", parts.test)) if rows is not None}
    raw_train = parts.raw_train
    single = parts.raw_y.shape[1:] in ((), (1,)) and parts.task.kind != "multilabel"
    if isinstance(raw_train, LazyRows) or raw_train.ndim < 2 or not scored or not single:
        return {}
    began = perf_counter()
    raw_train = raw_train.reshape(len(raw_train), -1)
    table = _Table.of(parts.encoding, raw_train.shape[1])
    most = min(MOST_ROWS, MOST_CELLS // max(1, raw_train.shape[1]))
    chosen = np.sort(np.random.default_rng(0).permutation(len(raw_train))[: max(1, most)])
    x, y = _finite(raw_train[chosen]), _plain_targets(parts.raw_y[chosen])
    if not np.isfinite(y).all() or len(np.unique(y)) < 2:
        return {}
    raw = {part: _finite(np.asarray(parts.raw[part])).reshape(len(rows.y), -1) for part, rows in scored.items()}
    judges = [*metrics, make(Metric, METRICS_OF[parts.task.kind])]
    judges.sort(key=lambda metric: metric.column != decides.partition("_")[2])
    truth = {part: _plain_targets(unscale(rows.y, parts.fitted)) for part, rows in scored.items()}
    found: dict[str, dict[str, dict[str, float]]] = {}
    models = _models(parts.task, table)
    if threads == "auto":
        threads = cores() if x.size * parts.task.outputs > _FOR_ONE_THREAD else 1
    # after the import of scikit-learn, which brings an OpenMP of its own
    with warnings.catch_warnings(), thread_pools().limit(limits=threads, user_api="openmp"):  # pyright: ignore[reportUnknownMemberType]
        warnings.simplefilter("ignore")  # a linear model that has not converged is a baseline all the same
        for name, model, prepare in models:
            model.fit(prepare(x), y)
            found[name] = {}
            for part, rows in raw.items():
                given = _predicted(parts.task, model, prepare(rows), truth[part])
                found[name][part] = {metric.column: metric.value(given) for metric in judges}
    release()
    return {"rows": len(chosen), "seconds": round(perf_counter() - began, 2), "scores": found}


@dataclass(frozen=True, slots=True)
class _Table:
    """Which columns of x are numbers, and which are the 0 and 1 of a category."""

    numbers: Sequence[int]
    categories: Sequence[slice]

    @classmethod
    def of(cls, encoding: Mapping[str, Any], width: int) -> "_Table":
        """The table of an encoding; all columns are numbers where the encoding does not describe `width` of them."""
        numbers, categories, start = list[int](), list[slice](), 0
        for column in encoding.get("columns", ()):
            if "categories" in column:
                categories.append(slice(start, start + len(column["categories"])))
                start = categories[-1].stop
            else:
                numbers.append(start)
                start += 1
        return cls(numbers, categories) if start == width else cls(range(width), ())

    def narrow(self, x: Array) -> Array:
        """x as the trees take it: a column per category, its index; nan where it is missing or unknown."""
        codes = [np.where(x[:, c].any(axis=1), x[:, c].argmax(axis=1), np.nan) for c in self.categories]
        return np.column_stack([x[:, list(self.numbers)], *codes])

    @property
    def categorical(self) -> Array:
        """For each column of `narrow`: whether the trees take it as categories."""
        fits = [c.stop - c.start <= _MOST_CATEGORIES for c in self.categories]
        return np.array([False] * len(self.numbers) + fits)


def _models(task: Task, table: _Table) -> list[tuple[str, Any, Any]]:
    """Name, model and preparation of x. scikit-learn takes a second to import, and few processes need it."""
    dummy, linear, ensemble = (import_module(f"sklearn.{name}") for name in ("dummy", "linear_model", "ensemble"))
    impute, pipeline, preprocessing = (import_module(f"sklearn.{n}") for n in ("impute", "pipeline", "preprocessing"))
    prepared = (
        impute.SimpleImputer(strategy="median", keep_empty_features=True),
        preprocessing.StandardScaler(copy=False),
    )
    trees = {"categorical_features": table.categorical, "random_state": 0}
    if task.kind == "regression":
        found = dummy.DummyRegressor(), linear.Ridge(), ensemble.HistGradientBoostingRegressor(**trees)
    else:
        logistic = linear.LogisticRegression(max_iter=200)
        found = dummy.DummyClassifier(), logistic, ensemble.HistGradientBoostingClassifier(**trees)
    constant, straight, boosted = found
    return [
        (CONSTANT[task.kind], constant, _as_it_is),
        (LINEAR, pipeline.make_pipeline(*prepared, straight), _as_it_is),
        (TREES, boosted, table.narrow),
    ]


def _as_it_is(x: Array) -> Array:
    """x as the linear model takes it: numbers with nan, categories 0 and 1."""
    return x


def _finite(x: Array) -> Array:
    """x with nan for whatever is no number."""
    found = x.astype(np.float64)
    found[~np.isfinite(found)] = np.nan
    return found


def _plain_targets(y: Array) -> Array:
    """(n,) class indices or numbers."""
    return y.reshape(len(y))


def _predicted(task: Task, model: Any, x: Array, truth: Array) -> MetricInput:
    """The model's predictions for rows x with these targets, as metrics take them."""
    if task.kind == "regression":
        return MetricInput(task, truth[:, None], model.predict(x).reshape(-1, 1))
    probabilities = np.zeros((len(x), task.outputs))
    probabilities[:, model.classes_.astype(np.int64)] = model.predict_proba(x)  # a class may have no training rows
    return MetricInput(task, truth, probabilities.argmax(axis=1), probabilities, probabilities)
