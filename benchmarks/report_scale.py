"""How long `trainlab report` takes over many run folders, the first time and again, and how much memory.

    python benchmarks/report_scale.py [FOLDERS]      # 10 000 folders unless told otherwise

The folders are made in a temporary place: 30 epochs each, the config of a small network, every tenth one sick. Each
command is a process of its own, timed from start to end; memory is its largest resident size. On a busy machine the
seconds of the processor say more than those of the clock.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from trainlab.core.dump import dump
from trainlab.store.columns import metric_columns
from trainlab.store.rows import RowWriter
from trainlab.store.status import Best, Status, write_status
from trainlab.store.strict_json import dumps

COMMANDS = ([], [], ["--sort", "val_loss"], ["--sort", "val_loss"], ["--where", "optimizer.lr<0.005"],
            ["--where", "optimizer.lr<0.005"], ["--group-by", "optimizer.lr"], ["--compare"], ["--json"])  # fmt: skip
SICK = {
    "code": "overfitting",
    "severity": "warning",
    "epoch": 20,
    "step": 400,
    "layer": None,
    "message": "Validation loss rises.",
    "evidence": {"gap": 0.5},
    "because": [],
    "advice": "Stop earlier.",
    "patches": [{"model.dropout": 0.3}],
}


def make(folder: Path, number: int) -> None:
    """Write one run folder as training writes it, without a network."""
    folder.mkdir(parents=True)
    lr = 10 ** (-4 + number % 40 / 10)
    (folder / "config.yaml").write_text(dump({
        "name": "scale", "seed": number, "data": {"name": "digits", "split": {"val": 0.15, "test": 0.15}},
        "model": {"name": "sequential", "layers": [{"name": "dense", "units": u} for u in (128, 64, 10)]},
        "optimizer": {"name": "adam", "lr": lr, "b1": 0.9, "b2": 0.999}, "train": {"epochs": 30, "batch_size": 64},
    }))  # fmt: skip
    columns = metric_columns("classification")
    with RowWriter(folder / "metrics.csv", columns) as rows:
        for epoch in range(31):
            loss = 2.3 / (1 + epoch * (1 + number % 7) / 3)
            rows.write(
                dict.fromkeys(columns, loss) | {"epoch": epoch, "step": 20 * epoch, "val_accuracy": 1 - loss / 3}
            )
    (folder / "diagnoses.jsonl").write_text(dumps(SICK) + "\n" if number % 10 == 0 else "")
    begun = replace(Status.begin(folder.name, 30), epoch=30, step=600, seconds=0.5, test={"loss": 0.3, "accuracy": 0.9})
    best = Best("val_accuracy", 0.9 + number % 97 / 1000, 28)
    write_status(folder / "status.json", replace(begun.ended_as("diverged", 0), state="finished", best=best))


def measure(runs: Path, options: list[str]) -> tuple[float, float, int]:
    """Seconds, seconds of the processor, and megabytes of one `trainlab report`."""
    began, pid = time.perf_counter(), os.fork()
    if pid == 0:
        with open(os.devnull, "w") as nowhere:
            done = subprocess.run(
                [sys.executable, "-m", "trainlab", "report", "--runs", str(runs), *options], stdout=nowhere, check=False
            )
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        (runs.parent / "used").write_text(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss // 1024}")
        os._exit(done.returncode)
    _, status = os.waitpid(pid, 0)
    if status:
        raise SystemExit(f"trainlab report {' '.join(options)} failed")
    seconds = time.perf_counter() - began
    processor, size = (runs.parent / "used").read_text().split()
    return seconds, float(processor), int(size)


def main() -> None:
    """Make the folders and print a line per command."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as place:
        runs = Path(place) / "runs"
        for number in range(1, count + 1):
            make(runs / f"scale-{number}", number)
        time.sleep(2.5)  # a folder that changed just now is read again, to be sure
        for options in COMMANDS:
            seconds, processor, size = measure(runs, options)
            told = f"{seconds:6.2f} s {processor:6.2f} s of the processor {size:5} MB"
            print(f"{count} folders: trainlab report {' '.join(options):32} {told}", flush=True)


if __name__ == "__main__":
    main()
