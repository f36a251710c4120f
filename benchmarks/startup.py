"""How long a user waits: for `trainlab --help`, and for `trainlab train` until its first epoch of 20 steps is done.

    python benchmarks/startup.py
    python benchmarks/startup.py W1 W4      # workloads of the race (racing/workloads.py), one epoch on one thread

Wall time from starting the process until what is waited for; processor time and peak memory of the whole process, which
trains two epochs. Medians and ranges of 9 after one that warms the disk's cache and compiles the modules, as an
installation does. `npz` needs neither scikit-learn nor pandas; the rows of digits.yaml are read from scikit-learn's
folder.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
TRAINLAB = [sys.executable, "-m", "trainlab"]
REPEATS = 9
NPZ = """\
data: {{name: npz, path: {path}}}
model: {{name: mlp, hidden: [64]}}
optimizer: {{name: adam, lr: 0.001}}
train: {{epochs: 2, batch_size: 64}}
"""


@dataclass(frozen=True)
class Start:
    """Seconds by the clock, seconds of the processor, megabytes."""

    wall: float
    cpu: float
    peak: float


def started(command: list[str], awaited: str, env: dict[str, str]) -> Start:
    """Run a command until this begins a line of its stderr, or to its end if nothing is awaited; then to its end."""
    began, wall = perf_counter(), 0.0
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=env)
    for line in process.stderr or ():
        if awaited and not wall and line.startswith(awaited):
            wall = perf_counter() - began
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or (awaited and not wall):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    peak = used.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    return Start(wall or perf_counter() - began, used.ru_utime + used.ru_stime, peak)


def trained(config: Path, folder: Path, env: dict[str, str], epochs: int = 2) -> Start:
    """`trainlab train` until it tells of epoch 1."""
    command = [*TRAINLAB, "train", str(config), f"train.epochs={epochs}", "--runs", str(folder / "runs")]
    return started(command, "epoch 1/", env)


def npz(folder: Path) -> Path:
    """A config of a network 64-64-10 on an npz of 1 797 rows: an epoch is 20 steps."""
    rng = np.random.default_rng(0)
    np.savez(folder / "rows.npz", x=rng.standard_normal((1797, 64), np.float32), y=rng.integers(0, 10, 1797))
    config = folder / "npz.yaml"
    config.write_text(NPZ.format(path=folder / "rows.npz"))
    return config


def workload(name: str, folder: Path) -> Path:
    """A config of one of the race's workloads, with its rows as an npz."""
    config = folder / name / f"{name}.yaml"
    code = "import json, sys; from pathlib import Path; from racing.workloads import WORKLOADS, make\n"
    code += "name, config = sys.argv[1], Path(sys.argv[2]); make(config.parent, name)\n"
    code += "config.write_text(json.dumps(WORKLOADS[name].document(config.parent, threads=1)))"
    # in a process of its own: on Linux a process's peak is at least that of the one that started it
    subprocess.run([sys.executable, "-c", code, name, config], check=True, cwd=ROOT / "benchmarks")
    return config


def main() -> None:
    """Measure all in turns, so that a slow minute of the machine hits all of them."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        env["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        measures: dict[str, Callable[[], Start]] = {
            "trainlab --help": partial(started, [*TRAINLAB, "--help"], "", env),
            "trainlab train, npz": partial(trained, npz(folder), folder, env),
            "trainlab train, digits": partial(trained, ROOT / "configs/digits.yaml", folder, env),
        }
        if names := sys.argv[1:]:
            measures = {name: partial(trained, workload(name, folder), folder, env, 1) for name in names}
        measured: dict[str, list[Start]] = {name: [] for name in measures}
        for repeat in range(REPEATS + 1):
            for name, measure in measures.items():
                start = measure()
                if repeat:
                    measured[name].append(start)
    for name, starts in measured.items():
        wall, cpu, peak = ([getattr(s, what) for s in starts] for what in ("wall", "cpu", "peak"))
        print(
            f"{name:<24} {statistics.median(wall):.2f} s ({min(wall):.2f} to {max(wall):.2f})   "
            f"processor {statistics.median(cpu):.2f} s ({min(cpu):.2f})   peak {statistics.median(peak):.0f} MB"
        )


if __name__ == "__main__":
    main()
