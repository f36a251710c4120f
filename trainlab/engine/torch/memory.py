"""NumPy arrays as tensors: on the CPU in the same memory, on a GPU as copies that are brought up to date by hand."""

from typing import Any

from trainlab.core.types import Array


class Mirror:
    """Tensors of arrays on a device.

    push() copies the arrays into their tensors, pull() the other way; on the CPU both share memory, so neither does
    anything.
    """

    def __init__(self, torch: Any, device: Any) -> None:
        self._torch, self.device = torch, device
        self._pairs: list[tuple[Any, Any]] = []

    def of(self, array: Array) -> Any:
        """The tensor of an array."""
        host = self._torch.from_numpy(array)
        if self.device.type == "cpu":
            return host
        there = host.to(self.device)
        self._pairs.append((host, there))
        return there

    def push(self) -> None:
        """Tensors from arrays."""
        for host, there in self._pairs:
            there.copy_(host)

    def pull(self) -> None:
        """Arrays from tensors."""
        for host, there in self._pairs:
            host.copy_(there)
