"""A cache of the dataset that was read last, for processes that train several runs on the same data."""

from collections.abc import Mapping

import numpy as np

from trainlab.core.component import plain
from trainlab.core.streams import Streams
from trainlab.core.types import Array
from trainlab.data.dataset import Loaded, Splits
from trainlab.data.prepare import prepare
from trainlab.data.source import Source


class SplitsCache:
    """Keeps one dataset: its rows as the source gave them, and the splits that were made of them last.

    Runs with equal data settings, seed and float type share the splits. Runs that differ only in what happens to the
    rows afterwards (split, faults, preprocessing, and the seed if the source does not draw from it) share the rows.
    Runs must not write to what they share.
    """

    def __init__(self) -> None:
        self._rows: tuple[str, int | None, Loaded] | None = None
        self._splits: tuple[str, int, str, Splits] | None = None

    def splits(
        self, source: Source, *, streams: Streams, dtype: str = "float32", fitted: Mapping[str, Array] | None = None
    ) -> Splits:
        """What `prepare` makes of this source. Raises DataError."""
        streams = streams if source.seed is None else Streams(source.seed)
        key = repr(plain(source)), streams.seed, dtype
        known = self._splits is not None and self._splits[:3] == key
        if self._splits is None or not known or not _agree(fitted, self._splits[3].fitted):
            self._splits = None  # two datasets at once may be more than the memory holds
            loaded = self._loaded(source, streams)
            self._splits = (*key, prepare(source, streams=streams, dtype=dtype, loaded=loaded, fitted=fitted))
        return self._splits[3]

    def _loaded(self, source: Source, streams: Streams) -> Loaded:
        own = repr({k: v for k, v in plain(source).items() if k == "name" or k not in Source.model_fields})
        if self._rows is None or self._rows[0] != own or self._rows[1] not in (None, streams.seed):
            self._rows = None
            rng = streams.named("data")
            before = rng.bit_generator.state
            loaded = source.load(rng)
            self._rows = own, None if rng.bit_generator.state == before else streams.seed, loaded
        return self._rows[2]


def _agree(fitted: Mapping[str, Array] | None, known: Mapping[str, Array]) -> bool:
    """Whether rows that were preprocessed with what is `known` are preprocessed as `fitted` says."""
    if fitted is None:
        return True
    return fitted.keys() == known.keys() and all(np.array_equal(a, known[name]) for name, a in fitted.items())
