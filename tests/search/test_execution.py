"""Sweeps and the processes of their trials: what is left when others die, when the disk is full, and on a cluster."""

import csv
import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from tiny_sweep import SWEEP
from trial_processes import pid_of, trained, wait_for

from trainlab.core.errors import UserError
from trainlab.search.callbacks import SweepCallback
from trainlab.search.executors import dask, leftovers
from trainlab.search.executors.leftovers import WorkerLock
from trainlab.search.executors.limits import Limits
from trainlab.search.executors.worker import _unwritten
from trainlab.search.experiment import read
from trainlab.search.sweep import open_executor, resume, start
from trainlab.store.process import runs
from trainlab.store.status import Status, read_status, write_status

MOUNT, UMOUNT = shutil.which("mount") or "mount", shutil.which("umount") or "umount"


def table(folder: Path) -> list[dict[str, str]]:
    """The rows of trials.csv without the column of times."""
    with (folder / "trials.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_a_trial_records_the_commit_that_its_sweep_began_with(tmp_path, monkeypatch):
    """Once a sweep has begun, nobody asks git any more."""
    monkeypatch.setenv("TRAINLAB_GIT", '{"commit": "abc", "dirty": true}')
    (tmp_path / "c.yaml").write_text(SWEEP)
    folder = start(read(tmp_path / "c.yaml", ["sweep.trials=1"]), runs=tmp_path).folder
    assert '"commit": "abc"' in (folder / "trials/0001/environment.json").read_text()


def test_trials_of_a_dead_session_end_before_others_begin(tmp_path):
    """What a killed sweep's trial still writes is waited for; one that does not end stops the new session."""
    (tmp_path / "c.yaml").write_text(SWEEP)
    command = ["sweep", "c.yaml", "train.epochs=1000000", "-w", "2", "--quiet"]
    for fresh in ([], ["--fresh"]):
        before = set((tmp_path / "runs").iterdir()) if (tmp_path / "runs").exists() else set()
        child = subprocess.Popen([sys.executable, "-m", "trainlab", *command, *fresh], cwd=tmp_path)
        wait_for(lambda before=before: (tmp_path / "runs").exists() and set((tmp_path / "runs").iterdir()) - before)
        (sweep,) = set((tmp_path / "runs").iterdir()) - before
        wait_for(trained(sweep / "trials/0001"))
        child.kill()
        child.wait()
        pid = pid_of(sweep / "trials/0001")
        with WorkerLock(sweep):
            pass
        assert not runs(pid, "")
        assert read_status(sweep / "trials/0001/status.json").state == "interrupted"


def test_two_sweeps_at_once_never_share_a_folder(tmp_path):
    """Started in the same instant under one name they get two folders; one that runs is not resumed by another."""
    (tmp_path / "c.yaml").write_text(SWEEP)
    command = [sys.executable, "-m", "trainlab", "sweep", "c.yaml", "--trials", "2", "-w", "1", "--quiet"]
    children = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    folders = {child.communicate(timeout=60)[0].strip() for child in children}
    assert folders == {"runs/tiny-sweep-1", "runs/tiny-sweep-2"}
    assert table(tmp_path / "runs/tiny-sweep-1") == table(tmp_path / "runs/tiny-sweep-2")


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 300 kB, which six trials fill."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run([MOUNT, "-t", "tmpfs", "-o", "size=300k", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run([UMOUNT, "--lazy", place], check=True)


def test_a_full_disk_stops_the_sweep_and_loses_nothing(small_disk, tmp_path):
    """The error says what to do; what had ended stands in trials.csv; with more room the sweep ends as any other."""
    (tmp_path / "c.yaml").write_text(SWEEP)
    document = read(tmp_path / "c.yaml")
    with pytest.raises(UserError, match=r"No space left on device\nThe disk is full, so the sweep stopped") as error:
        start(document, runs=small_disk, workers=2)
    sweep = small_disk / "tiny-sweep-1"
    assert str(error.value).endswith(f"free some space, then run `trainlab sweep --resume {sweep}`")
    kept = table(sweep)
    assert 0 < len(kept) < 6
    assert {row["status"] for row in kept} == {"finished"}
    subprocess.run([MOUNT, "-o", "remount,size=4m", small_disk], check=True)
    resume(sweep, workers=2)
    want = table(start(document, runs=tmp_path / "roomy", workers=2).folder)
    assert table(sweep) == want
    assert [row for row in want if row["trial"] in {r["trial"] for r in kept}] == kept


class Full(io.StringIO):
    """A file on a full disk."""

    def write(self, text: str) -> int:
        """As the system does."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_error_that_a_full_disk_has_no_room_for_is_told_by_the_worker(monkeypatch):
    """The last line comes with the exit code; where the trial's own file takes it, it stands there only."""
    for file, told in ((Full(), "No space left on device"), (roomy := io.StringIO(), "")):
        monkeypatch.setattr("sys.stderr", file)
        assert _unwritten("Traceback\nNo space left on device\n") == told
    assert roomy.getvalue() == "Traceback\nNo space left on device\n"


class Disturber(SweepCallback):
    """Kills one worker of a cluster when the first trial has ended."""

    def __init__(self, victims: list[int]) -> None:
        super().__init__()
        self.victims, self.ends = victims, 0

    def on_trial_end(self, row) -> None:
        """Count."""
        self.ends += 1
        if self.ends == 1 and self.victims:
            os.kill(self.victims[0], signal.SIGKILL)


def test_a_cluster_gives_the_same_table_though_a_worker_dies(tmp_path, monkeypatch):
    """On a real Dask cluster, with a worker killed in the middle, all trials end as they do on this machine."""
    distributed = pytest.importorskip("distributed")
    (tmp_path / "c.yaml").write_text(SWEEP)
    document = read(tmp_path / "c.yaml", ["train.epochs=20", "sweep.trials=4"])
    want = start(document, runs=tmp_path / "here", workers=2)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        victims = [nanny.pid for nanny in cluster.workers.values()]
        watcher = Disturber(victims)
        got = start(document, runs=tmp_path / "there", scheduler=cluster.scheduler_address, callback=watcher)
        assert watcher.ends == 4
        assert table(got.folder) == table(want.folder)
        assert {row["status"] for row in table(got.folder)} == {"finished"}
        assert not (got.folder / ".session").exists()
        monkeypatch.setattr(dask, "sees", _blind)
        with pytest.raises(UserError, match=r"does not see .*/apart/.*; choose a folder that all machines share"):
            start(document, runs=tmp_path / "apart", scheduler=cluster.scheduler_address)


def test_trials_on_gpus_take_turns(tmp_path, monkeypatch):
    """Where workers declare the resource GPU, a trial by PyTorch holds one, whatever the number of threads."""
    distributed = pytest.importorskip("distributed")
    (tmp_path / "c.yaml").write_text(SWEEP)
    document = read(tmp_path / "c.yaml", ["train.epochs=20", "sweep.trials=3"])
    monkeypatch.setattr("trainlab.search.sweep._gpu", lambda space: True)  # these trials need no PyTorch
    options = {"n_workers": 1, "threads_per_worker": 3, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options, resources={"GPU": 1}) as cluster:
        got = start(document, runs=tmp_path, scheduler=cluster.scheduler_address)
    trials = [json.loads((got.folder / f"trials/{i:04}/status.json").read_text()) for i in (1, 2, 3)]
    times = sorted((trial["started"], trial["updated"]) for trial in trials)
    assert [trial["state"] for trial in trials] == ["finished"] * 3
    assert all(ended <= begins for (_, ended), (begins, _) in pairwise(times)), times


def _blind(*_: object) -> bool:
    """A worker that sees nothing."""
    return False


def test_no_scheduler_is_told(tmp_path, monkeypatch):
    """An address where nobody answers is an error that names it."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask, "_ANSWERS", 0.3)
    with pytest.raises(
        UserError, match=r"^tcp://127.0.0.1:9: no Dask scheduler answers there \(.*with `dask scheduler`$"
    ):
        open_executor(tmp_path, Limits(), None, "tcp://127.0.0.1:9", fresh=False).__enter__()


def test_a_run_on_a_machine_that_is_gone_is_waited_for_a_minute(tmp_path, monkeypatch):
    """Its status says `running` for ever; while it changes it is waited for, when it is silent it is given up."""
    folder = tmp_path
    status = replace(Status.begin("x", 3), host="elsewhere")
    write_status(folder / "status.json", status)
    clock = iter(range(0, 1000, 25))
    looks: list[int] = []

    def pause(_: float) -> None:
        looks.append(1)
        if len(looks) == 2:
            write_status(folder / "status.json", replace(status, updated="2026-11-21T14:03:09.120+01:00"))

    monkeypatch.setattr(leftovers, "monotonic", lambda: next(clock))
    monkeypatch.setattr(leftovers, "sleep", pause)
    leftovers.wait_for_running([folder])
    assert len(looks) == 4
