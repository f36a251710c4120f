"""Batch normalization: each feature, or each channel of images, gets mean 0 and variance 1 over the batch."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, Param, Scratch, Slot, TorchSlot


class BatchNorm(Layer, name="batch_norm"):
    """y = scale * (x - mean) / sqrt(var + eps) + shift; mean and variance of the batch, scale and shift learned.

    Per feature for rows, per channel for images (height, width, channels). Evaluation uses running statistics:

        mean <- mean + momentum (batch mean - mean),   var likewise, from the unbiased batch variance

    `momentum` is the weight of the new batch, as in torch (Keras gives 1 - momentum). A batch with one number per
    feature (a single row) has no variance: it is normalized with the running statistics, which it does not change.
    A frozen layer uses the running statistics in training, too, and does not change them, as in Keras.
    With small batches (under about 16) the statistics are noisy: use `layer_norm` or `group_norm`.

    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2.
    """

    normalizes: ClassVar[bool] = True

    momentum: float = setting(0.1, "weight of a new batch in the running mean and variance", gt=0, le=1)
    eps: float = setting(1e-5, "added to the variance; keeps the division finite", gt=0)

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def params(self, shape: Shape) -> dict[str, Param]:
        """scale and shift, running mean and var: one number each for every feature or channel."""
        units = shape[-1:]
        return {
            "scale": Param(units, "scale", fill=1.0),
            "shift": Param(units, "shift"),
            "mean": Param(units, "statistic"),
            "var": Param(units, "statistic", fill=1.0),
        }

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """xhat, the normalized x, and inv = 1 / sqrt(var + eps)."""
        return {"xhat": Scratch(shape), "inv": Scratch(shape[-1:], per_row=False)}

    def forward(self, s: Slot) -> None:
        """y = scale xhat + shift, xhat from the batch in training, from the running statistics in evaluation."""
        x, p, xhat, inv = s.x, s.p, s.tmp["xhat"], s.tmp["inv"]
        mean, var = p["mean"], p["var"]
        n = x.size // x.shape[-1]  # numbers of each feature or channel
        if s.train and n > 1:
            axes = tuple(range(x.ndim - 1))
            mean, var = x.mean(axes), x.var(axes)
            p["mean"] += self.momentum * (mean - p["mean"])
            p["var"] += self.momentum * (var * n / (n - 1) - p["var"])
        inv[...] = 1 / np.sqrt(var + self.eps)
        xhat[...] = (x - mean) * inv
        s.y[...] = p["scale"] * xhat + p["shift"]

    def backward(self, s: Slot) -> None:
        """dshift = sum dy, dscale = sum dy xhat; dx = scale inv (dy - mean dy - xhat mean(dy xhat))."""
        g, xhat, dy = s.g, s.tmp["xhat"], s.dy
        axes, n = tuple(range(dy.ndim - 1)), dy.size // dy.shape[-1]
        g["scale"][...] = (dy * xhat).sum(axes)
        g["shift"][...] = dy.sum(axes)
        if s.dx is not None:
            d = dy - g["shift"] / n - xhat * (g["scale"] / n) if s.train and n > 1 else dy
            s.dx[...] = s.p["scale"] * s.tmp["inv"] * d

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch, which updates the running statistics by the same rule."""
        p, training = s.p, s.train
        if s.x.numel() == s.x.shape[-1]:  # one row; a branch, because torch.compile takes a comparison for no bool
            training = False
        y = s.torch.nn.functional.batch_norm(
            s.x.movedim(-1, 1), p["mean"], p["var"], p["scale"], p["shift"], training, self.momentum, self.eps
        )
        return y.movedim(1, -1)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        made = f"nn.BatchNorm{2 if len(shape) == 3 else 1}d({shape[-1]}, eps={self.eps}, momentum={self.momentum})"
        names = {"weight": "scale", "bias": "shift", "running_mean": "mean", "running_var": "var"}
        return TorchCode(made, {name: p[own] for name, own in names.items()})
