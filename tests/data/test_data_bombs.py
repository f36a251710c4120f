"""Files that would cost far more than their size: they are refused before they do."""

import gzip
import os
import sys
import zipfile

import numpy as np
import pytest

from trainlab.core.component import make
from trainlab.core.errors import UserError
from trainlab.data.source import Source
from trainlab.integrations.logs import source
from trainlab.integrations.logs.reader import read_log


def _load(path):
    return make(Source, "csv", path=str(path), target="y").load(np.random.default_rng(0))


@pytest.mark.parametrize("ending", ["gz", "zip"])
def test_a_table_that_unpacks_without_an_end(tmp_path, ending):
    """140 MB of equal rows in 200 KB are no table."""
    path, rows = tmp_path / f"a.csv.{ending}", b"1,2,no\n" * 100_000
    if ending == "gz":
        with gzip.open(path, "wb") as file:
            file.write(b"a,b,y\n")
            for _ in range(200):
                file.write(rows)
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w") as file:
            for _ in range(200):
                file.write(rows)
    with pytest.raises(UserError) as caught:
        _load(path)
    size = "over 67 MB, more than 200 times its size"
    assert str(caught.value) == f"{path}: unpacks to {size}; if that is what you want, unpack it first"


def test_a_packed_table_is_read(tmp_path):
    """One that shrinks well, but not like a bomb, is a table."""
    path = tmp_path / "a.csv.gz"
    rows = "".join(f"{i % 7},{i % 3},{'yes' if i % 2 else 'no'}\n" for i in range(2000))
    path.write_bytes(gzip.compress(f"a,b,y\n{rows}".encode()))
    assert len(_load(path).rows.x) == 2000


@pytest.mark.skipif(sys.platform == "win32", reason="needs FIFOs")
def test_a_pipe_is_no_table(tmp_path):
    """It would be waited for, and cannot be read twice."""
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(UserError, match="is a device or a pipe, not a regular file"):
        _load(tmp_path / "a.csv")


def test_a_line_without_an_end(tmp_path):
    """Zeros are no text of a table."""
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(1 << 25)
    with pytest.raises(UserError, match=r":1: a line of over 17 million characters; is it a table\?"):
        _load(path)


def test_a_log_that_is_too_large(tmp_path, monkeypatch):
    """Packed or not."""
    monkeypatch.setattr(source, "_LARGEST", 100)
    for name, data in (("a.csv", b"epoch,loss\n" + b"1,2\n" * 50), ("b.csv.gz", gzip.compress(b"epoch,loss\n" * 50))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UserError, match="a log of a training is smaller"):
            read_log(tmp_path / name)
