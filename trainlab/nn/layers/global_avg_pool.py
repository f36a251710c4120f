"""Global average pooling: one number for each channel."""

from typing import Any

from trainlab.core.errors import ShapeError
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, Slot, TorchSlot


class GlobalAvgPool(Layer, name="global_avg_pool"):
    """The mean of each channel over all places: (height, width, channels) to (channels,). It learns nothing.

    Replaces `flatten` and a large dense layer at the end of a convolutional network.

    Source: Lin, Chen & Yan 2014, "Network in network", arXiv:1312.4400, section 3.2.
    """

    def out_shape(self, shape: Shape) -> Shape:
        """(channels,)."""
        if len(shape) != 3:
            raise ShapeError(f"takes images (height, width, channels), not {shape}")
        return shape[-1:]

    def forward(self, s: Slot) -> None:
        """y = mean of x over height and width."""
        s.x.mean(axis=(1, 2), out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy / (height width) everywhere."""
        if s.dx is not None:
            _, height, width, _ = s.x.shape
            s.dx[...] = s.dy[:, None, None, :] / (height * width)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.x.mean((1, 2))

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())")
