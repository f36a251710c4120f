"""Scores of a trained network on rows with targets, and its predictions for rows without."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.errors import DataError, UserError
from trainlab.core.types import Array
from trainlab.data.new_files import encode_new
from trainlab.data.preprocessing import scale, unscale
from trainlab.inference.decide import choose_threshold
from trainlab.inference.loading import load_model
from trainlab.inference.model import Model, Split, Weights
from trainlab.inference.task_scores import label_scores, level_scores, quantile_names, quantile_scores
from trainlab.nn.losses.pinball import Pinball
from trainlab.nn.metric import MetricInput
from trainlab.store.decision import PLAIN, Decision
from trainlab.store.writing import write_output
from trainlab.training.error_analysis import some_pairs
from trainlab.training.probability_curves import probability_curves


@dataclass(frozen=True, slots=True)
class ClassScores:
    """The scores of one class: precision, recall and F1."""

    name: str
    rows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores on some rows.

    `scores` by name: loss, accuracy and top_K; or loss, r2, mae and rmse, the last two in the target's own units; of
    each target in `targets`, where there are several. `confusion[i][j]`: the number of rows of class i predicted as j.
    `curves`: ROC, precision-recall and reliability curves, see `probability_curves`. `decision`: the temperature and
    the threshold of these probabilities and labels, and the validation rows that both were fitted on. `sample`: true
    and predicted numbers of some rows of a regression, and the names of the targets.
    """

    run: str
    epoch: int | None
    data: str
    rows: int
    scores: Mapping[str, float]
    classes: Sequence[ClassScores] = ()
    confusion: Sequence[Sequence[int]] = ()
    targets: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    curves: Mapping[str, Any] = field(default_factory=dict[str, Any])
    decision: Decision = PLAIN
    sample: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __repr__(self) -> str:
        """The scores in a line; the curves alone would fill pages of a notebook."""
        scores = ", ".join(f"{name} {value:.4g}" for name, value in self.scores.items())
        return f"<Evaluation of {self.run} on {self.rows} {self.data}: {scores}>"

    def as_dict(self) -> dict[str, Any]:
        """As JSON would have it."""
        return {
            "run": self.run,
            "epoch": self.epoch,
            "data": self.data,
            "rows": self.rows,
            "scores": dict(self.scores),
            "classes": [{k: getattr(c, k) for k in ClassScores.__slots__} for c in self.classes],
            "confusion": [list(row) for row in self.confusion],
            "targets": {name: dict(scores) for name, scores in self.targets.items()},
            "curves": dict(self.curves),
            "decision": self.decision.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions for the rows of a file, in their order.

    `values`: a class name a row, (rows, labels) 0 or 1, or (rows, targets) numbers. `certainty` (rows, classes):
    probabilities, or scores if the loss has no probabilities; `measure` names it. `decision`: the temperature and the
    threshold in them. `quantiles` (rows, targets, shares): the values that these shares of the targets stay below.
    """

    targets: Sequence[str]
    classes: Sequence[str]
    values: Array
    certainty: Array | None = None
    measure: str = "probability"
    decision: Decision = PLAIN
    quantiles: Array | None = None
    shares: Sequence[float] = ()

    @property
    def columns(self) -> list[str]:
        """The names of the columns of `rows`: `prediction` (or `prediction_TARGET`, `prediction_LABEL` of each),
        `probability_CLASS`, and of quantiles `q10` (or `q10_TARGET`).
        """
        if self.values.ndim == 2:
            single = len(self.targets) == 1 and not self.classes
            names = [""] if single else [f"_{name}" for name in self.classes or self.targets]
            certain = [f"{self.measure}{name}" for name in names if self.certainty is not None]
            quantiles = [f"{q}{name}" for name in names for q in quantile_names([*self.shares])]
            return [*(f"prediction{name}" for name in names), *certain, *quantiles]
        return ["prediction", *(f"{self.measure}_{name}" for name in self.classes if self.certainty is not None)]

    @property
    def rows(self) -> list[list[Any]]:
        """A row of plain values per row of the input."""
        if self.values.ndim == 2:
            parts = [self.values.tolist()]
            if self.certainty is not None:
                parts.append([[*map(_short, c)] for c in self.certainty])
            if self.quantiles is not None:
                parts.append(self.quantiles.reshape(len(self.values), -1).tolist())
            return [[*chain(*row)] for row in zip(*parts, strict=True)]
        if self.certainty is None:
            return [[value] for value in self.values.tolist()]
        return [[v, *map(_short, c)] for v, c in zip(self.values.tolist(), self.certainty, strict=True)]

    def text(self) -> str:
        """As CSV."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return out.getvalue()

    def write(self, path: Path) -> None:
        """Write them as CSV, the whole file or nothing. Raises UserError if it cannot be written."""
        write_output(path, self.text().encode())


def evaluate(
    run: Path | str,
    data: Path | str | None = None,
    *,
    part: Split = "test",
    weights: Weights = "best",
    top: int = 5,
    threshold: str | float | None = None,
    positive: str | None = None,
    runs: Path = Path("runs"),
) -> Evaluation:
    """Scores of a run's network, or of an ensemble, on a file with targets, or on a split of its own data.

    `weights`: the run's best, its last, or their moving average. `top`: K of `top_K`, the share of rows whose
    class is among the K largest outputs; only with more than two classes. `threshold`: first choose and keep a
    threshold for the class `positive`, see `choose_threshold`. `positive`: which of two classes the curves are of.
    Raises UserError or DataError for what is missing or does not fit.
    """
    if threshold is not None:
        if weights != "best":
            raise UserError("a threshold is kept for the best weights: leave out --weights")
        choose_threshold(run, threshold, positive=positive, runs=runs)
    name, model = load_model(run, runs, weights)
    x: Any
    if data is None:
        x, y = model.rows(part)
    else:
        raw, found, _ = encode_new(dict(model.encoding), str(data))
        if found is None:
            names = " and ".join(f"`{name}`" for name in model.targets)
            raise DataError(f"{data}: to score predictions the column {names} is needed; `trainlab predict` needs none")
        x, y = model.prepared(raw), scale(found, model.fitted)
    what = f"{part} rows" if data is None else str(data)
    return of_outputs(model, model.outputs(x), y, run=name, data=what, top=top, positive=positive)


def of_outputs(
    model: Model, outputs: Array, y: Array, *, run: str, data: str, top: int = 5, positive: str | None = None
) -> Evaluation:
    """Scores of a model's outputs (rows, units) for rows with targets y, class indices or scaled numbers.

    `run` and `data` name them. `top`, `positive`: as in `evaluate`.
    """
    cost = model.cost(outputs, y)
    scores = {} if cost is None else {"loss": cost}
    common = (run, model.epoch, data, len(y))
    if model.task.kind == "regression":
        own = unscale(y.reshape(len(y), -1).astype(np.float64), model.fitted)
        answers = model.answers(outputs)
        whole, each = _regression(own, answers, model.targets)
        if isinstance(model.loss, Pinball) and (found := model.quantiles(outputs)) is not None:
            whole |= quantile_scores(own, found, model.loss.quantiles)
        return Evaluation(
            *common,
            scores | whole | _measured(model, outputs, own),
            targets=each,
            sample=some_pairs(own, answers) | {"names": [*model.targets]},
        )
    found_scores, classes, confusion = _classification(model, y, outputs, top)
    certainty, measure = model.certainty(outputs)
    column = _positive(model, positive)
    curves = probability_curves(certainty, y, model.task, measure=measure, positive=column)
    scores |= found_scores | _measured(model, outputs, y)
    return Evaluation(*common, scores, classes, confusion, curves=curves, decision=model.decision)


def _positive(model: Model, name: str | None) -> int:
    """The index of the positive class: the named one, that of the threshold, or the second."""
    threshold = model.decision.threshold
    if name is None:
        return 1 if threshold is None else model.classes.index(threshold.positive)
    if len(model.classes) != 2:
        raise UserError(f"a positive class is one of two; this model has {len(model.classes)} classes")
    if name not in model.classes:
        raise UserError(f"the positive class `{name}` is none of {' and '.join(f'`{c}`' for c in model.classes)}")
    return model.classes.index(name)


def _measured(model: Model, outputs: Array, y: Array) -> dict[str, float]:
    """The metrics that the run measured, of outputs for rows with targets y: classes, or numbers in their own units."""
    wide = outputs.astype(np.float64)
    sure, measure = model.certainty(wide) if model.task.kind != "regression" else (None, "")
    probabilities = sure if measure == "probability" else None
    rows = MetricInput(model.task, y, model.answers(outputs), sure, probabilities)
    return {m.column: m.value(rows) for m in model.metrics if not m.probabilistic or probabilities is not None}


def predict(run: Path | str, file: Path | str, *, weights: Weights = "best", runs: Path = Path("runs")) -> Predictions:
    """The predictions of a run's network, or of an ensemble, for the rows of a CSV file; a target column is ignored.

    Raises UserError or DataError: a column that is missing or unknown, or a cell that cannot be used, is named.
    """
    _, model = load_model(run, runs, weights)
    raw, _, _ = encode_new(dict(model.encoding), str(file), with_target=False)
    return predicted(model, raw)


def predicted(model: Model, raw: Array) -> Predictions:
    """The predictions of a model for raw rows, before preprocessing."""
    outputs = model.outputs(model.prepared(raw))
    answers = model.answers(outputs)
    if isinstance(model.loss, Pinball):
        quantiles = model.quantiles(outputs)
        return Predictions(model.targets, (), answers, quantiles=quantiles, shares=model.loss.quantiles)
    if model.task.kind == "regression":
        return Predictions(model.targets, (), answers)
    if model.task.kind == "multilabel":
        return Predictions(model.targets, model.classes, answers, *model.certainty(outputs), model.decision)
    names = np.array(model.classes, dtype=object)[answers.astype(np.int64)]
    return Predictions(model.targets, model.classes, names, *model.certainty(outputs), model.decision)


def _classification(
    model: Model, y: Array, outputs: Array, top: int
) -> tuple[dict[str, float], list[ClassScores], list[list[int]]]:
    metrics = _metrics()
    answers = model.answers(outputs)
    labels = np.arange(model.task.outputs)
    several = model.task.kind == "multilabel"
    scores = label_scores(y, answers) if several else {"accuracy": float(metrics.accuracy_score(y, answers))}
    if model.task.ordered:
        scores |= level_scores(y, answers)
    k = min(top, len(labels) - 1)
    if k > 1 and outputs.shape[1] == len(labels) and not several:
        found = metrics.top_k_accuracy_score(y, outputs, k=k, labels=labels)
        scores[f"top_{k}"] = float(found)
    precision, recall, f1, rows = metrics.precision_recall_fscore_support(y, answers, labels=labels, zero_division=0)
    classes = [
        ClassScores(name, int(n), float(p), float(r), float(f))
        for name, n, p, r, f in zip(model.classes, rows, precision, recall, f1, strict=True)
    ]
    return scores, classes, [] if several else metrics.confusion_matrix(y, answers, labels=labels).tolist()


def _regression(
    y: Array, answers: Array, targets: Sequence[str]
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Scores over all targets and, if there are several, of each."""
    whole = _errors(y, answers)
    if y.shape[1] == 1:
        return whole, {}
    return whole, {name: _errors(y[:, [i]], answers[:, [i]]) for i, name in enumerate(targets)}


def _errors(y: Array, answers: Array) -> dict[str, float]:
    metrics = _metrics()
    scores = {"r2": float(metrics.r2_score(y, answers))} if len(y) > 1 else {}
    mae, mse = metrics.mean_absolute_error(y, answers), metrics.mean_squared_error(y, answers)
    return {**scores, "mae": float(mae), "rmse": float(np.sqrt(mse))}


def _metrics() -> Any:
    return import_module("sklearn.metrics")  # it has no types, and takes half a second to import


def _short(value: Any) -> float:
    """A float as short as its own type allows: float32's 0.1 is 0.1, not 0.10000000149."""
    return float(str(value))
