"""What every loss promises, and its law."""

from math import log

import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_pinball_loss

from trainlab.core.component import names
from trainlab.core.errors import UserError
from trainlab.core.types import Task
from trainlab.nn.loss import Loss, LossSlot

CLASSES, TWO, NUMBERS = Task("classification", 4), Task("classification", 2), Task("regression", 3)
LEVELS, LABELS = Task("classification", 4, ordered=True), Task("multilabel", 3, ("red", "green", "blue"))
# (loss, the task it is tried on)
CASES = [
    ("softmax_cross_entropy", CLASSES),
    ({"softmax_cross_entropy": 0.2}, CLASSES),
    ({"name": "softmax_cross_entropy", "class_weights": [1.0, 2.0, 3.0, 0.5]}, CLASSES),
    ("hinge", CLASSES),
    ({"hinge": 0.3}, CLASSES),
    ({"name": "hinge", "class_weights": [1.0, 2.0, 3.0, 0.5]}, CLASSES),
    ("binary_cross_entropy", TWO),
    ({"name": "binary_cross_entropy", "class_weights": [0.5, 3.0]}, TWO),
    ("binary_cross_entropy", LABELS),
    ({"name": "binary_cross_entropy", "class_weights": [0.5, 1.0, 3.0]}, LABELS),
    ("ordinal", LEVELS),
    ({"name": "ordinal", "class_weights": [1.0, 2.0, 3.0, 0.5]}, LEVELS),
    ("pinball", NUMBERS),
    ({"pinball": [0.05, 0.3]}, NUMBERS),
    ("mse", NUMBERS),
    ("poisson", NUMBERS),
    ("msle", NUMBERS),
    ("kl_divergence", NUMBERS),
    ("kl_divergence", CLASSES),
    ("binary_hinge", TWO),
    ("squared_hinge", CLASSES),
    ("mse", CLASSES),
    ("mae", NUMBERS),
    ("huber", NUMBERS),
    ({"huber": 0.3}, NUMBERS),
]
each_case = pytest.mark.parametrize(("spelled", "task"), CASES, ids=str)


def slot_of(loss, task, rows, *, dtype=np.float64, seed=0, gradient=True):
    """A loss slot with drawn outputs and encoded targets."""
    rng = np.random.default_rng(seed)
    units = loss.units(task)
    drawn = {
        "regression": lambda: _numbers(loss, rng.normal(size=(rows, task.outputs))),
        "multilabel": lambda: rng.integers(2, size=(rows, task.outputs)),
        "classification": lambda: rng.integers(task.outputs, size=rows),
    }
    t = loss.encode(drawn[task.kind](), task)
    t = t.astype(dtype) if t.dtype.kind == "f" else t
    y = rng.normal(size=(rows, units)).astype(dtype)
    return LossSlot(y, t, np.full_like(y, np.nan) if gradient else None)


def _numbers(loss, drawn):
    """Targets that the loss takes: numbers, those of 0 or more, or rows that add up to 1."""
    if loss.name in ("poisson", "msle"):
        return np.abs(drawn)
    return np.exp(drawn) / np.exp(drawn).sum(axis=1, keepdims=True) if loss.name == "kl_divergence" else drawn


def test_every_loss_has_its_case():
    """A new loss needs a line in CASES."""
    assert {s if isinstance(s, str) else Loss.read(s).name for s, _ in CASES} == set(names(Loss))


@each_case
@pytest.mark.parametrize("rows", [1, 6])
def test_gradient_is_the_slope(spelled, task, rows):
    """dy agrees with a central difference in random directions, and the mean over rows with the rows one by one."""
    loss = Loss.read(spelled)
    s = slot_of(loss, task, rows)
    value = loss.value(s)
    gradient, start = s.dy.copy(), s.y.copy()
    assert np.abs(gradient).max() > 0
    rng, h = np.random.default_rng(1), 1e-6
    for _ in range(3):
        d = rng.normal(size=start.shape)
        s.y[...] = start + h * d
        up = loss.value(s)
        s.y[...] = start - h * d
        down = loss.value(s)
        assert (up - down) / (2 * h) == pytest.approx((gradient * d).sum(), rel=1e-6, abs=1e-8)
    alone = []
    for row in range(rows):
        one = slot_of(loss, task, 1)
        one.y[0], one.t[0] = start[row], s.t[row]
        alone.append(loss.value(one))
    assert np.mean(alone) == pytest.approx(value)


@each_case
def test_a_weight_is_worth_rows(spelled, task):
    """Weights 2 and 0 mean what repeating a row and leaving it out mean, in the loss and in the gradient."""
    loss = Loss.read(spelled)
    s = slot_of(loss, task, 6)
    s.weights = np.array([1.0, 2.0, 0.0, 1.0, 2.0, 0.0])
    value = loss.value(s)
    times = s.weights.astype(int)
    rows = LossSlot(np.repeat(s.y, times, axis=0), np.repeat(s.t, times, axis=0), np.empty_like(s.y))
    assert loss.value(rows) == pytest.approx(value)
    first = np.repeat(np.arange(6), times)
    summed = np.zeros_like(s.dy)
    np.add.at(summed, first, rows.dy)
    np.testing.assert_allclose(s.dy, summed, rtol=1e-12, atol=1e-15)
    assert (s.hits, loss.value(s)) == (slot_hits(loss, s), value)


def slot_hits(loss, s):
    """The rows that are right, counted without weights."""
    plain = LossSlot(s.y, s.t, None)
    loss.value(plain)
    return plain.hits


@each_case
def test_value_leaves_outputs_and_targets_alone(spelled, task):
    """y and t stay, and the value is the same whether a gradient is asked for or not."""
    loss = Loss.read(spelled)
    s = slot_of(loss, task, 5)
    y, t = s.y.copy(), s.t.copy()
    value = loss.value(s)
    np.testing.assert_array_equal(s.y, y)
    np.testing.assert_array_equal(s.t, t)
    s.dy = None
    assert loss.value(s) == value


@each_case
def test_extreme_outputs_are_safe(spelled, task):
    """Outputs of +-1e4 give a finite loss and gradient in float32, without a warning."""
    loss = Loss.read(spelled)
    s = slot_of(loss, task, 8, dtype=np.float32)
    s.y[...] = np.where(s.y > 0, 1e4, -1e4)
    assert np.isfinite(loss.value(s))
    assert np.isfinite(s.dy).all()
    assert s.dy.dtype == np.float32


@pytest.mark.parametrize(("spelled", "task", "chance"), [
    ("softmax_cross_entropy", CLASSES, log(4)),
    ({"softmax_cross_entropy": 0.3}, CLASSES, log(4)),
    ("hinge", CLASSES, 3.0),
    ({"hinge": 0.5}, CLASSES, 1.5),
    ("binary_cross_entropy", TWO, log(2)),
    ("binary_cross_entropy", LABELS, log(2)),
])  # fmt: skip
def test_chance_is_the_loss_of_equal_scores(spelled, task, chance):
    """Zero outputs cost what `chance` says: ln C, (C - 1) margin, ln 2."""
    loss = Loss.read(spelled)
    s = slot_of(loss, task, 7)
    s.y.fill(0)
    assert loss.value(s) == pytest.approx(chance)
    assert loss.chance(s.t, task) == pytest.approx(chance)


def test_chance_of_weighted_classes():
    """With class weights chance is ln C times the mean weight of the rows; balanced weights make that ln C."""
    y = np.array([0] * 6 + [1] * 3 + [2])
    task = Task("classification", 3)
    weighted = Loss.read({"name": "softmax_cross_entropy", "class_weights": [1.0, 2.0, 4.0]})
    assert weighted.chance(y, task) == pytest.approx(log(3) * 1.6)
    balanced = Loss.read({"name": "softmax_cross_entropy", "class_weights": "balanced"}).fitted(y, task)
    assert balanced.class_weights == pytest.approx([10 / 18, 10 / 9, 10 / 3])
    assert balanced.chance(y, task) == pytest.approx(log(3))
    s = slot_of(balanced, task, 10)
    s.y.fill(0)
    s.t[...] = y
    assert balanced.value(s) == pytest.approx(log(3))
    assert weighted.fitted(y, task) is weighted


def test_levels_by_their_questions():
    """The loss of levels is -log of the probability that `probabilities` gives; the prediction is the median."""
    loss, s = Loss.read("ordinal"), slot_of(Loss.read("ordinal"), LEVELS, 50)
    value, p = loss.value(s), loss.probabilities(s.y)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert value == pytest.approx(-np.log(p[np.arange(50), s.t]).mean())
    median = loss.predict(s.y, LEVELS)
    np.testing.assert_array_equal(median, (p.cumsum(axis=1) < 0.5).sum(axis=1))
    assert s.hits == (median == s.t).sum()
    s.y[...] = np.log([3.0, 2.0, 1.0])  # sigmoid(log(n)) = n / (n + 1): every level has the probability 1/4
    assert loss.value(s) == pytest.approx(log(4)) == loss.chance(s.t, LEVELS)
    with pytest.raises(UserError) as caught:
        loss.units(CLASSES)
    assert str(caught.value) == (
        "loss: ordinal is for levels with an order; set `data.task: ordinal`, or use `loss: auto`"
    )


def test_pinball_is_scikit_learns():
    """The mean over the quantiles of scikit-learn's pinball loss; crossing outputs are sorted when they are used."""
    loss, task = Loss.read("pinball"), Task("regression", 2)
    s = slot_of(loss, task, 40)
    by_quantile = s.y.reshape(40, 2, 3)
    want = [mean_pinball_loss(s.t, by_quantile[:, :, i], alpha=a) for i, a in enumerate(loss.quantiles)]
    assert loss.value(s) == pytest.approx(np.mean(want))
    found = loss.quantiles_of(s.y, task)
    assert found.shape == (40, 2, 3)
    assert (np.diff(found, axis=2) >= 0).all()
    np.testing.assert_array_equal(loss.predict(s.y, task), np.median(by_quantile, axis=2))
    constant = np.repeat(np.quantile(s.t, loss.quantiles, axis=0).T.reshape(1, 6), 40, axis=0)
    assert loss.value(LossSlot(constant, s.t, None)) == pytest.approx(loss.chance(s.t, task))


def test_labels_are_scikit_learns():
    """Several labels cost the mean of scikit-learn's log loss of each; balanced weights are zeros / ones."""
    loss = Loss.read("binary_cross_entropy")
    s = slot_of(loss, LABELS, 40)
    p = loss.probabilities(s.y)
    assert loss.value(s) == pytest.approx(np.mean([log_loss(s.t[:, i], p[:, i]) for i in range(3)]))
    assert s.hits == pytest.approx(np.mean((p > 0.5) == s.t) * 40)
    np.testing.assert_array_equal(loss.predict(s.y, LABELS), p > 0.5)
    y = np.array([[1, 0, 1], [0, 0, 1], [0, 1, 1], [0, 0, 0]])
    balanced = Loss.read({"name": "binary_cross_entropy", "class_weights": "balanced"}).fitted(y, LABELS)
    assert balanced.class_weights == pytest.approx([3, 3, 1 / 3])
    named = Loss.read({"name": "binary_cross_entropy", "class_weights": {"green": 4.0}}).fitted(y, LABELS)
    assert named.class_weights == [1, 4, 1]


@pytest.mark.parametrize(("spelled", "constant", "chance"), [
    ("mse", 2.0, 2.0),  # the mean; the variance of 0, 1, 2, 3, 4
    ("mae", 2.0, 1.2),
    ("huber", 2.0, 0.8),  # (1.5 + 0.5 + 0 + 0.5 + 1.5) / 5
    ("poisson", log(2), 2 - 2 * log(2)),
    ("msle", 120 ** 0.2 - 1, float(np.var(np.log([1, 2, 3, 4, 5])))),  # the geometric mean of 1 to 5, less 1
])  # fmt: skip
def test_chance_of_numbers_is_the_best_constant(spelled, constant, chance):
    """A network that always says the middle of the targets costs what `chance` says."""
    loss, task = Loss.read(spelled), Task("regression", 1)
    s = slot_of(loss, task, 5)
    s.t[...] = loss.encode(np.arange(5.0), task)
    s.y.fill(constant)
    assert loss.value(s) == pytest.approx(chance)
    assert loss.chance(s.t, task) == pytest.approx(chance)


@pytest.mark.parametrize(("name", "constant", "chance"), [("binary_hinge", 1.0, 0.4), ("squared_hinge", 0.6, 0.64)])
def test_chance_of_signs(name, constant, chance):
    """Of two classes in the ratio 4 : 1 the best constants are +-1, or the mean sign."""
    loss = Loss.read(name)
    t = loss.encode(np.array([0, 0, 0, 0, 1]), TWO)
    y = np.tile([constant, -constant], (5, 1))
    assert loss.value(LossSlot(y, t, None)) == pytest.approx(chance)
    assert loss.chance(t, TWO) == pytest.approx(chance)


def test_targets_that_a_loss_refuses():
    """Counts below 0, rows that are no distribution, and a single share are errors that name the loss."""
    said = []
    for refused in (
        lambda: Loss.read("poisson").encode(np.array([1.0, -2.0]), Task("regression", 1)),
        lambda: Loss.read("msle").encode(np.array([-0.5]), Task("regression", 1)),
        lambda: Loss.read("kl_divergence").encode(np.array([[0.5, 0.5], [0.5, 0.7]]), Task("regression", 2)),
        lambda: Loss.read("kl_divergence").units(Task("regression", 1)),
    ):
        with pytest.raises(UserError) as caught:
            refused()
        said.append(str(caught.value))
    scaled = " (with `data.scale_target` targets have mean 0: set it to false)"
    assert said == [
        f"loss: poisson needs targets of 0 or more; the smallest is -2{scaled}",
        f"loss: msle needs targets of 0 or more; the smallest is -0.5{scaled}",
        "loss: kl_divergence needs targets of 0 or more that add up to 1 in every row (with `data.scale_target: false`)"
        "; row 2 of a part adds up to 1.2",
        "loss: kl_divergence needs several target columns that add up to 1 in every row",
    ]


def test_kl_divergence_of_classes_is_cross_entropy():
    """For classes it is `softmax_cross_entropy`; for a distribution it is 0 where the softmax is that distribution."""
    kl, cross = Loss.read("kl_divergence"), Loss.read("softmax_cross_entropy")
    y, classes = np.random.default_rng(0).normal(size=(6, 4)), np.array([0, 1, 2, 3, 1, 1])
    got = kl.value(LossSlot(y, kl.encode(classes, CLASSES), None))
    assert got == pytest.approx(cross.value(LossSlot(y, classes, None)))
    assert kl.value(LossSlot(y, kl.predict(y, NUMBERS), None)) == pytest.approx(0, abs=1e-12)


def test_chance_of_one_hot_mse():
    """For classes mse's chance is the variance of the one-hot targets."""
    assert Loss.read("mse").chance(np.array([0, 0, 1, 1]), TWO) == pytest.approx(0.25)


def test_predictions_and_probabilities():
    """Classes by the largest output, probabilities that sum to one and put it first; regression gives the numbers."""
    y = np.array([[2.0, -1e4, 3.0, 0.0], [1e4, 0.0, -1e4, 0.0]])
    softmax = Loss.read("softmax_cross_entropy")
    assert softmax.predict(y, CLASSES).tolist() == [2, 0]
    p = softmax.probabilities(y)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(p[0], np.exp([2, -np.inf, 3, 0]) / (np.exp(2) + np.exp(3) + 1))
    assert Loss.read("hinge").predict(y, CLASSES).tolist() == [2, 0]
    assert Loss.read("hinge").probabilities(y) is None
    assert Loss.read("mse").predict(y, CLASSES).tolist() == [2, 0]
    for name in ("mse", "mae", "huber"):
        assert Loss.read(name).predict(y, NUMBERS) is y
    binary, logits = Loss.read("binary_cross_entropy"), np.array([[-1e4], [0.5], [1e4]])
    assert binary.predict(logits, TWO).tolist() == [0, 1, 1]
    np.testing.assert_allclose(binary.probabilities(logits), [[1, 0], [0.377540669, 0.622459331], [0, 1]], atol=1e-9)


def test_losses_that_do_not_fit_the_targets():
    """Three classes are too many for binary cross-entropy, and class weights must be as many as classes."""
    with pytest.raises(UserError) as caught:
        Loss.read("binary_cross_entropy").units(Task("classification", 3))
    assert str(caught.value) == (
        "loss: binary_cross_entropy is for 2 classes, these targets have 3; use softmax_cross_entropy"
    )
    with pytest.raises(UserError) as caught:
        Loss.read({"name": "softmax_cross_entropy", "class_weights": [1.0, 2.0]}).units(CLASSES)
    assert str(caught.value) == "loss.class_weights: 2 weights for 4 classes; give one per class"
    named = Task("classification", 2, ("no", "yes"))
    for name, hint in (("yess", "did you mean `yes`?"), ("maybe", "name `no` or `yes`")):
        for loss in ("softmax_cross_entropy", "hinge", "binary_cross_entropy"):
            with pytest.raises(UserError) as caught:
                Loss.read({"name": loss, "class_weights": {name: 5.0}}).units(named)
            assert str(caught.value) == f"loss.class_weights: `{name}` is no class; {hint}"


def test_weights_by_name():
    """A class that is not named weighs 1; classes without names are called by their numbers."""
    loss = Loss.read({"name": "hinge", "class_weights": {"yes": 5.0}})
    assert loss.fitted(np.array([0, 1]), Task("classification", 2, ("no", "yes"))).class_weights == [1.0, 5.0]
    numbered = Loss.read({"name": "softmax_cross_entropy", "class_weights": {"2": 0.5}})
    assert numbered.fitted(np.arange(4), CLASSES).class_weights == [1.0, 1.0, 0.5, 1.0]


@pytest.mark.parametrize("name", ["softmax_cross_entropy", "hinge", "binary_cross_entropy"])
def test_class_weights_are_weights_of_their_rows(name):
    """A class weighted 3 is a class whose rows weigh 3, in all three losses."""
    weighted, plain = Loss.read({"name": name, "class_weights": [1.0, 3.0]}), Loss.read(name)
    one, other = slot_of(weighted, TWO, 9), slot_of(plain, TWO, 9)
    other.weights = np.where(one.t.reshape(9, -1)[:, 0] > 0.5, 3.0, 1.0)
    assert weighted.value(one) == pytest.approx(plain.value(other))
    np.testing.assert_allclose(one.dy, other.dy, rtol=1e-12)


def test_units():
    """One output a class or a number; one for two classes or each label under binary cross-entropy; one less than
    levels; one for each quantile of each number.
    """
    assert Loss.read("binary_cross_entropy").units(LABELS) == 3
    assert Loss.read("ordinal").units(LEVELS) == 3
    assert Loss.read("pinball").units(NUMBERS) == 9
    assert Loss.read("softmax_cross_entropy").units(CLASSES) == 4
    assert Loss.read("hinge").units(CLASSES) == 4
    assert Loss.read("binary_cross_entropy").units(TWO) == 1
    assert [Loss.read(name).units(NUMBERS) for name in ("mse", "mae", "huber")] == [3, 3, 3]


def test_softmax_minimum():
    """With label smoothing the loss is least where softmax(y) is the smoothed target, its gradient zero there."""
    loss = Loss.read({"softmax_cross_entropy": 0.2})
    s = slot_of(loss, CLASSES, 1)
    s.t[0] = 1
    s.y[0] = np.log([0.05, 0.85, 0.05, 0.05])
    loss.value(s)
    np.testing.assert_allclose(s.dy, 0, atol=1e-12)
    assert s.hits == 1


def test_balanced_weights_must_be_fitted():
    """Without the training targets `balanced` has no meaning: using it is an error, not a loss without weights."""
    loss = Loss.read({"name": "softmax_cross_entropy", "class_weights": "balanced"})
    with pytest.raises(RuntimeError, match=r"^class weights \(balanced\) were not fitted to the training targets$"):
        loss.value(slot_of(loss, CLASSES, 4))
