"""What the scikit-learn estimators share: a config from their parameters, the training, and the fitted network."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from inspect import signature
from operator import index
from pathlib import Path
from typing import Any, SupportsIndex, cast

import numpy as np

from trainlab.core.component import plain, spelled_name
from trainlab.core.config import Document
from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.data.dataset import Loaded, Rows
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
_exceptions: Any = import_module("sklearn.exceptions")

_SETTINGS = {  # parameters that the recipe of `tabular` has something to say about: the block and its setting
    "preprocess": ("data", "preprocess"),
    "hidden": ("model", "hidden"),
    "activation": ("model", "activation"),
    "dropout": ("model", "dropout"),
    "optimizer": ("optimizer", ""),
    "epochs": ("train", "epochs"),
    "batch_size": ("train", "batch_size"),
}


class EstimatorNetwork(_base.BaseEstimator):
    """An estimator but for its task: parameters, config, training, and outputs for new rows."""

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
        own = {name: parameter.default for name, parameter in signature(EstimatorNetwork.__init__).parameters.items()}
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
        x, self.encoding_ = learned(X, fills=self._fills())
        return x, y

    def _fills(self) -> bool:
        """Whether the preprocessing fills missing numbers in."""
        steps: list[Any] = [] if self.preprocess is None else _items(self.preprocess)
        return self.model == "tabular" or "fill" in map(spelled_name, steps)

    def _validated(self, *given: Any, **checks: Any) -> Any:
        """Numbers, checked as scikit-learn checks them; missing ones are allowed if the preprocessing fills them in."""
        finite = "allow-nan" if self._fills() else True
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


def _items(value: Any) -> list[Any]:
    """A list of one or more settings: `32` and `"standardize"` stand for lists of one."""
    return [value] if isinstance(value, str | Mapping) or not isinstance(value, Iterable) else [*cast(Any, value)]
