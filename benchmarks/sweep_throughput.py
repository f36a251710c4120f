"""Trials a second of a sweep over a tiny network (10-4-1; 84 rows and 2 epochs, if not said otherwise), on two workers.

    python benchmarks/sweep_throughput.py                       1 000 trials: rate, peak memory, exactness of trials.csv
    python benchmarks/sweep_throughput.py --overhead            overhead per trial
    python benchmarks/sweep_throughput.py --peers               and, in turns, the same random search written with
                                                                Optuna + PyTorch and with Ray Tune + PyTorch

The peers get an environment of their own (`--environment`, made if it is not there; PyTorch 2.13.0 for the CPU); one
that cannot be installed is reported and left out. A trial of trainlab is a process and a run folder with metrics, step
rows, layers, diagnoses and checkpoints; a trial of the peers trains the network and reports one number. Times are
wall clock from the start of the command to its end, so they hold each tool's start-up, too.

The overhead per trial is measured with one worker: the median time from the end of a trial to the end of the next one,
and the CPU time of all processes that 200 trials more take, both less the training itself: the steps and evaluations of
the same trials in a warm process that does nothing else.
"""

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from racing.environment import prepared

HERE = Path(__file__).parent
CONFIG = """\
name: tiny
data: {name: friedman1, samples: SAMPLES, preprocess: [standardize]}
model: {name: mlp, hidden: [4]}
optimizer: {name: sgd, lr: 0.01}
train: {epochs: EPOCHS}
sweep:
  metric: val_loss
  trials: TRIALS
  space:
    optimizer.lr: {log: [1e-3, 1e-1]}
    train.batch_size: {int: [8, 32]}
"""
_FEW, _MORE = 10, 200  # trials of the shorter sweep that tells the overhead, and those that the longer one has more
PEERS = {"optuna": "optuna", "ray": "ray[tune]"}


class Memory:
    """Megabytes that a process and its descendants have for themselves, looked at five times a second."""

    def __init__(self, pid: int) -> None:
        self.pid, self.seen = pid, [0.0]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def close(self) -> list[float]:
        """No more looks; what was seen."""
        self._over.set()
        self._thread.join()
        return self.seen

    def _look(self) -> None:
        while not self._over.wait(0.2):
            self.seen.append(sum(own_memory(pid) for pid in family(self.pid)))


def family(pid: int) -> list[int]:
    """A process and all that it has started, whatever session they are in."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def own_memory(pid: int) -> float:
    """Its proportional share in megabytes: what two processes share counts half for each."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in text.splitlines() if line.startswith("Pss:")), 0.0)


def environment() -> dict[str, str]:
    """One thread for each process."""
    return os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds of the clock, seconds of the processor in all of its processes.

    memory: megabytes that they had, now and then, where somebody looked: a look takes processor time, too.
    """

    seconds: float
    cpu: float
    memory: list[float]


def timed(command: list[str], folder: Path, *, look: bool = False) -> Cost:
    """Run a command to its end; `look`: at its memory."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (folder / "log.txt").open("ab") as log:
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=folder, env=environment(), stdout=log, stderr=log)
        memory = Memory(child.pid) if look else None
        code = child.wait()
        seconds = time.perf_counter() - began
    seen = memory.close() if memory else []
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        print((folder / "log.txt").read_text()[-2000:], file=sys.stderr)
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return Cost(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, seen)


def sweep(
    folder: Path, trials: int, epochs: int, samples: int, *, workers: int = 2, look: bool = False
) -> tuple[Cost, Path]:
    """The sweep by `trainlab sweep`."""
    text = CONFIG.replace("TRIALS", str(trials)).replace("EPOCHS", str(epochs)).replace("SAMPLES", str(samples))
    (folder / "tiny.yaml").write_text(text)
    command = [sys.executable, "-m", "trainlab", "sweep", "tiny.yaml", "-w", str(workers), "--quiet"]
    cost = timed(command, folder, look=look)
    return cost, max((folder / "runs").iterdir(), key=lambda path: path.stat().st_mtime)


def mistakes(folder: Path, runs: Path, trials: int) -> list[str]:
    """Where trials.csv is not what the config draws and what the run folders hold."""
    command = [sys.executable, "-m", "trainlab", "sweep", "tiny.yaml", "--print-trials", "--json"]
    drawn = json.loads(subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout)
    with (runs / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    wrong = [] if len(rows) == trials else [f"{len(rows)} rows"]
    for row, want in zip(rows, drawn, strict=True):
        got = {"trial": int(row["trial"]), "optimizer.lr": float(row["optimizer.lr"])}
        got["train.batch_size"] = int(row["train.batch_size"])
        run = runs / f"trials/{got['trial']:04}"
        with (run / "metrics.csv").open(newline="") as file:
            losses = [float(line["val_loss"]) for line in csv.DictReader(file)][1:]
        told = json.loads((run / "status.json").read_text())["state"]
        exact = told != "finished" or float(row["val_loss"]) == min(losses)
        if got != want or row["status"] != told or told not in ("finished", "diverged") or not exact:
            wrong.append(f"trial {want['trial']}: {row}")
    return wrong


@dataclass(frozen=True)
class Overhead:
    """Milliseconds per trial, by the clock and of the processor, and those that the training itself takes."""

    wall: float
    cpu: float
    training: float

    def __str__(self) -> str:
        wall, cpu = self.wall - self.training, self.cpu - self.training
        return (
            f"overhead per trial: {wall:.1f} ms wall, {cpu:.1f} ms CPU of all processes "
            f"(one worker; the steps and evaluations alone, {self.training:.1f} ms, are not in it)"
        )


def overhead(folder: Path, epochs: int, samples: int) -> Overhead:
    """What a trial costs beside its training, by two sweeps of different length."""
    few, _ = sweep(folder, _FEW, epochs, samples, workers=1)
    many, runs = sweep(folder, _FEW + _MORE, epochs, samples, workers=1)
    ends = [path.stat().st_mtime for path in sorted(runs.glob("trials/*/status.json"))]
    wall = statistics.median(later - sooner for sooner, later in pairwise(ends[1:]))
    return Overhead(1e3 * wall, 1e3 * (many.cpu - few.cpu) / _MORE, 1e3 * training(runs))


def training(runs: Path) -> float:
    """Seconds that the steps and evaluations of a trial take alone, as a median over some trials."""
    from trainlab.engine.blas import pinned
    from trainlab.search.experiment import read
    from trainlab.training.session import TrainingSession
    from trainlab.training.setup import build

    spent: list[float] = []
    with pinned(1):
        for config in sorted(runs.glob("trials/*/config.yaml"))[:50]:
            session = TrainingSession(build(read(config)), monitored=False)
            began = time.perf_counter()
            session.fit()
            spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def rows_for_peers(file: Path, samples: int) -> None:
    """The same rows as arrays: training and validation part, standardized as trainlab does it."""
    from trainlab.search.experiment import read_plain
    from trainlab.training.setup import build

    data = {"name": "friedman1", "samples": samples, "preprocess": ["standardize"]}
    parts = build(read_plain({"data": data})).parts
    arrays = {"x": parts.train.x, "t": parts.train.y, "x_val": parts.val.x, "t_val": parts.val.y}
    np.savez(file, **{k: np.asarray(a, np.float32).reshape(len(a), -1) for k, a in arrays.items()})


def race(folder: Path, home: Path, trials: int, rounds: int, epochs: int, samples: int) -> None:
    """Trials per minute of each tool, in turns."""
    python, found = prepared(home, ["torch"])
    for name, package in PEERS.items():
        known = subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode == 0
        install = [python, "-m", "pip", "install", "--quiet", package]
        if known or subprocess.run(install, stdout=sys.stderr).returncode == 0:
            found.append(name)
        else:
            print(f"{name}: could not be installed, left out")
    rows_for_peers(folder / "rows.npz", samples)
    costs: dict[str, list[Cost]] = {}
    for turn in range(rounds):
        costs.setdefault("trainlab", []).append(sweep(folder, trials, epochs, samples)[0])
        for name in [name for name in PEERS if name in found and "torch" in found]:
            place = folder / f"{name}-{epochs}-{turn}"
            place.mkdir()
            arguments = [str(folder / "rows.npz"), str(trials), str(epochs), str(place)]
            command = [str(python), str(HERE / "sweeping" / f"peer_{name}.py"), *arguments]
            costs.setdefault(name, []).append(timed(command, place))
    rows = int(0.7 * samples)
    print(
        f"{trials} trials of {epochs} epochs, {rows} rows, {rounds} rounds in turns: trials per minute, median (range)"
    )
    ours = costs["trainlab"]
    for name, theirs in costs.items():
        rates = [60 * trials / cost.seconds for cost in theirs]
        cpu = 1e3 * statistics.median(cost.cpu for cost in theirs) / trials
        told = (
            f"  {name:9} {statistics.median(rates):7.0f} ({min(rates):.0f} to {max(rates):.0f}), CPU {cpu:.0f} ms each"
        )
        if name != "trainlab":
            wall = statistics.median(b.seconds / a.seconds for a, b in zip(ours, theirs, strict=True))
            work = statistics.median(b.cpu / a.cpu for a, b in zip(ours, theirs, strict=True))
            told += f"; trainlab makes {wall:.2f} times as many a minute, {work:.2f} times as many per second of CPU"
        print(told, flush=True)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--samples", type=int, default=120, help="rows, 70 %% of which are trained on")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--overhead", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--environment", type=Path, default=HERE.parent / "build" / "sweep-peers")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.peers:
            race(folder, given.environment, given.trials, given.rounds, given.epochs, given.samples)
            return
        if given.overhead:
            print(overhead(folder, given.epochs, given.samples))
            return
        cost, runs = sweep(folder, given.trials, given.epochs, given.samples, look=True)
        seen = cost.memory
        quarter = max(1, len(seen) // 4)
        parts = [max(seen[i * quarter : (i + 1) * quarter], default=0.0) for i in range(4)]
        wrong = mistakes(folder, runs, given.trials)
        cpu = 1e3 * cost.cpu / given.trials
        rate = given.trials / cost.seconds
        print(f"{given.trials} trials in {cost.seconds:.1f} s: {rate:.1f} a second; CPU {cpu:.0f} ms each")
        print(f"memory of all processes, most in each quarter: {', '.join(f'{m:.0f}' for m in parts)} MB")
        print("\n".join(wrong) or "trials.csv is exact: values as drawn, losses as in the run folders")
        sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
