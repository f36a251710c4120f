"""Faults: contract tests over all of them, and what each one damages."""

import numpy as np
import pytest
from making_data import parts, prepared

from trainlab.core.component import find, registered
from trainlab.core.errors import DataError
from trainlab.data.fault import Fault

ALL = registered(Fault)
OF_LABELS = ["label_noise", "shuffle_labels", "target_scale"]
OF_ROWS = ["minority", "subset", "leak", "sort"]
OF_INPUTS = ["scale", "outliers", "bad_values", "unprocessed_val"]
ONLY = {"target_scale": "regression", "minority": "classification"}


def damage(name, split, seed=0, **settings):
    return find(Fault, name).model_validate(settings).damage(split, np.random.default_rng(seed))


def bytes_of(split):
    return [a.tobytes() for rows in (split.train, split.val, split.test) if rows for a in (rows.x, rows.y)]


def test_every_fault_of_the_contract_exists():
    """All names of the contract are registered, and no others."""
    assert [cls.name for cls in ALL] == sorted([*OF_LABELS, *OF_ROWS, *OF_INPUTS])


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.name)
class TestContract:
    """What holds for every registered fault."""

    def test_damages_a_copy_by_the_seed(self, cls):
        """The input stays as it was, the same seed does the same, and something is different afterwards."""
        split = parts(kind=ONLY.get(cls.name, "classification"))
        before = bytes_of(split)
        one, same = (cls(**{"rows": 30} if cls.name == "subset" else {}) for _ in range(2))
        damaged, again = one.damage(split, np.random.default_rng(1)), same.damage(split, np.random.default_rng(1))
        assert bytes_of(split) == before
        assert bytes_of(damaged) == bytes_of(again)
        assert bytes_of(damaged) != before or damaged.skip != split.skip

    def test_rows_stay_whole(self, cls):
        """x, y and the line numbers of every part keep the same length, and types stay fit for training."""
        damaged = cls().damage(parts(kind=ONLY.get(cls.name, "classification")), np.random.default_rng(1))
        for rows in (damaged.train, damaged.val):
            assert len(rows.x) == len(rows.y) == len(rows.lines)
            assert rows.y.dtype in (np.int64, np.float64)
            assert np.asarray(rows.x).dtype == np.float64


def test_label_noise_is_always_wrong():
    """The share of training rows has another class than before, all other classes alike; validation stays."""
    split = parts(4000, 20)
    damaged = damage("label_noise", split, share=0.25)
    wrong = damaged.train.y != split.train.y
    assert wrong.sum() == 1000
    moves = np.bincount((damaged.train.y - split.train.y)[wrong] % 3, minlength=3)
    assert moves.tolist() == pytest.approx([0, 500, 500], abs=70)
    assert damaged.val is split.val


def test_label_noise_of_a_regression():
    """Chosen rows of a regression get the target of another chosen row."""
    split = parts(40, kind="regression")
    y = damage("label_noise", split, share=0.5).train.y
    assert ((y != split.train.y).sum(), sorted(y.ravel())) == (20, sorted(split.train.y.ravel()))


def test_shuffled_labels_are_a_permutation():
    """The training targets are the same, in another order."""
    split = parts(90)
    y = damage("shuffle_labels", split).train.y
    assert np.bincount(y).tolist() == np.bincount(split.train.y).tolist()
    assert (y == split.train.y).mean() < 0.6


def test_minority_thins_all_classes_but_one():
    """The majority keeps all of its rows, every other class its share, at least one row."""
    split = parts(300)
    assert np.bincount(damage("minority", split, share=0.1, majority=1).train.y).tolist() == [10, 100, 10]
    assert np.bincount(damage("minority", split, share=0.0).train.y).tolist() == [100, 1, 1]


def test_subset_keeps_so_many_rows():
    """So many different training rows stay; all of them where there are no more."""
    split = parts(40)
    lines = damage("subset", split, rows=7).train.lines
    assert (len(set(lines.tolist())), set(lines.tolist()) <= set(split.train.lines.tolist())) == (7, True)
    assert len(damage("subset", split, rows=100).train) == 40


@pytest.mark.parametrize(("share", "copies"), [(1.0, 20), (0.25, 5), (0.0, 0)])
def test_leak_copies_training_rows(share, copies):
    """This share of the validation rows is equal to training rows, target and line included; their number stays."""
    split = parts(40, 20)
    val = damage("leak", split, share=share).val
    train = {x.tobytes(): (y, line) for x, y, line in zip(split.train.x, split.train.y, split.train.lines, strict=True)}
    found = [train.get(x.tobytes()) for x in val.x]
    assert (len(val), sum(f is not None for f in found)) == (20, copies)
    assert all(f in (None, (y, line)) for f, y, line in zip(found, val.y, val.lines, strict=True))
    assert len({x.tobytes() for x in val.x}) == 20


def test_leak_from_few_rows():
    """With fewer training than validation rows each is copied about equally often."""
    val = damage("leak", parts(4, 20)).val
    assert sorted(np.unique(val.lines, return_counts=True)[1].tolist()) == [5, 5, 5, 5]


def test_sort_puts_classes_in_order():
    """The training rows come class by class, with the order of the file within, and shuffling is off."""
    damaged = damage("sort", parts(30))
    assert damaged.train.y.tolist() == [0] * 10 + [1] * 10 + [2] * 10
    assert damaged.train.lines[:3].tolist() == [1, 4, 7]
    assert (damaged.sorted, prepared("iris", faults=["sort"]).sorted, prepared("iris").sorted) == (True, True, False)


def test_scale_hits_all_parts():
    """x of training, validation and test is multiplied."""
    split = parts()
    damaged = damage("scale", split, factor=100.0)
    for part in ("train", "val", "test"):
        assert np.array_equal(getattr(damaged, part).x, getattr(split, part).x * 100)


def test_target_scale_hits_all_parts():
    """y of training and validation is multiplied."""
    split = parts(kind="regression")
    damaged = damage("target_scale", split, factor=1000.0)
    assert np.array_equal(damaged.train.y, split.train.y * 1000)
    assert np.array_equal(damaged.val.y, split.val.y * 1000)


def test_outliers_are_far_and_few():
    """One value each of a share of the training rows moves by `size` deviations of all x."""
    split = parts(100)
    moved = np.asarray(damage("outliers", split, share=0.05, size=50.0).train.x) - split.train.x
    assert ((moved != 0).sum(), (moved != 0).any(axis=1).sum()) == (5, 5)
    assert np.abs(moved[moved != 0]) == pytest.approx(np.full(5, 50 * split.train.x.std()))


@pytest.mark.parametrize(("count", "cells"), [(1, 1), (17, 17), (1000, 120)])
def test_bad_values_are_nan(count, cells):
    """So many cells of the training x are NaN, as far as there are so many; validation is finite."""
    damaged = damage("bad_values", parts(40), count=count)
    assert (np.isnan(damaged.train.x).sum(), np.isnan(damaged.val.x).sum()) == (cells, 0)


def test_unprocessed_validation_stays_raw():
    """Validation rows go without preprocessing; training and test rows do not."""
    raw, damaged = prepared("iris"), prepared("iris", preprocess=["standardize"], faults=["unprocessed_val"])
    assert np.array_equal(damaged.val.x, raw.val.x)
    assert damaged.train.x.mean() == pytest.approx(0, abs=1e-6)
    assert np.abs(damaged.test.x.mean()) < 0.5


def test_faults_work_on_bytes():
    """Images of bytes become floats where a fault needs them to."""
    parts = prepared("digits", faults=[{"scale": 0.5}, {"bad_values": 1}])
    assert (parts.train.x.dtype, int(np.isnan(parts.train.x).sum()), parts.val.x.max()) == (np.float32, 1, 8)


def test_faults_have_streams_of_their_own():
    """A second fault does not change what the first one did, nor the split, and hits rows of its own."""
    none, one, two = (prepared("friedman1", faults=["outliers"] * n).train.x for n in range(3))
    assert ((one != none).sum(), (two != none).sum()) == (14, 28)
    one = prepared("iris", faults=[{"label_noise": 0.3}])
    two = prepared("iris", faults=[{"label_noise": 0.3}, {"bad_values": 1}])
    assert np.array_equal(one.train.y, two.train.y)
    assert np.array_equal(one.train.lines, prepared("iris").train.lines)


@pytest.mark.parametrize(
    ("name", "split", "settings", "message"),
    [
        ("target_scale", parts(), {}, "data.faults: `target_scale` needs a regression; this is a classification"),
        (
            "minority",
            parts(kind="regression"),
            {},
            "data.faults: `minority` needs a classification; this is a regression",
        ),
        ("minority", parts(), {"majority": 3}, "data.faults: `minority` has no class 3; there are 3, from 0"),
    ],
)
def test_faults_that_do_not_fit(name, split, settings, message):
    """A fault that does not fit the task says so."""
    with pytest.raises(DataError) as caught:
        damage(name, split, **settings)
    assert str(caught.value) == message


def test_leak_needs_validation_rows():
    """Without validation rows there is nothing to leak into."""
    with pytest.raises(DataError) as caught:
        prepared("iris", split={"val": 0.0}, faults=["leak"])
    assert str(caught.value) == "data.faults: `leak` needs validation rows; set `split: {val: 0.15}`"
