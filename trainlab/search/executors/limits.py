"""How long a trial may take and how much memory, before it is ended as `failed`."""

import errno
import os

from trainlab.core.component import Settings, setting

_NO_MEMORY = ("MemoryError", os.strerror(errno.ENOMEM))  # in the last words of a process: NumPy's, the system's


class Limits(Settings):
    """What a trial may use; one that wants more is ended, and marked `failed` with that reason."""

    seconds: float | None = setting(None, "of wall-clock time, from the start of its process", gt=0)
    memory: float | None = setting(
        None, "of its own memory in megabytes, some 150 of which Python and its packages take (Linux only)", gt=0
    )

    @property
    def bytes(self) -> int | None:
        """The memory limit in bytes."""
        return None if self.memory is None else int(self.memory * 1e6)

    def passed(self, code: int, words: str) -> str:
        """Which limit a process that ended so had passed, empty if none; time is told by whoever measures it."""
        if self.memory is not None and code and any(word in words for word in _NO_MEMORY):
            return f"over its limit of {self.memory:g} MB of memory"
        return ""

    def too_long(self) -> str:
        """What is said of a trial that took too long."""
        return f"over its limit of {self.seconds:g} s"
