"""Trials in processes: how each end is told, what limits do, and what is left when others die."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_sweep import SWEEP, TRIAL

from trainlab.core.errors import UserError
from trainlab.search.callbacks import SweepCallback
from trainlab.search.executors import cluster, presence
from trainlab.search.executors.forked import Forked
from trainlab.search.executors.fresh import Fresh
from trainlab.search.executors.job import End, Job
from trainlab.search.executors.launcher import environment
from trainlab.search.executors.limits import Limits
from trainlab.search.executors.machines import Machines
from trainlab.search.experiment import read
from trainlab.search.sweep import resume, start
from trainlab.store.process import runs
from trainlab.store.reading import RunRecord
from trainlab.store.status import Status, read_status, write_status

LONG = TRIAL.replace("epochs: 2", "epochs: 1000000")
MOUNT, UMOUNT = shutil.which("mount") or "mount", shutil.which("umount") or "umount"
both = pytest.mark.parametrize("kind", [Forked, Fresh])


@pytest.fixture
def made(tmp_path):
    """Makes the folder of a trial with this config."""
    numbers = iter(range(100))

    def make(config: str) -> Path:
        folder = tmp_path / f"trial-{next(numbers)}"
        folder.mkdir()
        (folder / "config.yaml").write_text(config)
        return folder

    return make


@pytest.fixture
def launch(tmp_path):
    """Makes launchers, and closes them."""
    launchers = []

    def make(kind: type, **limits: float):
        launchers.append(kind(Limits(**limits), environment(tmp_path)))
        return launchers[-1]

    yield make
    for launcher in launchers:
        launcher.stop(kill=True)
        launcher.close()


def wait_for(true, seconds: float = 30.0) -> None:
    """Until something is true."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert true()


def trained(folder: Path, epochs: int = 3):
    """Whether a trial has trained so many epochs already."""
    path = folder / "metrics.csv"
    return lambda: path.exists() and path.read_text().count("\n") > epochs


def pid_of(folder: Path) -> int:
    """The process that trains there."""
    return read_status(folder / "status.json").pid


def parent_of(pid: int) -> int:
    """The process that started another one."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def children_of(pid: int) -> set[int]:
    """The processes that another one has started and that run."""
    return {int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def table(folder: Path) -> list[dict[str, str]]:
    """The rows of trials.csv without the column of times."""
    with (folder / "trials.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@both
def test_each_end_is_told(kind, made, launch):
    """A trial that finishes, one whose config is wrong, one that is killed, and one that is asked to stop."""
    launcher = launch(kind)
    good, wrong, killed, stopped = made(TRIAL), made("data: moon"), made(LONG), made(LONG)
    with ThreadPoolExecutor(4) as pool:
        ends = [pool.submit(launcher.run, Job(folder)) for folder in (good, wrong, killed, stopped)]
        wait_for(trained(killed))
        os.kill(pid_of(killed), signal.SIGKILL)
        assert ends[2].result(30) == End(-9)
        assert ends[2].result().reason == "killed by SIGKILL"
        assert ends[0].result(30) == End(0)
        assert ends[1].result(30).code == 2
        assert "did you mean `moons`?" in (wrong / "stderr.txt").read_text()
        wait_for(trained(stopped))
        launcher.stop()
        assert ends[3].result(30).code == 130
    assert read_status(good / "status.json").state == "finished"
    assert read_status(stopped / "status.json").state == "interrupted"
    assert not (good / "stderr.txt").exists()
    assert launcher.run(Job(made(TRIAL))).reason == "killed by SIGTERM", "nothing begins after a stop"


@both
def test_limits_end_a_trial_with_their_names(kind, made, launch):
    """A trial that takes too long is asked to save its state; one that wants too much memory gets none."""
    slow = made(LONG)
    end = launch(kind, seconds=2).run(Job(slow))
    assert end.reason == "over its limit of 2 s"
    assert RunRecord(slow, "slow").state in ("interrupted", "killed", "half-written")  # as far as it had come by then
    large = made(TRIAL.replace("[4]", "[9000, 9000]"))
    end = launch(kind, memory=400).run(Job(large))
    assert (end.code != 0, end.reason) == (True, "over its limit of 400 MB of memory")


@both
def test_a_trial_is_a_session_of_its_own(kind, made, launch):
    """A Ctrl-C at the terminal does not reach it; its matrix products have one thread; nothing of it goes to stdout."""
    launcher, folder = launch(kind), made(LONG)
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(launcher.run, Job(folder))
        wait_for(trained(folder))
        pid = pid_of(folder)
        assert os.getsid(pid) == pid != os.getsid(0)
        assert os.readlink(f"/proc/{pid}/fd/1") == "/dev/null"
        assert os.readlink(f"/proc/{pid}/fd/2") == str(folder / "stderr.txt")
        launcher.stop(kill=True)
        assert end.result(30) == End(-9)


def test_when_the_fork_server_dies_its_trials_go_on(made, launch):
    """They are killed with it, and a new server's copies bring them to the same end as if nothing had happened."""
    config = TRIAL.replace("epochs: 2", "epochs: 400")
    launcher, hit, spared = launch(Forked), made(config), made(config)
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(launcher.run, Job(hit))
        wait_for(trained(hit))
        first = pid_of(hit)
        os.kill(parent_of(first), signal.SIGKILL)
        assert end.result(60) == End(0)
        assert pid_of(hit) != first
        assert launcher.run(Job(spared)) == End(0)
    got, want = ([line.split(",")[3:] for line in (f / "metrics.csv").read_text().splitlines()] for f in (hit, spared))
    assert got == want


def test_a_copy_that_is_made_ahead_waits_for_its_word(made, launch):
    """Until then it leaves the folder as it is, whatever is wrong; one that is killed meanwhile is made again."""
    launcher, busy, trial, killed, wrong = launch(Forked), made(LONG), made(TRIAL), made(TRIAL), made("data: moon")
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(launcher.run, Job(busy))
        wait_for(trained(busy))
        server = parent_of(pid_of(busy))
        waiting: list[int] = []
        for folder in (trial, killed, wrong):
            before = children_of(server)
            launcher.make_ready(Job(folder))
            wait_for(lambda before=before: children_of(server) - before)
            waiting += children_of(server) - before
        os.kill(waiting[1], signal.SIGKILL)
        wait_for(lambda: waiting[1] not in children_of(server))
        assert [sorted(path.name for path in folder.iterdir()) for folder in (trial, killed, wrong)] == [
            ["config.yaml"]
        ] * 3
        assert [launcher.run(Job(folder)) for folder in (trial, killed)] == [End(0)] * 2
        assert (pid_of(trial), pid_of(killed) in waiting) == (waiting[0], False)
        assert launcher.run(Job(wrong)).code == 2
        assert "did you mean `moons`?" in (wrong / "stderr.txt").read_text()
        launcher.stop(kill=True)
        assert end.result(30) == End(-9)


def test_a_fork_server_that_cannot_start_is_an_error(made, launch, tmp_path, monkeypatch):
    """Its last words are told, and not one trial after the other is called failed."""
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.exit('no such luck')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UserError, match=r"^trials cannot be started: .*no such luck$"):
        launch(Forked).run(Job(made(TRIAL)))


def test_rows_are_read_once(made, launch, tmp_path):
    """All trials of a sweep have the rows that the server has read, also when the file is gone by then."""
    data = tmp_path / "d.csv"
    data.write_text("a,b,y\n" + "".join(f"{i % 7},{i % 5},{i % 3 + 0.5}\n" for i in range(60)))
    config = TRIAL.replace("name: friedman1, samples: 120", f"name: csv, path: {data}, target: y")
    launcher = launch(Forked)
    assert launcher.run(Job(made(config))) == End(0)
    data.unlink()
    again = made(config)
    assert launcher.run(Job(again)) == End(0)
    assert trained(again, 1)()
    other = launcher.run(Job(made(config.replace("target: y", "target: a"))))
    assert (other.code, "d.csv: no such file" in other.reason) == (2, True)


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
        presence.Presence(sweep).close()
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
    with pytest.raises(
        UserError, match=r"No space left on device\nThe disk is full, so the sweep was stopped"
    ) as error:
        start(document, runs=small_disk, workers=2)
    sweep = small_disk / "tiny-sweep-1"
    assert str(error.value).endswith(f"make room, then say `trainlab sweep --resume {sweep}`")
    kept = table(sweep)
    assert 0 < len(kept) < 6
    assert {row["status"] for row in kept} == {"finished"}
    subprocess.run([MOUNT, "-o", "remount,size=4m", small_disk], check=True)
    resume(sweep, workers=2)
    want = table(start(document, runs=tmp_path / "roomy", workers=2).folder)
    assert table(sweep) == want
    assert [row for row in want if row["trial"] in {r["trial"] for r in kept}] == kept


class Disturber(SweepCallback):
    """Kills one worker of a cluster when the first trial has ended."""

    def __init__(self, victims: list[int]) -> None:
        self.victims, self.ends = victims, 0

    def ended(self, row) -> None:
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
    with distributed.LocalCluster(**options) as local:
        victims = [nanny.pid for nanny in local.workers.values()]
        watcher = Disturber(victims)
        got = start(document, runs=tmp_path / "there", scheduler=local.scheduler_address, watcher=watcher)
        assert watcher.ends == 4
        assert table(got.folder) == table(want.folder)
        assert {row["status"] for row in table(got.folder)} == {"finished"}
        assert not (got.folder / ".session").exists()
        monkeypatch.setattr(cluster, "sees", _blind)
        with pytest.raises(UserError, match=r"does not see .*/apart/.*; choose a folder that all machines share"):
            start(document, runs=tmp_path / "apart", scheduler=local.scheduler_address)


def _blind(*_: object) -> bool:
    """A worker that sees nothing."""
    return False


def test_no_scheduler_is_told(tmp_path, monkeypatch):
    """An address where nobody answers is an error that names it."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "_ANSWERS", 0.3)
    with pytest.raises(
        UserError, match=r"^tcp://127.0.0.1:9: no Dask scheduler answers there \(.*with `dask scheduler`$"
    ):
        Machines(scheduler="tcp://127.0.0.1:9").opened(tmp_path, Limits())


def test_a_run_on_a_machine_that_is_gone_is_waited_for_a_minute(made, monkeypatch):
    """Its status says `running` for ever; while it changes it is waited for, when it is silent it is given up."""
    folder = made(TRIAL)
    status = replace(Status.begin("x", 3), host="elsewhere")
    write_status(folder / "status.json", status)
    clock = iter(range(0, 1000, 25))
    looks: list[int] = []

    def pause(_: float) -> None:
        looks.append(1)
        if len(looks) == 2:
            write_status(folder / "status.json", replace(status, updated="2026-11-21T14:03:09.120+01:00"))

    monkeypatch.setattr(presence, "monotonic", lambda: next(clock))
    monkeypatch.setattr(presence, "sleep", pause)
    presence.settle([folder])
    assert len(looks) == 4
