"""The same arrays in every format give the same rows; what is special about a format is read right or refused."""

import re
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
from making_data import prepared, refusal, source
from sklearn.datasets import dump_svmlight_file

from trainlab.core.errors import DataError

X = np.random.default_rng(0).integers(0, 200, (12, 4)) * 0.25
LABELS = np.array([10, 20, 30] * 4)
NAMES = np.array(["cat", "dog", "horse"] * 4)


def load(name, path, **settings):
    return source(name, path=str(path), **settings).load(np.random.default_rng(0))


def write_npz(path, **arrays):
    np.savez(path, **arrays)


def write_hdf5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            text = array.dtype.kind == "U"
            file.create_dataset(name, data=array.astype(object) if text else array)


def write_chunks(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            data = np.char.encode(array, "utf-8") if array.dtype.kind == "U" else array
            file.create_dataset(name, data=data, chunks=True, compression="gzip")


def write_matlab73(path, **arrays):
    """As MATLAB 7.3 does: 512 bytes of its own first, axes reversed, vectors as columns, characters as numbers."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            if array.dtype.kind == "U":
                characters = np.array([[ord(c) for c in text.ljust(8)] for text in array], np.uint16)
                file[name], kind = characters.T, "char"
            else:
                file[name], kind = (array[:, None] if array.ndim == 1 else array).T, array.dtype.name
            file[name].attrs["MATLAB_class"] = np.bytes_({"float64": "double"}.get(kind, kind))
    with open(path, "r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file")


def write_mat(path, **arrays):
    scipy.io.savemat(path, arrays, oned_as="column")


def write_mat_packed(path, **arrays):
    scipy.io.savemat(path, arrays, do_compression=True)


WRITERS = {
    "npz": ("npz", "a.npz", write_npz),
    "hdf5": ("hdf5", "a.h5", write_hdf5),
    "chunks": ("hdf5", "a.hdf5", write_chunks),
    "matlab 7.3": ("hdf5", "b.mat", write_matlab73),
    "mat": ("mat", "a.mat", write_mat),
    "packed mat": ("mat", "c.mat", write_mat_packed),
}
NAMED = [name for name in WRITERS if name != "npz"]


@pytest.mark.parametrize("labels", ["numbers", "texts", "targets"])
@pytest.mark.parametrize("kind", WRITERS)
def test_the_same_arrays_in_every_format(kind, labels, tmp_path):
    """Whatever file arrays come in, the network gets the same numbers, classes, task and validation and test rows."""
    name, file, write = WRITERS[kind]
    y = {"numbers": LABELS, "texts": NAMES, "targets": X[:, :2] + 0.125}[labels]
    write(tmp_path / file, x=X, y=y, x_val=X[:3], y_val=y[:3], x_test=X[3:5], y_test=y[3:5])

    got = load(name, tmp_path / file)

    np.testing.assert_array_equal(got.rows.x, X)
    assert got.val is not None
    assert got.test is not None
    np.testing.assert_array_equal(got.val.x, X[:3])
    if labels == "targets":
        np.testing.assert_array_equal(got.rows.y, y)
        assert (got.task.kind, got.task.outputs) == ("regression", 2)
    else:
        assert got.task.names == (("10", "20", "30") if labels == "numbers" else ("cat", "dog", "horse"))
        assert (got.rows.y.tolist(), got.val.y.tolist(), got.test.y.tolist()) == ([0, 1, 2] * 4, [0, 1, 2], [0, 1])


@pytest.mark.parametrize("first", [0, 1])
def test_svmlight_as_other_arrays(first, tmp_path):
    """A sparse text gives the dense x; what its indices count from is found in the training file and told."""
    x = X.copy()
    x[0, 0], x[:, 3], x[0, 3] = 1, 0, 2
    dump_svmlight_file(x, LABELS, str(tmp_path / "a.svm"), zero_based=not first)
    (tmp_path / "b.svm").write_text(f"20 {first + 1}:0.5\n")

    got = load("svmlight", tmp_path / "a.svm", test_path=str(tmp_path / "b.svm"))

    np.testing.assert_array_equal(got.rows.x, x)
    assert got.rows.y.tolist() == [0, 1, 2] * 4
    assert got.task.names == ("10", "20", "30")
    assert got.test is not None
    assert (np.asarray(got.test.x).tolist(), got.test.y.tolist()) == ([[0, 0.5, 0, 0]], [1])
    assert f"the smallest index is {first}: indices count from {first}; set `data.zero_based:" in got.notes[0]
    assert load("svmlight", tmp_path / "a.svm", zero_based=True).rows.shape == (4 + first,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 1:2\ncat 1:0.5\n", "a.svm:2: the label `cat` is no number; number the classes and name them under `data.c"),
        ("1,2 1:0.5\n", "a.svm:1: the label `1,2` is several; one label a row is needed"),
        ("1 2:1 1:2\n", "a.svm:1: the index of `1:2` is not above the one before; sort them, each once"),
        ("# a remark\n1 1:x\n", "a.svm:2: `1:x` is not of the form INDEX:VALUE"),
        ("1 -1:2\n", "a.svm:1: `-1:2` is not of the form INDEX:VALUE"),
        ("1 99999999999999999999:2\n", "a.svm:1: the index of `99999999999999999999` is too large"),
        ("1 1:1\n2 2000000000:1\n", "a.svm: 2 rows of 2000000000 features take 30 GB with their zeros, more than 4 GB"),
        ("", "a.svm: holds no rows"),
        ("1\n2\n", "a.svm: no row has a value"),
        ("nan 1:1\n2 1:3\n", "a.svm: labels: row 1, column 1 is nan; targets are finite"),
        ("\0\1\x7f rubbish\n", "a.svm:1: the label"),
    ],
)
def test_svmlight_that_cannot_be_read(text, message):
    """The first wrong row is named with its line; what would not fit into memory is refused with its size."""
    Path("a.svm").write_text(text)

    assert refusal("svmlight", path="a.svm").startswith(message)


def test_svmlight_files_that_do_not_belong_together():
    """An index that the training file does not reach, and an index 0 where indices count from 1, are errors."""
    Path("a.svm").write_text("1 qid:1 1:1 2:1\n2 qid:1 1:1\n")
    Path("b.svm").write_text("1 3:1\n")
    Path("c.svm").write_text("1 0:1\n")

    assert "b.svm: holds the index 3, but the training file goes up to 2" in refusal(
        "svmlight", path="a.svm", test_path="b.svm"
    )
    assert refusal("svmlight", path="a.svm", test_path="c.svm").startswith("c.svm: holds the index 0, but indices")
    assert load("svmlight", "a.svm").notes[0] == "a.svm: the query of each row (qid) is left out"


@pytest.mark.parametrize("kind", ["matlab 7.3", "mat", "packed mat"])
def test_svhn(kind, tmp_path):
    """Images (32, 32, 3, rows) with labels 1 to 10 are rows of (32, 32, 3), and that is told."""
    name, file, write = WRITERS[kind]
    images = np.random.default_rng(0).integers(0, 255, (20, 32, 32, 3)).astype(np.uint8)
    labels = np.tile(np.arange(1, 11), 2).astype(np.uint8)
    for part in ("train", "test"):
        write(tmp_path / f"{part}{file}", X=images.transpose(1, 2, 3, 0), y=labels)

    got = load(
        name, tmp_path / f"train{file}", x="X", test_path=str(tmp_path / f"test{file}"), classes=list("1234567890")
    )

    np.testing.assert_array_equal(got.rows.x, images)
    assert got.rows.y.tolist() == [*range(10), *range(10)]
    assert got.task.names == tuple("1234567890")
    assert got.test is not None
    np.testing.assert_array_equal(got.test.x, images)
    assert any("its last axis counts the rows: (32, 32, 3, 20) is read as (20, 32, 32, 3)" in n for n in got.notes)


def test_examples_as_columns(tmp_path):
    """MATLAB's toolboxes keep an example in each column of x and of one-hot targets."""
    write_mat(tmp_path / "a.mat", x=X.T, y=np.eye(3)[[0, 1, 2] * 4].T)

    got = load("mat", tmp_path / "a.mat")

    np.testing.assert_array_equal(got.rows.x, X)
    assert got.rows.y.tolist() == [0, 1, 2] * 4


def test_hdf5_in_one_piece_stays_on_disk():
    """x of a file without chunks is a memory map, also behind MATLAB's block and in big-endian numbers."""
    write_hdf5("a.h5", x=X.astype(">f4"), y=LABELS)
    write_matlab73("b.mat", x=X, y=LABELS)

    for path in ("a.h5", "b.mat"):
        parts = prepared("hdf5", path=path, preprocess=["standardize"])
        assert isinstance(parts.train.x.stored, np.memmap)
        assert np.asarray(parts.train.x).mean(axis=0) == pytest.approx(0, abs=1e-6)


def test_hdf5_in_chunks_is_read_whole():
    """A large dataset in chunks is read into memory, which is told; one that memory cannot hold is refused."""
    for rows, path in ((70_000, "a.h5"), (10**12, "b.h5")):
        with h5py.File(path, "w") as file:
            file.create_dataset("x", (rows, 1000), "f4", chunks=(1000, 100))  # nothing is written: all zeros
            file["y"] = np.arange(70_000) % 2

    assert load("hdf5", "a.h5").notes[0] == (
        "a.h5: `x` is stored in chunks and takes 0.3 GB of memory; "
        "saved without chunks and compression it stays on disk"
    )
    assert refusal("hdf5", path="b.h5") == (
        "b.h5: `x` is stored in chunks and takes 3725290.3 GB of memory, which is more than there is; saved without "
        "chunks and compression it stays on disk"
    )


def test_hdf5_names_are_paths():
    """Datasets inside groups are named by their path; a missing one is answered with all names and shapes."""
    with h5py.File("a.h5", "w") as file:
        file["train/images"], file["train/labels"], file["test/images"] = X, LABELS, X[:2]
        file["dangling"] = h5py.SoftLink("/nowhere")
        file["away"] = h5py.ExternalLink("other.h5", "/x")

    assert load("hdf5", "a.h5", x="/train/images", y="train/labels").rows.y[:3].tolist() == [0, 1, 2]
    listed = "it has `test/images` (2, 4), `train/images` (12, 4), `train/labels` (12,)"
    assert refusal("hdf5", path="a.h5", x="pictures") == f"a.h5: has no array `pictures` (data.x); {listed}"
    for name in ("dangling", "away"):
        assert refusal("hdf5", path="a.h5", x=name).startswith(f"a.h5: has no array `{name}` (data.x)")
    group = refusal("hdf5", path="a.h5", x="train")
    assert group == "a.h5: `train` is a group of `train/images`, `train/labels`; name a dataset in it"


def test_hdf5_holds_more_than_arrays():
    """References, lists, records, empty datasets and bytes that are no text are refused by name."""
    with h5py.File("a.h5", "w") as file:
        file["x"], file["y"] = X, LABELS
        file["references"] = np.array([file["x"].ref] * 12, h5py.ref_dtype)
        file.create_dataset("lists", (12,), h5py.vlen_dtype("i4"))
        file["records"] = np.zeros(12, [("a", "f4")])
        file["empty"] = h5py.Empty("f4")
        file["bytes"] = np.array([b"\xff\xfe"] * 12)
        file["cell"] = file["references"][:]
        file["cell"].attrs["MATLAB_class"] = np.bytes_("cell")

    said = {name: refusal("hdf5", path="a.h5", y=name) for name in ("references", "lists", "records", "empty", "bytes")}
    assert "`references` holds references to other datasets where numbers are needed" in said["references"]
    assert "`lists` holds object where numbers" in said["lists"]
    assert "`records` holds [('a', '<f4')] where numbers" in said["records"]
    assert said["empty"] == "a.h5: `empty` is empty"
    assert said["bytes"] == "a.h5: `bytes` holds bytes that are not UTF-8; save it as UTF-8 text"
    cell = refusal("hdf5", path="a.h5", y="cell")
    assert (
        cell
        == "a.h5: `cell` is no array of numbers (cell); save texts as char(x), one a row, and numbers as cell2mat(x)"
    )


@pytest.mark.parametrize(
    ("value", "cure"),
    [
        (np.array(["a", "b"], object), "(cell); save texts as char(x)"),
        ({"a": 1}, "(struct); save its fields"),
        (scipy.sparse.eye_array(12).tocsc(), "(sparse); save it as full(x)"),
        (X * 1j, "(complex); save real(x) and imag(x)"),
    ],
)
def test_mat_holds_more_than_arrays(value, cure):
    """What is no array of numbers or characters is refused with what to do in MATLAB; beside x and y it may stay."""
    scipy.io.savemat("a.mat", {"x": X, "y": LABELS, "other": value})

    assert f"a.mat: `other` is no array of numbers {cure}" in refusal("mat", path="a.mat", x="other")
    assert load("mat", "a.mat").rows.shape == (4,)


@pytest.mark.parametrize("kind", [*NAMED, "svmlight"])
def test_cut_and_foreign_files(kind):
    """A file of another kind, an empty one and one that ends early are errors that name the file."""
    if kind == "svmlight":
        Path("d.gz").write_bytes(b"\x1f\x8b\x08\0 no gzip")
        assert refusal("svmlight", path="d.gz") == "d.gz: the file is truncated or damaged: it cannot be unpacked"
        return
    name, file, write = WRITERS[kind]
    write(file, x=X, y=NAMES)
    whole = Path(file).read_bytes()
    for content in (b"nonsense \xff" * 40, b"", *(whole[: len(whole) * k // 9] for k in range(1, 9))):
        Path("bad").write_bytes(content)
        assert re.match("bad: .*(truncated|damaged|not an? |is empty|7.3|has no array)", refusal(name, path="bad"))


@pytest.mark.parametrize("kind", ["mat", "packed mat"])
def test_damaged_bytes_of_a_mat_file(kind):
    """One wrong byte anywhere is an error that names the file, or changes nothing but a value: never more."""
    _, _, write = WRITERS[kind]
    write("a.mat", x=X, y=LABELS)
    whole = Path("a.mat").read_bytes()
    refused = 0
    for at in range(len(whole)):
        Path("bad.mat").write_bytes(whole[:at] + bytes([whole[at] ^ 0xFD]) + whole[at + 1 :])
        try:
            load("mat", "bad.mat")
        except DataError as error:
            assert str(error).startswith("bad.mat: ")  # noqa: PT017 - most bytes are values and raise nothing
            refused += 1
    assert refused > len(whole) // 10


@pytest.mark.parametrize(("name", "kind"), [("hdf5", "hdf5"), ("hdf5", "matlab 7.3"), ("mat", "mat")])
def test_given_to_another_source(name, kind):
    """A file of arrays that is given as CSV is named for what it is."""
    WRITERS[kind][2]("a.csv", x=X, y=LABELS)

    assert f"`name: {name}`" in refusal("csv", path="a.csv", target="y")
    other = "mat" if name == "hdf5" else "hdf5"
    if kind != "hdf5":
        assert f"`name: {name}`" in refusal(other, path="a.csv")


class TestPictures:
    """The axes of pictures are recognized by the shape of a row, and the note names the setting that undoes it."""

    def loaded(self, shape, dtype=np.uint8, **settings):
        """The rows of an .npz file whose x has this shape, and of an .npy file: the same."""
        x = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
        y = LABELS[: len(x)]
        np.savez("p.npz", x=x, y=y, x_test=x[:6], y_test=y[:6])
        np.save("x.npy", x)
        np.save("y.npy", y)
        npz = load("npz", "p.npz", **settings)
        npy = source("npy", x="x.npy", y="y.npy", **settings).load(np.random.default_rng(0))
        assert npz.test.shape == npz.rows.shape == npy.rows.shape
        assert (np.asarray(npz.rows.x) == np.asarray(npy.rows.x)).all()
        return x, npz, [note for note in npz.notes if "pictures" in note]

    def test_channels_first(self):
        """Channels that stand first are put last."""
        x, found, notes = self.loaded((12, 3, 16, 20))
        assert found.rows.shape == (16, 20, 3)
        assert (found.rows.x[5, 2, 7] == x[5, :, 2, 7]).all()
        assert notes == [
            "p.npz: `x`: rows of shape (3, 16, 20) are taken as pictures with their channels first, which are put "
            "last; set `data.transpose: [0, 1, 2]` if they are something else"
        ]
        assert self.loaded((12, 3, 16, 20), transpose=[0, 1, 2])[1].rows.shape == (3, 16, 20)

    def test_no_channels(self):
        """Pictures without an axis of channels get one: squares, and bytes of any form."""
        x, found, notes = self.loaded((12, 16, 16), np.float64)
        assert found.rows.shape == (16, 16, 1)
        assert (found.rows.x[..., 0] == x).all()
        assert notes == [
            "p.npz: `x`: rows of shape (16, 16) are taken as pictures of one channel; set `data.reshape: [16, 16]` if "
            "they are something else"
        ]
        assert self.loaded((12, 16, 20))[1].rows.shape == (16, 20, 1)
        assert self.loaded((12, 16, 16), reshape=[16, 16])[1].rows.shape == (16, 16)

    @pytest.mark.parametrize(
        ("shape", "dtype"), [((12, 16, 20, 3), np.uint8), ((12, 16, 20), np.float64), ((12, 4, 4), np.uint8)]
    )
    def test_as_stored(self, shape, dtype):
        """Pictures as they should be, rows of a series (steps, features), and small tables are left as they are."""
        x, found, notes = self.loaded(shape, dtype)
        assert (found.rows.shape, notes) == (x.shape[1:], [])


def test_a_member_of_an_npz_that_is_no_array(tmp_path):
    """NumPy gives the bytes of one whose first bytes are damaged; it is refused by name."""
    np.savez(tmp_path / "a.npz", x=X, y=LABELS)
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    kept["x.npy"] = b"?" + kept["x.npy"][1:]
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, content in kept.items():
            archive.writestr(name, content)
    with pytest.raises(DataError, match="`x` is truncated or damaged"):
        load("npz", tmp_path / "a.npz")
