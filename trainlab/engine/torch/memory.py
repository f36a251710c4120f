"""NumPy arrays as tensors: on the CPU in the same memory, on a GPU as copies that are brought up to date by hand."""

from typing import Any

from trainlab.core.types import Array


class Mirror:
    """Tensors of arrays on a device.

    push() copies the arrays into their tensors, but for those that steps only write, pull() all the other way; on the
    CPU both share memory, so neither does anything.
    """

    def __init__(self, torch: Any, device: Any) -> None:
        self._torch, self.device = torch, device
        self._pairs: list[tuple[Any, Any]] = []
        self._written: list[tuple[Any, Any]] = []

    def of(self, array: Array, *, written: bool = False) -> Any:
        """The tensor of an array. written: steps write it before they read it."""
        host = self._torch.from_numpy(array)
        if self.device.type == "cpu":
            return host
        there = host.to(self.device)
        (self._written if written else self._pairs).append((host, there))
        return there

    def push(self, *, written: bool = False) -> None:
        """Tensors from arrays; the written ones too, if something has changed those arrays in the middle of a step."""
        for host, there in (*self._pairs, *(self._written if written else ())):
            there.copy_(host)

    def pull(self) -> None:
        """Arrays from tensors."""
        for host, there in (*self._pairs, *self._written):
            host.copy_(there)
