"""An init draws the starting weights. To add one, write one class in one file of `trainlab/nn/inits`."""

from abc import abstractmethod

import numpy as np

from trainlab.core.component import Component
from trainlab.core.types import Array


class Init(Component, kind="init", rooms=("trainlab.nn.inits",)):
    """How a layer's weights start. Biases start at `bias_init`, scales at 1, shifts at 0."""

    @abstractmethod
    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """Overwrite W, drawing only from rng. fan_in inputs feed each unit, each input feeds fan_out units."""
