"""Dropout: switches off units at random while training."""

from typing import Any, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, Scratch, Slot, TorchSlot

SOURCE = '''class DropoutUnscaled(nn.Module):
    """Drops without rescaling in training; evaluation multiplies by a number."""

    def __init__(self, drop, scale):
        super().__init__()
        self.drop, self.scale = drop, scale

    def forward(self, x):
        return x * (torch.rand_like(x) >= self.drop) if self.training else x * self.scale
'''


class Dropout(Layer, name="dropout"):
    """Zeroes each number with probability `drop` while training, so that no unit can rely on a single other unit.

    `inverted`: the numbers that stay are divided by 1 - drop, and evaluation changes nothing. `vanilla`, as first
    published: training does not rescale, evaluation multiplies by 1 - drop. `unscaled` never rescales, the classic
    mistake: evaluation then sees inputs 1 / (1 - drop) times as large as training did.

    Source: Srivastava et al. 2014, JMLR 15; CS231n, "Neural Networks Part 2" (inverted dropout).
    """

    drop: float = setting(0.5, "fraction of the numbers that is zeroed (not the fraction that is kept)", ge=0, lt=1)
    mode: Literal["inverted", "vanilla", "unscaled"] = setting(
        "inverted", "when to rescale: in training (inverted), in evaluation (vanilla) or never"
    )

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """The number that each input is multiplied by."""
        return {"factor": Scratch(shape)}

    def forward(self, s: Slot) -> None:
        """y = x factor in training; x, or for `vanilla` x (1 - drop), in evaluation."""
        if s.train:
            factor, drop = s.tmp["factor"], self.drop * float(s.drop_factor[0])
            factor[...] = s.rng.random(factor.shape, factor.dtype.type) >= drop
            if self.mode == "inverted":
                factor *= 1 / (1 - drop)
            np.multiply(s.x, factor, out=s.y)
        else:
            np.multiply(s.x, 1 - self.drop if self.mode == "vanilla" else 1, out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy factor."""
        if s.dx is not None:
            np.multiply(s.dy, s.tmp["factor"], out=s.dx)

    def noise(self, shape: Shape) -> Scratch:
        """One number for each input."""
        return Scratch(shape)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        if not s.train:
            return s.x * (1 - self.drop) if self.mode == "vanilla" else s.x
        drop = self.drop * s.drop_factor
        kept = s.x * (s.noise >= drop)
        return kept * (1 / (1 - drop)) if self.mode == "inverted" else kept

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        if self.mode == "inverted":
            return TorchCode(f"nn.Dropout({self.drop})")
        scale = 1 - self.drop if self.mode == "vanilla" else 1.0
        return TorchCode(f"DropoutUnscaled({self.drop}, {scale})", classes={"DropoutUnscaled": SOURCE})
