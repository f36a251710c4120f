"""Rows that stay where they are stored until a batch asks for them, and the ways to read rows batch by batch.

A memory-mapped file is split, preprocessed and gathered through `LazyRows`, so that it never has to fit into memory.
So are rows in memory that a preprocessor makes much wider.
"""

import mmap
from collections.abc import Callable, Iterator

import numpy as np

from trainlab.core.memory import available
from trainlab.core.types import Array, Shape

LARGE = 1 << 28  # bytes of stored rows; more are not read as a whole before training
SAMPLE = 1 << 23  # bytes of them that are read instead
_PIECES = 16  # that a sample consists of
CHUNK_BYTES = 1 << 24  # of float64, where many rows are read one chunk after the other


class LazyRows:
    """The rows `index` of a stored array, each passed through `steps` (functions of rows) when it is read.

    It has an array's `shape`, `dtype`, `ndim`, `len` and indexing (the rows by a slice or an array); `np.asarray` reads
    everything.

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
        self.scarce = _scarce(stored)
        row = self._read(self.index[:1])
        self.dtype: np.dtype[np.generic] = row.dtype
        self.shape: Shape = (len(self.index), *row.shape[1:])

    @property
    def ndim(self) -> int:
        """Number of axes, the rows' included."""
        return len(self.shape)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: "Array | slice | tuple[Array | slice, ...]") -> Array:
        if isinstance(index, tuple):
            return self[index[0]][:, *index[1:]]
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
        _read_ahead(self.stored, index, scattered=self.scarce)
        rows = np.asarray(self.stored[index])
        for step in self.steps:
            rows = step(rows)
        return rows


def expect_all(x: "Array | LazyRows") -> None:
    """Tells the system that all rows will be read: it then reads stored ones ahead, not only those of a sample.

    But not where the file is larger than half of the memory: what lies around a row would push out what is needed next.
    """
    if isinstance(x, LazyRows) and not x.scarce and (mapping := _mapping(x.stored)) is not None:
        mapping.madvise(mmap.MADV_NORMAL)


def expect_few(stored: Array) -> None:
    """Tells the system that few rows of a stored array will be read: else it reads up to megabytes around each."""
    mapping = _mapping(stored)
    if mapping is not None:
        mapping.madvise(mmap.MADV_RANDOM)


def is_large(x: "Array | LazyRows") -> bool:
    """Whether x is stored and so large that only a sample of it is read before training."""
    return isinstance(x, LazyRows) and _bytes(x) > LARGE


def sampled(x: "Array | LazyRows", rows: int) -> Iterator[slice]:
    """All rows of x in slices of so many rows; of a large stored x only some: together 8 MB, evenly spread.

    They are neighbours in few places: a system reads a file in pages, and some pages around each that is asked for.

    >>> list(sampled(np.zeros((5, 2)), 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None)]
    """
    pieces = [(0, len(x))]
    if is_large(x):
        size = max(1, SAMPLE // _PIECES * len(x) // _bytes(x))
        pieces = [(start, start + size) for start in np.linspace(0, len(x) - size, _PIECES).astype(np.int64).tolist()]
    for begin, end in pieces:
        for start in range(begin, end, rows):
            yield slice(start, min(start + rows, end) if is_large(x) else start + rows)


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


def _bytes(x: "Array | LazyRows") -> int:
    """Bytes of x as it is stored."""
    of = x.stored if isinstance(x, LazyRows) else x
    return len(x) * int(np.prod(of.shape[1:])) * of.dtype.itemsize


def _mapping(stored: Array) -> mmap.mmap | None:
    """The memory map that a stored array lies in; None if there is none that takes advice."""
    found = getattr(stored, "_mmap", None)
    return found if isinstance(found, mmap.mmap) and hasattr(mmap, "MADV_RANDOM") else None


def _scarce(stored: Array) -> bool:
    """Whether memory is scarce for this stored array: then most of its pages are read anew in each epoch."""
    mapping = _mapping(stored)
    return mapping is not None and len(mapping) > LARGE and len(mapping) > available() / 2


def _read_ahead(stored: Array, index: Array, *, scattered: bool) -> None:
    """Asks the system to read the pages of all these rows at once: else it waits for each before it reads the next.

    Where most rows of a range are wanted that is the range, else, if `scattered`, each row's own pages.
    """
    mapping = _mapping(stored)
    if mapping is None or not index.size or not stored.flags.c_contiguous:
        return
    low, high, row = int(index.min()), int(index.max()) + 1, stored.nbytes // len(stored)
    first = stored[:1].ctypes.data - np.frombuffer(mapping, np.uint8, 1).ctypes.data
    if high - low <= 4 * index.size:
        begins, ends = [first + low * row], [first + high * row]
    elif scattered:
        begins = first + index.astype(np.int64) * row
        begins, ends = begins.tolist(), (begins + row).tolist()
    else:
        return
    for begin, end in zip(begins, ends, strict=True):
        start = begin // mmap.PAGESIZE * mmap.PAGESIZE
        mapping.madvise(mmap.MADV_WILLNEED, start, end - start)
