"""Random search."""

from collections.abc import Iterator, Sequence

import numpy as np

from trainlab.lab.sweep.strategy import Strategy


class Random(Strategy, name="random"):
    """Independent draws: no trial repeats a value of the one setting that matters, as most points of a grid do.

    Source: Bergstra & Bengio 2012, "Random search for hyper-parameter optimization", JMLR 13.

    >>> first, again = (next(Random().points(seed=0, trial=7, sides=2)) for _ in range(2))
    >>> first == again
    True
    """

    def points(self, seed: int, trial: int, sides: int) -> Iterator[Sequence[float]]:
        """Draws from the trial's own stream."""
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(trial,))))
        while True:
            yield rng.random(sides).tolist()
