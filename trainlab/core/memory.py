"""How much memory is there, and giving freed memory back to the system."""

import ctypes
from collections.abc import Iterator
from pathlib import Path


def release() -> None:
    """Give the memory of arrays that are gone back to the system, where the C library can do so (glibc's malloc_trim).

    Reading a table leaves holes of many freed columns between arrays that stay. Costs about a millisecond.
    """
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # another C library, which has its own way
        return


def available() -> float:
    """Bytes that this process may still use, the system's cache of files included; inf where the system does not say.

    Linux says it of the machine, and of the control group (a container, or a job of a cluster), whose limit counts.
    """
    found = [float("inf")]
    for file, reading in [(Path("/proc/meminfo"), _of_machine), *((limit, _of_group) for limit in _limits())]:
        try:
            found.append(reading(file.read_text(encoding="ascii")))
        except (OSError, ValueError, IndexError):
            continue
    return min(found)


def _of_machine(meminfo: str) -> float:
    return 1024.0 * int(meminfo.split("MemAvailable:")[1].split()[0])


def _of_group(limit: str) -> float:
    return float("inf") if limit.strip() == "max" else float(int(limit))


def _limits(groups: Path = Path("/proc/self/cgroup")) -> Iterator[Path]:
    """The files that hold the limits of this process's control groups, in both versions of their file system.

    In a container the path that the system names is often that of the host; the group itself is then the root.
    """
    try:
        lines = groups.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    root = Path("/sys/fs/cgroup")
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers == "":
            yield from (root / place / "memory.max" for place in (".", path.lstrip("/")))
        elif "memory" in controllers.split(","):
            yield from (root / "memory" / place / "memory.limit_in_bytes" for place in (".", path.lstrip("/")))
