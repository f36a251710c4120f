"""One contender in a process of its own: reads `run N` from standard input, answers with a line of JSON.

python worker.py KIND:VARIANT THREADS WORKLOAD FOLDER DROPOUT
"""

import importlib
import json
import os
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from racing.machine import peak_memory


class Turns:
    """The conversation: waits for an order, times the steps, answers."""

    def __init__(self, out: Any) -> None:
        self.out = out
        self.wanted = 0
        self._begin()

    def _begin(self) -> None:
        self.steps, self.losses, self.began, self.cpu = 0, [], perf_counter(), process_time()

    def say(self, **what: Any) -> None:
        """A line of JSON."""
        print(json.dumps(what), file=self.out, flush=True)

    def order(self) -> int:
        """How many steps to run next; 0 at the end."""
        line = sys.stdin.readline().split()
        self.wanted = int(line[1]) if line and line[0] == "run" else 0
        self._begin()
        return self.wanted

    def done(self, steps: int, losses: list[float]) -> None:
        """Tell of the turn."""
        self.say(
            steps=steps,
            seconds=(perf_counter() - self.began) / steps,
            cpu=process_time() - self.cpu,
            losses=losses[:200],
            memory=peak_memory(),
        )


def main(spec: str, threads: int, workload: str, folder: Path, dropout: bool) -> None:
    """Be one contender until the input ends."""
    turns = Turns(os.fdopen(os.dup(1), "w"))
    os.dup2(2, 1)  # what a library prints is no answer
    kind, _, variant = spec.partition(":")
    try:
        peer = importlib.import_module(f"racing.peer_{kind}")
        if spec == "trainlab:train":
            _train(peer, turns, folder, workload, threads, dropout)
            return
        contender = peer.Contender(folder, workload, variant, threads, dropout=dropout)
        turns.say(compared=getattr(contender, "compared", True))
        while steps := turns.order():
            losses = contender.run(steps)
            turns.done(len(losses), [float(x) for x in losses])
    except Exception as error:  # told to the race, which leaves this contender out
        turns.say(error=f"{type(error).__name__}: {error}"[:300])


def _train(peer: Any, turns: Turns, folder: Path, workload: str, threads: int, dropout: bool) -> None:
    turns.say(compared=True)
    turns.order()
    seen: list[float] = []
    began = 0

    def turn(step: int, loss: float) -> bool:
        nonlocal began
        seen.extend([float("nan")] * (step - began - len(seen) - 1) + [loss])
        if step - began >= turns.wanted:
            turns.done(step - began, list(seen))
            seen.clear()
            began = step
            return not turns.order()
        return False

    peer.train(folder, workload, threads, dropout=dropout, turn=turn)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), sys.argv[5] == "1")
