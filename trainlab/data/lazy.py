"""Rows that stay where they are stored until a batch asks for them, and the ways to read rows batch by batch.

A memory-mapped file is split, preprocessed and gathered through `LazyRows`, so that it never has to fit into memory.
"""

from collections.abc import Callable, Iterator

import numpy as np

from trainlab.core.types import Array, Shape

CHUNK_BYTES = 1 << 24  # of float64, where many rows are read one chunk after the other


class LazyRows:
    """The rows `index` of a stored array, each passed through `steps` (functions of rows) when it is read.

    It has an array's `shape`, `dtype`, `ndim`, `len` and row indexing; `np.asarray` reads everything.

    >>> rows = LazyRows(np.arange(6).reshape(3, 2), np.array([2, 0]))
    >>> rows[np.array([0])]
    array([[4, 5]])
    """

    def __init__(
        self, stored: Array, index: Array | None = None, steps: tuple[Callable[[Array], Array], ...] = ()
    ) -> None:
        self.stored = stored
        self.index: Array = np.arange(len(stored)) if index is None else index
        self.steps = steps
        row = self._read(self.index[:1])
        self.dtype: np.dtype[np.generic] = row.dtype
        self.shape: Shape = (len(self.index), *row.shape[1:])

    @property
    def ndim(self) -> int:
        """Number of axes, the rows' included."""
        return len(self.shape)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: "Array | slice") -> Array:
        return self._read(self.index[index])

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Array:
        return np.asarray(self[:], dtype=dtype)  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownVariableType] - NumPy's protocol leaves dtype open

    def take(self, index: Array) -> "LazyRows":
        """These of the rows, still unread."""
        return LazyRows(self.stored, self.index[index], self.steps)

    def then(self, step: Callable[[Array], Array]) -> "LazyRows":
        """The same rows, passed through one more step when they are read."""
        return LazyRows(self.stored, self.index, (*self.steps, step))

    def _read(self, index: Array) -> Array:
        rows = np.asarray(self.stored[index])
        for step in self.steps:
            rows = step(rows)
        return rows


def gather(x: "Array | LazyRows", index: Array, out: Array) -> None:
    """out[i] = x[index[i]], whatever x's type: floats are copied, bytes and stored rows are read and converted.

    >>> out = np.empty((2, 1), np.float32)
    >>> gather(np.array([[1], [2], [3]], np.uint8), np.array([2, 0]), out)
    >>> out.ravel()
    array([3., 1.], dtype=float32)
    """
    if isinstance(x, np.ndarray) and x.dtype == out.dtype and out.flags.c_contiguous:
        x.take(index, axis=0, out=out, mode="clip")  # unlike "raise", "clip" writes without a buffer
    else:
        out[...] = x[index]


def take_rows(x: "Array | LazyRows", index: Array) -> "Array | LazyRows":
    """The rows of this index: a copy of an array in memory, an unread view of a stored one."""
    if isinstance(x, LazyRows):
        return x.take(index)
    return LazyRows(x, index) if isinstance(x, np.memmap) else x[index]


def chunks(x: "Array | LazyRows") -> Iterator[Array]:
    """All rows in order as float64, in pieces of some megabytes."""
    per_row = max(1, int(np.prod(x.shape[1:]))) * 8
    rows = max(1, CHUNK_BYTES // per_row)
    for start in range(0, len(x), rows):
        yield x[start : start + rows].astype(np.float64)
