"""trainlab: train a network from one YAML file, monitor it, and report what is wrong and what to change.

    import trainlab as tl
    run = tl.train("config.yaml", optimizer__lr=1e-3)
    run.metrics, run.diagnoses, run.predict(X)

Train and search: `train`, `sweep` and `tune` give a `Run`, a `Sweep` and a `Tune`; `load` and `runs` open earlier runs.
In scikit-learn: `TrainlabClassifier` and `TrainlabRegressor`.
In a training loop of your own: `watch` for PyTorch, `record` for any framework, and the callbacks `KerasWatch`,
`LightningWatch`, `SkorchWatch` and `TransformersWatch`.
Code of your own: `Callback` during training, `use_plugins` for layers, losses and other components.
Errors: `UserError`, with the kinds `ConfigError` and `DataError`.

For readers of the source: the package has nine floors. A package imports only from floors below its own (siblings never
import each other):

    9  cli
    8  integrations lecture
    7  report tuning
    6  search tools
    5  inference
    4  training
    3  engine diagnose
    2  nn optim data store
    1  core

On the roof stands `trainlab.api`, with what Python users call; it may use every floor.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainlab.api import sweep, train, tune, use_plugins
    from trainlab.core.errors import DataError, UserError
    from trainlab.core.problem import ConfigError
    from trainlab.integrations.keras import KerasWatch
    from trainlab.integrations.lightning import LightningWatch
    from trainlab.integrations.recorder import record
    from trainlab.integrations.run import Run, load, runs
    from trainlab.integrations.sklearn import TrainlabClassifier, TrainlabRegressor
    from trainlab.integrations.skorch import SkorchWatch
    from trainlab.integrations.sweep import Sweep
    from trainlab.integrations.torch import watch
    from trainlab.integrations.transformers import TransformersWatch
    from trainlab.integrations.tune import Tune
    from trainlab.training.callbacks import Callback

__version__ = "0.1.0"

__all__ = [
    "Callback",
    "ConfigError",
    "DataError",
    "KerasWatch",
    "LightningWatch",
    "Run",
    "SkorchWatch",
    "Sweep",
    "TrainlabClassifier",
    "TrainlabRegressor",
    "TransformersWatch",
    "Tune",
    "UserError",
    "__version__",
    "load",
    "record",
    "runs",
    "sweep",
    "train",
    "tune",
    "use_plugins",
    "watch",
]

_HOMES = {
    "train": "trainlab.api",
    "sweep": "trainlab.api",
    "tune": "trainlab.api",
    "Tune": "trainlab.integrations.tune",
    "Callback": "trainlab.training.callbacks",
    "Sweep": "trainlab.integrations.sweep",
    "use_plugins": "trainlab.api",
    "watch": "trainlab.integrations.torch",
    "KerasWatch": "trainlab.integrations.keras",
    "LightningWatch": "trainlab.integrations.lightning",
    "SkorchWatch": "trainlab.integrations.skorch",
    "TransformersWatch": "trainlab.integrations.transformers",
    "record": "trainlab.integrations.recorder",
    "Run": "trainlab.integrations.run",
    "load": "trainlab.integrations.run",
    "runs": "trainlab.integrations.run",
    "TrainlabClassifier": "trainlab.integrations.sklearn",
    "TrainlabRegressor": "trainlab.integrations.sklearn",
    "UserError": "trainlab.core.errors",
    "DataError": "trainlab.core.errors",
    "ConfigError": "trainlab.core.problem",
}


def __getattr__(name: str) -> Any:
    """What users of Python call, imported when it is first asked for: importing trainlab itself loads nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
