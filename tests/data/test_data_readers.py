"""Readers of NumPy, IDX, CIFAR-10, image and Parquet files: what good files give, and every bad file's message."""

import gzip
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from making_data import prepared, refusal, source

OBJECTS = (
    "is an array of Python objects, which are refused because reading them runs code; "
    "save it as numbers: array.astype(float)"
)
X = np.random.default_rng(0).normal(size=(60, 4, 3)).astype(np.float32)
Y = np.arange(60) % 3


def load(name, **settings):
    return source(name, **settings).load(np.random.default_rng(0))


def npz(**arrays):
    np.savez("d.npz", **{"x": X, "y": Y, **arrays})
    return {"path": "d.npz"}


def idx_bytes(array, code=0x08):
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype({0x08: "u1", 0x0D: ">f4", 0x0B: ">i2"}[code]).tobytes()


def write_idx(images=None, labels=None):
    pixels = np.arange(20 * 12).reshape(20, 4, 3).astype(np.uint8)
    Path("im").write_bytes(idx_bytes(pixels) if images is None else images)
    Path("la").write_bytes(idx_bytes(np.arange(20) % 4) if labels is None else labels)
    return {"images": "im", "labels": "la"}


def cifar_table(n=20):
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (n, 3072)).astype(np.uint8), [i % 10 for i in range(n)]


def write_cifar(python=False, **replaced):
    data, labels = cifar_table()
    Path("c").mkdir(exist_ok=True)
    if python:
        batch = {b"data": data, b"labels": labels, b"batch_label": b"one", **replaced}
        Path("c/data_batch_1").write_bytes(pickle.dumps(batch, protocol=2))
    else:
        Path("c/data_batch_1.bin").write_bytes(np.column_stack([labels, data]).astype(np.uint8).tobytes())
    return {"path": "c"}


def write_images(folder, classes=("cat", "dog"), count=3, size=(4, 5)):
    from PIL import Image

    for c, name in enumerate(classes):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        for i in range(count):
            pixels = np.full((*size, 3), [100 * c, 10 * i, 7], np.uint8)
            Image.fromarray(pixels).save(f"{folder}/{name}/{i}.png")
    return {"path": folder, "cache": "cache"}


class TestNumPy:
    """npz and npy."""

    def test_npz(self):
        """x and y come as they are; x_test and y_test are the test rows; classes can be named."""
        loaded = load("npz", **npz(x_test=X[:6], y_test=Y[:6]), classes=["a", "b", "c"])
        assert np.array_equal(loaded.rows.x, X)
        assert (loaded.rows.y.tolist(), loaded.task.names) == (Y.tolist(), ("a", "b", "c"))
        assert (len(loaded.test), loaded.test.y.tolist()) == (6, Y[:6].tolist())

    @pytest.mark.parametrize(
        ("y", "settings", "kind", "outputs"),
        [
            (Y, {}, "classification", 3),
            (Y.astype(np.uint8)[:, None], {}, "classification", 3),
            (Y > 0, {}, "classification", 2),
            (Y.astype(float), {"task": "classification"}, "classification", 3),
            (np.array(["no", "yes", "maybe"])[Y], {}, "classification", 3),
            (Y, {"task": "regression"}, "regression", 1),
            (Y * 0.5, {}, "regression", 1),
            (X[:, 0], {}, "regression", 3),
        ],
    )
    def test_targets(self, y, settings, kind, outputs):
        """Whole numbers, truth values and text are classes, other numbers a regression of one or more columns."""
        loaded = load("npz", **npz(y=y), **settings)
        assert (loaded.task.kind, loaded.task.outputs) == (kind, outputs)
        if kind == "regression":
            assert loaded.rows.y == pytest.approx(np.reshape(y, (60, -1)))

    def test_text_classes_by_alphabet(self):
        """Class names found in the file are numbered by alphabet, or in the order of `classes`."""
        y = np.array(["no", "yes", "maybe"])[Y]
        assert load("npz", **npz(y=y)).rows.y[:3].tolist() == [1, 2, 0]
        assert load("npz", **npz(y=y), classes=["yes", "no", "maybe"]).rows.y[:3].tolist() == [1, 0, 2]

    def test_groups_and_times(self):
        """Arrays of the file can be groups or times."""
        groups, time = np.arange(60) // 4, np.arange(60)[::-1]
        assert load("npz", **npz(g=groups), group="g").rows.groups.tolist() == groups.tolist()
        parts = prepared("npz", **npz(t=time), time="t")
        assert parts.test.time.min() > parts.train.time.max()

    def test_npy_stays_on_disk(self):
        """x of a .npy file is a memory map before and after the split, and batches are read from it."""
        np.save("x.npy", X)
        np.save("y.npy", Y)
        assert isinstance(load("npy", x="x.npy", y="y.npy").rows.x, np.memmap)
        parts = prepared("npy", x="x.npy", y="y.npy", x_test="x.npy", y_test="y.npy", preprocess=["standardize"])
        assert isinstance(parts.train.x.stored, np.memmap)
        whole = prepared("npz", **npz(x_test=X, y_test=Y), preprocess=["standardize"])
        assert np.array_equal(parts.train.x[:], whole.train.x)
        assert np.array_equal(np.asarray(parts.test.x), whole.test.x)

    def test_npy_larger_than_memory(self):
        """A file larger than the memory allowed is fitted, and a batch of it read."""
        code = (
            "import resource, numpy as np\n"
            "from trainlab.core.streams import Streams; from trainlab.data.prepare import prepare\n"
            "from trainlab.data.sources.npy import Npy; from trainlab.data.lazy import gather\n"
            "x = np.lib.format.open_memmap('big.npy', mode='w+', dtype=np.uint8, shape=(3000, 100_000))\n"
            "x[5] = 1; del x\n"
            "np.save('y.npy', np.arange(3000) % 2)\n"
            "resource.setrlimit(resource.RLIMIT_DATA, (290 << 20, 290 << 20))\n"  # maps of files do not count as data
            "source = Npy.model_validate({'x': 'big.npy', 'y': 'y.npy', 'preprocess': [{'standardize': 'all'}]})\n"
            "parts = prepare(source, streams=Streams(0))\n"
            "out = np.empty((4, 100_000), np.float32); gather(parts.train.x, np.array([7, 3, 2, 0]), out)\n"
            "print(out.shape, len(parts.train))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        )
        assert (done.stdout, done.stderr) == ("(4, 100000) 2100\n", "")

    @pytest.mark.parametrize(
        ("arrays", "settings", "message"),
        [
            ({}, {"x": "xs"}, "d.npz: has no array `xs` (data.x); did you mean `x`?"),
            ({}, {"y": "labels"}, "d.npz: has no array `labels` (data.y); it has `x`, `y`"),
            ({"x_test": X}, {}, "d.npz: has no array `y_test` (data.y_test); did you mean `x_test`?"),
            ({"x": np.array([{}, 1], dtype=object)}, {}, f"d.npz: `x`: {OBJECTS}"),
            ({"x": np.array(["a"] * 60)}, {}, "d.npz: `x`: holds text (<U1) where numbers are needed"),
            ({"x": X * 1j}, {}, "d.npz: `x`: holds complex numbers (complex64) where numbers are needed"),
            ({"x": X[:0]}, {}, "d.npz: `x`: holds no rows; its shape is (0, 4, 3)"),
            ({"x": np.zeros((60, 0))}, {}, "d.npz: `x`: rows of shape (0,) hold no numbers"),
            ({"y": Y[:50]}, {}, "d.npz: `y`: has the shape (50,), but x has 60 rows; one target a row is needed"),
            (
                {"y": np.eye(3, dtype=int)[Y]},
                {},
                "d.npz: `y`: classes are one number a row, not (60, 3); one-hot rows: store their argmax",
            ),
            (
                {"y": Y - 1},
                {},
                "d.npz: `y`: row 1 has the label -1; allowed are 0 to 9999",
            ),
            (
                {},
                {"classes": ["a", "b"]},
                "d.npz: `y`: row 3 has the label 2; allowed are 0 to 1, as many as `classes` names",
            ),
            (
                {"y": Y * 2},
                {},
                "d.npz: `y`: no row has the label 1, though labels go up to 4; number the classes from 0 without gaps, "
                "or name all of them under `classes`",
            ),
            ({"y": Y * 0}, {}, "d.npz: `y`: holds one class only, 0; there is nothing to learn"),
            (
                {"y": np.array(["b"] * 60)},
                {},
                "d.npz: `y`: holds one class only, `b`; there is nothing to learn",
            ),
            (
                {"y": Y * 0.5},
                {"task": "classification"},
                "d.npz: `y`: row 2 is 0.5; classes are whole numbers, for other targets set `task: regression`",
            ),
            (
                {"y": np.array(["a", "b", "c"])[Y]},
                {"task": "regression"},
                "d.npz: `y`: holds text (<U1), but a regression needs numbers",
            ),
            (
                {"y": np.array(["a", "b", "c"])[Y]},
                {"classes": ["a", "b"]},
                "d.npz: `y`: class `c` is not named under `classes`",
            ),
            (
                {"y": np.where(Y, np.nan, 0.5)},
                {},
                "d.npz: `y`: row 2, column 1 is nan; targets are finite",
            ),
            (
                {"x_test": X[:, :2], "y_test": Y},
                {},
                "d.npz: test rows have the shape (2, 3), the other rows (4, 3)",
            ),
            (
                {"x_test": X, "y_test": np.arange(60) % 4},
                {},
                "d.npz: label 3 is not among the 3 classes of the other rows",
            ),
            (
                {"g": np.arange(5)},
                {"group": "g"},
                "d.npz: `g` has the shape (5,), not (60,), one a row",
            ),
        ],
    )
    def test_bad_arrays(self, arrays, settings, message):
        """Wrong shapes, types, labels and names are refused."""
        assert refusal("npz", **npz(**arrays), **settings) == message

    def test_bad_files(self):
        """Files of another kind and truncated files are refused."""
        npz()
        np.save("x.npy", X)
        np.save("o.npy", np.array([{}], dtype=object), allow_pickle=True)
        Path("text.npz").write_text("hello")
        Path("short.npy").write_bytes(Path("x.npy").read_bytes()[:500])
        Path("short.npz").write_bytes(Path("d.npz").read_bytes()[:500])
        said = [refusal("npz", path=p) for p in ("text.npz", "short.npz", "x.npy")]
        said += [refusal("npy", x=p, y="x.npy") for p in ("d.npz", "short.npy", "o.npy")]
        np.save("y.npy", Y)
        said += [refusal("npy", x="x.npy", y="y.npy", x_test="x.npy")]
        assert said == [
            "text.npz: not a .npz file; save it with numpy.savez",
            "short.npz: the file is truncated or damaged: File is not a zip file",
            "x.npy: holds a single array, as a .npy file does; use the source `npy`",
            "d.npz: not a .npy file: it does not begin with \\x93NUMPY; save it with numpy.save",
            "short.npy: the file is truncated or damaged: mmap length is greater than file size",
            f"o.npy: {OBJECTS}",
            "data: `x_test` and `y_test` go together; give both or neither",
        ]


class TestIdx:
    """idx."""

    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
    def test_pairs_of_files(self, pack):
        """Images get a channel and keep their bytes, labels are classes; plain and gzipped."""
        settings = write_idx()
        for name in ("im", "la"):
            Path(name).write_bytes(pack(Path(name).read_bytes()))
        loaded = load("idx", **settings)
        assert (loaded.rows.shape, loaded.rows.x.dtype) == ((4, 3, 1), np.uint8)
        assert loaded.rows.x.ravel().tolist() == list(range(240))
        assert loaded.rows.y.tolist() == [i % 4 for i in range(20)]

    def test_a_folder_of_mnist(self):
        """A folder with the four usual names gives training and test rows."""
        write_idx()
        for part, images in (("train", "im"), ("t10k", "im")):
            Path(f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(Path(images).read_bytes()))
            Path(f"{part}-labels-idx1-ubyte").write_bytes(Path("la").read_bytes())
        loaded = load("idx", path=".", classes=["a", "b", "c", "d"])
        assert (len(loaded.rows), len(loaded.test), loaded.task.names) == (20, 20, ("a", "b", "c", "d"))

    def test_other_number_types(self):
        """Big-endian floats are read as numbers."""
        values = np.linspace(-1, 1, 40).reshape(20, 2).astype(np.float32)
        loaded = load("idx", **write_idx(images=idx_bytes(values, 0x0D)))
        assert np.array_equal(loaded.rows.x, values)

    @pytest.mark.parametrize(
        ("images", "labels", "message"),
        [
            (
                b"GIF89a",
                None,
                "im: not an IDX file: it begins with 47 49 46 38, not with 00 00, a type and a number of axes",
            ),
            (b"", None, "im: not an IDX file: it begins with nothing, not with 00 00, a type and a number of axes"),
            (idx_bytes(np.zeros((9, 4, 3)))[:9], None, "im: the file is truncated: 9 bytes, its header alone takes 16"),
            (
                idx_bytes(np.zeros((20, 4, 3)))[:-1],
                None,
                "im: the file is truncated: 255 bytes, but the shape (20, 4, 3) takes 256",
            ),
            (
                idx_bytes(np.zeros((20, 4, 3))) + b"\0",
                None,
                "im: the file is too long: 257 bytes, but the shape (20, 4, 3) takes 256",
            ),
            (
                gzip.compress(idx_bytes(np.zeros((20, 4, 3))))[:-9],
                None,
                "im: the file is truncated or damaged: its gzip data cannot be unpacked",
            ),
            (
                None,
                idx_bytes(np.arange(19) % 4),
                "la: has the shape (19,), but x has 20 rows; one target a row is needed",
            ),
            (None, idx_bytes(np.zeros((20, 2))), "la: holds an array of shape (20, 2); labels are one number a row"),
        ],
    )
    def test_bad_files(self, images, labels, message):
        """A wrong magic number, a wrong length and wrong labels are refused."""
        assert refusal("idx", **write_idx(images, labels)) == message

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({}, "data: `idx` needs `path`, a folder, or both `images` and `labels`, two files"),
            ({"path": ".", "images": "im"}, "data: give `path`, a folder, or the single files, not both"),
            ({"path": "."}, ".: holds neither `train-images-idx3-ubyte` nor `train-images-idx3-ubyte.gz`"),
            ({"path": "im"}, "im: is a file, not a folder"),
            (
                {"images": "im", "labels": "la", "test_images": "im"},
                "data: `test_images` and `test_labels` go together; give both or neither",
            ),
            (
                {"images": "im", "labels": "la", "classes": ["a", "b", "c"]},
                "la: row 4 has the label 3; allowed are 0 to 2, as many as `classes` names",
            ),
        ],
    )
    def test_bad_settings(self, settings, message):
        """Settings that do not say which files to read, or name too few classes, are refused."""
        write_idx()
        assert refusal("idx", **settings) == message


class TestCifar10:
    """cifar10."""

    @pytest.mark.parametrize("python", [False, True], ids=["binary", "python"])
    def test_images(self, python):
        """Both versions give images (32, 32, 3): the planes are red, green, blue, row by row."""
        data, labels = cifar_table()
        loaded = load("cifar10", **write_cifar(python))
        assert (loaded.rows.shape, loaded.rows.x.dtype) == ((32, 32, 3), np.uint8)
        assert loaded.rows.x[7, 3, 5].tolist() == [data[7, plane * 1024 + 3 * 32 + 5] for plane in range(3)]
        assert loaded.rows.y.tolist() == labels
        assert (loaded.rows.shape, loaded.task) == source("cifar10", path="c").known()

    def test_all_batches_and_the_test(self):
        """All `data_batch_` files are training rows, in their order; `test_batch` is the test."""
        settings = write_cifar()
        Path("c/data_batch_2.bin").write_bytes(Path("c/data_batch_1.bin").read_bytes())
        Path("c/test_batch.bin").write_bytes(Path("c/data_batch_1.bin").read_bytes()[: 3073 * 5])
        loaded = load("cifar10", **settings)
        assert (len(loaded.rows), len(loaded.test)) == (40, 5)

    def test_pickles_run_no_code(self):
        """A pickle that asks for anything but arrays is refused before anything runs."""

        class Evil:
            def __reduce__(self):
                return (os.mkdir, ("hacked",))

        said = refusal("cifar10", **write_cifar(python=True, evil=Evil()))
        module = os.mkdir.__module__
        assert (
            said
            == f"c/data_batch_1: refused, since a batch holds only arrays and plain values: it asks for {module}.mkdir"
        )
        assert not Path("hacked").exists()

    @pytest.mark.parametrize(
        ("batch", "message"),
        [
            ({b"data": 3}, "holds no `data` array and `labels` list, so it is no batch of CIFAR-10"),
            ({b"data": np.zeros((20, 3072))}, "`data` is float64 (20, 3072), not uint8 (rows, 3072)"),
            ({b"labels": [1, 2]}, "2 labels for 20 images; one whole number each is needed"),
            ({b"labels": [11] * 20}, "row 1 has the label 11; allowed are 0 to 9"),
        ],
    )
    def test_bad_batches(self, batch, message):
        """Python batches of the wrong shape, type or labels are refused."""
        settings = write_cifar()
        Path("c/data_batch_1.bin").unlink()
        data, labels = cifar_table()
        Path("c/data_batch_1").write_bytes(pickle.dumps({b"data": data, b"labels": labels} | batch))
        assert refusal("cifar10", **settings) == f"c/data_batch_1: {message}"

    def test_bad_files(self):
        """Truncated files, wrong labels and folders without batches are refused."""
        settings = write_cifar()
        whole = Path("c/data_batch_1.bin").read_bytes()
        Path("c/data_batch_1.bin").write_bytes(whole[:-1])
        said = [refusal("cifar10", **settings)]
        Path("c/data_batch_1.bin").write_bytes(whole[: 3073 * 2] + b"\x0a" + whole[1:3073])
        said.append(refusal("cifar10", **settings))
        Path("c/data_batch_1.bin").unlink()
        said.append(refusal("cifar10", **settings))
        Path("c/data_batch_1").write_bytes(pickle.dumps({b"data": cifar_table()[0]})[:-100])
        said.append(refusal("cifar10", **settings))
        assert said == [
            "c/data_batch_1.bin: the file is truncated, or not CIFAR-10: 61459 bytes are no multiple of 3073, one "
            "image",
            "c/data_batch_1.bin: row 3 has the label 10; allowed are 0 to 9",
            "c: holds no `data_batch_1.bin` and no `data_batch_1`",
            "c/data_batch_1: refused, since a batch holds only arrays and plain values: pickle data was truncated",
        ]


class TestImageFolder:
    """image_folder."""

    def test_pictures(self):
        """Folders are classes by alphabet, pictures are bytes (height, width, channels)."""
        loaded = load("image_folder", **write_images("pets"))
        assert (loaded.task.names, loaded.rows.shape) == (("cat", "dog"), (4, 5, 3))
        assert loaded.rows.y.tolist() == [0, 0, 0, 1, 1, 1]
        assert loaded.rows.x[:, 0, 0].tolist() == [[100 * c, 10 * i, 7] for c in (0, 1) for i in range(3)]

    def test_size_and_gray(self):
        """Pictures are scaled to `size` and turned gray; one number means a square."""
        loaded = load("image_folder", **write_images("pets"), size=[6], color="gray")
        assert loaded.rows.shape == (6, 6, 1)
        assert load("image_folder", path="pets", cache="cache", size=[2, 3]).rows.shape == (2, 3, 3)

    def test_decoded_once(self):
        """The second time pictures come from the cache; a changed picture is decoded anew."""
        settings = write_images("pets")
        load("image_folder", **settings)
        (cached,) = Path("cache").iterdir()
        before = cached.stat().st_mtime_ns
        assert isinstance(load("image_folder", **settings).rows.x, np.memmap)
        assert (list(Path("cache").iterdir()), cached.stat().st_mtime_ns) == ([cached], before)
        write_images("pets", classes=("dog",), count=1)
        write_images("pets", classes=("cat",), count=4)
        assert len(load("image_folder", **settings).rows) == 7
        assert len(list(Path("cache").iterdir())) == 2

    def test_the_users_cache_folder(self, own_folder):
        """Without `cache` the decoded pictures lie in the user's cache folder."""
        write_images("pets")
        load("image_folder", path="pets")
        assert len(list((own_folder / "cache" / "trainlab").glob("*.npy"))) == 1

    def test_train_and_test_folders(self):
        """Sub-folders `train` and `test`, or `test_path`, give the test rows."""
        write_images("pets/train")
        write_images("pets/test", count=2)
        loaded = load("image_folder", path="pets", cache="cache")
        assert (len(loaded.rows), len(loaded.test), loaded.task.names) == (6, 4, ("cat", "dog"))
        other = load("image_folder", path="pets/train", test_path="pets/test", cache="cache")
        assert (len(other.rows), len(other.test)) == (6, 4)

    def test_bad_folders(self):
        """Too few classes, empty classes, damaged pictures, other sizes and unknown test classes are refused."""
        os.makedirs("one/cat")
        settings = write_images("pets")
        said = [refusal("image_folder", path="one"), refusal("image_folder", path="pet")]
        os.makedirs("pets/fish")
        said.append(refusal("image_folder", **settings))
        os.rmdir("pets/fish")
        write_images("other", classes=("bird",))
        said.append(refusal("image_folder", **settings, test_path="other"))
        write_images("pets", classes=("dog",), count=1, size=(7, 5))
        said.append(refusal("image_folder", **settings))
        Path("pets/dog/0.png").write_text("no picture")
        said.append(refusal("image_folder", **settings))
        endings = ".bmp, .gif, .jpeg, .jpg, .pgm, .png, .ppm, .tif, .tiff, .webp"
        assert said == [
            "one: holds 1 folders; a folder per class is needed, so at least two",
            f"pet: no such file or folder in {Path.cwd()}; did you mean `pets`?",
            f"pets/fish: holds no pictures; known endings are {endings}",
            "other/bird: the training pictures have no class `bird`",
            "pets/dog/0.png: is 7 by 5, the first picture 4 by 5; set `size: [4, 5]` to scale all to one size",
            "pets/dog/0.png: cannot be decoded: cannot identify image file 'pets/dog/0.png'",
        ]
        assert [f.suffix for f in Path("cache").iterdir()] == [".npy"], "a picture that fails leaves nothing behind"


class TestParquet:
    """parquet."""

    def write(self, **columns):
        """A table of three columns, or with these instead, in p.parquet."""
        import pandas as pd

        n = 30
        table = {"age": np.arange(n), "city": ["Oslo", "Rome"] * 15, "bought": ["no", "yes", "yes"] * 10} | columns
        pd.DataFrame(table).to_parquet("p.parquet")
        return {"path": "p.parquet", "target": "bought"}

    def test_as_a_csv(self):
        """The same table gives the same rows from Parquet as from CSV."""
        loaded = load("parquet", **self.write())
        import pandas as pd

        pd.read_parquet("p.parquet").to_csv("p.csv", index=False)
        csv = load("csv", path="p.csv", target="bought")
        assert np.array_equal(loaded.rows.x, csv.rows.x)
        assert (loaded.rows.features, loaded.task) == (csv.rows.features, csv.task)
        assert loaded.rows.lines[:2].tolist() == [1, 2]

    def test_column_types(self):
        """Truth values are numbers, dates are times in ISO form, whole-number targets are classes."""
        import pandas as pd

        days = pd.date_range("2024-01-01", periods=30)[::-1]
        self.write(flag=[True, False] * 15, day=days, bought=[0, 1, 2] * 10)
        parts = prepared("parquet", path="p.parquet", target="bought", time="day")
        assert parts.train.features == ("age", "city=Oslo", "city=Rome", "flag")
        assert parts.task.names == ("0", "1", "2")
        assert parts.test.x[:, 0].max() < parts.train.x[:, 0].min()

    def test_bad_files(self):
        """Missing values, files of another kind and missing columns are refused."""
        settings = self.write(age=[np.nan if i == 3 else float(i) for i in range(30)])
        said = [refusal("parquet", **settings)]
        self.write(city=["Oslo", None] * 15)
        said.append(refusal("parquet", path="p.parquet", target="bougt"))
        Path("q.parquet").write_text("hello there, this is text")
        said.append(refusal("parquet", path="q.parquet", target="bought").split(":")[:2])
        advice = "fill these cells in, remove their rows, or name the column under `drop`"
        assert said == [
            f"p.parquet:4: column `age`: missing value\n{advice}",
            "p.parquet:2: column `city`: missing value\np.parquet:4: column `city`: missing value\n"
            "p.parquet:6: column `city`: missing value\np.parquet:8: column `city`: missing value\n"
            f"p.parquet:10: column `city`: missing value\n... and 10 more\n{advice}",
            ["q.parquet", " not a Parquet file, or a damaged one"],
        ]

    @pytest.mark.parametrize(
        ("name", "module", "extra"), [("parquet", "pyarrow", "parquet"), ("image_folder", "PIL.Image", "images")]
    )
    def test_missing_extras(self, name, module, extra, monkeypatch):
        """Without the library the message says what to install."""
        settings = self.write() if name == "parquet" else write_images("pets")
        monkeypatch.setitem(sys.modules, module, None)
        assert refusal(name, **settings).endswith(f'pip install "trainlab[{extra}]"')
