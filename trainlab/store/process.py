"""Telling whether the process that wrote something is still the one that runs under its number."""

import os
from contextlib import suppress
from pathlib import Path


def birth(pid: int) -> str:
    """When a process was born, as a text that no other process of this machine shares; empty if it cannot be known.

    Process numbers are used again, so a number alone does not name a process.
    """
    with suppress(OSError, IndexError, ValueError):
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{stat[19]}@{boot[:8]}"
    return ""


def before_restart(born: str) -> bool:
    """Whether a process with this birth lived before this machine was last started; false if it is unknown."""
    now = birth(os.getpid())
    return bool(born and now) and born.partition("@")[2] != now.partition("@")[2]


def runs(pid: int, born: str) -> bool:
    """Whether the process with this number and birth still runs. A zombie does not."""
    if pid <= 0:
        return False
    with suppress(OSError, IndexError):
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass  # another user's, or no number that this system uses: then its birth differs
    now = birth(pid)
    return not (born and now) or born == now
