"""Seconds from the start of this process to the end of its first training step, and its peak memory then, as JSON.

    python first_step.py STARTED KIND:VARIANT THREADS WORKLOAD FOLDER     STARTED: time.monotonic() of who starts it

`trainlab:train` goes through the command line, `trainlab train CONFIG`, monitors and all.
"""

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path
from time import monotonic
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def tell(started: float) -> None:
    """Print the answer and leave at once."""
    seconds = monotonic() - started
    from racing.machine import peak_memory

    os.write(3, json.dumps({"seconds": seconds, "memory": peak_memory()}).encode())
    os._exit(0)


def by_command_line(started: float, workload: str, folder: Path, threads: int) -> None:
    """`trainlab train`."""
    from racing.workloads import WORKLOADS

    from trainlab.engine.trainer import Trainer

    advance = Trainer.advance

    def told(self: Any, *_: Any) -> int:
        done = advance(self, 1)  # the engine runs some in one call: the first one is what all contenders are asked for
        tell(started)
        return done

    Trainer.advance = told  # type: ignore[method-assign]
    from trainlab.cli.main import main

    with tempfile.TemporaryDirectory() as runs:
        config = Path(runs) / "race.yaml"
        config.write_text(json.dumps(WORKLOADS[workload].document(folder, threads=threads)))
        sys.argv = ["trainlab", "train", str(config), "--runs", runs, "--quiet"]
        main()


def run(started: float, spec: str, threads: int, workload: str, folder: Path) -> None:
    """The first step of any contender."""
    kind, _, variant = spec.partition(":")
    if spec == "trainlab:train":
        by_command_line(started, workload, folder, threads)
    else:
        peer = importlib.import_module(f"racing.peer_{kind}")
        peer.Contender(folder, workload, variant, threads, dropout=True).run(1)
    tell(started)


if __name__ == "__main__":
    os.dup2(os.dup(1), 3)
    os.dup2(2, 1)
    run(float(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
