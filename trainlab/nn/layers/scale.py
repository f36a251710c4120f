"""Scale: one learned factor for each column."""

from typing import Any

from trainlab.core.errors import ShapeError
from trainlab.core.torch_code import TorchCode, per_channel
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, Param, Slot, TorchSlot

SOURCE = '''class Scale(nn.Module):
    """One learned factor for each column or channel."""

    def __init__(self, shape):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(shape))

    def forward(self, x):
        return x * self.scale
'''


class Scale(Layer, name="scale"):
    """y = x s: one learned factor s, 1 at first, for each input (of images: for each channel).

    In front of the first dense layer it lets the network find out which columns of a table matter. Its rate is often
    higher than that of the weights: `optimizer: {name: adam, lr_factors: {scale: 6}}`.

    Shapes: x (batch, ..., channels), scale (channels,), y as x.

    Source: Holzmüller et al. 2024, "Better by default", arXiv:2407.04491, section 3.2 (scaling layer).
    """

    def out_shape(self, shape: Shape) -> Shape:
        """The shape of x."""
        if not shape:
            raise ShapeError("scale needs at least one column")
        return shape

    def params(self, shape: Shape) -> dict[str, Param]:
        """A factor for each column or channel."""
        return {"scale": Param(shape[-1:], "scale", fill=1.0)}

    def forward(self, s: Slot) -> None:
        """y = x s."""
        s.y[...] = s.x * s.p["scale"]

    def backward(self, s: Slot) -> None:
        """ds = sum of x dy, dx = dy s."""
        s.g["scale"][...] = (s.x * s.dy).sum(axis=tuple(range(s.x.ndim - 1)))
        if s.dx is not None:
            s.dx[...] = s.dy * s.p["scale"]

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.x * s.p["scale"]

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        size = per_channel(shape)
        return TorchCode(f"Scale({size})", {"scale": p["scale"].reshape(size)}, {"Scale": SOURCE})
