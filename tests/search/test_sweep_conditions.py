"""Settings that are drawn only where others have certain values, and values that are always the same."""

from pathlib import Path

import pytest

from trainlab.core.errors import UserError
from trainlab.search.experiment import read
from trainlab.search.space import SearchSpace

CONFIG = """\
data: {name: moons, samples: 100}
model: {name: mlp, hidden: [8]}
optimizer: {name: adam, b1: 0.8}
sweep:
  trials: 40
  space:
"""
OPTIMIZERS = """\
    optimizer.name: {choice: [adam, momentum, sgd]}
    optimizer.b1: {uniform: [0.5, 0.95], when: {optimizer.name: adam}}
    optimizer.momentum: {uniform: [0.5, 0.99], when: {optimizer.name: momentum}}
"""


def space_of(tmp_path: Path, lines: str, *overrides: str) -> SearchSpace:
    path = tmp_path / "x.yaml"
    path.write_text(CONFIG + lines)
    return SearchSpace(read(path, overrides))


def trials(space: SearchSpace):
    return [space.trial(n) for n in range(1, 41)]


def test_a_setting_is_drawn_only_where_its_condition_holds(tmp_path):
    """adam gets its b1, momentum its momentum, sgd neither; no draw is refused, and the config has what was drawn."""
    found = trials(space_of(tmp_path, OPTIMIZERS))
    assert {t.experiment.optimizer.name for t in found} == {"adam", "momentum", "sgd"}
    for t in found:
        wanted = {"adam": {"optimizer.b1"}, "momentum": {"optimizer.momentum"}, "sgd": set()}
        assert set(t.values) == {"optimizer.name"} | wanted[t.experiment.optimizer.name]
        assert t.refused == ()
        for path in set(t.values) - {"optimizer.name"}:
            assert getattr(t.experiment.optimizer, path.removeprefix("optimizer.")) == t.values[path]


def test_elsewhere_it_stays_as_the_config_has_it(tmp_path):
    """A dropout that is drawn for deep networks leaves shallow ones at what the file says."""
    lines = """\
    model.hidden: {choice: [[8], [8, 8]]}
    model.dropout: {uniform: [0.2, 0.5], when: {model.hidden: [[8, 8], [9, 9]]}}
"""
    for t in trials(space_of(tmp_path, lines, "model.dropout=0.1")):
        deep = len(t.experiment.model.hidden) == 2
        assert ("model.dropout" in t.values) == deep
        assert deep == (t.experiment.model.dropout != 0.1)


def test_conditions_may_ask_for_conditional_settings_and_for_the_config(tmp_path):
    """A chain of conditions holds link by link, in whatever order it is written; one on the config is settled there."""
    lines = """\
    schedule.warmup: {int: [1, 3], when: {schedule.name: cosine}}
    schedule.name: {choice: [cosine, constant], when: {optimizer.name: [adam, nadam]}}
    optimizer.name: {choice: [adam, sgd]}
    train.batch_size: {int: [8, 16], when: {model.name: mlp}}
"""
    shapes = {tuple(t.values) for t in trials(space_of(tmp_path, lines))}
    assert shapes == {
        ("schedule.warmup", "schedule.name", "optimizer.name", "train.batch_size"),
        ("schedule.name", "optimizer.name", "train.batch_size"),
        ("optimizer.name", "train.batch_size"),
    }


def test_whole_components_are_told_by_their_names(tmp_path):
    """Where the whole optimizer is searched, a condition on its name or on itself finds it."""
    lines = """\
    optimizer: {choice: [{sgd: 0.1}, {name: adam, lr: 0.01}]}
    train.clip_norm: {uniform: [1, 5], when: {optimizer.name: sgd}}
    train.average: {choice: [0.9, 0.99], when: {optimizer: adam}}
"""
    for t in trials(space_of(tmp_path, lines)):
        name = t.experiment.optimizer.name
        assert ("train.clip_norm" in t.values, "train.average" in t.values) == (name == "sgd", name == "adam")


def test_a_plain_value_is_the_same_in_every_trial(tmp_path):
    """Numbers, words, lists, null and a word that is also a distribution's name."""
    lines = """\
    optimizer.lr: 0.25
    model.hidden: [4, 4]
    model.activation: tanh
    model.init: normal
    train.clip_norm: null
    train.batch_size: {int: [8, 16]}
"""
    found = trials(space_of(tmp_path, lines))
    assert {(e.optimizer.lr, tuple(e.model.hidden)) for e in (t.experiment for t in found)} == {(0.25, (4, 4))}
    assert {t.experiment.model.init.name for t in found} == {"normal"}
    assert {t.experiment.model.activation.name for t in found} == {"tanh"}
    assert len({t.experiment.train.batch_size for t in found}) > 3


def test_layers_are_searched_by_index(tmp_path):
    """Units of a layer, and a layer as a whole, in a list of layers."""
    lines = """\
    model.layers.0.units: {int: [2, 9]}
    model.layers.1: {choice: [relu, {leaky_relu: 0.2}, tanh]}
"""
    space = space_of(tmp_path, lines, "model={name: sequential, layers: [{dense: 8}, relu, {dense: output}]}")
    found = [t.experiment.model.layers for t in trials(space)]
    assert {layers[1].name for layers in found} == {"relu", "leaky_relu", "tanh"}
    assert {layers[0].units for layers in found} == set(range(2, 10))


@pytest.mark.parametrize(
    ("lines", "want"),
    [
        (
            "    optimizer.b1: {uniform: [0.5, 0.9], when: {optimizer.name: sgd}}\n",
            "x.yaml:7:5: sweep.space.optimizer.b1: is never drawn: `optimizer.name` is adam in this config, not sgd, "
            "and is not searched",
        ),
        (
            "    optimizer.b1: {uniform: [0.5, 0.9], when: {optimiser.name: sgd}}\n",
            "sweep.space.optimizer.b1: is never drawn: there is no setting `optimiser.name`; did you mean "
            "`optimizer.name`?",
        ),
        (
            "    optimizer.name: {choice: [adam, sgd]}\n"
            "    optimizer.b1: {uniform: [0.5, 0.9], when: {optimizer.name: adagrad}}\n",
            "x.yaml:8:5: sweep.space.optimizer.b1: is never drawn: `optimizer.name` is never adagrad",
        ),
        (
            "    train.clip_norm: {uniform: [1, 2], when: {model.dropout: 0.5}}\n"
            "    model.dropout: {choice: [0.1, 0.5], when: {train.clip_norm: 1.5}}\n",
            "the conditions form a circle: train.clip_norm needs model.dropout needs train.clip_norm",
        ),
        (
            "    optimizer.name: {choice: [adam, sgd]}\n"
            "    optimizer.b1: {uniform: [0.5, 1.9], when: {optimizer.name: adam}}\n",
            "x.yaml:8:5: sweep.space.optimizer.b1: expected a number of at least 0 and below 1, got 1.9",
        ),
        (
            "    optimizer.lr: logg\n",
            "x.yaml:7:5: sweep.space.optimizer.lr: expected a number of at least 0, got the text `logg`",
        ),
    ],
)
def test_what_is_wrong_with_a_condition_is_told_at_its_line(tmp_path, lines, want):
    """One that never holds, a misspelt path, a circle; and the ends of a range where its condition holds."""
    with pytest.raises(UserError) as error:
        space_of(tmp_path, lines)
    assert want in str(error.value)
