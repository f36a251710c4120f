"""The monitors: each speaks for its reason and is silent beside it, and none loses its mind over odd numbers."""

from dataclasses import replace

import numpy as np
import pytest

from trainlab.core.component import registered
from trainlab.core.types import Task
from trainlab.diagnose.before.initial_loss import InitialLoss
from trainlab.diagnose.end.overfitting import Overfitting
from trainlab.diagnose.finding import SEVERITIES, Finding
from trainlab.diagnose.monitor import Monitor
from trainlab.diagnose.training.diverged import Diverged
from trainlab.diagnose.training.exploding_loss import ExplodingLoss
from trainlab.diagnose.training.loss_not_decreasing import LossNotDecreasing
from trainlab.diagnose.view import Curves, Steps, View
from trainlab.store.rows import kept_steps

CHANCE = float(np.log(10))


def view(losses=(), *, epochs=30, train=(), val=(), train_score=(), val_score=(), norms=None, **more) -> View:
    """A run at the moment after these steps and these epochs."""
    steps, n = Steps(), len(losses)
    norms = np.ones(n) if norms is None else norms
    steps.append(np.column_stack([losses, np.full(n, 0.1), norms, np.full(n, 0.05)]) if n else np.empty((0, 4)), n)
    rows = [
        {
            "train_loss": t,
            "val_loss": val[i] if i < len(val) else None,
            "train_accuracy": train_score[i] if i < len(train_score) else None,
            "val_accuracy": val_score[i] if i < len(val_score) else None,
        }
        for i, t in enumerate(train)
    ]
    return View(
        epoch=max(0, len(rows) - 1),
        step=max(n, 50 * max(0, len(rows) - 1)),
        epochs=epochs,
        steps_per_epoch=50,
        task=Task("classification", 10),
        chance=CHANCE,
        zero_loss=CHANCE,
        steps=steps,
        curves=Curves(rows),
        settings={"optimizer": {"lr": 0.1}, "regularization": {"l2": 1e-4}, "schedule": {"warmup": 0.0}},
        fresh=n,
        **more,
    )


def found(monitor: Monitor, at: View) -> list[Finding]:
    return list(monitor.inspect(at))


FALLING = CHANCE * np.exp(-np.arange(200) / 40)


@pytest.mark.parametrize("cls", registered(Monitor))
def test_a_falling_loss_is_left_in_peace(cls):
    """No monitor speaks when the losses fall from chance and validation follows."""
    train = CHANCE * np.exp(-np.arange(31) / 6)
    good = view(FALLING, train=train, val=train * 1.1, train_score=1 - train / 3, val_score=1 - train / 2.8)
    assert found(cls(), good) == []


@pytest.mark.parametrize("cls", registered(Monitor))
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e308, 0.0])
def test_odd_numbers_do_not_break_a_monitor(cls, value):
    """Curves full of nan, inf, huge numbers or zeros, or none at all, are judged without an exception."""
    odd = np.full(60, value)
    for at in (view(), view(odd, train=odd, val=odd, train_score=odd, val_score=odd), view(train=[value], val=[])):
        assert all(d.code == cls.name and d.severity in SEVERITIES for d in found(cls(), at))


@pytest.mark.parametrize("cls", registered(Monitor))
def test_a_monitor_is_documented(cls):
    """Each monitor's page says what it is, how it is measured and where that comes from; each setting has a help."""
    assert "Source:" in (cls.__doc__ or "")
    assert any(word in (cls.__doc__ or "") for word in ("Measured", "ead from"))
    assert cls.when
    assert all(f.description for f in cls.model_fields.values())


def test_a_diagnosis_is_a_line_of_json_and_back():
    """What is written to diagnoses.jsonl is read back as it was, with the contract's keys in their order."""
    (one,) = found(ExplodingLoss(), view(np.r_[np.full(30, CHANCE), np.full(30, 50.0)]))
    line = one.as_dict()
    assert list(line) == [
        *("code", "severity", "epoch", "step", "layer"),
        *("message", "evidence", "because", "advice", "patches", "confidence"),
    ]
    assert Finding.from_dict(line) == one


def test_diverged_tells_the_first_step_and_what_led_there():
    """The first loss that is not finite is named, with the steps before it and a learning rate that is shorter."""
    losses = np.r_[FALLING[:40], 5.0, 90.0, np.nan]
    (one,) = found(Diverged(), view(losses, broken="relu2"))
    assert one.message == "At step 43 the loss or its gradient is no longer finite, first in relu2."
    assert one.layer == "relu2"
    assert one.evidence["step"] == 43
    assert one.evidence["loss"] == pytest.approx([*FALLING[37:40], 5.0, 90.0])
    assert one.patches[0] == {"optimizer.lr": 0.01}  # ten times shorter, as steps were 5 % of the weights


def test_a_gradient_that_is_not_finite_is_enough():
    """A finite loss with an infinite gradient has diverged too."""
    norms = np.ones(20)
    norms[-1] = np.inf
    (one,) = found(Diverged(), view(FALLING[:20], norms=norms, broken="gradient of dense1.W"))
    assert (one.evidence["step"], one.layer) == (20, "dense1")


def test_a_long_run_keeps_fewer_steps_of_its_past_but_all_of_the_last():
    """Steps are thinned as steps.csv is, whatever the chunks they come in; the last ones have no gaps."""
    numbers = np.arange(1.0, 45_001.0)
    rows = np.repeat(numbers[:, None], 4, axis=1)
    chunked, whole = Steps(), Steps()
    whole.append(rows, 45_000)
    for start in range(0, 45_000, 7):
        chunk = rows[start : start + 7]
        chunked.append(chunk, start + len(chunk))
    assert (
        chunked["loss"].tolist()
        == whole["loss"].tolist()
        == numbers[kept_steps(int(numbers[0]), int(numbers[-1]))].tolist()
    )
    assert chunked.tail("loss", 30).tolist() == list(range(44_971, 45_001))
    assert len(chunked) == 45_000


def test_bad_input_is_not_blamed_on_the_learning_rate():
    """Where the input itself is not finite, no setting is prescribed."""
    (one,) = found(Diverged(), view([np.nan], broken="input"))
    assert one.message == "The input of step 1 has values that are not finite."
    assert one.patches == ()


def test_a_climb_is_an_explosion_but_an_odd_batch_is_not():
    """The median of the recent steps counts, so one batch, or a start far above chance that falls, says nothing."""
    (one,) = found(ExplodingLoss(), view(np.r_[FALLING[:40], np.full(20, 3.5 * CHANCE)]))
    assert one.evidence["start"] == pytest.approx(CHANCE)
    spikes = FALLING.copy()
    spikes[[50, 120, 199]] = 1000.0
    assert found(ExplodingLoss(), view(spikes)) == []
    assert found(ExplodingLoss(), view(np.linspace(40, 10, 60))) == []


def test_a_batch_loss_far_above_chance_at_the_start_is_said():
    """Beyond four times the loss of zero outputs, and not below: He-scaled outputs begin at 1.3 to 1.7 times."""
    (one,) = found(InitialLoss(), view([5 * CHANCE, 3.0]))
    assert one.evidence["expected"] == pytest.approx(CHANCE)
    assert found(InitialLoss(), view([1.7 * CHANCE, 3.0])) == []


def test_nothing_learned_is_said_after_a_good_part_of_the_run():
    """A loss that stays at chance is said after 30 % of the epochs; not before, nor once it has learned."""
    flat = np.full(10, CHANCE * 1.01)
    (one,) = found(LossNotDecreasing(), view(np.full(500, CHANCE), train=flat, epochs=30))
    assert one.patches == ({"optimizer.lr": 0.002},)  # median steps were 5 % of the weights
    assert found(LossNotDecreasing(), view(train=flat[:6], epochs=30)) == []
    warm = view(train=flat, epochs=30)
    warm.settings["schedule"]["warmup"] = 9
    assert found(LossNotDecreasing(), warm) == []
    assert found(LossNotDecreasing(), view(train=np.r_[flat[:4], np.full(20, 0.1)], epochs=30)) == []


def test_a_loss_that_began_far_above_chance_and_fell_to_chance_has_learned_nothing():
    """Coming down from a bad start to chance is no learning."""
    assert found(LossNotDecreasing(), view(train=np.r_[17.0, np.full(12, 2.31)], epochs=30)) != []


def overfit(val, gap):
    n = len(val)
    train = CHANCE * np.exp(-np.arange(n) / 4)
    return view(train=train, val=val, train_score=np.ones(n), val_score=np.full(n, 1.0 - gap))


def test_overfitting_needs_a_sustained_rise_and_a_gap():
    """Validation must have risen for several epochs and the score be behind; one odd epoch is noise."""
    falling = CHANCE * np.exp(-np.arange(10) / 5)
    rising = np.r_[falling, falling[-1] + 0.12 * np.arange(1, 11)]
    (one,) = found(Overfitting(), overfit(rising, 0.2))
    assert one.evidence["best_epoch"] == 9
    assert one.patches[0] == {"train.early_stopping": {"metric": "val_loss", "patience": 5}}
    assert found(Overfitting(), overfit(rising, 0.01)) == []
    odd = np.r_[falling, np.full(9, falling[-1]), 5.0]
    assert found(Overfitting(), overfit(odd, 0.2)) == []
    assert found(Overfitting(), overfit(rising[:12], 0.2)) == []
    for rows, alarms in ((60, 0), (6000, 1)):  # 0.1 behind may be chance on few validation rows
        at = replace(overfit(rising, 0.1), val_rows=rows)
        assert len(found(Overfitting(), at)) == alarms
