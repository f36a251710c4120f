"""Layer normalization: each row gets mean 0 and variance 1."""

from trainlab.core.torch_code import TorchCode, channels_first
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Param
from trainlab.nn.layers._normalize import RowNorm


class LayerNorm(RowNorm, name="layer_norm"):
    """y = scale * (x - mean) / sqrt(var + eps) + shift, mean and variance over all numbers of one row or image.

    Each row is normalized on its own, so the batch size does not matter and evaluation is the same as training. Scale
    and shift have the shape of a row, as in torch's LayerNorm over a whole row's shape.

    Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450, equation 4.
    """

    def count_groups(self, shape: Shape) -> int:
        """One."""
        return 1

    def params(self, shape: Shape) -> dict[str, Param]:
        """scale and shift, one number for each number of a row."""
        return {"scale": Param(shape, "scale", fill=1.0), "shift": Param(shape, "shift")}

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        order = (len(shape) - 1, *range(len(shape) - 1))
        made = f"nn.LayerNorm({list(channels_first(shape))}, eps={self.eps})"
        return TorchCode(made, {"weight": p["scale"].transpose(order), "bias": p["shift"].transpose(order)})
