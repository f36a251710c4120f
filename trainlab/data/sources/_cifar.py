"""What CIFAR-10 and CIFAR-100 share: records of labels and three planes of 32 by 32, or pickles of the same."""

import pickle
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array

PIXELS = 3 * 32 * 32  # bytes: the red, the green and the blue plane


def read_images(file: Path, key: str, labels: int = 1, which: int = 0) -> tuple[Array, Array]:
    """Images (n, 32, 32, 3) uint8 and their labels (n,), from a .bin file or a pickle.

    A binary record starts with `labels` labels, of which number `which` is taken; in a pickle they are named `key`.
    Raises DataError.
    """
    planes, numbers = _binary(file, labels, which) if file.suffix == ".bin" else _python(file, key)
    return np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), numbers.astype(np.int64)


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


def _binary(file: Path, labels: int, which: int) -> tuple[Array, Array]:
    size, record = file.stat().st_size, labels + PIXELS
    if not size or size % record:
        raise DataError(
            f"{file}: the file is truncated, or not CIFAR: {size} bytes are no multiple of {record}, one image"
        )
    records = np.fromfile(file, np.uint8).reshape(-1, record)
    return records[:, labels:], records[:, which]


def read_pickle(file: Path) -> dict[object, object]:
    """The dictionary in a pickle of arrays and plain values. Raises DataError for one that asks for anything else."""
    try:
        with file.open("rb") as stream:
            batch = _ArraysOnly(stream, encoding="bytes").load()
    except DataError as error:
        raise DataError(f"{file}: refused, since a batch holds only arrays and plain values: {error}") from None
    except Exception as error:  # a damaged pickle raises errors of a dozen classes, MemoryError among them
        raise DataError(f"{file}: the file is truncated, or no pickle") from error
    return cast("dict[object, object]", batch) if isinstance(batch, dict) else {}


def _python(file: Path, key: str) -> tuple[Array, Array]:
    table = read_pickle(file)
    data, labels = (table.get(name.encode(), table.get(name)) for name in ("data", key))
    if not isinstance(data, np.ndarray) or not isinstance(labels, list):
        raise DataError(f"{file}: holds no `data` array and `{key}` list, so it is no batch of CIFAR")
    planes, numbers = cast("Array", data), np.array(cast("list[object]", labels))
    if planes.dtype != np.uint8 or planes.ndim != 2 or planes.shape[1] != PIXELS:
        raise DataError(f"{file}: `data` is {planes.dtype} {planes.shape}, not uint8 (rows, {PIXELS})")
    if numbers.shape != planes.shape[:1] or numbers.dtype.kind not in "iu":
        raise DataError(f"{file}: {len(numbers)} labels for {len(planes)} images; one whole number each is needed")
    return planes, numbers
