"""What watching a training costs: the five workloads of the race, with monitors as they are and with all of them off.

    OMP_NUM_THREADS=1 python benchmarks/monitor_cost.py            # some minutes
    OMP_NUM_THREADS=1 python benchmarks/monitor_cost.py W1 --rounds 9

Off: no layer is measured and no monitor looks; rows of CSV, validation and checkpoints stay. Both train in turns in one
process on one thread, and processor time is told: a step after the first epoch (the median of the rounds, and the cost
as a share), and, once a run, what is beside such steps: data and network looked at before the start, the first 400
steps, which are looked at every 20, the last probe, simple rules to compare with.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

from racing.workloads import WORKLOADS, make

from trainlab.core.component import names
from trainlab.diagnose.monitor import Monitor
from trainlab.training.callbacks import Callback, StepInfo
from trainlab.training.experiment import read_plain
from trainlab.training.train import train

EPOCHS = {"W1": 40, "W2": 20, "W3": 4, "W4": 2, "W5": 4}
NEVER = 1_000_000_000


class Clock(Callback):
    """Notes the processor time after the first epoch and at the last steps."""

    def __init__(self) -> None:
        self.first = self.last = (0, 0.0)

    def on_step_end(self, info: StepInfo) -> None:
        """Some steps are done."""
        self.last = info.step, process_time()
        if not self.first[0] and info.epoch >= 1:
            self.first = self.last


def measure(folder: Path, name: str, *, watched: bool) -> tuple[float, float]:
    """Seconds of processor time: of a step after the first epoch, and of a run without such steps."""
    document: dict[str, Any] = WORKLOADS[name].document(folder, threads=1)
    document["train"]["epochs"] = EPOCHS[name]
    if not watched:
        document["monitors"] = {"every": NEVER, "off": names(Monitor)}
    clock, began = Clock(), process_time()
    with tempfile.TemporaryDirectory() as runs:
        train(read_plain(document, source=name), runs=Path(runs), callbacks=[clock])
    (first, start), (last, end) = clock.first, clock.last
    step = (end - start) / (last - first)
    return step, process_time() - began - last * step


def main() -> None:
    """Measure in turns and print a row for each workload."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workloads", nargs="*", default=[*WORKLOADS])
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    print("| workload | steps | us a step, unwatched | watched | share | range of the rounds | once a run |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen.workloads:
            made = Path(folder) / name
            make(made, name)
            measure(made, name, watched=True)  # loads what is loaded once
            rounds = [[measure(made, name, watched=on) for on in (False, True)] for _ in range(chosen.rounds)]
            off, on = ([pair[i] for pair in rounds] for i in (0, 1))
            shares = [b[0] / a[0] - 1 for a, b in rounds]
            cells = [
                name,
                str(EPOCHS[name] * WORKLOADS[name].steps),
                *(f"{statistics.median(step for step, _ in side) * 1e6:.1f}" for side in (off, on)),
                f"{statistics.median(shares):+.1%}",
                f"{min(shares):+.1%} to {max(shares):+.1%}",
                f"{statistics.median(b[1] - a[1] for a, b in rounds) * 1e3:.0f} ms",
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
