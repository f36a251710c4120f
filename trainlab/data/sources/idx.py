"""IDX: the files that MNIST and its successors come in."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.paths import existing_file, existing_folder
from trainlab.data.source import Source
from trainlab.data.sources._arrays import (
    CLASSES_HELP,
    TRANSPOSE_HELP,
    check_x,
    encode_targets,
    learn_targets,
    same_shape,
    shaped,
)

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_NAMES = {
    "images": "train-images-idx3-ubyte",
    "labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


class Idx(Source, name="idx"):
    """Images and labels in IDX files, plain or .gz, as MNIST, Fashion-MNIST and EMNIST come.

    `path` is a folder with the four usual names (`train-images-idx3-ubyte` and so on, `.gz` or not); or name the
    files one by one. Debian's package dataset-fashion-mnist puts Fashion-MNIST into
    /usr/share/datasets/fashion-mnist. Images get one channel: (height, width, 1).
    EMNIST's lie on their side: `transpose: [1, 0, 2]` turns them.

    Source: Y. LeCun, C. Cortes and C. Burges, "The MNIST database", file format.
    """

    path: str | None = setting(None, "folder with the four files of MNIST")
    images: str | None = setting(None, "file of the images, instead of `path`")
    labels: str | None = setting(None, "file of their labels")
    test_images: str | None = setting(None, "file of the test images")
    test_labels: str | None = setting(None, "file of their labels")
    classes: list[str] = setting([], CLASSES_HELP)
    transpose: list[int] = setting([], TRANSPOSE_HELP)

    def load(self, rng: np.random.Generator) -> Loaded:
        """All images, uint8."""
        files = self._files()
        x, labels = self._stored(files["images"], files["labels"])
        y, targets = learn_targets(files["labels"], labels, x, "classification", self.classes)
        rows, test = Rows(x, y), None
        if files["test_images"] and files["test_labels"]:
            x, labels = self._stored(files["test_images"], files["test_labels"])
            same_shape(files["test_images"], rows, x)
            test = Rows(x, encode_targets(files["test_labels"], labels, len(x), targets))
        sideways = "emnist" in Path(files["images"]).name.lower() and not self.transpose
        note = f"{files['images']}: EMNIST's images lie on their side; set `data.transpose: [1, 0, 2]` to turn them"
        return Loaded(rows, targets.task, test, notes=(note,) * sideways)

    def _files(self) -> dict[str, str]:
        named = {name: str(getattr(self, name) or "") for name in _NAMES}
        if self.path is None:
            if not (named["images"] and named["labels"]):
                raise DataError("data: `idx` needs `path`, a folder, or both `images` and `labels`, two files")
            if bool(named["test_images"]) != bool(named["test_labels"]):
                raise DataError("data: `test_images` and `test_labels` go together; give both or neither")
            return named
        if any(named.values()):
            raise DataError("data: give `path`, a folder, or the single files, not both")
        folder = existing_folder(self.path)
        found = {key: _in_folder(folder, name) for key, name in _NAMES.items()}
        for key in ("images", "labels"):
            if not found[key]:
                raise DataError(f"{self.path}: holds neither `{_NAMES[key]}` nor `{_NAMES[key]}.gz`")
        return found

    def _stored(self, images: str, labels: str) -> tuple[Array, Array]:
        """Images with a channel axis, and their labels."""
        x = check_x(images, read_idx(images))
        if x.ndim == 3:
            x = x[..., None]
        x = shaped(images, x, [], self.transpose)
        y = read_idx(labels)
        if y.ndim != 1:
            raise DataError(f"{labels}: holds an array of shape {y.shape}; labels are one number a row")
        return x, y


def read_idx(path: str) -> Array:
    """The array in an IDX file. Raises DataError for a wrong magic number and a wrong length."""
    data = _bytes(path, existing_file(path))
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES or not data[3]:
        start = data[:4].hex(" ") or "nothing"
        raise DataError(f"{path}: not an IDX file: it begins with {start}, not with 00 00, a type and a number of axes")
    dtype, axes = np.dtype(_TYPES[data[2]]), data[3]
    header = 4 + 4 * axes
    if len(data) < header:
        raise DataError(f"{path}: the file is truncated: {len(data)} bytes, its header alone takes {header}")
    shape = tuple(np.frombuffer(data, ">u4", axes, 4).astype(int).tolist())
    expected = header + int(np.prod(shape, dtype=object)) * dtype.itemsize
    if len(data) != expected:
        what = "truncated" if len(data) < expected else "too long"
        raise DataError(f"{path}: the file is {what}: {len(data)} bytes, but the shape {shape} takes {expected}")
    return np.frombuffer(data, dtype, offset=header).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _bytes(path: str, file: Path) -> bytes:
    data = file.read_bytes()
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error):
        raise DataError(f"{path}: the file is truncated or damaged: its gzip data cannot be unpacked") from None


def _in_folder(folder: Path, name: str) -> str:
    dotted = name.replace("-idx", ".idx")  # as Kaggle spells it
    found = next((folder / n for n in (name, f"{name}.gz", dotted, f"{dotted}.gz") if (folder / n).is_file()), None)
    return "" if found is None else str(found)
