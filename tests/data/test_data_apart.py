"""A split within the memory of the rows: the same rows as a split by copies, and no second copy of them."""

import tracemalloc

import numpy as np
import pytest

from trainlab.core.component import make
from trainlab.core.streams import Streams
from trainlab.core.types import Task
from trainlab.data import apart
from trainlab.data.cache import SplitsCache
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.prepare import prepare
from trainlab.data.source import Source, SplitSettings
from trainlab.data.split import split


def loaded(n: int = 101, *, time: bool = False) -> Loaded:
    """Rows whose numbers tell which row they are."""
    rng = np.random.default_rng(3)
    x = np.arange(3 * n, dtype=np.float32).reshape(n, 3)
    y = rng.integers(0, 3, n)
    return Loaded(Rows(x, y, time=rng.permutation(n) if time else None), Task("classification", 3, ("a", "b", "c")))


@pytest.mark.parametrize("settings", [{}, {"stratify": False}, {"folds": 4, "fold": 2}, {"val": 0.0, "test": 0.4}])
@pytest.mark.parametrize("time", [False, True])
def test_a_split_in_place_gives_the_same_rows(monkeypatch, settings, time):
    """Parts in the rows' own memory hold what copies hold, whatever the split; and few bytes are moved at once."""
    monkeypatch.setattr(apart, "_MOVED", 100)
    chosen = SplitSettings(**settings)
    want = split(loaded(time=time), chosen, np.random.default_rng(1))
    got = split(loaded(time=time), chosen, np.random.default_rng(1), own=True)
    for one, other in zip(got, want, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            np.testing.assert_array_equal(one.x, other.x)
            np.testing.assert_array_equal(one.y, other.y)


def test_a_split_in_place_needs_no_second_copy():
    """Beside the rows themselves memory is needed for validation and test rows, and for what is moved at once."""
    given = Loaded(Rows(np.zeros((20_000, 512), np.float32), np.zeros(20_000, np.int64)), Task("regression", 1))
    tracemalloc.start()
    train, val, _ = split(given, SplitSettings(val=0.1, test=0.0), np.random.default_rng(0), own=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert val is not None
    assert np.shares_memory(train.x, given.rows.x)
    assert np.shares_memory(val.x, given.rows.x)
    assert peak < 0.1 * given.rows.x.nbytes + 3 * apart._MOVED


def test_rows_that_others_need_stay_as_they_are(tmp_path):
    """Rows that are handed in, and rows that are kept for other runs, are never put in another order."""
    given = loaded()
    before = given.rows.x.copy()
    source = make(Source, "iris")
    prepare(source, streams=Streams(0), loaded=given)
    np.testing.assert_array_equal(given.rows.x, before)

    np.savez(tmp_path / "rows.npz", x=given.rows.x, y=given.rows.y)
    source = make(Source, "npz", path=str(tmp_path / "rows.npz"))
    cache = SplitsCache()
    first = cache.splits(source, streams=Streams(0))
    cache.splits(source, streams=Streams(1))
    again = cache.splits(source, streams=Streams(0))
    np.testing.assert_array_equal(first.train.x, again.train.x)
    alone = prepare(source, streams=Streams(0))
    assert alone.fingerprint == first.fingerprint
    np.testing.assert_array_equal(alone.train.x, first.train.x)
    assert alone.val is not None
    assert np.shares_memory(alone.train.x, alone.val.x) is False
    assert alone.train.x.base is alone.val.x.base


def test_data_lie_in_memory_once(tmp_path):
    """Reading and preparing a large file takes its size, and that of its validation rows while they are set apart."""
    n, path = 4_000, tmp_path / "rows.npz"
    np.savez(path, x=np.zeros((n, 40, 40, 3), np.float32), y=np.arange(n) % 2)
    source = make(Source, "npz", path=str(path), split=SplitSettings(val=0.1, test=0.0))
    tracemalloc.start()
    prepare(source, streams=Streams(0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.2 * n * 40 * 40 * 3 * 4
