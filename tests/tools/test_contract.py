"""Every component of trainlab keeps the contract of its kind, by the checks that plugins go through."""

import pytest

from trainlab.core.component import registered
from trainlab.data.augmentation import Augmentation
from trainlab.data.fault import Fault
from trainlab.data.preprocessor import Preprocessor
from trainlab.data.source import Source
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss
from trainlab.nn.metric import Metric
from trainlab.nn.model import Model
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.regularizer import Regularizer
from trainlab.optim.schedule import Schedule
from trainlab.search import contract as search_contract
from trainlab.search.distribution import Distribution
from trainlab.search.strategy import Strategy
from trainlab.tools.contract.check import check_component, laws_of

SETTINGS = {
    "layer-dense": {"units": 3},
    "layer-drop_connect": {"units": 3},
    "layer-maxout": {"units": 3},
    "layer-member_input": {"members": 2, "units": 3},
    "layer-member_dense": {"members": 4, "units": 3},
    "layer-conv": {"filters": 4},
    "layer-group_norm": {"groups": 1},
    "layer-embedding": {"groups": [[0, 2], [1]]},
    "layer-residual": {"layers": [{"dense": 6}, "tanh", {"dense": 5}]},
    "model-sequential": {"layers": [{"dense": 6}, "relu", {"dense": "output"}]},
    "regularizer-l2": {"strength": 0.1},
    "regularizer-l1": {"strength": 0.1},
    "regularizer-max_norm": {"limit": 1.5},
    "init-constant": {"value": 0.5},
    "distribution-choice": {"options": ["a", "b", "c"]},
    "distribution-int": {"range": [1, 9]},
    "distribution-log": {"range": [1e-3, 1.0]},
    "distribution-normal": {"params": [0.0, 1.0]},
    "distribution-uniform": {"range": [-1.0, 2.0]},
}
KINDS = (
    Layer,
    Loss,
    Metric,
    Optimizer,
    Schedule,
    Regularizer,
    Init,
    Model,
    Preprocessor,
    Augmentation,
    Fault,
    Source,
    Distribution,
    Strategy,
)


BUILT_IN = [cls for kind in KINDS for cls in registered(kind)]
READERS = [
    cls for cls in registered(Source) if {"path", "x"} & set(cls.model_fields)
]  # of files, which their tests make


@pytest.mark.parametrize("cls", [c for c in BUILT_IN if c not in READERS], ids=lambda cls: f"{cls.kind}-{cls.name}")
def test_built_in(cls):
    """It keeps every law of its kind."""
    laws = search_contract.LAWS.get(cls.kind) or laws_of(cls.kind)
    for check in check_component(cls, SETTINGS.get(f"{cls.kind}-{cls.name}"), laws=laws):
        assert check.problems == (), check.law
