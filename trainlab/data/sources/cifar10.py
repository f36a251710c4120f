"""CIFAR-10: sixty thousand tiny colour photographs of ten kinds of things."""

import pickle
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array, Shape, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.paths import existing_folder
from trainlab.data.source import Source

_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_RECORD = 1 + 3 * 32 * 32  # bytes: a label, then the red, the green and the blue plane


class Cifar10(Source, name="cifar10"):
    """CIFAR-10's folder, in its binary version (`data_batch_1.bin`) or its Python version (`data_batch_1`).

    Images are (32, 32, 3), uint8; `test_batch` gives the test rows. Python batches are pickles, and pickles are
    programs: they are read by an unpickler that refuses everything but NumPy arrays and plain values.

    Source: A. Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
    """

    path: str = setting("folder with the batches (`cifar-10-batches-bin` or `cifar-10-batches-py`)")

    def load(self, rng: np.random.Generator) -> Loaded:
        """All training batches that are there, and the test batch."""
        folder = existing_folder(self.path)
        files = sorted(f for f in folder.glob("data_batch_*") if f.suffix in ("", ".bin"))
        if not files:
            raise DataError(f"{self.path}: holds no `data_batch_1.bin` and no `data_batch_1`")
        binary = [f for f in files if f.suffix == ".bin"]
        suffix = ".bin" if binary else ""
        test = folder / f"test_batch{suffix}"
        rows = _joined([self._batch(f) for f in binary or files])
        return Loaded(rows, self.known()[1], self._batch(test) if test.is_file() else None)

    def known(self) -> tuple[Shape, Task]:
        """Images (32, 32, 3) of ten classes."""
        return (32, 32, 3), Task("classification", len(_CLASSES), _CLASSES)

    def _batch(self, file: Path) -> Rows:
        planes, labels = _binary(file) if file.suffix == ".bin" else _python(file)
        wrong = np.flatnonzero((labels < 0) | (labels >= len(_CLASSES)))
        if len(wrong):
            raise DataError(f"{file}: row {int(wrong[0]) + 1} has the label {labels[wrong[0]]}; allowed are 0 to 9")
        images = np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        return Rows(images, labels.astype(np.int64))


class _ArraysOnly(pickle.Unpickler):
    """Finds nothing but what rebuilds a NumPy array: a pickle cannot call anything else."""

    allowed: ClassVar[frozenset[tuple[str, str]]] = frozenset(
        (module, name)
        for core in ("numpy.core", "numpy._core")
        for module, name in (
            (f"{core}.multiarray", "_reconstruct"),
            (f"{core}.numeric", "_frombuffer"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("_codecs", "encode"),
        )
    )

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) not in self.allowed:
            raise DataError(f"it asks for {module_name}.{global_name}")
        return super().find_class(module_name.replace("numpy.core", "numpy._core"), global_name)


def _binary(file: Path) -> tuple[Array, Array]:
    size = file.stat().st_size
    if not size or size % _RECORD:
        raise DataError(
            f"{file}: the file is truncated, or not CIFAR-10: {size} bytes are no multiple of {_RECORD}, one image"
        )
    records = np.fromfile(file, np.uint8).reshape(-1, _RECORD)
    return records[:, 1:], records[:, 0].astype(np.int64)


def _python(file: Path) -> tuple[Array, Array]:
    try:
        with file.open("rb") as stream:
            batch = _ArraysOnly(stream, encoding="bytes").load()
    except DataError as error:
        raise DataError(f"{file}: refused, since a batch holds only arrays and plain values: {error}") from None
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError, ImportError) as error:
        raise DataError(f"{file}: the file is truncated, or no pickle") from error
    table = cast("dict[object, object]", batch) if isinstance(batch, dict) else {}
    data, labels = (table.get(key, table.get(key.decode())) for key in (b"data", b"labels"))
    if not isinstance(data, np.ndarray) or not isinstance(labels, list):
        raise DataError(f"{file}: holds no `data` array and `labels` list, so it is no batch of CIFAR-10")
    planes, numbers = cast("Array", data), np.array(cast("list[object]", labels))
    if planes.dtype != np.uint8 or planes.ndim != 2 or planes.shape[1] != _RECORD - 1:
        raise DataError(f"{file}: `data` is {planes.dtype} {planes.shape}, not uint8 (rows, {_RECORD - 1})")
    if numbers.shape != planes.shape[:1] or numbers.dtype.kind not in "iu":
        raise DataError(f"{file}: {len(numbers)} labels for {len(planes)} images; one whole number each is needed")
    return planes, numbers


def _joined(batches: list[Rows]) -> Rows:
    images = np.concatenate([np.asarray(b.x) for b in batches])
    return Rows(images, np.concatenate([b.y for b in batches]))
