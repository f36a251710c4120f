"""A cache keeps one dataset: read once for all seeds, drawn and split once for each."""

import numpy as np
import pytest

from trainlab.core.component import make
from trainlab.core.errors import DataError
from trainlab.core.streams import Streams
from trainlab.data.cache import SplitsCache
from trainlab.data.prepare import prepare
from trainlab.data.source import Source, SplitSettings


@pytest.fixture
def table(tmp_path):
    """A CSV file of 30 rows."""
    file = tmp_path / "d.csv"
    file.write_text("a,y\n" + "".join(f"{i},{i % 3 + 0.5}\n" for i in range(30)))
    return file


def test_equal_settings_share_the_splits():
    """Runs with equal data settings, seed and float type get the same splits; those of another are their own."""
    cache, source = SplitsCache(), make(Source, "moons", samples=30)
    first = cache.splits(source, streams=Streams(0))
    assert cache.splits(make(Source, "moons", samples=30), streams=Streams(0)) is first
    assert cache.splits(source, streams=Streams(0), dtype="float64").train.x.dtype == np.float64
    other = cache.splits(source, streams=Streams(1))
    assert not np.array_equal(other.train.x, first.train.x)
    fixed = source.model_copy(update={"seed": 5})
    assert cache.splits(fixed, streams=Streams(0)) is cache.splits(fixed, streams=Streams(1))


def test_rows_of_a_file_are_read_once_for_all_seeds(table):
    """A source that draws nothing is read once for any seed and split; other settings of its own are other rows."""
    cache, source = SplitsCache(), make(Source, "csv", path=str(table), target="y")
    first = cache.splits(source, streams=Streams(0))
    table.unlink()
    other = cache.splits(source, streams=Streams(1))
    assert other.fingerprint == first.fingerprint
    assert not np.array_equal(other.train.x, first.train.x)
    halved = source.model_copy(update={"split": SplitSettings(val=0.5)})
    assert len(cache.splits(halved, streams=Streams(0)).val or ()) == 15
    with pytest.raises(DataError, match="no such file"):
        cache.splits(source.model_copy(update={"target": "a"}), streams=Streams(0))


def test_a_cache_changes_no_number(table):
    """Cached splits are bit for bit those that `prepare` makes, also after other splits of the same rows."""
    cache, source = SplitsCache(), make(Source, "csv", path=str(table), target="y")
    for seed in (0, 1, 0):
        got, want = cache.splits(source, streams=Streams(seed)), prepare(source, streams=Streams(seed))
        for one, two in ((got.train, want.train), (got.val, want.val), (got.test, want.test)):
            assert one is not None
            assert two is not None
            np.testing.assert_array_equal(one.x, two.x)
            np.testing.assert_array_equal(one.y, two.y)
