"""Schedules: contract tests over the registry, golden values from torch or by hand, and what each setting does."""

import math

import pytest
from moving import GOLDEN
from pydantic import ValidationError

from trainlab.core.component import find, names, registered
from trainlab.optim.schedule import Schedule
from trainlab.optim.schedules.constant import Constant
from trainlab.optim.schedules.cosine import Cosine
from trainlab.optim.schedules.cosine_restarts import CosineRestarts
from trainlab.optim.schedules.coslog import Coslog
from trainlab.optim.schedules.cyclic import Cyclic
from trainlab.optim.schedules.exponential import Exponential
from trainlab.optim.schedules.flat_cos import FlatCos
from trainlab.optim.schedules.inverse_time import InverseTime
from trainlab.optim.schedules.milestones import Milestones
from trainlab.optim.schedules.one_cycle import OneCycle
from trainlab.optim.schedules.plateau import Plateau
from trainlab.optim.schedules.step import Step

ALL = registered(Schedule)
PER_EPOCH = ("exponential", "inverse_time", "plateau")  # whose settings are per epoch
HISTORIES = {"best": GOLDEN["losses"], "val_accuracy": [-score for score in GOLDEN["scores"]]}


def named(cls):
    """The component's name, as the test's id."""
    return cls.name


def test_all_there():
    """Every schedule of the contract exists."""
    assert names(Schedule) == [
        "constant",
        "cosine",
        "cosine_restarts",
        "coslog",
        "cyclic",
        "exponential",
        "flat_cos",
        "inverse_time",
        "linear",
        "milestones",
        "one_cycle",
        "plateau",
        "step",
    ]
    assert [cls.name for cls in ALL] == names(Schedule)


@pytest.mark.parametrize("cls", ALL, ids=named)
@pytest.mark.parametrize("epochs", [0, 1, 2, 7, 30, 300])
def test_sane(cls, epochs):
    """With its defaults a schedule gives finite floats from 0 to 1 at any time of a run of any length."""
    schedule = cls()
    for i in range(epochs * 8 + 1):
        epoch = i / 8
        got = schedule.at(epoch, epochs, [0.5] * int(epoch))
        assert type(got) is float
        assert 0 <= got <= 1
    assert all(0 < epoch <= epochs + 1e-6 for epoch in schedule.snapshots(epochs))


@pytest.mark.parametrize("cls", ALL, ids=named)
def test_pure(cls):
    """The same moment gives the same factor, in whatever order it is asked, and the history is left as it was."""
    schedule, history = cls(), list(GOLDEN["losses"])
    there = [schedule.at(i / 4, 20, history) for i in range(81)]
    back = [schedule.at(i / 4, 20, history) for i in reversed(range(81))]
    assert back[::-1] == there
    assert history == GOLDEN["losses"]


@pytest.mark.parametrize("cls", [c for c in ALL if c.name not in PER_EPOCH], ids=named)
def test_scales_with_the_run(cls):
    """With defaults, a schedule told in shares of the run has the same shape in a run of any length."""
    for part in (0.0, 0.05, 0.25, 0.45, 0.75, 0.95):
        assert cls().at(part * 300, 300) == pytest.approx(cls().at(part * 20, 20), abs=1e-9)


@pytest.mark.parametrize("cls", ALL, ids=named)
def test_settings(cls):
    """Settings are frozen, unknown ones are errors, and the page says where the rule comes from."""
    with pytest.raises(ValidationError) as caught:
        cls().warmup = 1.0
    assert caught.value.errors()[0]["type"] == "frozen_instance"
    with pytest.raises(ValidationError) as caught:
        cls(gamma=0.1)
    assert caught.value.errors()[0]["type"] == "extra_forbidden"
    assert "Source:" in cls.__doc__


@pytest.mark.parametrize("case", GOLDEN["schedules"], ids=lambda c: f"{c['name']}-{len(c['settings'])}")
def test_torch(case):
    """In each epoch of a run of 20 the factor is that of torch 2.13."""
    schedule = find(Schedule, case["name"])(**case["settings"])
    history = HISTORIES.get(schedule.watched(), [])
    got = [schedule.at(float(epoch), 20, history[:epoch]) for epoch in range(21)]
    assert got == pytest.approx(case["factors"], rel=1e-10, abs=1e-12)


def test_inverse_time():
    """1/t decay by hand: with decay 0.5 it is 1, 2/3, 1/2, 2/5, 1/3."""
    got = [InverseTime(decay=0.5).at(epoch, 4) for epoch in range(5)]
    assert got == pytest.approx([1, 2 / 3, 1 / 2, 2 / 5, 1 / 3])


def test_coslog():
    """The rates of RealMLP's own loop (dholzmueller/realmlp-td-s_standalone@a8c73f7, mlp.py), eight steps of a run."""
    want = [0.0, 0.99453073, 0.49348928, 0.56914265, 0.07361893, 0.85364097, 0.87565773, 0.28660177]
    got = [Coslog().at(t / 8, 1) for t in range(8)]
    assert got == pytest.approx(want, abs=1e-8)
    assert Coslog(cycles=1).at(3, 6) == pytest.approx(0.5 - 0.5 * math.cos(2 * math.pi * math.log2(1.5)))


def test_flat_cos():
    """By hand: flat to the middle, half way down at three quarters; `flat` may be in epochs."""
    assert [FlatCos().at(e, 8) for e in (0, 4, 6, 8, 9)] == pytest.approx([1, 1, 0.5, 0, 0])
    assert FlatCos(flat=6).at(7, 8) == pytest.approx(0.5)
    assert FlatCos(flat=20).at(8, 8) == 1.0


def test_between_epochs():
    """Smooth schedules move within an epoch, steps do not."""
    assert Exponential(decay=0.25).at(1.5, 10) == pytest.approx(0.125)
    assert Cosine().at(2.5, 10) == pytest.approx((1 + math.sqrt(0.5)) / 2)
    assert Step(every=2).at(3.9, 10) == 0.1


def test_warmup():
    """Warmup climbs linearly from 0 and multiplies whatever the schedule says; it counts in epochs, also below 1."""
    got = [Constant(warmup=4).at(epoch, 10) for epoch in (0, 1, 3, 4, 10)]
    assert got == [0.0, 0.25, 0.75, 1.0, 1.0]
    assert Constant(warmup=0.5).at(0.25, 100) == 0.5
    assert Cosine(warmup=8).at(4, 8) == pytest.approx(0.5 * 0.5)


@pytest.mark.parametrize("cls", ALL, ids=named)
def test_warmup_on_any(cls):
    """Any schedule takes a warmup."""
    assert cls(warmup=2).at(0.5, 10) == pytest.approx(0.25 * cls().at(0.5, 10))


def test_lengths():
    """Lengths below 1 are shares of the run, from 1 on epochs."""
    assert [Step(every=0.5).at(e, 8) for e in (3.9, 4)] == [1.0, 0.1]
    assert [Step(every=1).at(e, 8) for e in (0.9, 1)] == [1.0, 0.1]
    assert [Milestones(when=[0.5, 6], decay=0.5).at(e, 8) for e in (3.9, 4, 5.9, 6)] == [1.0, 0.5, 0.5, 0.25]
    assert OneCycle(rise=0.25).at(2, 8) == OneCycle(rise=2).at(2, 8) == 1.0
    assert CosineRestarts(period=0.25).at(1, 8) == CosineRestarts(period=2).at(1, 8) == pytest.approx(0.5)
    assert Cyclic(period=0.25).at(0.5, 8) == Cyclic(period=2).at(0.5, 8) == pytest.approx(0.55)


def test_borders_survive_rounding():
    """A fall or restart comes at the very epoch, though five times a tenth of 6 epochs is less than 3 in binary."""
    assert Step(every=0.1).at(3.0, 6) == pytest.approx(1e-5)
    assert [round(math.log10(Step(every=0.1).at(float(e), 30))) for e in range(0, 30, 3)] == [-i for i in range(10)]
    for epochs in range(1, 100):
        ends = CosineRestarts(period=0.1).snapshots(epochs)
        assert len(ends) == 10
        assert [CosineRestarts(period=0.1).at(round(end, 9), epochs) for end in ends] == [1.0] * 10


def test_may_grow():
    """A decay above 1 lets the rate grow."""
    assert Exponential(decay=1.5).at(2, 30) == 2.25


def test_short_spellings():
    """`step: 10`, `exponential: 0.9` and `milestones: [3, 6]` set what one expects."""
    assert Schedule.read({"step": 10}) == Step(every=10)
    assert Schedule.read({"exponential": 0.9}) == Exponential(decay=0.9)
    assert Schedule.read({"milestones": [3, 6]}) == Milestones(when=[3, 6])
    assert Schedule.read({"cosine_restarts": 5}) == CosineRestarts(period=5)
    assert Schedule.read({"plateau": "val_accuracy"}) == Plateau(metric="val_accuracy")


def test_snapshots():
    """Restarts and cycles name the ends of their whole periods, where the rate is lowest; others have none."""
    assert CosineRestarts().snapshots(30) == pytest.approx([6, 12, 18, 24, 30])
    assert CosineRestarts(period=3, growth=2.0).snapshots(30) == [3, 9, 21]
    assert Cyclic().snapshots(30) == pytest.approx([6, 12, 18, 24, 30])
    assert Cyclic(period=8).snapshots(30) == [8, 16, 24]
    assert Coslog().snapshots(30) == pytest.approx([2, 6, 14, 30])
    assert Cosine().snapshots(30) == []
    for schedule in (CosineRestarts(end=0.01), Cyclic(low=0.01)):
        for epoch in schedule.snapshots(30):
            assert schedule.at(epoch - 1e-3, 30) == pytest.approx(0.01, abs=1e-3)


def test_plateau_watches():
    """Only plateau asks for a history, of the metric that it is told, else of the one that decides."""
    assert Plateau(metric="val_accuracy").watched() == "val_accuracy"
    assert {cls.name: cls().watched() for cls in ALL if cls().watched()} == {"plateau": "best"}


def test_plateau_replays():
    """A longer history does not change an earlier rate: a resumed run goes on at the rate where it was."""
    schedule = Plateau(patience=1, decay=0.5)
    whole = [schedule.at(epoch, 20, GOLDEN["losses"]) for epoch in range(21)]
    assert whole == [schedule.at(epoch, 20, GOLDEN["losses"][:epoch]) for epoch in range(21)]
    assert len(set(whole)) > 3


def test_plateau_nan():
    """A metric that is not a number is no improvement."""
    assert Plateau(patience=1, decay=0.5).at(3, 20, [1.0, math.nan, math.nan]) == 0.5
