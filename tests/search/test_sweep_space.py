"""What a sweep draws: distributions by their laws, trials as a pure function of seed and number, errors in full."""

from pathlib import Path

import numpy as np
import pytest

from trainlab.core.errors import UserError
from trainlab.search.distributions.choice import Choice
from trainlab.search.distributions.int import Int
from trainlab.search.distributions.log import Log
from trainlab.search.distributions.uniform import Uniform
from trainlab.search.experiment import read
from trainlab.search.space import SearchSpace, summed
from trainlab.search.strategies.random import Random
from trainlab.search.strategy import SampleRequest

CONFIG = """\
data: {name: moons, samples: 100}
model: {name: mlp, hidden: [8]}
optimizer: {name: adam, b1: 0.8}
sweep:
  metric: val_accuracy
  space:
"""
SPACE = """\
    optimizer.lr: {log: [1e-6, 1]}
    model.hidden: {choice: [[4], [8, 4]]}
    model.hidden.0: {int: [2, 64], log: true}
    optimizer.name: {choice: [adam, nesterov]}
"""


def space_of(tmp_path: Path, lines: str, *overrides: str) -> SearchSpace:
    path = tmp_path / "x.yaml"
    path.write_text(CONFIG + lines)
    return SearchSpace(read(path, overrides))


def draws(n: int) -> np.ndarray:
    ranges = {"x": Uniform(range=[0.0, 1.0])}
    return np.array([next(Random().points(SampleRequest(0, trial, n, ranges)))[0] for trial in range(n)])


def distance(shares: np.ndarray) -> float:
    """Kolmogorov's distance between these numbers and the uniform distribution on [0, 1]."""
    x, n = np.sort(shares), len(shares)
    return float(max(np.max(np.arange(1, n + 1) / n - x), np.max(x - np.arange(n) / n)))


def test_log_is_uniform_in_its_logarithm():
    """2 000 draws of {log: [1e-6, 1]} pass Kolmogorov's test at 1 %, and half of them lie below 1e-3."""
    x = np.array([Log(range=[1e-6, 1.0]).at(u) for u in draws(2000)])
    assert distance((np.log10(x) + 6) / 6) < 1.63 / np.sqrt(2000)
    assert np.mean(x < 1e-3) == pytest.approx(0.5, abs=0.03)
    assert x.min() >= 1e-6
    assert x.max() <= 1.0


def test_uniform_is_uniform():
    """2 000 draws of {uniform: [0, 0.7]} pass Kolmogorov's test at 1 %."""
    x = np.array([Uniform(range=[0.0, 0.7]).at(u) for u in draws(2000)])
    assert distance(x / 0.7) < 1.63 / np.sqrt(2000)


def test_trials_are_independent():
    """The values of one trial tell nothing about those of the next."""
    x = draws(4000)
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("distribution", "want"),
    [
        (Int(range=[1, 4]), [0.25, 0.25, 0.25, 0.25]),
        (Int(range=[1, 4], log=True), np.log([3, 5 / 3, 7 / 5, 9 / 7]) / np.log(9)),
    ],
)
def test_int_gives_each_number_its_share(distribution, want):
    """Both ends are drawn; uniform: all alike; log: k as often as log-uniform numbers round to it."""
    got = [distribution.at(u) for u in (np.arange(20_000) + 0.5) / 20_000]
    assert [got.count(k) / 20_000 for k in (1, 2, 3, 4)] == pytest.approx(list(want), abs=1e-4)


def test_values_are_short_but_never_collapse():
    """A value has four digits; a narrow range still has many values, all of them inside."""
    assert Log(range=[1e-6, 1.0]).at(0.123456) == 5.505e-06  # 10^-5.259264
    for narrow in (Log(range=[1.0, 1.0001]), Uniform(range=[5.0, 5.0001])):
        x = [narrow.at(u) for u in draws(200)]
        assert len(set(x)) > 100
        assert all(narrow.range[0] <= v <= narrow.range[1] for v in x)


def test_position_undoes_at():
    """position(at(u)) is u, but for the rounding."""
    for d in (Log(range=[1e-5, 10.0]), Uniform(range=[-3.0, 4.0]), Int(range=[1, 100_000], log=True)):
        assert [d.position(d.at(u)) for u in (0.1, 0.5, 0.9)] == pytest.approx([0.1, 0.5, 0.9], abs=0.06)
    assert Choice(options=[1, 2]).position(1) is None


def test_a_trial_is_a_function_of_seed_and_number(tmp_path):
    """Trial 3 draws from the stream that NumPy spawns third, whatever was drawn before and in whatever order."""
    space = space_of(tmp_path, SPACE)
    [space.trial(n) for n in (5, 1, 2)]
    u = np.random.Generator(np.random.PCG64(np.random.SeedSequence(0).spawn(4)[3])).random(4)
    got = space.trial(3).values
    assert list(got) == ["optimizer.lr", "model.hidden", "model.hidden.0", "optimizer.name"]
    assert got["optimizer.lr"] == pytest.approx(10 ** (-6 + 6 * u[2]), rel=1e-3)  # paths in alphabetic order
    assert got["model.hidden"] == [[4], [8, 4]][int(2 * u[0])]
    shuffled = space_of(tmp_path, "".join(reversed(SPACE.splitlines(keepends=True))))
    assert dict(shuffled.trial(3).values) == dict(got)
    assert dict(space_of(tmp_path, SPACE, "seed=1").trial(3).values) != dict(got)


def test_values_reach_the_config(tmp_path):
    """Whole lists go before their items, a component's name before its settings; others keep what was written."""
    space = space_of(tmp_path, SPACE)
    trials = [space.trial(n) for n in range(1, 13)]
    assert {t.values["optimizer.name"] for t in trials} == {"adam", "nesterov"}
    for t in trials:
        e = t.experiment
        assert e.optimizer.name == t.values["optimizer.name"]
        assert e.optimizer.lr == t.values["optimizer.lr"]
        assert e.model.hidden[0] == t.values["model.hidden.0"]
        assert len(e.model.hidden) == len(t.values["model.hidden"])
        assert e.sweep is None
        assert getattr(e.optimizer, "b1", 0.8) == 0.8


def test_a_searched_component_starts_from_its_own_defaults(tmp_path):
    """nesterov in the place of adam gets its own lr, not adam's default."""
    space = space_of(tmp_path, "    optimizer.name: {choice: [adam, nesterov]}\n")
    lr = {t.experiment.optimizer.name: t.experiment.optimizer.lr for t in map(space.trial, range(1, 9))}
    assert lr == {"adam": 0.001, "nesterov": 0.01}


def test_auto_is_the_settings_own_range(tmp_path):
    """`auto` takes the range that the setting's class declares."""
    space = space_of(tmp_path, "    optimizer.lr: auto\n    train.batch_size: auto\n")
    assert space.distributions["optimizer.lr"] == Log(range=[1e-5, 0.1])  # adam's
    assert space.distributions["train.batch_size"] == Int(range=[16, 256], log=True)


def test_what_only_some_combinations_forbid_is_drawn_anew(tmp_path):
    """A draw of nesterov with b1, which is adam's, is counted and replaced; trials stay what they are."""
    lines = "    optimizer.name: {choice: [adam, nesterov]}\n    optimizer.b1: {uniform: [0.5, 0.9]}\n"
    space = space_of(tmp_path, lines)
    trials = [space.trial(n) for n in range(1, 9)]
    assert {t.values["optimizer.name"] for t in trials} == {"adam"}
    ((reason, count),) = summed(t.refused for t in trials).items()
    assert reason.startswith("optimizer.b1: unknown key")
    assert count > 0
    assert dict(space_of(tmp_path, lines).trial(4).values) == dict(trials[3].values)


def test_a_wrong_space_is_told_with_all_its_errors(tmp_path):
    """Every wrong path, end and option at its line, before anything is trained."""
    lines = """\
    optimizer.lrr: {log: [1e-6, 1]}
    optimizer.name: {choice: [adam, nestrov]}
    train.batch_size: {int: [-1, 20]}
    model.hiden.0: {int: [1, 9]}
    train.clip_norm: auto
"""
    with pytest.raises(UserError) as error:
        space_of(tmp_path, lines, "data=friedman1")
    assert str(error.value).replace(str(tmp_path), "") == (
        "/x.yaml:5:11: sweep.metric: friedman1 is a regression, which has no accuracy; did you mean `val_r2`?\n"
        "    5 |   metric: val_accuracy\n"
        "      |           ^^^^^^^^^^^^\n"
        "/x.yaml:7:5: sweep.space.optimizer.lrr: unknown key; did you mean `lr`?\n"
        "    7 |     optimizer.lrr: {log: [1e-6, 1]}\n"
        "      |     ^^^^^^^^^^^^^\n"
        "/x.yaml:8:5: sweep.space.optimizer.name: unknown optimizer `nestrov`; did you mean `nesterov`?\n"
        "    8 |     optimizer.name: {choice: [adam, nestrov]}\n"
        "      |     ^^^^^^^^^^^^^^\n"
        "/x.yaml:9:5: sweep.space.train.batch_size: expected a whole number of at least 1, got -1\n"
        "    9 |     train.batch_size: {int: [-1, 20]}\n"
        "      |     ^^^^^^^^^^^^^^^^\n"
        "/x.yaml:10:5: sweep.space.model.hiden.0: model.hiden: unknown key; did you mean `hidden`?\n"
        "   10 |     model.hiden.0: {int: [1, 9]}\n"
        "      |     ^^^^^^^^^^^^^\n"
        "/x.yaml:11:22: sweep.space.train.clip_norm: `train.clip_norm` has no search range of its own; "
        "write one, for example {log: [1e-4, 1]}\n"
        "   11 |     train.clip_norm: auto\n"
        "      |                      ^^^^\n"
        "6 problems"
    )


def test_a_wrong_metric_is_one_problem(tmp_path):
    """The best epoch of the trials would be decided by it, too; it is told once, at its line."""
    with pytest.raises(UserError) as error:
        space_of(tmp_path, "    optimizer.lr: auto\n", "sweep.metric=val_acc")
    assert str(error.value) == (
        'command line: "sweep.metric=val_acc":1:14: sweep.metric: nothing is measured as `val_acc`; '
        "did you mean `val_accuracy`?\n"
        "    1 | sweep.metric=val_acc\n"
        "      |              ^^^^^^^\n"
        "1 problem"
    )


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("{log: [1, 1e-4]}", "range: expected [low, high] with low < high, found [1.0, 0.0001]"),
        ("{log: [0, 1]}", "range: a log range starts above 0, found 0.0"),
        ("{int: [0, 4], log: true}", "a log range starts above 0, found 0"),
        ("{int: [1, 4], logg: true}", "logg: unknown key; did you mean `log`?"),
        ("{chioce: [1]}", "unknown distribution `chioce`; did you mean `choice`?"),
    ],
)
def test_a_wrong_distribution_is_told_at_its_place(tmp_path, line, want):
    """A range the wrong way round, a log range from 0, a misspelt key or distribution."""
    with pytest.raises(UserError) as error:
        space_of(tmp_path, f"    optimizer.lr: {line}\n")
    first = str(error.value).splitlines()[0]
    assert "x.yaml:7:" in first
    assert first.endswith(want)
