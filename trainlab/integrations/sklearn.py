"""scikit-learn estimators: networks for arrays in memory, for pipelines, grid searches and cross-validation.

A fitted estimator holds plain data and arrays only, so that it can be pickled and cloned. Nothing is written to disk
unless `runs` names a folder; then each fit leaves a run there, like `trainlab train`, with the same weights.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from inspect import signature
from operator import index
from pathlib import Path
from typing import Any, Self, SupportsIndex, cast

import numpy as np

from trainlab.core.component import plain, spelled_name
from trainlab.core.config import Document
from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.table import text_of
from trainlab.inference.model import TrainedNetwork, assemble
from trainlab.integrations.estimator_frames import encoded, has_text, learned
from trainlab.store.decision import Decision, Temperature
from trainlab.store.folder import RunFolder, next_free, safe_name
from trainlab.store.rows import read_rows
from trainlab.training.calibration import calibrated
from trainlab.training.experiment import Experiment, read_plain
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build
from trainlab.training.train import train

# scikit-learn has no types
_base: Any = import_module("sklearn.base")
_validation: Any = import_module("sklearn.utils.validation")
_utils: Any = import_module("sklearn.utils")
_multiclass: Any = import_module("sklearn.utils.multiclass")
_exceptions: Any = import_module("sklearn.exceptions")
_class_weight: Any = import_module("sklearn.utils.class_weight")


_SETTINGS = {  # parameters that the recipe of `tabular` has something to say about: the block and its setting
    "preprocess": ("data", "preprocess"),
    "hidden": ("model", "hidden"),
    "activation": ("model", "activation"),
    "dropout": ("model", "dropout"),
    "optimizer": ("optimizer", ""),
    "epochs": ("train", "epochs"),
    "batch_size": ("train", "batch_size"),
}


class _Network(_base.BaseEstimator):
    """What classifier and regressor share: settings to a config, training, the fitted network."""

    # scikit-learn reads the parameters off this signature, and asks that they be stored as they are
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
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        preprocess: Any = "standardize",
        random_state: Any = None,
        config: Mapping[str, Any] | None = None,
        runs: Path | str | None = None,
        model: str = "mlp",
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.norm = norm
        self.dropout = dropout
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.l2 = l2
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.preprocess = preprocess
        self.random_state = random_state
        self.config = config
        self.runs = runs
        self.model = model

    def _more(self) -> dict[str, Any]:
        """Further settings by their dotted paths."""
        return {}

    def _settings(self, dtype: np.dtype[Any], task: Task, path: str) -> Document[Experiment]:
        """The experiment that the parameters describe, its rows in a .npz file. Raises ConfigError."""
        steps: list[Any] = [] if self.preprocess is None else _items(self.preprocess)
        tabular, early = self.model == "tabular", self.early_stopping
        patience = {"metric": "val_loss", "patience": self.n_iter_no_change}
        experiment = {
            "name": type(self).__name__,
            "seed": self._seed(),
            "data": {
                "name": "npz",
                "path": path,
                "task": task.kind,
                "classes": task.names if task.kind == "classification" else (),
                "split": {"val": self.validation_fraction if early or tabular else 0.0, "test": 0.0},
                "preprocess": steps,
            },
            "model": {
                "name": self.model,
                "hidden": _items(self.hidden),
                "activation": self.activation,
                "norm": self.norm,
                "dropout": self.dropout,
            },
            "optimizer": self.optimizer,
            "regularization": {"l2": self.l2},
            "train": {
                "epochs": self.epochs,
                "batch_size": self.batch_size,
                "early_stopping": patience if early else None,
                "dtype": dtype.name,
            },
            "baselines": False,
        }
        if tabular:
            self._leave_to_recipe(experiment)
        lr = {} if self.lr is None else {"optimizer.lr": self.lr}
        changes = {**lr, **self._more(), **(self.config or {})}
        return read_plain(experiment, changes, type(self).__name__)

    def _leave_to_recipe(self, experiment: dict[str, Any]) -> None:
        """Take out what was left at its default: the model `tabular` has defaults of its own."""
        own = {name: parameter.default for name, parameter in signature(_Network.__init__).parameters.items()}
        for name, (block, key) in _SETTINGS.items():
            if getattr(self, name) == own[name]:
                (experiment[block] if key else experiment).pop(key or block)

    def _seed(self) -> int:
        """The config's seed: `random_state` itself if it is a number, else drawn from it."""
        if isinstance(self.random_state, SupportsIndex):
            return index(self.random_state)
        return int(_utils.check_random_state(self.random_state).randint(2**31 - 1))

    def _train(self, X: Array, y: Array, task: Task, sample_weight: Any) -> None:
        """Fit to rows X with encoded targets y. Raises ValueError with the text of whatever does not fit."""
        w: Array | None = None
        if sample_weight is not None:
            w = _validation._check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        try:
            trained = (self._in_memory if self.runs is None else self._in_folder)(X, y, task, w)
        except UserError as error:
            raise ValueError(str(error)) from error
        self.n_iter_ = len(self.loss_curve_)
        self.best_epoch_ = trained.epoch
        temperature = trained.decision.temperature
        self.temperature_ = None if temperature is None else temperature.value
        self.shape_ = X.shape[1:]
        self.config_ = plain(trained.experiment)
        self.input_shape_ = trained.net.shape
        self.weights_ = {name: a.copy() for name, a in trained.net.params.items()}
        self.preprocessing_ = {name: a.copy() for name, a in trained.fitted.items()}

    def _in_memory(self, X: Array, y: Array, task: Task, weights: Array | None) -> TrainedNetwork:
        setup = build(self._settings(X.dtype, task, "in memory"), Loaded(Rows(X, y, weights=weights), task))
        session = TrainingSession(setup, monitored=False)
        self._tell(session.fit().state == "finished")
        metrics, net = session.metrics, setup.net
        if metrics.best.weights:
            net.load_params(metrics.best.weights)
        self.loss_curve_ = [float(row["train_loss"]) for row in metrics.curves.rows[1:]]
        decision, epoch = Decision(calibrated(setup, metrics.evaluator)), metrics.best.epoch
        loss, fitted = setup.config.loss, setup.parts.fitted
        return TrainedNetwork(task, loss, fitted, {}, epoch, setup.experiment, net, decision=decision)

    def _in_folder(self, X: Array, y: Array, task: Task, weights: Array | None) -> TrainedNetwork:
        folder = RunFolder(next_free(Path(self.runs or "runs"), safe_name(type(self).__name__)))
        data = folder.path / "data.npz"
        try:
            if weights is None:
                np.savez(data, x=X, y=y)
            else:
                np.savez(data, x=X, y=y, sample_weight=weights)
            outcome = train(self._settings(X.dtype, task, str(data)), into=folder.path)
        except BaseException:
            if not folder.config.exists():  # no run came of it
                data.unlink(missing_ok=True)
                for path in (folder.checkpoints, folder.path):
                    if path.exists() and not any(path.iterdir()):
                        path.rmdir()
            raise
        self.run_folder_ = str(folder.path)
        self._tell(outcome.state == "finished")
        self.loss_curve_ = [float(loss) for loss in read_rows(folder.metrics)["train_loss"][1:]]
        return TrainedNetwork.load(folder)

    def _tell(self, well: bool) -> None:
        if not well:
            warnings.warn(
                "training stopped before its end: the loss was no longer finite, or grew far beyond its start; the "
                "best weights until then are kept. Lower lr.",
                _exceptions.ConvergenceWarning,
                stacklevel=4,
            )

    def _outputs(self, X: Any) -> tuple[TrainedNetwork, Array]:
        """The fitted network and its outputs for rows X."""
        _validation.check_is_fitted(self)
        x = self._encoded(X)
        if x.shape[1:] != self.shape_:
            raise ValueError(f"X has rows of shape {x.shape[1:]}, but this network was fitted on {self.shape_}")
        try:
            trained = assemble(
                read_plain(self.config_), self.input_shape_, self._task(), self.weights_, self.preprocessing_, {}, 0
            )
            if self.temperature_ is not None:
                trained = replace(trained, decision=Decision(Temperature(self.temperature_, 1, None)))
            return trained, trained.outputs(trained.prepared(x))
        except UserError as error:
            raise ValueError(str(error)) from error

    def _learned(self, X: Any, y: Any, **checks: Any) -> tuple[Array, Any]:
        """X as numbers and the checked y. Of a DataFrame with columns of text or categories, their encoding is learned:
        each becomes a column per category, 1 in the rows of the category.
        """
        self.encoding_ = None
        if not has_text(X):
            return self._validated(X, y, **checks)
        _validation.validate_data(self, X, skip_check_array=True)  # remembers the names of the columns
        _validation.check_consistent_length(X, y)
        y = _validation._check_y(y, estimator=self, **checks)
        steps: list[Any] = [] if self.preprocess is None else _items(self.preprocess)
        fills = self.model == "tabular" or "fill" in map(spelled_name, steps)
        x, self.encoding_ = learned(X, fills=fills)
        return x, y

    def _validated(self, *given: Any, **checks: Any) -> Any:
        """Numbers, checked as scikit-learn checks them; the model `tabular` fills missing ones."""
        finite = "allow-nan" if self.model == "tabular" else True
        kinds = [np.float64, np.float32]
        return _validation.validate_data(self, *given, dtype=kinds, allow_nd=True, ensure_all_finite=finite, **checks)

    def _encoded(self, X: Any) -> Array:
        """Rows to predict as numbers: those of a DataFrame with text encoded as the training rows were."""
        if self.encoding_ is None:
            return self._validated(X, reset=False)
        _validation.validate_data(self, X, reset=False, skip_check_array=True)
        return encoded(X, self.encoding_, [str(name) for name in self.feature_names_in_])

    def _task(self) -> Task:
        """What the fitted network is for."""
        raise NotImplementedError


class TrainlabClassifier(_base.ClassifierMixin, _Network):
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
        _Network.__init__(self, **shared)
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


class TrainlabRegressor(_base.RegressorMixin, _Network):
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


def _items(value: Any) -> list[Any]:
    """A list of one or more settings: `32` and `"standardize"` stand for lists of one."""
    return [value] if isinstance(value, str | Mapping) or not isinstance(value, Iterable) else [*cast(Any, value)]
