"""Batch normalization: each feature, or each channel of images, gets mean 0 and variance 1 over the batch."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, Param, Scratch, Slot
from trainlab.nn.sums import total


class BatchNorm(Layer, name="batch_norm"):
    """y = scale * (x - mean) / sqrt(var + eps) + shift; mean and variance of the batch, scale and shift learned.

    Per feature for rows, per channel for images (height, width, channels). Evaluation uses running statistics:

        mean <- mean + momentum (batch mean - mean),   var likewise, from the unbiased batch variance

    `momentum` is the share of the new batch, as in torch (Keras gives 1 - momentum). A batch with one number per
    feature (a single row) has no variance: it is normalized with the running statistics, which it leaves alone.
    With small batches (under about 16) the statistics are noisy: `layer_norm` and `group_norm` do not mind.

    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2.
    """

    momentum: float = setting(0.1, "share of a new batch in the running mean and variance", gt=0, le=1)
    eps: float = setting(1e-5, "added to the variance, keeps the division finite", gt=0)

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
        """xhat, the normalized x; `inv`, 1 / sqrt(var + eps); `m`, `v`: statistics; `row`: sums over the batch."""
        units = shape[-1:]
        whole = {key: Scratch(units, per_row=False) for key in ("inv", "m", "v")}
        return whole | {"xhat": Scratch(shape), "row": Scratch(shape, per_row=False)}

    def forward(self, s: Slot) -> None:
        """y = scale xhat + shift, xhat from the batch in training, from the running statistics in evaluation."""
        x, y, p, tmp = s.x, s.y, s.p, s.tmp
        inv, xhat = tmp["inv"], tmp["xhat"]
        count = _count(x)
        if s.train and count > 1:
            mean, var = tmp["m"], tmp["v"]
            total(x, tmp["row"], mean)
            np.multiply(mean, 1 / count, out=mean)
            np.subtract(x, mean, out=xhat)
            np.multiply(xhat, xhat, out=y)  # y is free until the end
            total(y, tmp["row"], var)
            self._remember(p["mean"], mean, 1.0, inv)
            self._remember(p["var"], var, 1 / (count - 1), inv, 1 / count)
        else:
            var = p["var"]
            np.subtract(x, p["mean"], out=xhat)
        np.add(var, self.eps, out=inv)
        np.sqrt(inv, out=inv)
        np.reciprocal(inv, out=inv)
        np.multiply(xhat, inv, out=xhat)
        np.multiply(xhat, p["scale"], out=y)
        np.add(y, p["shift"], out=y)

    def _remember(self, running: Array, batch: Array, factor: float, work: Array, then: float = 1.0) -> None:
        """Running += momentum (factor batch - running); then batch *= then."""
        np.multiply(batch, factor * self.momentum, out=work)
        np.multiply(running, 1 - self.momentum, out=running)
        np.add(running, work, out=running)
        if then != 1.0:
            np.multiply(batch, then, out=batch)

    def backward(self, s: Slot) -> None:
        """dshift = sum dy, dscale = sum dy xhat; dx = scale inv (dy - mean dy - xhat mean(dy xhat))."""
        g, tmp, dy = s.g, s.tmp, s.dy
        xhat, row, dx = tmp["xhat"], tmp["row"], s.dx
        product = xhat if dx is None else dx
        np.multiply(dy, xhat, out=product)
        total(product, row, g["scale"])
        total(dy, row, g["shift"])
        if dx is None:
            return
        m, inv, count = tmp["m"], tmp["inv"], _count(dy)
        np.multiply(inv, s.p["scale"], out=inv)
        if count > 1:
            np.multiply(g["scale"], -1 / count, out=m)
            np.multiply(xhat, m, out=dx)
            np.multiply(g["shift"], -1 / count, out=m)
            np.add(dx, m, out=dx)
            np.add(dx, dy, out=dx)
            np.multiply(dx, inv, out=dx)
        else:
            np.multiply(dy, inv, out=dx)


def _count(x: Array) -> int:
    """How many numbers each feature or channel has in this batch."""
    return x.size // x.shape[-1]
