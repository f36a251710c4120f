"""How long a user waits: for `trainlab --help`, and for `trainlab train` until its first epoch of 20 steps is done.

    python benchmarks/startup.py

Wall time from starting the process; medians and ranges of 9 after one that warms the disk's cache.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
TRAINLAB = [sys.executable, "-m", "trainlab"]
REPEATS = 9


def until_help() -> float:
    """Seconds until the help is printed and the process is gone."""
    began = perf_counter()
    subprocess.run([*TRAINLAB, "--help"], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began


def until_first_epoch() -> float:
    """Seconds until training of configs/digits.yaml tells of epoch 1."""
    with tempfile.TemporaryDirectory() as runs:
        command = [*TRAINLAB, "train", str(ROOT / "configs/digits.yaml"), "train.epochs=2", "--runs", runs]
        began = perf_counter()
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
            for line in process.stderr or ():
                if line.startswith("epoch 1/"):
                    seconds = perf_counter() - began
                    process.communicate()
                    return seconds
    raise SystemExit("training never told of its first epoch")


def main() -> None:
    """Measure both in turns, so that a slow minute of the machine hits both."""
    measured: dict[str, list[float]] = {"trainlab --help": [], "trainlab train, first epoch": []}
    for repeat in range(REPEATS + 1):
        for name, measure in zip(measured, (until_help, until_first_epoch), strict=True):
            seconds = measure()
            if repeat:
                measured[name].append(seconds)
    for name, values in measured.items():
        print(f"{name:<28} {statistics.median(values):.2f} s   ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
