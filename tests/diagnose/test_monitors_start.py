"""Monitors of the data and of the untrained network: each fault is named before the first step, and its healthy
neighbours are left in peace.
"""

import numpy as np
import pytest

from trainlab.core import config
from trainlab.core.component import registered
from trainlab.core.types import Task
from trainlab.data.dataset import Rows, Splits
from trainlab.diagnose.before.cannot_overfit import CannotOverfit
from trainlab.diagnose.before.gradient_mismatch import GradientMismatch
from trainlab.diagnose.before.reg_not_felt import RegNotFelt
from trainlab.diagnose.data.bad_values import BadValues
from trainlab.diagnose.data.constant_feature import ConstantFeature
from trainlab.diagnose.data.label_range import LabelRange
from trainlab.diagnose.data.leaked_rows import LeakedRows
from trainlab.diagnose.data.outlier_input import OutlierInput
from trainlab.diagnose.data.split_mismatch import SplitMismatch
from trainlab.diagnose.data_view import DataView
from trainlab.diagnose.monitor import Monitor
from trainlab.diagnose.probe import Probe, WeightProbe
from trainlab.diagnose.trials import GradientError, TinyFit
from trainlab.diagnose.view import Curves, Steps, View
from trainlab.training.experiment import Experiment, named
from trainlab.training.monitoring import MonitorRunner
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build

BASE = {
    "data": {"name": "blobs", "samples": 240, "split": {"val": 0.33, "test": 0.0}},
    "model": {"name": "mlp", "hidden": [16, 16]},
    "train": {"epochs": 20, "batch_size": 32},
}
RELU = {"model.activation": "relu"}
DEEP = {"model.hidden": [16] * 12}
REGRESSION = {"data": {"name": "friedman1", "samples": 240, "preprocess": ["standardize"]}}


def said(changes: dict, *, everything: bool = False) -> dict[str, str]:
    """What is found before the first step: severity by code, advice only if `everything`."""
    raw = config.override(BASE, changes, Experiment)
    setup = build(named(config.read_plain(Experiment, raw, "x")))
    sitter = MonitorRunner([cls.model_validate({}) for cls in registered(Monitor)])
    found = sitter.run("start", TrainingSession(setup).inspector.view("start"))
    return {d.code: d.severity for d in found if everything or d.severity != "info"}


FAULTS = [
    ({"data.faults": [{"bad_values": 1}]}, "bad-values", "error"),
    ({"data.faults": [{"scale": 100}]}, "unscaled-input", "warning"),
    ({"data.faults": [{"scale": 1e-3}]}, "tiny-input", "warning"),
    ({"data.faults": [{"outliers": 0.02}]}, "outlier-input", "warning"),
    ({"data.faults": [{"scale": 0}]}, "constant-feature", "error"),
    ({"data.faults": [{"minority": 0.04}]}, "class-imbalance", "warning"),
    ({"data.faults": [{"subset": 15}]}, "tiny-split", "warning"),
    ({"data.faults": [{"leak": 0.5}]}, "leaked-rows", "warning"),
    ({"data.faults": ["sort"]}, "unshuffled", "warning"),
    ({"data.faults": ["shuffle_labels"]}, "corrupt-labels", "warning"),
    (
        {"data.preprocess": ["standardize"], "data.faults": [{"scale": 50}, "unprocessed_val"]},
        "split-mismatch",
        "warning",
    ),
    ({**REGRESSION, "data.faults": [{"target_scale": 1000}]}, "unscaled-target", "warning"),
    ({**REGRESSION, "data.faults": ["shuffle_labels"], "data.samples": 900}, "corrupt-labels", "warning"),
    ({"model.output_init": {"name": "normal", "std": 10.0}}, "initial-loss", "warning"),
    ({"model.init": "zeros"}, "symmetric-init", "error"),
    ({"model.init": {"name": "constant", "value": 0.3}, "model.activation": "tanh"}, "symmetric-init", "error"),
    ({"model.init": {"name": "normal", "std": 1e-3}, **DEEP}, "signal-collapse", "warning"),
    ({"model.activation": "sigmoid", **DEEP}, "signal-collapse", "warning"),
    ({"model.activation": "sigmoid", **DEEP}, "vanishing-gradient", "warning"),
    ({"model.init": {"name": "normal", "std": 2.0}, "model.hidden": [64] * 4}, "signal-explosion", "warning"),
    ({"model.activation": "identity"}, "missing-nonlinearity", "warning"),
    ({"loss": "mse"}, "wrong-loss", "warning"),
    ({"model.output_activation": "sigmoid"}, "wrong-loss", "warning"),
    ({**REGRESSION, "model.output_activation": "tanh"}, "output-range", "warning"),
    ({"model.bias_init": -20.0, **RELU}, "dead-relu", "warning"),
    ({"model.bias_init": -20.0, **RELU}, "input-ignored", "error"),
    ({"model.init": {"name": "normal", "std": 10.0}, "model.activation": "tanh"}, "saturated-activation", "warning"),
    ({"optimizer.lr": 0.0}, "unchanging-weights", "error"),
    ({"schedule": {"name": "exponential", "decay": 1.5}}, "bad-schedule", "warning"),
    ({"optimizer": {"name": "momentum", "momentum": 0.999}}, "momentum-too-high", "warning"),
    ({"regularization.l2": 30.0}, "over-regularized", "warning"),
    ({"model.dropout": {"name": "dropout", "drop": 0.7, "mode": "unscaled"}}, "train-eval-mismatch", "warning"),
]


@pytest.mark.parametrize(
    ("changes", "code", "severity"), FAULTS, ids=[f"{c}-{i}" for i, (_, c, _) in enumerate(FAULTS)]
)
def test_a_fault_is_named_before_the_first_step(changes, code, severity):
    """Each fault that can be seen before training is, with its severity."""
    assert said(changes).get(code) == severity


HEALTHY = [
    {},
    {"data.faults": [{"scale": 3}]},
    {"data.faults": [{"scale": 100}], "model.norm": "batch"},
    {"data.faults": [{"scale": 0.2}]},
    {"data.faults": [{"label_noise": 0.05}]},
    {"data.faults": [{"minority": 0.2}]},
    {"data.name": "moons"},
    {"data.name": "spirals"},
    {"data.name": "iris"},
    {"data.name": "digits"},
    {"data.name": "digits", "data.preprocess": ["standardize"]},
    {"data.name": "breast_cancer", "data.preprocess": ["standardize"], "loss": "binary_cross_entropy"},
    {"data.name": "wine", "data.preprocess": ["standardize"], "loss": "hinge"},
    {"data.name": "diabetes", "data.preprocess": ["standardize"]},
    REGRESSION,
    {"model.output_init": "zeros"},
    {"model.activation": "sigmoid", "model.init": "xavier", "model.hidden": [16, 16, 16]},
    {"model.activation": "tanh", **DEEP},
    {"model.activation": "selu", **DEEP},
    {"model.hidden": []},
    {"model.dropout": 0.6},
    {"model.dropout": {"name": "dropout", "drop": 0.6, "mode": "vanilla"}},
    {"schedule": {"name": "cyclic"}},
    {"schedule": {"name": "one_cycle"}},
    {"schedule": {"name": "cosine", "warmup": 5}},
    {"optimizer": {"name": "momentum", "momentum": 0.95}},
    {"regularization": {"l2": 1e-2, "l1": 1e-3}},
    {"model.frozen": [0]},
    {"data.name": "digits", "data.preprocess": ["standardize"], "model.hidden": [5], "model.activation": "identity"},
]


@pytest.mark.parametrize("changes", HEALTHY, ids=[str(i) for i in range(len(HEALTHY))])
def test_a_healthy_start_is_left_in_peace(changes):
    """What can be trained well gets no warning before the first step, unusual as it may be."""
    if changes.get("data.name") in ("moons", "spirals", "iris", "digits", "breast_cancer", "wine", "diabetes"):
        changes = {"data": {k.removeprefix("data."): v for k, v in changes.items() if k.startswith("data.")}} | {
            k: v for k, v in changes.items() if not k.startswith("data.")
        }
    assert said(changes) == {}


def data_view(train, val=None, y=None, w=None, task=Task("classification", 2)) -> View:  # noqa: B008 - it is frozen
    """A view before the first step, of these rows."""
    train = np.asarray(train, dtype=np.float64)
    y = np.arange(len(train)) % 2 if y is None else np.asarray(y)
    rows = Rows(train, y, lines=np.arange(1, len(train) + 1))
    v = None if val is None else Rows(np.asarray(val, dtype=np.float64), np.arange(len(val)) % 2 if w is None else w)
    parts = Splits(rows, v, None, task, rows.shape, raw_train=train, raw_y=y)
    return blank(data=DataView(parts, y, True), task=task)


def blank(**more) -> View:
    given = {"task": Task("classification", 2)} | more
    return View(0, 0, 10, 10, given.pop("task"), 1.0, 1.0, Steps(), Curves(), {}, **given)


NORMAL = np.random.default_rng(0).normal(size=(400, 3))


def test_bad_values_names_row_and_column():
    """The first cell that is not finite is told by its line and its column, with the number of rows that have one."""
    x = NORMAL.copy()
    x[17, 2] = np.nan
    x[30, 0] = np.inf
    (one,) = BadValues().inspect(data_view(x))
    assert one.message == (
        "Row 18 of the training data has a value in feature 3 that is not finite, and 1 more rows have such a value."
    )
    assert one.evidence == {"part": "training", "row": 18, "column": "feature 3", "rows": 2}
    (one,) = BadValues().inspect(data_view(NORMAL, x))
    assert one.evidence["part"] == "validation"


@pytest.mark.parametrize("draw", ["normal", "lognormal", "standard_t", "poisson", "one_hot"])
def test_heavy_tails_are_no_outliers(draw):
    """Features with long tails, counts and rare categories have no gap before their largest values."""
    rng = np.random.default_rng(1)
    x = {
        "normal": lambda: rng.normal(size=(2000, 4)),
        "lognormal": lambda: rng.lognormal(sigma=1.5, size=(2000, 4)),
        "standard_t": lambda: rng.standard_t(4, size=(2000, 4)),
        "poisson": lambda: rng.poisson(0.3, size=(2000, 4)).astype(float),
        "one_hot": lambda: (rng.random((2000, 4)) < 0.002).astype(float),
    }[draw]()
    assert list(OutlierInput().inspect(data_view(x))) == []
    x[3, 1] = 1e5
    (one,) = OutlierInput().inspect(data_view(x))
    assert (one.evidence["column"], one.evidence["rows"]) == (1, 1)


def test_a_few_constant_features_are_normal_and_many_are_told():
    """Under a tenth nothing is said, from a tenth on it is advice, all of them are an error."""
    x = np.random.default_rng(0).normal(size=(50, 20))
    for still, want in ((1, []), (4, ["info"]), (19, ["warning"]), (20, ["error"])):
        x[:, :still] = 7.0
        assert [d.severity for d in ConstantFeature().inspect(data_view(x))] == want


def test_labels_out_of_reach_are_told():
    """One class only, a class that only validation has, and targets far outside are told; a usual split is not."""
    x = NORMAL[:40]
    one = np.zeros(40, np.int64)
    assert [d.severity for d in LabelRange().inspect(data_view(x, y=one))] == ["error"]
    two = np.arange(40) % 2
    unseen = data_view(x, x, y=two, w=np.arange(40) % 3, task=Task("classification", 3, ("a", "b", "c")))
    assert [d.message for d in LabelRange().inspect(unseen)] == ["No training row has the class c."]
    numbers = Task("regression", 1)
    y = NORMAL[:40, :1]
    assert list(LabelRange().inspect(data_view(x, x, y=y, w=y * 1.5, task=numbers))) == []
    assert [d.severity for d in LabelRange().inspect(data_view(x, x, y=y, w=y + 100, task=numbers))] == ["warning"]
    assert [d.severity for d in LabelRange().inspect(data_view(x, y=y * 0, task=numbers))] == ["error"]


def test_honest_duplicates_are_no_leak():
    """Data of few distinct rows share rows between the parts by chance; copies of distinct rows do not."""
    rng = np.random.default_rng(0)
    dice = rng.integers(0, 3, size=(400, 3)).astype(float)
    assert list(LeakedRows().inspect(data_view(dice[:300], dice[300:]))) == []
    copied = np.r_[NORMAL[:20], NORMAL[300:]]
    (one,) = LeakedRows().inspect(data_view(NORMAL[:300], copied))
    assert one.evidence["share"] == pytest.approx(20 / 120)


def test_a_small_validation_part_may_differ_by_chance():
    """Twenty rows of the same distribution are no mismatch; rows that were not standardized are."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        assert list(SplitMismatch().inspect(data_view(NORMAL, rng.normal(size=(20, 3))))) == []
    (one,) = SplitMismatch().inspect(data_view(NORMAL, 40 + 9 * rng.normal(size=(50, 3))))
    assert one.evidence["share"] == 1.0


def test_what_check_tried_is_judged():
    """A wrong gradient is named with its layer, and rows that cannot be learned are said; good ones are not."""
    good = GradientError("dense1.W", 1e-7, 1.0, 1.0, 5)
    bad = GradientError("conv1.W", 0.4, 1.0, 0.6, 5)
    assert list(GradientMismatch().inspect(blank(gradients=[good]))) == []
    (one,) = GradientMismatch().inspect(blank(gradients=[good, bad]))
    assert (one.layer, one.severity) == ("conv1", "error")
    assert list(CannotOverfit().inspect(blank(tiny=TinyFit(20, 300, 0.01, 2.3)))) == []
    assert [d.code for d in CannotOverfit().inspect(blank(tiny=TinyFit(20, 300, float("nan"), 2.3)))] == [
        "cannot-overfit"
    ]


def test_a_penalty_that_is_not_added_is_told():
    """Raised strength must raise the penalty, unless there is nothing to penalize."""

    def probe(norm, now, raised):
        weight = WeightProbe("dense1", 4, norm, 1.0, 16, symmetric=False, frozen=False)
        return blank(probe=Probe(8, 1.0, [], deep=True, weights=[weight], penalties=(now, raised)))

    assert list(RegNotFelt().inspect(probe(2.0, 0.1, 3.0))) == []
    assert list(RegNotFelt().inspect(probe(0.0, 0.0, 0.0))) == []
    assert [d.code for d in RegNotFelt().inspect(probe(2.0, 0.1, 0.1))] == ["reg-not-felt"]
