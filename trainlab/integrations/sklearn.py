"""scikit-learn estimators: networks for arrays in memory, for pipelines, grid searches and cross-validation.

A fitted estimator holds plain data and arrays only, so that it can be pickled and cloned. Nothing is written to disk
unless `runs` names a folder; then each fit leaves a run there, like `trainlab train`, with the same weights.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.data.table import text_of
from trainlab.integrations.estimator_network import EstimatorNetwork

# scikit-learn has no types
_base: Any = import_module("sklearn.base")
_validation: Any = import_module("sklearn.utils.validation")
_multiclass: Any = import_module("sklearn.utils.multiclass")
_class_weight: Any = import_module("sklearn.utils.class_weight")


class TrainlabClassifier(_base.ClassifierMixin, EstimatorNetwork):
    """A network that predicts a class for each row.

    hidden, activation, norm, dropout: of the MLP · optimizer (a name, or a dict with its settings), lr (None: the
    optimizer's own), epochs, batch_size, l2: of its training · class_weight: `"balanced"`, or how much the rows of
    each class count, {label: weight} · early_stopping: end when the loss on
    `validation_fraction` of the rows did not improve for `n_iter_no_change` epochs · preprocess: None, a name or a
    list · random_state: a number is the config's seed · config: any further settings by their dotted paths, such as
    {"schedule": "cosine", "train.clip_norm": 1.0, "model": {"cnn": [16, 32]}} · runs: a folder where each fit leaves
    a run; None writes nothing · model: "mlp", or "tabular": the settings that suit tables, in place of the defaults of
    all parameters that are left out; the best epoch on `validation_fraction` of the rows is kept.

    X: an array, or a DataFrame, whose columns of text and categories become a column for each category. A category that
    no training row has is all zeros.

    Fitted: classes_, n_features_in_, n_iter_ (epochs done), loss_curve_ (training loss of each), best_epoch_ (whose
    weights are kept: the lowest loss), weights_ by name, config_ (every default written out), run_folder_ with `runs`,
    encoding_ (of the columns of text, or None), temperature_ (with config={"calibrate": "temperature"} and early
    stopping, else None).
    The arithmetic is in X's float type.

    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> TrainlabClassifier(hidden=[4], lr=0.1, random_state=0).fit(X, ["low", "low", "high", "high"]).predict(X)
    array(['low', 'low', 'high', 'high'], dtype='<U4')
    """

    def __init__(
        self,
        hidden: Sequence[int] = (64, 32),
        *,
        activation: Any = "relu",
        norm: str = "none",
        dropout: float = 0.0,
        optimizer: Any = "adam",
        lr: float | None = None,
        epochs: int = 100,
        batch_size: int = 64,
        l2: float = 0.0,
        class_weight: Mapping[Any, float] | str | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        preprocess: Any = "standardize",
        random_state: Any = None,
        config: Mapping[str, Any] | None = None,
        runs: Path | str | None = None,
        model: str = "mlp",
    ) -> None:
        shared = {name: value for name, value in locals().items() if name not in ("self", "class_weight", "__class__")}
        EstimatorNetwork.__init__(self, **shared)
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows X (n, ...) with one class each. sample_weight (n,): how much each row counts in the loss."""
        x, labels = self._learned(X, y)
        _multiclass.check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs at least 2 classes; y holds 1 class: {self.classes_[0]!r}")
        if self.class_weight is not None:
            weights = np.ones(len(x)) if sample_weight is None else _validation._check_sample_weight(sample_weight, x)
            sample_weight = weights * _class_weight.compute_sample_weight(self.class_weight, labels)
        self._train(x, codes.astype(np.int64), self._task(), sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """The class of each row."""
        trained, outputs = self._outputs(X)
        return self.classes_[trained.answers(outputs).astype(np.int64)]

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class for each row. Raises AttributeError for a loss that knows none (hinge)."""
        trained, outputs = self._outputs(X)
        found = trained.loss.probabilities(outputs)
        if found is None:
            raise AttributeError(f"{trained.loss.name} gives no probabilities; use predict")
        return found

    def _task(self) -> Task:
        names = [text_of(name) for name in self.classes_.tolist()]
        return Task("classification", len(names), tuple(names))


class TrainlabRegressor(_base.RegressorMixin, EstimatorNetwork):
    """A network that predicts one number a row, or several.

    Parameters and what is fitted are those of TrainlabClassifier, but for the classes. The targets are scaled to mean
    0 and standard deviation 1 for training; config={"data.scale_target": False} leaves them as they are.

    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> y = 100 * X[:, 0] ** 2
    >>> round(TrainlabRegressor(hidden=[16], lr=0.02, random_state=0).fit(X, y).score(X, y), 1)
    1.0
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows X (n, ...) with a number each (n,), or several (n, k). sample_weight (n,): how much each row
        counts in the loss.
        """
        x, numbers = self._learned(X, y, multi_output=True, y_numeric=True)
        self._flat = numbers.ndim == 1
        self.n_outputs_ = 1 if self._flat else numbers.shape[1]
        self._train(x, numbers.reshape(len(numbers), -1).astype(np.float64), self._task(), sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """A number a row (n,), or (n, k) where y had columns; in the target's own units."""
        trained, outputs = self._outputs(X)
        values = trained.answers(outputs)
        return values[:, 0] if self._flat else values

    def _more(self) -> dict[str, Any]:
        return {"data.scale_target": True}

    def _task(self) -> Task:
        return Task("regression", self.n_outputs_, tuple(f"y{i + 1}" for i in range(self.n_outputs_)))

    def __sklearn_tags__(self) -> Any:
        parent: Any = super()  # scikit-learn's, without types
        tags = parent.__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
