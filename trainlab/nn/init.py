"""An init draws the initial weights. To add one, write one class in one file of `trainlab/nn/inits`."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from trainlab.core.component import Component
from trainlab.core.types import Array


class Init(Component, kind="init", rooms=("trainlab.nn.inits",)):
    """Draws the initial weights of a layer. Biases start at `bias_init`, scales at 1, shifts at 0.

    A data-dependent init sets `calibrates` and overrides `calibrate`. After all weights are filled, the engine does for
    each layer with weights, first to last, whose init calibrates:

        done = 0
        forward a batch of training rows, in training mode, through this layer
        while init.calibrate(W, standard deviation of the layer's y, done):
            done += 1; forward again

    and reports `done`, the number of corrections of this layer.
    """

    calibrates: ClassVar[bool] = False

    @abstractmethod
    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """Overwrite W, drawing only from rng. fan_in inputs feed each unit, each input feeds fan_out units."""

    def calibrate(self, W: Array, std: float, done: int) -> bool:
        """Correct W in place if the layer's output needs it; return whether it did.

        std: standard deviation of the output after `done` corrections. After a correction it is measured again.
        """
        return False
