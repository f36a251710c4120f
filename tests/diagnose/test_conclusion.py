"""The end of a run: forecasts of what more steps would bring, what the run disproves, and the order of the findings."""

from dataclasses import replace

import numpy as np
import pytest

from tests.diagnose.test_monitors_training import CHANCE, FLAT, codes, run
from trainlab.core.types import Task
from trainlab.diagnose.before.wrong_loss import WrongLoss
from trainlab.diagnose.calibration import LED, ROOT
from trainlab.diagnose.conclusion import concluded
from trainlab.diagnose.confidence import confidence
from trainlab.diagnose.data.class_imbalance import ClassImbalance
from trainlab.diagnose.data.leaked_rows import LeakedRows
from trainlab.diagnose.data.unscaled_input import UnscaledInput
from trainlab.diagnose.end.not_converged import NotConverged
from trainlab.diagnose.end.underfitting import Underfitting
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.forecast import expected_fall, expected_gain
from trainlab.diagnose.training.lr_too_high import LrTooHigh
from trainlab.diagnose.training.lr_too_low import LrTooLow
from trainlab.diagnose.training.over_regularized import OverRegularized
from trainlab.diagnose.training.wrong_optimizer import WrongOptimizer

LONG = CHANCE * np.exp(-np.arange(31) / 6)
RISING = np.linspace(0.1, 0.7, 31)


def test_a_score_that_rises_steadily_is_expected_to_rise_by_half_as_much_again():
    """Half of what the second half of the run gained, at most half of what is missing; nothing if that is noise."""
    assert expected_gain(run(LONG, score=RISING)) == pytest.approx(0.15)
    assert expected_gain(run(LONG[:2], score=np.r_[0.1, 0.96])) == pytest.approx(0.02)
    stopped = np.r_[np.linspace(0.1, 0.7, 16), np.full(15, 0.71)]
    assert expected_gain(run(LONG, score=stopped)) == 0
    few = replace(run(LONG, score=RISING), val_rows=4)
    assert expected_gain(few) == 0, "of four validation rows one more is chance"


def test_the_next_doubling_brings_at_most_what_the_last_one_did():
    """A straight fall goes on; one that has stopped does not; a validation loss that climbs says no."""
    straight = np.linspace(CHANCE, 0.4 * CHANCE, 31)
    assert expected_fall(run(straight)) == pytest.approx(0.2, abs=0.02)  # half of the 0.4 that is left
    assert expected_fall(run(FLAT)) == 0
    assert expected_fall(run(straight, val=np.linspace(CHANCE, 2 * CHANCE, 31))) == 0
    assert np.isnan(expected_fall(run([CHANCE])))


def test_a_loss_that_falls_from_far_above_chance_is_not_converged_wherever_it_began():
    """From 12 times chance to 6 times is progress, though no score shows it, and the rate is raised tenfold."""
    far = CHANCE * np.linspace(12, 6, 31)
    (one,) = NotConverged().inspect(run(far, score=np.full(31, 0.1)))
    assert one.severity == "warning"
    assert {"optimizer.lr": 1.0} in one.patches


def finding(code, *, severity="warning", because=(), sure=None, step=0):
    return Finding(code, severity, "", "", 0, step, because=tuple(because), confidence=sure)


GOOD = run(LONG, score=0.99, baselines={"linear": 0.95})
MONITORS = [UnscaledInput(), LeakedRows(), WrongLoss(), LrTooHigh()]


def test_rows_that_were_learned_by_heart_disprove_nothing():
    """The training loss is near zero, the validation score at a third: that run has not ended well."""
    found = [finding("unscaled-input")]
    learned = run(LONG, score=0.99, val_score=0.4)
    assert [f.severity for f in concluded(found, MONITORS, learned)] == ["warning"]
    assert [f.severity for f in concluded(found, MONITORS, run(LONG, score=0.99))] == ["info"]


def test_a_run_that_ends_well_withdraws_what_would_have_kept_it_from_that():
    """Not a fault of the data that a good score may hide, nor what was read from the config."""
    found = [finding(code) for code in ("unscaled-input", "leaked-rows", "wrong-loss")]
    got = {f.code: (f.severity, f.withdrawn) for f in concluded(found, MONITORS, GOOD)}
    why = "the run ended with validation accuracy 0.99, and the best simple rule reaches 0.95"
    assert got == {
        "unscaled-input": ("info", why),
        "leaked-rows": ("warning", ""),
        "wrong-loss": ("warning", ""),
    }


@pytest.mark.parametrize(
    "end",
    [
        run(LONG, score=0.7, baselines={"linear": 0.6}),
        run(LONG, score=0.92, baselines={"linear": 0.97}),
        None,
    ],
)
def test_a_run_that_does_not_end_well_withdraws_nothing(end):
    """It learned too little, a simple rule is ahead, or it broke off."""
    (got,) = concluded([finding("unscaled-input")], MONITORS, end)
    assert (got.severity, got.withdrawn) == ("warning", "")


def test_causes_come_first_then_facts_then_the_most_confident():
    """Advice comes after warnings, and a cause that is gone no longer counts as one."""
    found = [
        finding("plateau", severity="info"),
        finding("dead-relu", because=["lr-too-high@step 20"], sure=0.9),
        finding("loss-not-decreasing", sure=0.2),
        finding("lr-too-high", sure=0.8),
        finding("wrong-loss", sure=0.7),
        finding("underfitting", because=["tiny-input@step 0"], sure=0.4),
    ]
    got = concluded(found, MONITORS, None)
    assert [f.code for f in got] == [
        *("wrong-loss", "lr-too-high", "underfitting", "loss-not-decreasing", "dead-relu", "plateau"),
    ]
    assert got[2].because == ()


def test_a_confidence_is_the_smoothed_share_of_the_zoo():
    """One more right and one more wrong than were counted; a code that was never reported has none."""
    right, said = ROOT["lr-too-high"]
    assert confidence("lr-too-high") == round((right + 1) / (said + 2), 2)
    right, said = LED["dead-relu"]
    assert confidence("dead-relu", led=True) == round((right + 1) / (said + 2), 2)
    assert confidence("no-such-code") is None


def test_an_optimizer_that_crawls_is_named():
    """AdaDelta far below its own rate, while the loss still falls; not at its own rate, nor after it has converged."""
    slow = {"settings": {"optimizer": {"name": "adadelta", "lr": 0.01}}}
    straight = np.linspace(CHANCE, 0.4 * CHANCE, 31)
    assert codes(WrongOptimizer(), run(straight, ratio=5e-5, score=RISING, **slow)) == ["wrong-optimizer:warning"]
    own = {"settings": {"optimizer": {"name": "adadelta", "lr": 1.0}}}
    assert codes(WrongOptimizer(), run(straight, ratio=5e-5, score=RISING, **own)) == []
    assert codes(WrongOptimizer(), run(straight, ratio=5e-3, score=RISING, **slow)) == []
    done = np.r_[straight, np.full(60, 0.02)]
    assert codes(WrongOptimizer(), run(done, ratio=5e-5, score=np.r_[RISING, np.full(60, 0.98)], **slow)) == []


def test_a_run_of_a_few_short_steps_has_too_low_a_rate():
    """All steps together move the weights by a few percent, and the loss is where it began."""
    assert codes(LrTooLow(), run(FLAT[:3], epochs=2, ratio=1e-3)) == ["lr-too-low:warning"]
    assert codes(LrTooLow(), run(FLAT, epochs=30, ratio=1e-3)) == [], "six hundred such steps lead far enough"
    assert codes(LrTooLow(), run(FLAT[:3] * [1, 0.8, 0.6], epochs=2, ratio=1e-3)) == [], "it has learned"


def test_a_penalty_is_too_strong_also_where_something_was_learned():
    """It has eaten the weights of a network that came half of the way, or is larger than the data loss at the end."""
    eaten = np.linspace(20, 0.5, 31)
    assert codes(OverRegularized(), run(np.full(31, CHANCE), reg=eaten, score=0.5)) == ["over-regularized:warning"]
    large = np.linspace(40, 6, 31)
    behind = {"baselines": {"linear": 0.95}}
    assert codes(OverRegularized(), run(LONG, reg=large, score=0.75, **behind)) == ["over-regularized:warning"]
    assert codes(OverRegularized(), run(LONG, reg=large, score=0.97, **behind)) == []


def test_many_classes_whose_frequencies_fall_smoothly_are_natural():
    """A gap between two neighbours is none, and few classes have no long tail."""

    def natural(counts):
        return ClassImbalance()._natural(np.array(counts))

    topics = (1000 / np.arange(1, 47) ** 1.3).astype(int)
    assert natural(topics)
    assert not natural([*topics[:-1], 1])
    assert not natural([900, 400, 200, 90, 40])


def test_a_layer_of_one_unit_is_a_bottleneck_without_any_simple_rule():
    """One unit cannot tell ten classes apart, and the run sits at a low score; at a high one it may."""
    from trainlab.diagnose.structure import Part, Structure
    from trainlab.nn.layers.dense import Dense

    parts = [
        Part(name, Dense(units=units), (inputs,), (units,), inputs * units + units)
        for name, inputs, units in (("dense1", 64, 1), ("dense2", 1, 10))
    ]
    narrow = {"structure": Structure(parts)}
    (one,) = Underfitting().inspect(run(FLAT, score=0.26, **narrow))
    assert one.message == "The network does not fit its own training rows (score 0.26); dense1 has only 1 unit."
    assert codes(Underfitting(), run(FLAT, score=0.95, **narrow)) == []
    wide = Structure([replace(parts[0], out_shape=(32,)), parts[1]])
    assert codes(Underfitting(), run(FLAT, score=0.26, structure=wide)) == []
    numbers = run(FLAT, score=0.26, **narrow)
    assert codes(Underfitting(), replace(numbers, task=Task("regression", 1), majority=0.0)) == ["underfitting:warning"]
