"""Trials without training: an executor that writes run folders whose curves are a formula of their settings."""

import json
import math
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock

import numpy as np

from trainlab.search.callbacks import SweepCallback
from trainlab.search.executors.executor import TrialExecutor
from trainlab.search.executors.job import ExitStatus, Job
from trainlab.search.experiment import read_plain
from trainlab.search.loop import Sweep
from trainlab.search.space import SearchSpace
from trainlab.store.plain_yaml import read_config
from trainlab.store.rows import read_rows
from trainlab.store.status import Status, read_status, write_status

STEPS = 10  # of an epoch


class Killed(BaseException):
    """What ends a sweep at once, as a kill would."""


class Stub(TrialExecutor):
    """Trains nothing. `kill_at`: the job that is never begun, because the sweep is killed before."""

    def __init__(self, workers: int = 1, kill_at: int | None = None, crashes: int = 0, seed: int = 0) -> None:
        self.jobs: list[tuple[str, bool, int | None]] = []
        self.epochs = 0
        self.kill_at, self.crashes, self.rng = kill_at, crashes, np.random.default_rng(seed)
        self._workers, self._pool, self._lock = workers, ThreadPoolExecutor(workers), Lock()

    @property
    def workers(self) -> int:
        """As many as threads."""
        return self._workers

    def submit(self, job: Job) -> "Future[ExitStatus]":
        """Write the folder in a thread."""
        folder, resume, until = job.folder, job.resume, job.until
        if len(self.jobs) == self.kill_at:
            raise Killed
        name = str(folder.relative_to(next(p for p in folder.parents if p.name == "trials")))
        self.jobs.append((name, resume, until))
        crash = len(self.jobs) <= self.crashes
        nap = self.rng.random() * 0.003 if self._workers > 1 else 0
        return self._pool.submit(self._run, folder, resume, until, crash, nap)

    def stop(self, *, kill: bool = False) -> None:
        """Nothing runs for long."""

    def close(self) -> None:
        """Wait for the threads."""
        self._pool.shutdown()

    def _run(self, folder: Path, resume: bool, until: int | None, crash: bool, nap: float) -> ExitStatus:
        time.sleep(nap)
        if crash:
            return ExitStatus(1, "no memory")
        with self._lock:
            self.epochs += trained(folder, resume, until)
        return ExitStatus(0)


def trained(folder: Path, resume: bool, until: int | None) -> int:
    """Write what a run would; how many epochs it trained."""
    config = read_config(folder / "config.yaml")
    lr, seed, fold = config["optimizer"]["lr"], config["seed"], config["data"]["split"]["fold"] or 0
    done = max(read_rows(folder / "metrics.csv")["epoch"]) if resume and (folder / "metrics.csv").exists() else 0
    last = min(until or config["train"]["epochs"], config["train"]["epochs"])
    bad = lr > 0.1 and "error" in config["monitors"]["stop_on"]
    last = min(last, 1) if bad else last
    noise = float(np.random.default_rng([seed, fold]).normal(0, 0.01))
    header = "epoch,step,seconds,lr,train_loss,train_accuracy,val_loss,val_accuracy,reg_loss,grad_norm,update_ratio\n"
    rows = [f"{e},{STEPS * e},0,{lr},1,1,{curve(lr, e) + noise!r},0.5,0,1,0.001\n" for e in range(last + 1)]
    (folder / "metrics.csv").write_text(header + "".join(rows))
    (folder / "diagnoses.jsonl").write_text("")
    state, code = ("interrupted", 130) if until and last < config["train"]["epochs"] else ("finished", 0)
    if bad:
        state, code = "failed", 3
        finding = {"code": "exploding-loss", "severity": "error", "epoch": 1, "step": STEPS, "layer": None}
        rest = {"message": "it climbs", "evidence": {}, "because": [], "advice": "", "patches": []}
        (folder / "diagnoses.jsonl").write_text(json.dumps({**finding, **rest}) + "\n")
    status = replace(Status.begin(folder.name, config["train"]["epochs"]), epoch=last, step=STEPS * last)
    write_status(folder / "status.json", status.ended_as(state, code, "it climbs" if bad else ""))
    assert read_status(folder / "status.json").epoch == last
    return max(0, last - done)


def curve(lr: float, epoch: int) -> float:
    """A validation loss that falls to the squared distance of the learning rate from 0.02, in powers of ten."""
    return (math.log10(lr) - math.log10(0.02)) ** 2 + 3 * 0.7**epoch


def space_of(strategy: object = "random", trials: int | None = 12, epochs: int = 6, **sweep: object) -> SearchSpace:
    """The space of a tiny sweep over a learning rate and a width."""
    given = {"space": {"optimizer.lr": {"log": [0.0001, 1.0]}, "model.hidden.0": {"int": [2, 9]}}, **sweep}
    settings = {"metric": "val_loss", "strategy": strategy, **given} | ({"trials": trials} if trials else {})
    plain = {"data": "moons", "model": {"name": "mlp", "hidden": [4]}, "train": {"epochs": epochs}, "sweep": settings}
    return SearchSpace(read_plain(plain))


def swept(folder: Path, space: SearchSpace, stub: Stub, callback: SweepCallback | None = None):
    """Run the sweep in this folder; its summary."""
    folder.mkdir(exist_ok=True)
    with stub:
        return Sweep(folder, space, stub, callback or SweepCallback()).run()


def table(folder: Path) -> list[str]:
    """The lines of trials.csv; in a stub's folder no seconds go by."""
    return (folder / "trials.csv").read_text().splitlines()
