"""Folds: each row is for validation exactly once, classes and groups are kept, nothing is learned from the future."""

from itertools import chain

import numpy as np
import pytest
from making_data import prepared
from pydantic import ValidationError
from test_data_split import cut, labelled, numbers

from trainlab.core.errors import DataError
from trainlab.core.types import Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import SplitSettings


def folded(loaded, folds, **settings):
    """The parts for each fold, as numbers of rows."""
    return [numbers(cut(loaded, test=0.1, folds=folds, fold=k, **settings)) for k in range(1, folds + 1)]


@pytest.mark.parametrize("stratify", [True, False])
def test_each_row_is_validated_once(stratify):
    """Beside test rows that never change, the folds are a partition, of sizes that differ by one at most."""
    parts = folded(labelled([40, 31, 12]), 5, stratify=stratify)
    tests = [test for _, _, test in parts]
    assert tests == [tests[0]] * 5
    assert sorted(chain(tests[0], *(val for _, val, _ in parts))) == list(range(1, 84))
    sizes = [len(val) for _, val, _ in parts]
    assert max(sizes) - min(sizes) <= 1
    for train, val, _ in parts:
        assert sorted([*train, *val]) == sorted(set(range(1, 84)) - set(tests[0]))
        assert train == sorted(train)


def test_rows_of_a_class_go_to_the_folds_at_random():
    """Another seed makes other folds; the same seed the same ones."""
    one, again, other = (cut(labelled([40, 31, 12]), seed, test=0.0, folds=5, fold=1)[1].lines for seed in (1, 1, 2))
    assert one.tolist() == again.tolist()
    assert one.tolist() != other.tolist()


def test_stratified_folds_hold_each_class_alike():
    """Two folds differ by one row of a class at most."""
    vals = [cut(labelled([40, 31, 12]), test=0.0, folds=5, fold=k)[1] for k in range(1, 6)]
    counts = np.array([np.bincount(val.y, minlength=3) for val in vals])
    assert (np.ptp(counts, axis=0) <= 1).all()


def test_groups_stay_whole():
    """No group is in two folds, and every fold has some."""
    groups = np.random.default_rng(0).integers(0, 12, 90)
    loaded = labelled([50, 40], groups=groups)
    held = [set(groups[np.array(val) - 1]) for _, val, _ in folded(loaded, 4)]
    assert all(held)
    assert all(not a & b for i, a in enumerate(held) for b in held[:i])
    with pytest.raises(DataError, match="3 groups of rows cannot be cut into 5 folds"):
        cut(labelled([50, 40], groups=np.arange(90) % 3), test=0.0, folds=5, fold=1)


def test_time_is_never_turned_round():
    """Of rows with a time, each fold trains on those before the ones it is validated on, and on more fold by fold."""
    time = np.random.default_rng(0).permutation(60)
    loaded = Loaded(Rows(np.zeros((60, 1)), np.zeros((60, 1)), time=time), Task("regression", 1))
    sizes = []
    for k in range(1, 5):
        train, val, test = cut(loaded, test=0.1, folds=4, fold=k)
        assert train.time.max() < val.time.min()
        assert val.time.max() < test.time.min()
        sizes.append(len(train))
    assert sizes == sorted(set(sizes))


def test_preprocessing_is_fitted_on_each_folds_training_rows():
    """The mean that is taken off is that of the four fifths at hand, another one in each fold."""
    means = []
    for fold in (1, 2):
        parts = prepared("wine", split={"folds": 5, "fold": fold}, preprocess=["standardize"])
        assert abs(parts.train.x.mean(axis=0)).max() < 1e-5
        assert abs(parts.val.x.mean(axis=0)).max() > 1e-3
        means.append(parts.raw_train.mean(axis=0).tolist())
    assert means[0] != means[1]


@pytest.mark.parametrize(
    ("settings", "want"),
    [
        ({"folds": 5}, "`folds` and `fold` belong together: of 5 folds, fold 1 trains on the other four"),
        ({"fold": 1}, "`folds` and `fold` belong together: of 5 folds, fold 1 trains on the other four"),
        ({"folds": 3, "fold": 4}, "there is no fold 4 of 3"),
    ],
)
def test_a_fold_that_is_none_is_refused(settings, want):
    """One without the other, or a number beyond the last."""
    with pytest.raises(ValidationError, match=want):
        SplitSettings(**settings)


def test_too_many_folds_are_refused():
    """More folds than rows leave some empty."""
    with pytest.raises(DataError, match=r"data.split.folds: 4 rows cannot be cut into 5 folds; ask for fewer"):
        cut(labelled([2, 2]), test=0.0, folds=5, fold=1)
