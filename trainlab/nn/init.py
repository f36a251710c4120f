"""An init draws the starting weights. To add one, write one class in one file of `trainlab/nn/inits`."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from trainlab.core.component import Component
from trainlab.core.types import Array


class Init(Component, kind="init", rooms=("trainlab.nn.inits",)):
    """How a layer's weights start. Biases start at `bias_init`, scales at 1, shifts at 0.

    An init that looks at data sets `calibrates` and overrides `calibrate`. Its contract, once all weights are filled:
    for each layer with weights, first to last, whose init calibrates,

        done = 0
        forward a batch of training rows, in training mode, through this layer
        while init.calibrate(W, standard deviation of the layer's y, done):
            done += 1; forward again

    then report `done`, the corrections that this layer took.
    """

    calibrates: ClassVar[bool] = False

    @abstractmethod
    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """Overwrite W, drawing only from rng. fan_in inputs feed each unit, each input feeds fan_out units."""

    def calibrate(self, W: Array, std: float, done: int) -> bool:
        """Change W if the layer's output, of standard deviation std after `done` corrections, asks for it: whether it
        did, and the layer must be measured again.
        """
        return False
