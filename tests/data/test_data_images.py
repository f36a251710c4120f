"""The readers of images: IDX, CIFAR-10 and folders; what a good file gives, and what is said of a bad one."""

import gzip
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from making_data import prepared, refusal, source, write_images

from trainlab.core.problem import ConfigError
from trainlab.training.experiment import read_plain


def load(name, **settings):
    return source(name, **settings).load(np.random.default_rng(0))


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
                gzip.compress(idx_bytes(np.zeros((20, 4, 3))), mtime=0)[:-9],
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
                "la: row 4 has the label 3; allowed are 0 to 2, as many as `classes` names, or 3 different labels "
                "(there are 4)",
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
            ({b"data": 3}, "holds no `data` array and `labels` list, so it is no batch of CIFAR"),
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
            "c/data_batch_1.bin: the file is truncated, or not CIFAR: 61459 bytes are no multiple of 3073, one image",
            "c/data_batch_1.bin: row 3 has the label 10; allowed are 0 to 9",
            "c: holds no `data_batch_1.bin` and no `data_batch_1`",
            "c/data_batch_1: the file is truncated, or no pickle",
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
        endings = ".avif, .bmp, .gif, .jfif, .jpeg, .jpg, .pgm, .png, .ppm, .tif, .tiff, .webp"
        assert said == [
            "one: holds 1 folders; a folder per class is needed, so at least two",
            f"pet: no such file or folder in {Path.cwd()}; did you mean `pets`?",
            f"pets/fish: holds no pictures; known endings are {endings}",
            "other/bird: the training pictures have no class `bird`",
            "pets/dog/0.png: is 7 by 5, the first picture 4 by 5; set `size: [4, 5]` to scale all to one size",
            "pets/dog/0.png: cannot be decoded: it is damaged, or no picture that Pillow knows",
        ]
        assert [f.suffix for f in Path("cache").iterdir()] == [".npy"], "a picture that fails leaves nothing behind"

    @pytest.mark.parametrize(
        "names",
        [
            ("train", "val", "test"),
            ("train", "valid", "test"),
            ("Train", "Valid", "Test"),
            ("training", "validation", "testing"),
        ],
    )
    def test_folders_of_parts(self, names):
        """Folders that are named like parts are parts, in the usual spellings, and a part may lack a class."""
        for name, count in zip(names, (5, 3, 2), strict=True):
            write_images(f"pets/{name}", count=count)
        for file in Path(f"pets/{names[1]}/dog").iterdir():
            file.unlink()
        loaded = load("image_folder", path="pets", cache="cache")
        assert loaded.task.names == ("cat", "dog")
        assert (len(loaded.rows), loaded.val.y.tolist(), loaded.test.y.tolist()) == (10, [0] * 3, [0, 0, 1, 1])
        parts = prepared("image_folder", path="pets", cache="cache")
        assert (len(parts.train), len(parts.val), len(parts.test)) == (10, 3, 4)

    def test_parts_of_other_names(self):
        """Folders that all hold the same folders and no pictures are no classes."""
        write_images("pets/fold1")
        write_images("pets/fold2")
        assert refusal("image_folder", path="pets", cache="cache") == (
            "pets: its folders all hold the same folders (cat, dog) and no pictures, so they are no classes; "
            "name one part, e.g. `path: pets/fold1` and `test_path: pets/fold2`"
        )

    def test_what_a_viewer_shows(self):
        """16-bit gray is scaled, EXIF turns the picture, and hidden colours under transparent pixels do not count."""
        from PIL import Image

        settings = write_images("pets", count=1, size=(2, 3))
        Image.fromarray(np.full((2, 3), 0x8080, np.uint16)).save("pets/cat/deep.png")
        clear = np.zeros((2, 3, 4), np.uint8)
        clear[0] = [10, 20, 30, 255]
        Image.fromarray(clear).save("pets/cat/clear.png")
        turned, exif = Image.new("RGB", (2, 3), (9, 9, 9)), Image.Exif()
        exif[0x0112] = 6
        turned.putpixel((0, 0), (200, 9, 9))
        turned.save("pets/dog/turned.png", exif=exif)
        x = np.asarray(load("image_folder", **settings).rows.x)
        assert x[1, :, 0].tolist() == [[10, 20, 30], [255, 255, 255]]
        assert (x[2] == 128).all()
        assert x[4, 0, 2].tolist() == [200, 9, 9]

    def test_numbers_beyond_sixteen_bits(self):
        """32-bit and decimal pictures are refused, all bad pictures at once."""
        from PIL import Image

        settings = write_images("pets")
        Image.fromarray(np.full((4, 5), 1 << 20, np.int32)).save("pets/cat/0.tif")
        Image.fromarray(np.full((4, 5), 0.5, np.float32)).save("pets/dog/0.tif")
        assert refusal("image_folder", **settings) == (
            "pets/cat/0.tif: holds 32-bit numbers; save it with 8 or 16 bits a pixel\n"
            "pets/dog/0.tif: holds decimal numbers; save it with 8 or 16 bits a pixel"
        )

    def test_animated_pictures(self):
        """Of an animated file the first frame is taken, which is told each time."""
        from PIL import Image

        settings = write_images("pets")
        frames = [Image.new("RGB", (5, 4), (i * 50, 0, 0)) for i in range(3)]
        frames[0].save("pets/cat/moves.gif", save_all=True, append_images=frames[1:])
        for _ in range(2):
            assert load("image_folder", **settings).notes == (
                "pets: 1 pictures are animated; the first frame is taken",
            )


@pytest.mark.parametrize("source", ["image_folder", "parquet_images"])
def test_a_size_of_no_number_is_refused(source):
    """`size: []` is told at its place, before a picture is looked for."""
    with pytest.raises(ConfigError, match=r"data\.size: .* got an empty list"):
        read_plain({"data": {"name": source, "path": ".", "size": []}})
