"""How long a trial may take and how much memory it may use, before it is ended as `failed`."""

import errno
import os

from trainlab.core.component import Settings, setting

_NO_MEMORY = ("MemoryError", os.strerror(errno.ENOMEM))  # in the last line on stderr: NumPy's, the system's


class Limits(Settings):
    """Time and memory that a trial may use. One that exceeds a limit ends as `failed`, with that reason."""

    seconds: float | None = setting(None, "seconds of wall-clock time, from the start of the trial", gt=0)
    memory: float | None = setting(
        None, "megabytes of memory; Python and its packages use about 150 of them (Linux only)", gt=0
    )

    @property
    def bytes(self) -> int | None:
        """The memory limit in bytes."""
        return None if self.memory is None else int(self.memory * 1e6)

    def exceeded(self, code: int, last_line: str, *, late: bool) -> str:
        """Which limit a trial exceeded that ended so, empty if none. late: it was ended because its time was over."""
        if late:
            return f"over its limit of {self.seconds:g} s"
        if self.memory is not None and code and any(text in last_line for text in _NO_MEMORY):
            return f"over its limit of {self.memory:g} MB of memory"
        return ""
