"""trainlab: train a network from one YAML file, monitor it, and report what is wrong and what to change.

The package has eight floors. A package imports only from floors below its own (siblings never import each other):

    8  cli
    7  report
    6  search tools integrations
    5  inference
    4  training
    3  engine diagnose
    2  nn optim data store
    1  core

On the roof stands `trainlab.api`, what Python users see; it may use every floor:

    import trainlab as tl
    run = tl.train("config.yaml", optimizer__lr=1e-3)
    run.metrics, run.diagnoses, run.predict(X)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainlab.api import train
    from trainlab.core.errors import DataError, UserError
    from trainlab.core.problem import ConfigError
    from trainlab.inference.run import Run, load, runs
    from trainlab.integrations.keras import KerasWatch
    from trainlab.integrations.sklearn import TrainlabClassifier, TrainlabRegressor
    from trainlab.integrations.torch import watch

__version__ = "0.1.0"

__all__ = [
    "ConfigError",
    "DataError",
    "KerasWatch",
    "Run",
    "TrainlabClassifier",
    "TrainlabRegressor",
    "UserError",
    "__version__",
    "load",
    "runs",
    "train",
    "watch",
]

_HOMES = {
    "train": "trainlab.api",
    "watch": "trainlab.integrations.torch",
    "KerasWatch": "trainlab.integrations.keras",
    "Run": "trainlab.inference.run",
    "load": "trainlab.inference.run",
    "runs": "trainlab.inference.run",
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
