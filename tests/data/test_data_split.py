"""Splits: shares, strata, groups and times; every message for splits that cannot be."""

from itertools import chain

import numpy as np
import pytest
from making_data import classes
from pydantic import ValidationError

from trainlab.core.errors import DataError
from trainlab.core.types import Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import SplitSettings
from trainlab.data.split import split


def cut(loaded, seed=0, **settings):
    return split(loaded, SplitSettings(**settings), np.random.default_rng(seed))


def labelled(counts, **more):
    y = np.repeat(np.arange(len(counts)), counts)
    task = Task("classification", len(counts), tuple("abcdefgh"[: len(counts)]))
    return Loaded(Rows(np.arange(len(y))[:, None] * 1.0, y, lines=np.arange(1, len(y) + 1), **more), task)


def numbers(parts):
    return [[] if rows is None else rows.lines.tolist() for rows in parts]


@pytest.mark.parametrize("stratify", [True, False])
def test_parts_are_a_partition(stratify):
    """Every row is in exactly one part, in the file's order, and the shares are met."""
    parts = numbers(cut(classes(101), val=0.2, test=0.1, stratify=stratify))
    assert sorted(chain(*parts)) == list(range(1, 102))
    assert [len(part) for part in parts] == [71, 20, 10]
    assert [part == sorted(part) for part in parts] == [True] * 3


def test_stratified_shares():
    """Each class gives its share of rows to each part, to within one row, and the sizes come out as asked."""
    parts = cut(labelled([200, 100, 37, 11]), val=0.15, test=0.15)
    assert [len(rows) for rows in parts] == [244, 52, 52]
    for rows, share in zip(parts, (0.7, 0.15, 0.15), strict=True):
        counts = np.bincount(rows.y, minlength=4)
        assert np.abs(counts - share * np.array([200, 100, 37, 11])).max() < 2


def test_tiny_classes_stay_in_training():
    """A class of two rows keeps one of them in training, whatever the shares."""
    for seed in range(5):
        train, val, test = cut(labelled([50, 2, 2]), seed, val=0.45, test=0.45)
        assert np.bincount(train.y, minlength=3).min() >= 1
        assert len(train) + len(val) + len(test) == 54


def test_rows_within_a_class_are_drawn_at_random():
    """Another seed holds out other rows; the same seed the same."""
    loaded = labelled([100, 100])
    assert numbers(cut(loaded, 1)) == numbers(cut(loaded, 1))
    assert numbers(cut(loaded, 1))[1] != numbers(cut(loaded, 2))[1]
    drawn = [line for seed in range(60) for line in numbers(cut(loaded, seed, val=0.2, test=0))[1]]
    assert np.bincount(drawn, minlength=201)[1:].min() >= 1  # chance of a row never drawn: 0.8^60, one in a million


def test_groups_are_never_split_apart():
    """No group has rows in two parts, and the shares are met as far as groups allow."""
    groups = np.repeat(np.arange(40), 5)[np.random.default_rng(0).permutation(200)]
    parts = cut(labelled([100, 100], groups=groups), val=0.2, test=0.2)
    sets = [set(rows.groups.tolist()) for rows in parts]
    assert (sets[0] & sets[1], sets[0] & sets[2], sets[1] & sets[2]) == (set(), set(), set())
    assert [len(rows) for rows in parts] == [120, 40, 40]


def test_time_is_split_in_its_order():
    """Training rows come first, then validation, then test, in the order of time."""
    time = np.random.default_rng(0).permutation(100).astype(float)
    train, val, test = cut(labelled([50, 50], time=time), val=0.2, test=0.1)
    assert (train.time.max(), val.time.min(), val.time.max(), test.time.min()) == (69, 70, 89, 90)


def test_no_shares_no_parts():
    """Shares of 0 leave all rows for training."""
    train, val, test = cut(labelled([3, 4]), val=0.0, test=0.0)
    assert (len(train), val, test) == (7, None, None)


def test_own_test_rows_replace_the_share():
    """Where the source has test rows, none are held out, and `test` is not used."""
    loaded = classes(100)
    own = Loaded(loaded.rows, loaded.task, loaded.rows.take(np.arange(7)))
    train, val, test = cut(own, val=0.2, test=0.5)
    assert (len(train), len(val), len(test)) == (80, 20, 7)


def test_regression_is_split_at_random():
    """Numbers have no classes: `stratify` does nothing."""
    rows = Rows(np.zeros((20, 1)), np.arange(20.0)[:, None], lines=np.arange(1, 21))
    parts = cut(Loaded(rows, Task("regression", 1)), val=0.25, test=0.25)
    assert sorted(chain(*numbers(parts))) == list(range(1, 21))
    assert [len(p) for p in parts] == [10, 5, 5]


@pytest.mark.parametrize(
    ("loaded", "settings", "message"),
    [
        (
            labelled([5, 1]),
            {},
            "data: class `b` has one row only (number 6), which cannot be in training and validation both; add rows of "
            "it, leave it out, or set `split: {stratify: false}`",
        ),
        (
            labelled([4, 4]),
            {"val": 0.05, "test": 0.0},
            "data.split.val: a share of 0.05 of 8 rows leaves none; raise it, or set it to 0 to do without",
        ),
        (
            labelled([4, 4]),
            {"val": 0.0, "test": 0.05, "stratify": False},
            "data.split.test: a share of 0.05 of 8 rows leaves none; raise it, or set it to 0 to do without",
        ),
        (
            labelled([4, 4], groups=np.repeat([0, 1], 4)),
            {"val": 0.2, "test": 0.2},
            "data.split.test: a share of 0.2 of 2 groups of rows leaves none; raise it, or set it to 0 to do without",
        ),
        (
            labelled([1, 1]),
            {"val": 0.8, "test": 0.0, "stratify": False},
            "data.split: no rows are left to train on, of 2; lower `val` and `test`",
        ),
    ],
)
def test_splits_that_cannot_be(loaded, settings, message):
    """A part without rows and a class of one row are refused with what to do."""
    with pytest.raises(DataError) as caught:
        cut(loaded, **settings)
    assert str(caught.value) == message


def test_shares_must_leave_rows():
    """Shares that sum to one or more are refused when the config is read."""
    with pytest.raises(ValidationError) as caught:
        SplitSettings(val=0.6, test=0.4)
    assert caught.value.errors()[0]["msg"] == (
        "val and test together must be less than 1, so that rows are left to train on; found 0.6 + 0.4"
    )
