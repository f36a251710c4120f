"""The machine that a race is run on: its description, and how busy others keep it."""

import os
import platform
import resource
import subprocess
import sys
from pathlib import Path


def busy() -> float:
    """Processor seconds that the whole machine has worked so far; 0 where that cannot be read."""
    try:
        numbers = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return 0.0
    idle = numbers[3] + numbers[4]
    return (sum(numbers) - idle) / os.sysconf("SC_CLK_TCK")


def processor() -> str:
    """Its model, cores and vectors."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = told.get("flags", told.get("Features", "")).split()
    widest = next((name for name in ("avx512f", "avx2", "asimd") if name in flags), "no wide vectors")
    return f"{told.get('model name', platform.machine())}, {os.cpu_count()} cores, {widest}"


def peak_memory() -> float:
    """Megabytes that this process held at most.

    Linux hands `ru_maxrss` on from the process that started this one; `VmHWM` counts from its own start.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    except (OSError, StopIteration):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (1024**2 if sys.platform == "darwin" else 1024)


def versions(python: Path, packages: list[str]) -> dict[str, str]:
    """The version of each package in an environment."""
    code = "import sys; from importlib.metadata import version\nfor p in sys.argv[1:]:\n try: print(p, version(p))\n except Exception: pass"  # noqa: E501 - a program in a string
    out = subprocess.run([python, "-c", code, *packages], capture_output=True, text=True, check=False).stdout
    return dict(line.split() for line in out.splitlines())
