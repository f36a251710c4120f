"""The story of customers who leave: 17 % of the rows are positive."""

import numpy as np
import pytest

import trainlab as tl
from trainlab.tools.fix.fix import fix


@pytest.fixture(scope="module")
def customers():
    """2 000 customers, about 17 % of whom leave, which six columns explain in part."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 6))
    chance = 1 / (1 + np.exp(2.2 - x @ [1.2, -0.8, 0.6, 0.0, 0.0, 0.4]))
    return x, np.where(rng.random(2000) < chance, "yes", "no")


def trained(customers, folder, **more):
    """A run on the customers."""
    x, y = customers
    config = {"data": {"x": x, "y": y, "preprocess": ["standardize"]}, "train": {"epochs": 20}}
    return tl.train({**config, **more}, runs=folder, quiet=True)


WEIGHTED = {"name": "softmax_cross_entropy", "class_weights": "balanced"}


def test_the_balanced_network_is_kept(customers, tmp_path):
    """Class weights find more customers who leave; the trained epoch is kept, and nothing is wrong with the run."""
    plain, weighted = trained(customers, tmp_path), trained(customers, tmp_path, loss=WEIGHTED)
    f1 = [{c.name: c.f1 for c in run.evaluate(part="test").classes}["yes"] for run in (plain, weighted)]
    assert f1[1] > 0.4
    assert weighted.best["metric"] == "val_balanced_accuracy"
    assert weighted.best["epoch"] > 0
    assert weighted.best["value"] > plain.best["value"] + 0.03
    for run in (plain, weighted):
        assert [f.code for f in run.diagnoses if f.severity != "info"] == []


def test_fix_leaves_the_balanced_network_as_it_is(customers, tmp_path):
    """What `fix` keeps is no worse by balanced accuracy, and nothing is blamed on the weights."""
    run = trained(customers, tmp_path, loss=WEIGHTED)
    fixed = fix(run.folder)
    assert "underfitting" not in {f.code for f in run.diagnoses}
    assert all("class_weights" not in key for patch in fixed.patch for key in str(patch).split())


def test_a_network_that_always_says_no_is_told_so(customers, tmp_path):
    """83 % accuracy by one answer: the finding says what it is worth, and suggests class weights first."""
    run = trained(customers, tmp_path, regularization={"l2": 1.0})
    (finding,) = [f for f in run.diagnoses if f.code == "no-better-than-baseline"]
    assert finding.severity == "warning"
    assert finding.message == (
        "The network is no better than always predicting the largest class: it ends with a balanced accuracy of 0.5, "
        "and 0.5 is that of a guess. Its accuracy of 0.82 says nothing, because the largest class has 82% of the rows."
    )
    assert finding.patches[0] == {"loss": WEIGHTED}


def test_an_accuracy_of_the_majority_withdraws_nothing(tmp_path):
    """99 % of the rows say no, and so does the network: that is no good end, although its loss is near zero."""
    rng = np.random.default_rng(1)
    ill = np.arange(3000) % 100 == 0
    x = rng.normal(size=(3000, 2)) + ill[:, None] * [1.0, 0.5]
    run = trained((x, np.where(ill, "yes", "no")), tmp_path)
    (finding,) = [f for f in run.diagnoses if f.code == "no-better-than-baseline"]
    assert (finding.severity, finding.withdrawn) == ("warning", "")
