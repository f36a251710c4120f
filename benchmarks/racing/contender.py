"""A contender as the race sees it: a live process that runs steps when it is its turn."""

import json
import os
import select
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass
class Turn:
    """One turn: microseconds a step, and the share of the machine that other processes took meanwhile."""

    microseconds: float
    others: float


@dataclass
class Contender:
    """`kind:variant@threads`."""

    spec: str
    python: Path
    folder: Path
    workload: str
    dropout: bool = True
    turns: list[Turn] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    memory: float = 0.0
    compared: bool = True
    failed: str = ""
    steps: int = 1  # of a turn

    @property
    def ours(self) -> bool:
        """Whether it is trainlab."""
        return self.spec.startswith("trainlab")

    def start(self, log: Any) -> bool:
        """Begin the process and wait until it is ready."""
        kind, _, threads = self.spec.partition("@")
        environment = os.environ | dict.fromkeys(POOLS, threads)
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        mine = cores[-int(threads) :]  # a contender of one thread gets one core: JAX goes by that
        command = [self.python, HERE / "worker.py", kind, threads, self.workload, self.folder, str(int(self.dropout))]
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
            preexec_fn=(lambda: os.sched_setaffinity(0, mine)) if mine else None,
        )
        said = self._answer(180)
        self.compared = bool(said.get("compared"))
        return not self.failed

    def run(self, steps: int, patience: float = 120.0) -> dict[str, Any]:
        """Some steps; what the process says of them."""
        if not self.failed and self.process.stdin is not None:
            self.process.stdin.write(f"run {steps}\n")
            self.process.stdin.flush()
            return self._answer(patience)
        return {}

    def _answer(self, patience: float) -> dict[str, Any]:
        out = self.process.stdout
        ready = out is not None and select.select([out], [], [], patience)[0]
        line = out.readline() if ready and out is not None else ""
        said: dict[str, Any] = json.loads(line) if line else {"error": "died, or too slow"}
        if "error" in said:
            self.failed = str(said["error"])
            self.process.kill()
        self.memory = said.get("memory", self.memory)
        return said

    def end(self) -> None:
        """Let the process go."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
