"""Rows that are too many for the memory, in a temporary file on disk."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import CHUNK_BYTES, expect_few


@dataclass(frozen=True, slots=True)
class OnDisk:
    """Where the numbers of a table go if they take more than `limit` bytes: to files in `folder` without a name.

    The system frees them when the process ends, however it ends. `path`: the table, for messages.
    """

    path: str
    folder: Path
    limit: float

    def rows(self, columns: Iterable[Array], shape: Shape, write: Callable[[list[Array], Array], None]) -> Array:
        """An array of this shape (rows, d), memory-mapped, of columns that are in memory one at a time.

        columns: (rows,) each · write(part of each column, block): writes some rows of the array. It is float64, or
        float32 where that holds each of the numbers as it is.
        Raises DataError where the disk has no room, or the folder cannot be written.
        """
        rows, step, count = shape[0], max(1, CHUNK_BYTES // (8 * shape[1])), 0
        exact = True  # whether float32 holds all numbers, as it does those that were float32 in the file
        with self._file(shape) as narrow, self._file(shape) as wide:
            for column in columns:
                numbers = np.ascontiguousarray(column, np.float64)
                narrow.write(numbers.data)
                count += 1
                with np.errstate(over="ignore"):
                    exact = exact and np.array_equal(numbers, numbers.astype(np.float32), equal_nan=True)
            dtype = np.dtype(np.float32 if exact else np.float64)
            for start in range(0, rows, step):
                block = np.empty((min(step, rows - start), *shape[1:]))
                write([self._part(narrow, i * rows + start, len(block)) for i in range(count)], block)
                wide.write(block.astype(dtype, copy=False).data)
            wide.flush()
            array = np.memmap(wide, dtype, "r", shape=shape)
        expect_few(array)
        return array

    @staticmethod
    def _part(file: IO[bytes], start: int, count: int) -> Array:
        """So many numbers of the file, from number `start` on."""
        part = np.empty(count)
        file.seek(8 * start)
        file.readinto(part.data)  # type: ignore[attr-defined]
        return part

    @contextmanager
    def _file(self, shape: Shape) -> Generator[IO[bytes]]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.folder) as file:
                yield file
        except OSError as error:
            size = 8 * float(np.prod(shape)) / 1e9
            raise DataError(
                f"{self.path}: its {size:.1f} GB of numbers do not fit into {self.folder} ({error.strerror}); "
                "name another folder in data.cache, or read them into memory with `stream: false`"
            ) from error
