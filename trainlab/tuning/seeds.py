"""Trains configs with several seeds on the workers of a sweep, each in a run folder; what has ended is not repeated."""

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainlab.core.dump import dump
from trainlab.search.callbacks import SweepCallback
from trainlab.search.executors.executor import TrialExecutor
from trainlab.search.executors.job import Job
from trainlab.search.executors.leftovers import wait_for_running
from trainlab.search.table import Part, known_end, part_of
from trainlab.store.plain_yaml import read_config
from trainlab.store.reading import RunRecord
from trainlab.store.writing import named_errors, write_atomic

_POLL = 0.1  # seconds between two looks at whether to stop


@dataclass(frozen=True, slots=True)
class SeedRun:
    """A run of a candidate: its folder and its whole config."""

    folder: Path
    config: Mapping[str, Any]


def train_runs(runs: Sequence[SeedRun], executor: TrialExecutor, callback: SweepCallback) -> None:
    """Train these runs, up to the end or until the callback stops them. Their test rows stay unseen."""
    wait_for_running([run.folder for run in runs])
    jobs = [Job(run.folder, _made_ready(run), test=False) for run in runs if known_end(_record(run)) is None]
    running = {executor.submit(job) for job in jobs}
    stops = 0
    while running:
        done, running = wait(running, timeout=_POLL, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        if callback.stops > stops:
            stops = callback.stops
            executor.stop(kill=stops > 1)
        callback.on_poll()


def result_of(run: SeedRun, metric: str) -> Part:
    """What came of a run: see `part_of`; its state is None if it has not ended."""
    ties = run.config.get("train", {}).get("ties", "loss")
    return part_of(_record(run), metric, ties=ties)


def _record(run: SeedRun) -> RunRecord:
    return RunRecord(run.folder, run.folder.name)


def _made_ready(run: SeedRun) -> bool:
    """Prepare the folder of a run. Returns whether the run resumes from what is there."""
    record = _record(run)
    goes_on = record.state in ("interrupted", "killed") and record.folder.config.exists()
    if goes_on and read_config(record.folder.config) == run.config:
        return True
    with named_errors(run.folder, "write"):
        shutil.rmtree(run.folder, ignore_errors=True)
        run.folder.mkdir(parents=True)
    write_atomic(run.folder / "config.yaml", dump(dict(run.config)).encode())
    return False
