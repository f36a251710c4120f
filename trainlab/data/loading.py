"""Rows that are read once and used by several runs of one process, while somebody keeps them."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from trainlab.core.component import plain
from trainlab.core.streams import Streams
from trainlab.data.dataset import Loaded
from trainlab.data.source import Source

Kept = dict[tuple[str, int | None], Loaded]  # by the source's own settings and the seed that it drew from, if any

_kept: ContextVar[Kept | None] = ContextVar("kept", default=None)


@contextmanager
def kept_rows() -> Generator[None]:
    """While the block lasts, the rows of the last source that was read stay in memory for whoever reads it again."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def keeping() -> bool:
    """Whether the rows that are read now stay for others."""
    return _kept.get() is not None


def rows_of(source: Source, streams: Streams) -> Loaded:
    """All rows of a source, as it reads or makes them; those that are kept are not read again.

    What is done with the rows afterwards (split, faults, preprocessing) plays no part in which rows they are.
    Raises DataError.
    """
    kept = _kept.get()
    if kept is None:
        return source.load(streams.named("data"))
    own = repr({k: v for k, v in plain(source).items() if k == "name" or k not in Source.model_fields})
    found = kept.get((own, None)) or kept.get((own, streams.seed))
    if found is None:
        rng = streams.named("data")
        before = rng.bit_generator.state
        found = source.load(rng)
        kept.clear()
        kept[own, None if rng.bit_generator.state == before else streams.seed] = found
    return found
