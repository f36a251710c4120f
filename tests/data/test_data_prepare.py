"""Preparing: types, stored rows, gathering, fingerprints."""

import json
from pathlib import Path

import numpy as np
import pytest
from making_data import prepared, refusal, source

from trainlab.core.streams import Streams
from trainlab.data.dataset import Rows
from trainlab.data.fingerprint import fingerprint
from trainlab.data.lazy import LazyRows, chunks, gather, is_large, sampled, take_rows
from trainlab.data.prepare import prepare
from trainlab.search import experiment
from trainlab.tools.check import check


def stored(n=50, shape=(4, 3), dtype=np.uint8):
    x = np.random.default_rng(0).integers(0, 255, (n, *shape)).astype(dtype)
    np.save("x.npy", x)
    return x, np.load("x.npy", mmap_mode="r")


def test_types_of_x():
    """x comes in the asked float type; bytes that nothing changes stay bytes."""
    assert prepared("iris").train.x.dtype == np.float32
    assert prepared("digits").train.x.dtype == np.uint8
    assert prepared("digits", preprocess=["minmax"]).train.x.dtype == np.float32
    assert prepared("friedman1").train.y.dtype == np.float64


def test_raw_rows_stay_at_hand():
    """`raw_train` holds the training rows as they were before preprocessing, `class_counts` their classes."""
    raw, done = prepared("iris"), prepared("iris", preprocess=["standardize"])
    assert np.asarray(done.raw_train, np.float32) == pytest.approx(raw.train.x)
    assert done.class_counts().tolist() == np.bincount(raw.train.y).tolist() == [35, 35, 36]


def test_rows_are_numbered():
    """Rows without lines get their number in the source, from 1, so that messages can name them."""
    parts = prepared("iris")
    whole = prepared("iris", split={"val": 0.0, "test": 0.0}).train.x
    assert np.array_equal(whole[parts.val.lines - 1], parts.val.x)


@pytest.mark.parametrize("index", [[0], [3, 1, 1, 9], list(range(50))])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gather_whatever_x_is(index, dtype):
    """Bytes, floats, memory maps and preprocessed stored rows are gathered alike, into the batch's own memory."""
    x, mapped = stored()
    index, want = np.array(index), x[index].astype(dtype)
    for form in (x, x.astype(dtype), mapped, LazyRows(mapped), LazyRows(x[::-1], np.arange(50)[::-1])):
        out = np.full((len(index), 4, 3), -1, dtype)
        gather(form, index, out)
        assert np.array_equal(out, want)
    halved = LazyRows(mapped).then(lambda rows: rows / 2)
    out = np.empty_like(want)
    gather(halved, index, out)
    assert np.array_equal(out, want / 2)


def test_stored_rows_behave_like_an_array():
    """LazyRows has an array's shape, type, length, slices and conversion; taking rows reads nothing."""
    x, mapped = stored()
    rows = LazyRows(mapped).then(lambda r: r.astype(np.float64).reshape(len(r), -1))
    assert (rows.shape, rows.ndim, rows.dtype, len(rows)) == ((50, 12), 2, np.float64, 50)
    assert np.array_equal(np.asarray(rows), x.reshape(50, 12))
    assert np.array_equal(rows[5:9], x.reshape(50, 12)[5:9])
    taken = rows.take(np.array([4, 2, 0])).take(np.array([2, 0]))
    assert np.array_equal(taken[:], x.reshape(50, 12)[[0, 4]])
    assert isinstance(take_rows(mapped, np.array([1])), LazyRows)
    assert isinstance(take_rows(x, np.array([1])), np.ndarray)


def test_chunks_are_all_rows_once(monkeypatch):
    """Reading piece by piece gives every row once, in order, as float64."""
    x, mapped = stored()
    monkeypatch.setattr("trainlab.data.lazy.CHUNK_BYTES", 12 * 8 * 7)
    for form in (x, LazyRows(mapped)):
        pieces = list(chunks(form))
        assert [len(p) for p in pieces] == [7] * 7 + [1]
        assert np.array_equal(np.concatenate(pieces), x)
        assert {p.dtype for p in pieces} == {np.dtype(np.float64)}


def test_fingerprints_tell_data_apart(monkeypatch):
    """Equal bytes have equal fingerprints, stored or in memory; another value, shape, type or order does not."""
    x, mapped = stored()
    y = np.arange(50)
    monkeypatch.setattr("trainlab.data.fingerprint._CHUNK", 100)
    one = fingerprint(Rows(x, y))
    assert one == fingerprint(Rows(x.copy(order="F"), y)) == fingerprint(Rows(LazyRows(mapped), y))
    changed = x.copy()
    changed[-1, -1, -1] += 1
    others = [
        Rows(changed, y), Rows(x.reshape(50, 3, 4), y), Rows(x.astype(np.int8), y), Rows(x[::-1], y), Rows(x, y[::-1]),
    ]  # fmt: skip
    found = {fingerprint(rows) for rows in others} | {
        fingerprint(Rows(x, y), None),
        fingerprint(Rows(x, y), Rows(x, y)),
    }
    assert (len(found), one in found) == (7, False)
    assert one.startswith("sha256:")
    assert len(one) == 71


def test_fingerprint_of_a_huge_array_is_a_sample(monkeypatch):
    """Beyond the limit rows at equal distances are hashed, and the fingerprint says so."""
    x, _ = stored()
    monkeypatch.setattr("trainlab.data.fingerprint.WHOLE", 12 * 10)
    one = fingerprint(Rows(x, np.arange(50)))
    seen, unseen = x.copy(), x.copy()
    seen[45] += 1
    unseen[46] += 1
    assert one.startswith("sha256-sampled:")
    assert (fingerprint(Rows(seen, np.arange(50))) != one, fingerprint(Rows(unseen, np.arange(50))) == one) == (
        True,
        True,
    )


def test_fingerprint_of_parts_is_the_sources():
    """The fingerprint is that of the source: split, faults and preprocessing do not change it, other rows do."""
    one = prepared("moons").fingerprint
    assert one == prepared("moons", split={"val": 0.3}, preprocess=["center"], faults=["subset"]).fingerprint
    assert one != prepared("moons", seed=1).fingerprint
    assert one != prepared("moons", samples=999).fingerprint


def test_faults_read_stored_rows():
    """Faults damage a copy in memory: the file stays as it was."""
    x, _ = stored()
    np.save("y.npy", np.arange(50) % 2)
    before = Path("x.npy").read_bytes()
    parts = prepared("npy", x="x.npy", y="y.npy", faults=[{"scale": 2.0}])
    assert isinstance(parts.train.x, np.ndarray)
    assert parts.train.x == pytest.approx(x[parts.train.lines - 1] * 2.0)
    assert Path("x.npy").read_bytes() == before


def test_stored_rows_with_pca():
    """Preprocessing that changes the shape works on stored rows, and its target type is the asked one."""
    stored(dtype=np.int32)
    np.save("y.npy", np.arange(50) % 2)
    parts = prepared("npy", x="x.npy", y="y.npy", preprocess=[{"center": "all"}, {"pca": 5}])
    assert (parts.shape, parts.train.x.dtype, parts.val.x[:].shape) == ((5,), np.float32, (len(parts.val), 5))


def test_preparations_that_cannot_be():
    """Scaling classes, and comparing parts of different shapes, are refused."""
    assert refusal("iris", scale_target=True) == (
        "data.scale_target: only targets of a regression can be scaled; these are classes"
    )
    assert refusal("iris", preprocess=[{"pca": 2}], faults=["unprocessed_val"]) == (
        "data: rows of the validation set have the shape (4,), training rows (2,); without the same preprocessing they "
        "cannot be compared"
    )


def test_data_seed_keeps_the_rows_when_the_seed_of_the_run_changes():
    """With `data.seed` runs of different seeds train and test on the same rows; without it they do not."""

    def test_rows(seed, own):
        return prepare(source("blobs", seed=own), streams=Streams(seed)).test.x

    assert np.array_equal(test_rows(0, 7), test_rows(1, 7))
    assert not np.array_equal(test_rows(0, None), test_rows(1, None))
    assert np.array_equal(test_rows(7, None), test_rows(0, 7)), "data.seed stands in for the seed of the run"


@pytest.fixture
def pieces(monkeypatch):
    """Stored arrays of more than 1 MB are large, and a sample of them takes 16 KB in 16 places."""
    monkeypatch.setattr("trainlab.data.lazy.LARGE", 1 << 20)
    monkeypatch.setattr("trainlab.data.lazy.SAMPLE", 1 << 14)


def test_large_stored_rows_are_sampled_in_pieces(pieces):
    """The sample begins with the first row, ends with the last, and rows in memory and small files are read whole."""
    x, on_disk = stored(20_000, (64,))
    found = list(sampled(LazyRows(on_disk), 10))
    assert (found[0], found[-1]) == (slice(0, 10), slice(19_994, 20_000))
    assert sum(part.stop - part.start for part in found) == 16 * 16
    assert (is_large(x), is_large(LazyRows(on_disk[:100])), len(list(sampled(x, 10)))) == (False, False, 2000)


def test_fingerprint_of_a_large_file(pieces):
    """Pieces of a large file are hashed, with its shape; the fingerprint says so, and a changed piece changes it."""
    x, on_disk = stored(20_000, (64,))
    one = fingerprint(Rows(LazyRows(on_disk), np.arange(20_000)))
    assert one.startswith("sha256-pieces:")
    assert one == fingerprint(Rows(LazyRows(on_disk), np.arange(20_000)))
    x[-1, -1] += 1
    np.save("x.npy", x)
    changed = LazyRows(np.load("x.npy", mmap_mode="r"))
    assert fingerprint(Rows(changed, np.arange(20_000))) != one


def test_check_reads_little_of_a_large_file(pieces, monkeypatch, own_folder):
    """`trainlab check` and what precedes the first epoch read a sample of a file, wherever the rows are asked for."""
    n, read = 200_000, LazyRows._read
    stored(n, (64,), np.float32)
    np.save("y.npy", np.arange(n) % 2)
    seen = np.zeros(n, bool)

    def counted(self, index):
        seen[index] = True
        return read(self, index)

    monkeypatch.setattr(LazyRows, "_read", counted)
    monkeypatch.setattr("trainlab.diagnose.data.leaked_rows._STORED", 64_000)
    layers = [{"name": "dense", "units": "output"}]
    settings = {"data": {"name": "npy", "x": "x.npy", "y": "y.npy"}, "model": {"name": "sequential", "layers": layers}}
    Path("large.yaml").write_text(json.dumps(settings))
    check(experiment.read("large.yaml"))
    assert 0 < seen.mean() < 0.15  # samples of a few thousand rows, which are 1 % of 2 GB
