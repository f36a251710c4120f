"""Monitors while training and at the end: each speaks for its reason and is silent beside it."""

from dataclasses import replace

import numpy as np
import pytest

from trainlab.core.types import Task
from trainlab.diagnose.end.corrupt_labels import CorruptLabels
from trainlab.diagnose.end.no_better_than_baseline import NoBetterThanBaseline
from trainlab.diagnose.end.noisy_eval import NoisyEval
from trainlab.diagnose.end.noisy_loss import NoisyLoss
from trainlab.diagnose.end.not_converged import NotConverged
from trainlab.diagnose.end.overfitting import Overfitting
from trainlab.diagnose.end.overtraining import Overtraining
from trainlab.diagnose.end.train_eval_mismatch import TrainEvalMismatch
from trainlab.diagnose.end.underfitting import Underfitting
from trainlab.diagnose.probe import LayerProbe, Probe
from trainlab.diagnose.training.bad_schedule import BadSchedule
from trainlab.diagnose.training.dead_relu import DeadRelu
from trainlab.diagnose.training.exploding_gradient import ExplodingGradient
from trainlab.diagnose.training.loss_not_decreasing import LossNotDecreasing
from trainlab.diagnose.training.lr_too_high import LrTooHigh
from trainlab.diagnose.training.lr_too_low import LrTooLow
from trainlab.diagnose.training.momentum_too_high import MomentumTooHigh
from trainlab.diagnose.training.oscillating_loss import OscillatingLoss
from trainlab.diagnose.training.over_regularized import OverRegularized
from trainlab.diagnose.training.plateau import Plateau
from trainlab.diagnose.training.saturated_activation import SaturatedActivation
from trainlab.diagnose.training.update_ratio_high import UpdateRatioHigh
from trainlab.diagnose.training.update_ratio_low import UpdateRatioLow
from trainlab.diagnose.view import Curves, Steps, View

CHANCE = float(np.log(10))
PER_EPOCH = 20


def run(train, *, epochs=30, ratio=1e-3, norms=1.0, score=0.1, val_score=None, val=None, lr=None, reg=0.0, **more):
    """A run after the epochs of `train` (epoch 0 first): its steps' losses follow it. score: of the last epoch."""
    n = len(train)
    train = np.asarray(train, dtype=np.float64)
    scores = np.linspace(0.1, score, n) if np.isscalar(score) else np.asarray(score)
    other = scores if val_score is None else np.broadcast_to(val_score, n)
    val = train if val is None else np.asarray(val)
    reg = np.broadcast_to(reg, n)
    rates = np.full(n, 0.1) if lr is None else np.asarray(lr)
    rows = [
        {
            "train_loss": float(train[i]),
            "val_loss": float(val[i]),
            "train_accuracy": float(scores[i]),
            "val_accuracy": float(other[i]),
            "lr": float(rates[i]),
            "reg_loss": float(reg[i]),
        }
        for i in range(n)
    ]
    count = PER_EPOCH * (n - 1)
    losses = np.repeat(train[1:], PER_EPOCH)
    ratios, lengths = (np.broadcast_to(v, count) for v in (ratio, norms))
    steps = Steps()
    steps.append(np.column_stack([losses, np.full(count, 0.1), lengths, ratios]), count)
    given = {"settings": {"optimizer": {"name": "sgd", "lr": 0.1}, "train": {"batch_size": 8}}} | more
    return View(
        n - 1,
        count,
        epochs,
        PER_EPOCH,
        Task("classification", 10),
        CHANCE,
        CHANCE,
        steps,
        Curves(rows),
        val_rows=300,
        train_rows=1000,
        majority=0.1,
        **given,
    )


FLAT = np.full(11, CHANCE)
FALLING = CHANCE * np.exp(-np.arange(31) / 6)


def codes(monitor, view) -> list[str]:
    return [f"{d.code}:{d.severity}" for d in monitor.inspect(view)]


@pytest.mark.parametrize("ratio", [0.3, np.r_[2.0, np.full(199, 1e-3)]])
def test_long_steps_that_learn_nothing_are_too_long(ratio):
    """Steps of a third of the weights, or one huge first step, while nothing is learned, is too high a rate."""
    assert codes(LrTooHigh(), run(FLAT, ratio=ratio)) == ["lr-too-high:warning"]
    assert codes(LrTooHigh(), run(FLAT, ratio=ratio, score=0.8)) == []
    assert codes(LrTooHigh(), run(FLAT[:3], ratio=0.3)) == []  # 40 steps: too early to tell
    assert codes(LrTooHigh(), run(FLAT, ratio=1e-3)) == []


def test_a_loss_that_climbs_under_long_steps_is_too_high_a_rate():
    """A climb counts if the steps are long; the rate that is proposed is shorter."""
    up = np.r_[CHANCE, np.linspace(CHANCE, 3 * CHANCE, 10)]
    (one,) = LrTooHigh().inspect(run(up, ratio=0.08))
    assert one.patches[0]["optimizer.lr"] < 0.1
    assert codes(LrTooHigh(), run(up, ratio=1e-3)) == []


def test_a_first_step_that_was_never_repaired():
    """A network that has learned something is told while its training loss climbs again, or stays above chance."""
    steps = [6.0, 0.7, *[0.01] * 98]
    again, above = [1.5, 1.2, 1.1, 1.3, 1.5, 1.7], [4.0, 3.8, 3.7, 3.7, 3.6, 3.5]
    assert codes(LrTooHigh(), run(again, epochs=6, ratio=steps, score=0.5)) == ["lr-too-high:warning"]
    assert codes(LrTooHigh(), run(above, epochs=6, ratio=steps, score=0.5)) == ["lr-too-high:warning"]
    assert codes(LrTooHigh(), run(again, epochs=6, ratio=0.01, score=0.5)) == []  # no such step
    assert codes(LrTooHigh(), run(again, epochs=6, ratio=steps, score=0.95)) == []  # right, whatever its loss
    assert codes(LrTooHigh(), run([1.5, 1.2, 1.1, 1.1, 1.05, 1.1], epochs=6, ratio=steps, score=0.5)) == []


def test_short_steps_are_too_short_only_if_nothing_is_learned():
    """After three tenths of the run; never for a network that learns, nor where a long step came first."""
    assert codes(LrTooLow(), run(FLAT, ratio=1e-5)) == ["lr-too-low:warning"]
    (one,) = LrTooLow().inspect(run(FLAT, ratio=1e-5))
    # three hundredths of the weights would take 300, which no one uses: the most that is usual
    assert one.patches == ({"optimizer.lr": 1.0},)
    (one,) = LrTooLow().inspect(run(FLAT, ratio=1e-5, settings={"optimizer": {"name": "sgd", "lr": 1e-4}}))
    assert one.patches == ({"optimizer.lr": pytest.approx(0.3)}, {"optimizer.lr": pytest.approx(0.0055)})
    assert codes(LrTooLow(), run(FLAT, ratio=1e-5, epochs=100)) == []
    assert codes(LrTooLow(), run(FLAT, ratio=1e-3)) == []
    assert codes(LrTooLow(), run(FLAT, ratio=1e-5, score=0.9)) == []
    assert codes(LrTooLow(), run(FLAT, ratio=np.r_[0.5, np.full(199, 1e-5)])) == []
    warm = {"optimizer": {"lr": 0.1}, "schedule": {"warmup": 5}}
    assert codes(LrTooLow(), run(FLAT, ratio=np.r_[np.full(100, 1e-6), np.full(100, 1e-3)], settings=warm)) == []


def test_a_lucky_start_is_no_learning():
    """A high score of weights that hardly moved, with the loss where it began, is not the learning rate's merit."""
    lucky = {"score": 0.85, "val_score": 0.85, "epochs": 20}
    assert codes(LrTooLow(), run(FLAT, ratio=1e-7, **lucky)) == ["lr-too-low:warning"]
    assert codes(LrTooLow(), run(FLAT, ratio=2e-4, **lucky)) == [], "over a whole run these steps go a long way"
    assert codes(LrTooLow(), run(FLAT * np.linspace(1, 0.5, len(FLAT)), ratio=1e-7, **lucky)) == [], "it has learned"


def test_a_right_network_with_a_large_loss_has_learned():
    """The score counts as much as the loss: few answers that are surely wrong make a large loss."""
    assert codes(LossNotDecreasing(), run(FLAT)) == ["loss-not-decreasing:warning"]
    assert codes(LossNotDecreasing(), run(FLAT, score=0.9)) == []


def test_a_schedule_that_ends_too_early_is_told_while_nothing_is_learned():
    """The rate gone for good in the first third is told unless the network has learned; a restart ahead is no end."""
    decayed = 0.3 ** np.linspace(0, 30, 200)
    assert codes(BadSchedule(), run(FLAT, lr_plan=decayed)) == ["bad-schedule:warning"]
    assert codes(BadSchedule(), run(FLAT, lr_plan=decayed, score=0.9)) == []
    restart = np.r_[decayed[:100], np.ones(100)]
    assert codes(BadSchedule(), run(FLAT, lr_plan=restart)) == []
    assert codes(BadSchedule(), run(FLAT, lr_plan=np.ones(200))) == []


def test_momentum_is_blamed_for_a_climb():
    """At 0.98 and more, when the loss climbs and nothing is learned; 0.9 is not suspected."""
    up = np.r_[CHANCE, np.linspace(CHANCE, 2 * CHANCE, 10)]
    for momentum, want in ((0.99, ["momentum-too-high:warning"]), (0.9, [])):
        settings = {"optimizer": {"lr": 0.1, "momentum": momentum}}
        assert codes(MomentumTooHigh(), run(up, settings=settings)) == want
        assert codes(MomentumTooHigh(), run(FALLING[:11], settings=settings, score=0.9)) == []


def test_a_gradient_is_compared_with_the_beginning():
    """A hundred times as long as at first is an explosion; a gradient that shrinks, as it should, is none."""
    grown = np.r_[np.ones(150), np.full(50, 500.0)]
    assert codes(ExplodingGradient(), run(FLAT, norms=grown)) == ["exploding-gradient:warning"]
    assert codes(ExplodingGradient(), run(FLAT, norms=grown, score=0.9)) == []
    assert codes(ExplodingGradient(), run(FLAT, norms=grown[::-1])) == []


def test_swings_of_whole_epochs_are_told():
    """Epochs that jump by half are swings; noise of a tenth is not, nor jumps of a network that has learned."""
    swing = np.r_[CHANCE, np.tile([1.0, 2.2], 6)]
    assert codes(OscillatingLoss(), run(swing)) == []  # it has come half of the way at times
    assert codes(OscillatingLoss(), run(2 * swing)) == ["oscillating-loss:warning"]
    assert codes(OscillatingLoss(), run(2 * swing, score=0.9)) == []
    noise = CHANCE * (1 + 0.1 * np.tile([-1, 1], 7))
    assert codes(OscillatingLoss(), run(noise)) == []


def test_a_penalty_that_eats_the_weights_is_told():
    """The penalty began above chance and is gone, with nothing learned; a small one, or a network that learns, not."""
    gone = np.linspace(5.0, 0.01, 11) * CHANCE
    assert codes(OverRegularized(), run(FLAT, reg=gone)) == ["over-regularized:warning"]
    assert codes(OverRegularized(), run(FLAT, reg=gone, score=0.8)) == []
    assert codes(OverRegularized(), run(FLAT, reg=0.05)) == []


def test_update_ratios_are_advice():
    """Long and short steps are told without alarm, once the first epochs are over."""
    assert codes(UpdateRatioHigh(), run(FLAT, ratio=0.3)) == ["update-ratio-high:info"]
    assert codes(UpdateRatioHigh(), run(FLAT, ratio=0.01)) == []
    assert codes(UpdateRatioLow(), run(FLAT, ratio=1e-6)) == ["update-ratio-low:info"]
    assert codes(UpdateRatioLow(), run(FLAT, ratio=1e-6, score=0.9)) == []


def test_a_plateau_is_advice_and_a_converged_run_is_none():
    """Standing still half way is told; standing still near zero is not, nor with the rate annealed away."""
    stuck = np.r_[np.linspace(CHANCE, 1.4, 8), np.full(16, 1.4)]
    assert codes(Plateau(), run(stuck, score=0.4)) == ["plateau:info"]
    assert codes(Plateau(), run(np.r_[FALLING, np.full(20, 0.01)], epochs=60, score=0.99)) == []
    assert codes(Plateau(), run(stuck, score=0.4, lr=np.r_[np.ones(12), np.full(12, 1e-4)])) == []


def probe(kind, *, dead=0.0, saturated=0.0, output=False, **more) -> Probe:
    layer = LayerProbe(
        f"{kind}1", kind, activation=True, output=output, units=64, spread=1.0, dead=dead, saturated=saturated
    )
    return Probe(256, 1.0, [layer], **more)


def test_dead_units_are_an_alarm_only_while_nothing_is_learned():
    """Half of a layer; a network that has learned may do without them."""
    (one,) = DeadRelu().inspect(run(FLAT, probe=probe("relu", dead=0.71)))
    assert (one.layer, one.evidence["dead"], one.evidence["window"]) == ("relu1", {"relu1": 0.71}, 256)
    assert codes(DeadRelu(), run(FLAT, probe=probe("relu", dead=0.3))) == []
    assert codes(DeadRelu(), run(FALLING, probe=probe("relu", dead=0.9), score=0.9)) == []


def test_saturation_is_an_alarm_only_while_nothing_is_learned():
    """Three quarters of a hidden layer; the output layer may be as sure as it likes."""
    assert codes(SaturatedActivation(), run(FLAT, probe=probe("tanh", saturated=0.9))) == [
        "saturated-activation:warning"
    ]
    assert codes(SaturatedActivation(), run(FLAT, probe=probe("tanh", saturated=0.6))) == []
    assert codes(SaturatedActivation(), run(FALLING, probe=probe("tanh", saturated=0.9), score=0.9)) == []
    assert codes(SaturatedActivation(), run(FLAT, probe=probe("sigmoid", saturated=0.9, output=True))) == []


def test_simple_rules_judge_the_end():
    """Far behind a simple rule is a warning; behind in training too it is underfitting; noise is allowed for."""
    rules = {"linear": 0.9, "nearest neighbours": 0.95}
    poor = run(FLAT, score=0.5, baselines=rules)
    assert codes(NoBetterThanBaseline(), poor) == ["no-better-than-baseline:warning"]
    assert codes(Underfitting(), poor) == ["underfitting:warning"]
    overfitted = run(FALLING, score=1.0, val_score=0.5, baselines=rules)
    assert codes(NoBetterThanBaseline(), overfitted) == ["no-better-than-baseline:warning"]
    assert codes(Underfitting(), overfitted) == []
    fair = run(FALLING, score=0.85, baselines=rules)
    assert codes(NoBetterThanBaseline(), fair) + codes(Underfitting(), fair) == []
    assert codes(NoBetterThanBaseline(), run(FLAT, score=0.5)) == []  # nobody measured any


def test_a_run_that_ends_while_falling_is_told():
    """A warning if the network is far from done, advice if it is nearly there, silence if it stands still."""
    short = np.array([CHANCE, 2.2, 1.9])
    assert codes(NotConverged(), run(short, epochs=2, score=0.3)) == ["not-converged:warning"]
    assert codes(NotConverged(), run(np.array([CHANCE, 1.2, 0.7]), epochs=2, score=0.8)) == ["not-converged:warning"]
    slow = np.r_[CHANCE, np.linspace(1.6, 0.8, 20)]
    rising = np.r_[0.1, np.linspace(0.2, 0.5, 10), np.full(10, 0.52)]
    assert codes(NotConverged(), run(slow, score=rising)) == ["not-converged:info"], "the score has stopped"
    assert codes(NotConverged(), run(np.r_[FALLING, np.full(10, 0.2)], score=0.8)) == []
    assert codes(NotConverged(), run(FALLING, score=0.99)) == []


def test_rows_known_by_heart_with_validation_far_behind_are_overfitted():
    """Without any rise of the validation loss, if the gap is wide; a narrow gap is normal."""
    heart = CHANCE * np.exp(-np.arange(31) / 2)
    val = np.maximum(heart, 1.0)
    scores = np.r_[0.1, np.full(30, 1.0)]
    assert codes(Overfitting(), run(heart, val=val, score=scores, val_score=0.75)) == ["overfitting:warning"]
    assert codes(Overfitting(), run(heart, val=val, score=scores, val_score=0.93)) == []


@pytest.mark.parametrize("loss", [{"name": "softmax_cross_entropy"}, "softmax_cross_entropy", "auto", None])
def test_a_cross_entropy_bounds_a_training_score_that_nobody_measured(loss):
    """A wrong row costs at least ln 2, so a loss of 0.02 leaves 3 % wrong; another loss says nothing."""
    heart = CHANCE * np.exp(-np.arange(31) / 5)
    known = loss not in ("auto", None)
    view = run(heart, score=np.full(31, np.nan), val_score=0.11, settings={"loss": loss})
    assert np.isfinite(view.train_scores).all() == known
    if known:
        assert view.train_scores[-1] == pytest.approx(1 - heart[-1] / np.log(2))
        assert view.train_scores[0] == 0
    assert codes(CorruptLabels(), view) == (["corrupt-labels:warning"] if known else [])


def test_rows_known_by_heart_are_told_by_losses_where_no_training_score_is_known():
    """A twentieth of chance in training, a quarter and a low score in validation; a high score is well."""
    heart, nobody = CHANCE * np.exp(-np.arange(31) / 5), np.full(31, np.nan)
    val = np.maximum(heart, 1.0)
    assert codes(Overfitting(), run(heart, val=val, score=nobody, val_score=0.5)) == ["overfitting:warning"]
    assert codes(Overfitting(), run(heart, val=val, score=nobody, val_score=0.9)) == []
    assert codes(Overfitting(), run(heart, val=val, score=nobody, val_score=np.full(31, np.nan))) == []


def test_labels_that_validation_knows_nothing_of():
    """Training far ahead with validation at chance all along is corrupt; validation that learned once is not."""
    heart = CHANCE * np.exp(-np.arange(31) / 6)
    assert codes(CorruptLabels(), run(heart, score=0.9, val_score=0.11)) == ["corrupt-labels:warning"]
    assert codes(CorruptLabels(), run(heart, score=0.9, val_score=0.4)) == []
    assert codes(CorruptLabels(), run(FLAT, score=0.12, val_score=0.1)) == []


def test_training_and_evaluation_mode_may_differ_a_little():
    """A loss that is much larger in evaluation is told where the network is behind; dropout makes it smaller."""
    worse = probe("relu", deep=True, loss=0.5, eval_loss=3.0)
    assert codes(TrainEvalMismatch(), run(FLAT, probe=worse, score=0.3, baselines={"linear": 0.9})) == [
        "train-eval-mismatch:warning"
    ]
    better = probe("relu", deep=True, loss=0.5, eval_loss=0.3)
    assert codes(TrainEvalMismatch(), run(FLAT, probe=better, score=0.3, baselines={"linear": 0.9})) == []


def test_what_is_only_advice_at_the_end():
    """An early best epoch, single batches that scatter and a small validation part are advice."""
    rising = np.r_[FALLING[:8], np.linspace(0.8, 1.6, 23)]
    assert codes(Overtraining(), run(FALLING, val=rising)) == ["overtraining:info"]
    assert codes(Overtraining(), run(FALLING)) == []
    noisy = run(FALLING)
    noisy.steps.append(np.column_stack([np.tile([0.0, 9.0, 0.0], 10), np.ones((30, 3))]), 630)
    assert codes(NoisyLoss(), noisy) == ["noisy-loss:info"]
    assert codes(NoisyLoss(), run(FALLING)) == []
    small = replace(run(FALLING, score=0.8), val_rows=30)
    assert codes(NoisyEval(), small) == ["noisy-eval:info"]
    assert codes(NoisyEval(), run(FALLING, score=0.8)) == []
