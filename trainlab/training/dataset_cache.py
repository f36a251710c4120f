"""Prepared rows that several runs of one process, or of its copies, share: loaded, split and preprocessed once."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from trainlab.core.component import plain
from trainlab.core.streams import Streams
from trainlab.data.dataset import Loaded, Splits
from trainlab.data.prepare import prepare
from trainlab.training.experiment import Experiment

Kept = dict[tuple[str, int, str], Splits]  # by all that they depend on: the source's settings, the seed, the float type

_kept: ContextVar[Kept | None] = ContextVar("kept_parts", default=None)


@contextmanager
def kept_parts() -> Generator[None]:
    """While the block lasts, the parts that were prepared first stay in memory for whoever asks for the same ones."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def keeps_parts() -> bool:
    """Whether there are any that are kept."""
    return bool(_kept.get())


def parts_of(experiment: Experiment, streams: Streams, loaded: Loaded | None = None) -> Splits:
    """The parts of an experiment, of rows that are `loaded` already if there are any. Raises DataError."""
    source, dtype, kept = experiment.data, experiment.train.dtype, _kept.get()
    seed = streams.seed if source.seed is None else source.seed
    own = repr(plain(source)), seed, dtype
    if kept and loaded is None and own in kept:
        return kept[own]
    parts = prepare(source, streams=streams, dtype=dtype, loaded=loaded)
    if kept is not None and not kept and loaded is None:
        kept[own] = parts
    return parts
