"""DropConnect: a dense layer that drops weights at random while training."""

from typing import Any

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Scratch, Slot, TorchSlot
from trainlab.nn.layers.dense import Dense

SOURCE = '''class DropConnect(nn.Linear):
    """A linear layer that drops weights in training."""

    def __init__(self, drop, *sizes, bias=True):
        super().__init__(*sizes, bias=bias)
        self.drop = drop

    def forward(self, x):
        return F.linear(x, F.dropout(self.weight, self.drop, self.training), self.bias)
'''


class DropConnect(Dense, name="drop_connect"):
    """y = x (W mask) / (1 - drop) + b: each weight is zeroed with probability `drop`; evaluation uses all of W.

    Each step draws one mask for the whole batch; the weights that stay are scaled up, as in inverted dropout. (Wan et
    al. draw a mask for each row and sample at evaluation; one mask per batch costs far less.)

    Shapes: x (batch, n_in), W (n_in, units), b (units,), y (batch, units).

    Source: Wan et al. 2013, "Regularization of neural networks using DropConnect".
    """

    drop: float = setting(0.5, "fraction of the weights that is zeroed", ge=0, lt=1)

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """factor, 0 or 1 / (1 - drop) for each weight, and thinned = W factor."""
        W = Scratch((shape[0], int(self.units)), per_row=False)
        return {"factor": W, "thinned": W}

    def forward(self, s: Slot) -> None:
        """y = x (W factor) + b in training, x W + b in evaluation."""
        W, factor, thinned = s.p["W"], s.tmp["factor"], s.tmp["thinned"]
        if s.train:
            drop = self.drop * float(s.drop_factor[0])
            factor[...] = (s.rng.random(W.shape, W.dtype.type) >= drop) / (1 - drop)
            thinned[...] = W * factor
        self.affine(s, thinned if s.train else W)

    def backward(self, s: Slot) -> None:
        """dW = (x' dy) factor, db = sum dy, dx = dy (W factor)'."""
        self.gradients(s, s.tmp["thinned"])
        s.g["W"] *= s.tmp["factor"]

    def noise(self, shape: Shape) -> Scratch:
        """One number for each weight."""
        return Scratch((shape[0], int(self.units)), per_row=False)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        drop = self.drop * s.drop_factor
        factor = (s.noise >= drop).to(s.noise.dtype) / (1 - drop) if s.train else 1.0
        return self.torch_affine(s, s.p["W"] * factor)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        found = super().torch_code(shape, p)
        made = found.module.replace("nn.Linear(", f"DropConnect({self.drop}, ")
        return TorchCode(made, found.state, {"DropConnect": SOURCE})
