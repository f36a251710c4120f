"""What the ops of a batch norm share, whatever layer follows: the memory of its statistics."""

from dataclasses import dataclass

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder
from trainlab.nn.layer import Slot
from trainlab.nn.layers.batch_norm import BatchNorm


@dataclass(frozen=True, slots=True)
class Norm:
    """mean, inv, factor = scale inv of each channel; even, tilt: what backward takes off dx; moments: 2 C a row."""

    slot: Slot
    sizes: tuple[int, int, int]  # C places train
    numbers: tuple[float, float]  # eps momentum
    mean: Array
    inv: Array
    factor: Array
    even: Array | None
    tilt: Array | None
    moments: Array | None

    @classmethod
    def of(cls, b: Builder, layer: BatchNorm, s: Slot, moments: Array | None) -> "Norm":
        """With new memory. moments: if a convolution before it fills them."""
        channels = s.x.shape[-1]
        places = s.x[0].size // channels
        needed = b.train and moments is None and places > 1
        return cls(
            slot=s,
            sizes=(channels, places, int(b.train)),
            numbers=(layer.eps, layer.momentum),
            mean=b.memory((channels,)),
            inv=b.memory((channels,)),
            factor=b.memory((channels,)),
            even=b.memory((channels,)) if b.train else None,
            tilt=b.memory((channels,)) if b.train else None,
            moments=b.memory((2 * b.rows * channels,)) if needed else moments,
        )

    @property
    def forward_pointers(self) -> list[Array | None]:
        """The pointers of an op that computes the statistics."""
        p = self.slot.p
        return [p["scale"], p["shift"], p["mean"], p["var"], self.mean, self.inv, self.factor, self.moments]

    def backward_pointers(self, dy: Array | None, fired: Array | None) -> list[Array | None]:
        """The pointers of an op of the backward pass. fired: output of the relu in the same pass, if any."""
        g = self.slot.g
        statistics = [self.mean, self.inv, self.factor, g["scale"], g["shift"], self.even, self.tilt, self.moments]
        return [self.slot.x, dy, fired, *statistics]
