"""Tiny files with the layout of well-known sets, read with the settings that docs/data.md gives."""

import gzip
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from making_data import refusal, source

RNG = np.random.default_rng(0)


def load(name, **settings):
    return source(name, **settings).load(np.random.default_rng(0))


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    content = header + array.astype(np.uint8).tobytes()
    Path(path).write_bytes(gzip.compress(content) if path.endswith(".gz") else content)


def test_medmnist():
    """One .npz with three parts, labels as a column, gray pictures without a channel."""
    pictures, labels = RNG.integers(0, 255, (12, 28, 28)).astype(np.uint8), (np.arange(12) % 3)[:, None]
    np.savez(
        "m.npz",
        **{f"{part}_images": pictures for part in ("train", "val", "test")},
        **{f"{part}_labels": labels for part in ("train", "val", "test")},
    )
    names = {
        f"{xy}{end}": f"{part}_{what}"
        for xy, what in (("x", "images"), ("y", "labels"))
        for end, part in (("", "train"), ("_val", "val"), ("_test", "test"))
    }

    got = load("npz", path="m.npz", reshape=[28, 28, 1], **names)

    assert got.rows.shape == (28, 28, 1)
    assert got.task.outputs == 3
    assert (len(got.val), len(got.test)) == (12, 12)


def test_kuzushiji():
    """Four .npz files, each with one array named arr_0; one with several arrays is for the source npz."""
    pictures, labels = RNG.integers(0, 255, (20, 28, 28)).astype(np.uint8), np.arange(20) % 10
    for part in ("train", "test"):
        np.savez_compressed(f"kmnist-{part}-imgs.npz", pictures)
        np.savez_compressed(f"kmnist-{part}-labels.npz", labels)
    np.savez("two.npz", a=labels, b=labels)
    files = {
        "x": "kmnist-train-imgs.npz",
        "y": "kmnist-train-labels.npz",
        "x_test": "kmnist-test-imgs.npz",
        "y_test": "kmnist-test-labels.npz",
    }

    got = load("npy", **files, reshape=[28, 28, 1])

    np.testing.assert_array_equal(got.rows.x[..., 0], pictures)
    assert got.rows.y.tolist() == labels.tolist()
    assert len(got.test) == 20
    assert refusal("npy", **files | {"x": "two.npz"}).startswith("two.npz: holds 2 arrays; use the source `npz`")


def test_kaggle_mnist():
    """Kaggle writes a point where MNIST has a hyphen."""
    Path("k").mkdir()
    for part in ("train", "t10k"):
        write_idx(f"k/{part}-images.idx3-ubyte", RNG.integers(0, 255, (20, 28, 28)))
        write_idx(f"k/{part}-labels.idx1-ubyte", np.arange(20) % 10)

    got = load("idx", path="k")

    assert (got.rows.shape, got.task.outputs, len(got.test)) == ((28, 28, 1), 10, 20)


def test_emnist_letters():
    """Labels 1 to 26, pictures on their side: told, and turned by transpose."""
    pictures, labels = RNG.integers(0, 255, (52, 28, 28)), np.arange(52) % 26 + 1
    files = {}
    for part in ("train", "test"):
        for what, array in (("images", pictures), ("labels", labels)):
            file = f"emnist-letters-{part}-{what}-idx{array.ndim}-ubyte.gz"
            files[what if part == "train" else f"test_{what}"] = file
            write_idx(file, array)

    lying = load("idx", **files)
    got = load("idx", **files, transpose=[1, 0, 2], classes=list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))

    assert "set `data.transpose: [1, 0, 2]`" in lying.notes[0]
    np.testing.assert_array_equal(got.rows.x[..., 0], pictures.transpose(0, 2, 1))
    np.testing.assert_array_equal(got.test.x, got.rows.x)
    assert got.rows.y[:3].tolist() == [0, 1, 2]
    assert (got.task.names[25], got.notes) == ("Z", ())


@pytest.mark.parametrize("python", [False, True], ids=["binary", "python"])
def test_cifar100(python):
    """Fine and coarse labels, each with their names, from both versions."""
    planes = RNG.integers(0, 255, (200, 3072)).astype(np.uint8)
    fine, coarse = np.arange(200) % 100, np.arange(200) % 100 // 5
    names = {"fine": [f"f{i}" for i in range(100)], "coarse": [f"c{i}" for i in range(20)]}
    Path("c").mkdir()
    for part in ("train", "test"):
        if python:
            batch = {b"data": planes, b"fine_labels": fine.tolist(), b"coarse_labels": coarse.tolist()}
            Path(f"c/{part}").write_bytes(pickle.dumps(batch))
            Path("c/meta").write_bytes(pickle.dumps({f"{k}_label_names".encode(): v for k, v in names.items()}))
        else:
            Path(f"c/{part}.bin").write_bytes(np.column_stack([coarse, fine, planes]).astype(np.uint8).tobytes())
            for kind, known in names.items():
                Path(f"c/{kind}_label_names.txt").write_text("\n".join(known) + "\n")

    for kind, labels in (("fine", fine), ("coarse", coarse)):
        got = load("cifar100", path="c", labels=kind)

        assert got.rows.x[7, 3, 5].tolist() == [planes[7, plane * 1024 + 3 * 32 + 5] for plane in range(3)]
        assert got.rows.y.tolist() == got.test.y.tolist() == labels.tolist()
        assert list(got.task.names) == names[kind]
    train = Path("c/train" if python else "c/train.bin")
    train.write_bytes(train.read_bytes()[:-1])
    assert refusal("cifar100", path="c").startswith(f"{train}: the file is truncated")
    train.unlink()
    assert refusal("cifar100", path="c") == "c: holds no `train.bin` and no `train`"


def test_stl10():
    """Planes of red, green and blue column by column, labels from 1."""
    planes, labels = RNG.integers(0, 255, (20, 3, 96, 96)).astype(np.uint8), np.arange(20) % 10 + 1
    Path("s").mkdir()
    for part in ("train", "test"):
        Path(f"s/{part}_X.bin").write_bytes(planes.tobytes())
        Path(f"s/{part}_y.bin").write_bytes(labels.astype(np.uint8).tobytes())

    got = load("stl10", path="s")

    assert got.rows.shape == (96, 96, 3)
    assert got.rows.x[4, 30, 7].tolist() == planes[4, :, 7, 30].tolist()  # row 30, column 7
    assert got.rows.y.tolist() == got.test.y.tolist() == (labels - 1).tolist()
    assert (got.task.names[0], got.task.names[9]) == ("airplane", "truck")
    Path("s/train_y.bin").write_bytes(bytes(20))
    assert refusal("stl10", path="s") == "s/train_y.bin: labels: are 0 to 0; STL-10's are 1 to 10"
    Path("s/train_X.bin").write_bytes(planes.tobytes()[:-1])
    assert refusal("stl10", path="s").startswith("s/train_X.bin: the file is truncated, or not STL-10: 552959 bytes")
