"""Parametric: an activation that learns how much of it there is."""

from dataclasses import replace
from typing import Any, ClassVar

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode, per_channel
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.activations.selu import SELU
from trainlab.nn.layer import Param, Scratch, Slot, TorchSlot

SOURCE = '''class Parametric(nn.Module):
    """x + a (s(x) - x): a learned share of another activation s."""

    def __init__(self, activation, shape):
        super().__init__()
        self.activation = activation
        self.a = nn.Parameter(torch.ones(shape))

    def forward(self, x):
        return x + self.a * (self.activation(x) - x)
'''


class Parametric(Activation, name="parametric"):
    """(1 - a) x + a s(x): s is another activation, a is learned for each unit (of images: each channel), 1 at first.

    A unit can become linear (a = 0) or bend more than s does (a > 1). Its rate is often a tenth of that of the weights:
    `optimizer: {name: adam, lr_factors: {slope: 0.1}}`.

    Source: Holzmüller et al. 2024, "Better by default", arXiv:2407.04491, appendix A.1.

    >>> Parametric()([-1.0, 0.0, 2.0]).round(4)
    array([-1.1113,  0.    ,  2.1014])
    """

    gain: ClassVar[str] = "he"

    activation: Activation = setting(SELU(), "the activation s, of those that learn nothing themselves")

    @field_validator("activation", mode="after")
    @classmethod
    def _plain(cls, activation: Activation) -> Activation:
        if activation.view or activation.params((1,)) or activation.scratch((1,)):
            raise PydanticCustomError(
                "parametric",
                "{found} cannot be mixed with x: take one such as selu or mish",
                {"found": activation.name},
            )
        return activation

    def params(self, shape: Shape) -> dict[str, Param]:
        """a for each unit or channel."""
        return {"a": Param(shape[-1:] or (1,), "slope", fill=1.0)}

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """s(x), and its gradients."""
        return {"bent": Scratch(shape), "dbent": Scratch(shape), "dx": Scratch(shape)}

    def forward(self, s: Slot) -> None:
        """y = x + a (s(x) - x)."""
        bent = s.tmp["bent"] if s.tmp else s.y.copy()
        self.activation.forward(replace(s, y=bent, p={}, g={}, tmp={}))
        s.y[...] = s.x + s.p["a"] * (bent - s.x)

    def backward(self, s: Slot) -> None:
        """da = sum of dy (s(x) - x), dx = (1 - a) dy + a s'(x) dy."""
        bent, dbent, dx = (s.tmp[key] for key in ("bent", "dbent", "dx"))
        s.g["a"][...] = (s.dy * (bent - s.x)).sum(axis=tuple(range(s.x.ndim - 1)))
        if s.dx is not None:
            dbent[...] = s.dy * s.p["a"]
            self.activation.backward(replace(s, y=bent, dy=dbent, dx=dx, p={}, g={}, tmp={}))
            s.dx[...] = s.dy - dbent + dx

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        bent = self.activation.torch(replace(s, p={}))
        return s.x + s.p["a"] * (bent - s.x)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        inner, size = self.activation.torch_code(shape, {}), per_channel(shape)
        made = f"Parametric({inner.module}, {size})"
        return TorchCode(made, {"a": p["a"].reshape(size)}, {**inner.classes, "Parametric": SOURCE})
