"""Rows that are kept: read once for all seeds, drawn once for each."""

import numpy as np
import pytest

from trainlab.core.component import make
from trainlab.core.errors import DataError
from trainlab.core.streams import Streams
from trainlab.data.loading import kept_rows, rows_of
from trainlab.data.source import Source


def test_rows_of_a_file_are_read_once_for_all_seeds(tmp_path):
    """A source that draws nothing has the same rows for any seed; other settings of its own are other rows."""
    file = tmp_path / "d.csv"
    file.write_text("a,y\n" + "".join(f"{i},{i % 3 + 0.5}\n" for i in range(9)))
    source = make(Source, "csv", path=str(file), target="y")
    with kept_rows():
        first = rows_of(source, Streams(0))
        file.unlink()
        assert rows_of(source, Streams(1)) is first
        assert rows_of(source.model_copy(update={"scale_target": True}), Streams(1)) is first
        with pytest.raises(DataError, match="no such file"):
            rows_of(source.model_copy(update={"target": "a"}), Streams(0))
    with pytest.raises(DataError, match="no such file"):
        rows_of(source, Streams(0))


def test_generated_rows_belong_to_their_seed():
    """Rows that are drawn are kept for the seed that drew them only."""
    source = make(Source, "moons", samples=30)
    with kept_rows():
        first = rows_of(source, Streams(0))
        assert rows_of(source, Streams(0)) is first
        other = rows_of(source, Streams(1))
        assert not np.array_equal(other.rows.x, first.rows.x)
    assert np.array_equal(rows_of(source, Streams(0)).rows.x, first.rows.x)
