"""Steps of `train.engine: torch` against a hand-written PyTorch loop, on the workloads of the race, in turns.

    python benchmarks/torch_race.py                    # W2 to W5 on the CPU, one thread
    python benchmarks/torch_race.py W3 --rounds 21
    python benchmarks/torch_race.py W4 --peer channels_last

Needs PyTorch in this environment. The run is a whole run, with monitors, rows of CSV, validation and checkpoints; the
loop is `racing/peer_torch.py`: fused optimizer, batches taken by index, nothing else. Both are in one process and take
turns of some steps. Told are medians of the processor's time per step, and of the ratios of neighbouring turns.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from racing import peer_torch
from racing.workloads import WORKLOADS, make

from trainlab.training.callbacks import Callback, StepInfo
from trainlab.training.experiment import read_plain
from trainlab.training.train import train

WARM = 3  # turns that are not counted


class Turns(Callback):
    """Lets the loop do as many steps after each turn of the run."""

    def __init__(self, loop: peer_torch.Contender, steps: int, rounds: int) -> None:
        self.loop, self.steps, self.rounds = loop, steps, rounds + WARM
        self.pairs: list[tuple[float, float]] = []
        self.losses: list[float] = []
        self.first: np.ndarray = np.empty(0)
        self._done, self._began = 0, process_time()

    def on_step_end(self, info: StepInfo) -> None:
        """A turn of the loop, if that of the run is over."""
        self.losses += info.records[:, 0].tolist()
        self._done += len(info.records)
        if self._done < self.steps:
            return
        ours, began = (process_time() - self._began) / self._done, process_time()
        losses = self.loop.run(self._done)
        self.first = losses if not len(self.first) else self.first
        self.pairs.append((ours, (process_time() - began) / self._done))
        if len(self.pairs) == self.rounds:
            self.request_stop("measured enough")
        self._done, self._began = 0, process_time()


def race(name: str, folder: Path, a: argparse.Namespace) -> dict[str, Any]:
    """One workload."""
    make(folder, name)
    steps = {"W1": 2000, "W2": 60, "W3": 40, "W4": 20, "W5": 40}[name]
    turns = Turns(peer_torch.Contender(folder, name, a.peer, a.threads, dropout=True), steps, a.rounds)
    settings = WORKLOADS[name].document(folder, threads=a.threads, engine="torch", device="cpu")
    with tempfile.TemporaryDirectory() as runs:
        train(read_plain(settings, source=name), runs=Path(runs), callbacks=[turns])
    counted = turns.pairs[WARM:]
    ours, theirs = (statistics.median(column) * 1e3 for column in zip(*counted, strict=True))
    ratios = sorted(one / other for one, other in counted)
    return {"workload": name, "ours ms": ours, "loop ms": theirs, "ratio": statistics.median(ratios), "of": ratios}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("workloads", nargs="*", default=["W2", "W3", "W4", "W5"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peer", default="eager", choices=["eager", "channels_last"])
    parser.add_argument("--work", type=Path, default=Path(__file__).parent.parent / ".race" / "data")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    for name in a.workloads:
        r = race(name, a.work / name, a)
        middle = f"{r['of'][len(r['of']) // 4]:.2f} to {r['of'][-1 - len(r['of']) // 4]:.2f}"
        print(
            f"{name}: {r['ours ms']:.2f} ms, the loop {r['loop ms']:.2f} ms: {r['ratio']:.3f} (half: {middle})",
            flush=True,
        )


if __name__ == "__main__":
    main()
