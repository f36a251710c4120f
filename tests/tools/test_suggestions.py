"""Patches fit the configs that they are prescribed for, whatever way the model is written."""

from dataclasses import replace
from itertools import pairwise

import pytest

from trainlab.core import config
from trainlab.diagnose import _patches
from trainlab.diagnose.view import View
from trainlab.tools.fix.suggestion import resolved
from trainlab.tools.zoo.zoo import SHIPPED, cases
from trainlab.training.experiment import Experiment, read_plain
from trainlab.training.monitoring import MonitorRunner
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build

SEQUENTIAL = {
    "name": "sequential",
    "layers": [
        *("flatten", {"dense": {"units": 8, "init": {"normal": 1.0}}}, "sigmoid"),
        *({"dropout": {"drop": 0.7, "mode": "unscaled"}}, {"dense": "output"}, "relu"),
    ],
}
MODELS = {
    "mlp": {"name": "mlp", "hidden": [3, 3, 3, 3, 3], "activation": "tanh", "init": {"normal": 1.0}, "dropout": 0.7},
    "cnn": {"name": "cnn", "filters": [4], "hidden": [5], "output_activation": "relu", "output_init": "zeros"},
    "sequential": SEQUENTIAL,
}


def view_of(model) -> View:
    raw = {"data": {"name": "digits", "split": {"val": 0.1}}, "model": model, "optimizer": {"momentum": 0.1}}
    return TrainingSession(build(read_plain(raw))).inspector.view("start")


@pytest.mark.parametrize("name", MODELS)
def test_every_suggestion_fits_every_way_to_write_a_model(name):
    """Each shared suggestion gives a valid config that is another one, or nothing."""
    view = view_of(MODELS[name])
    made = {
        "activation": _patches.activation(view, "leaky_relu"),
        "init": _patches.init(view, output=True),
        "norm": _patches.norm(view),
        "bare_output": _patches.bare_output(view),
        "less_dropout": _patches.less_dropout(view),
        "wider": _patches.wider(view),
        "shallower": _patches.shallower(view),
        "preprocess": _patches.preprocess(view, "standardize"),
        "more_validation": _patches.more_validation(view),
        "epochs": _patches.epochs(view, 3),
        "dropout": _patches.dropout(view, 0.5),
    }
    missing = {
        "mlp": {"bare_output"},
        "cnn": {"less_dropout", "shallower"},
        "sequential": {"shallower", "dropout"},
    }
    assert {key for key, patches in made.items() if not patches} == missing[name]
    before = resolved(view.settings)
    for patches in made.values():
        for patch in patches:
            after = resolved(view.settings, patch)
            assert after != before
            build(config.Document(config.read_plain(Experiment, after, name).value, after, None, _node(after)))


def _node(after):
    return config.read_plain(Experiment, after, "patched").node


def test_somebody_elses_log_gets_no_patch():
    """Without a config there is nothing to override."""
    view = replace(view_of(MODELS["mlp"]), settings={})
    patches = [*_patches.activation(view, "relu"), *_patches.init(view), *_patches.norm(view), *_patches.wider(view)]
    patches += [*_patches.preprocess(view, "fill"), *_patches.epochs(view, 2), *_patches.shorter_memory(view)]
    assert [*patches, *_patches.less_dropout(view), *_patches.more_validation(view)] == []


def test_what_the_zoo_is_told_before_the_first_step_can_be_applied():
    """Each patch of each fault of the zoo is a valid override of its config, and none brings its fault out."""
    patched = 0
    for case in cases(SHIPPED, [0]):
        if case.kind != "fault":
            continue
        document = config.read_plain(Experiment, dict(case.raw), case.name)
        setup = build(document)
        monitors = [m for m in document.value.monitors.active() if "start" in m.when]
        for found in MonitorRunner(monitors).run("start", TrainingSession(setup).inspector.view("start")):
            for patch in found.patches:
                assert resolved(case.raw, patch)
                assert "data.faults" not in patch
                patched += 1
    assert patched > 40


def test_patches_of_one_diagnosis_differ():
    """A second patch is another one."""
    view = view_of(MODELS["mlp"])
    made = [*_patches.activation(view, "relu"), *_patches.norm(view), *_patches.init(view), *_patches.wider(view)]
    assert all(one != other for one, other in pairwise(made))
