"""Worker processes of this machine: how trials end, what limits do, and that no trial sees another."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_sweep import TRIAL
from trial_processes import LONG, pid_of, trained, wait_for

from trainlab.core.errors import UserError
from trainlab.search.executors import local
from trainlab.search.executors.job import ExitStatus, Job
from trainlab.search.executors.limits import Limits
from trainlab.search.executors.local import LocalExecutor, environment
from trainlab.store.process import runs
from trainlab.store.reading import RunRecord
from trainlab.store.status import read_status

HANGS = """\
import os, sys, time

def hang(event, arguments):
    if event == "open" and str(arguments[0]).endswith("hanging.csv"):
        time.sleep(1000)

sys.addaudithook(hang)
"""
MEDDLES = """\
import os, random, sys, warnings

def meddle(event, arguments):
    if event == "open" and str(arguments[0]).endswith("metrics.csv") and arguments[2] & os.O_APPEND:
        import numpy as np
        print(os.getcwd(), os.environ.get("MEDDLED"), random.random(), np.random.random(), file=sys.stderr)
        print(len(warnings.filters), np.geterr()["over"], file=sys.stderr)
        warnings.warn("warned")
        os.chdir("/")
        os.environ["MEDDLED"] = "yes"
        warnings.simplefilter("ignore")
        np.seterr(over="raise")

sys.addaudithook(meddle)
"""
both = pytest.mark.parametrize("fresh", [False, True])


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
def executor(tmp_path):
    """Makes executors of one worker (or more), and closes them."""
    made = []

    def make(workers: int = 1, *, fresh: bool = False, **limits: float) -> LocalExecutor:
        made.append(LocalExecutor(workers, Limits(**limits), environment(tmp_path), fresh=fresh))
        return made[-1]

    yield make
    for one in made:
        one.stop(kill=True)
        one.close()


def files_of(folder: Path) -> set[str]:
    """The files of a run, by their names inside its folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def without_seconds(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, without times."""
    with path.open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@both
def test_each_end_is_told(made, executor, fresh):
    """A trial that finishes, one whose config is wrong, one that is killed, and one that is asked to stop."""
    trials = executor(4, fresh=fresh)
    good, wrong, killed, stopped = made(TRIAL), made("data: moon"), made(LONG), made(LONG)
    ends = [trials.submit(Job(folder)) for folder in (good, wrong, killed, stopped)]
    wait_for(trained(killed))
    os.kill(pid_of(killed), signal.SIGKILL)
    assert ends[2].result(30) == ExitStatus(-9)
    assert ends[2].result().reason == "killed by SIGKILL"
    assert ends[0].result(30) == ExitStatus(0)
    assert ends[1].result(30).code == 2
    assert "did you mean `moons`?" in (wrong / "stderr.txt").read_text()
    wait_for(trained(stopped))
    trials.stop()
    assert ends[3].result(30).code == 130
    assert read_status(good / "status.json").state == "finished"
    assert read_status(stopped / "status.json").state == "interrupted"
    assert not (good / "stderr.txt").exists()
    assert trials.run(Job(made(TRIAL))).reason == "killed by SIGTERM", "nothing begins after a stop"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_worker_that_is_told_to_stop_saves_its_trial(made, executor, number):
    """SIGTERM and SIGHUP sent to a worker itself end its trial as interrupted, with its state saved."""
    trials = executor()
    folder = made(LONG)
    end = trials.submit(Job(folder))
    wait_for(trained(folder))
    os.kill(pid_of(folder), number)
    assert end.result(30).code == 130
    status = read_status(folder / "status.json")
    assert (status.state, status.reason) == ("interrupted", f"stopped by {number.name}")
    assert (folder / "checkpoints" / "last.safetensors").exists()


@both
def test_limits_end_a_trial_with_their_names(made, executor, fresh):
    """A trial that takes too long is asked to save its state; one that wants too much memory gets none."""
    slow = made(LONG)
    end = executor(fresh=fresh, seconds=2).run(Job(slow))
    assert end.reason == "over its limit of 2 s"
    assert RunRecord(slow, "slow").state in ("interrupted", "killed", "half-written")  # as far as it had come by then
    large = made(TRIAL.replace("[4]", "[9000, 9000]"))
    end = executor(fresh=fresh, memory=400).run(Job(large))
    assert (end.code != 0, end.reason) == (True, "over its limit of 400 MB of memory")


def test_a_trial_that_does_not_end_in_time_is_killed(made, executor, monkeypatch, tmp_path):
    """One that hangs before its first step saves nothing; the next trial gets a new worker."""
    (tmp_path / "hanging.csv").write_text("a,y\n1,2\n")
    (tmp_path / "sitecustomize.py").write_text(HANGS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(local, "_GRACE", 0.5)
    trials = executor(seconds=1)
    data = f"{{name: csv, path: {tmp_path / 'hanging.csv'}, target: y}}"
    end = trials.run(Job(made(TRIAL.replace("{name: friedman1, samples: 120, preprocess: [standardize]}", data))))
    assert end == ExitStatus(-9, limit="over its limit of 1 s")
    assert trials.run(Job(made(TRIAL))) == ExitStatus(0)


@both
def test_a_worker_is_a_session_of_its_own(made, executor, fresh):
    """A Ctrl-C at the terminal does not reach it; its matrix products have one thread; nothing of it goes to stdout."""
    trials, folder = executor(fresh=fresh), made(LONG)
    end = trials.submit(Job(folder))
    wait_for(trained(folder))
    pid = pid_of(folder)
    assert os.getsid(pid) == pid != os.getsid(0)
    assert os.readlink(f"/proc/{pid}/fd/1") == "/dev/null"
    assert os.readlink(f"/proc/{pid}/fd/2") == str(folder / "stderr.txt")
    trials.stop(kill=True)
    assert end.result(30) == ExitStatus(-9)


def test_a_worker_trains_one_trial_after_the_other(made, executor, monkeypatch):
    """It is replaced after a crash, after a killed trial, and after so many trials."""
    monkeypatch.setattr(local, "_TRIALS", 3)
    trials, folders = executor(), [made(TRIAL) for _ in range(5)]
    assert [trials.run(Job(folder)) for folder in folders] == [ExitStatus(0)] * 5
    pids = [pid_of(folder) for folder in folders]
    assert (len(set(pids[:3])), len(set(pids[3:])), len(set(pids))) == (1, 1, 2)
    assert trials.run(Job(made("data: moon"))).code == 2
    last = made(TRIAL)
    assert trials.run(Job(last)) == ExitStatus(0)
    assert pid_of(last) not in pids


def test_a_trial_with_a_memory_limit_has_a_worker_of_its_own(made, executor):
    """What other trials have used before does not count against it."""
    trials, folders = executor(memory=1000), [made(TRIAL) for _ in range(2)]
    assert [trials.run(Job(folder)) for folder in folders] == [ExitStatus(0)] * 2
    assert len({pid_of(folder) for folder in folders}) == 2


def test_a_trial_leaves_nothing_behind_in_its_worker(made, executor, tmp_path, monkeypatch):
    """What a trial's own code does to the process (folder, environment, warnings, generators) ends with the trial."""
    (tmp_path / "rows.csv").write_text("a,y\n" + "".join(f"{i % 7},{i % 3 + 0.5}\n" for i in range(60)))
    (tmp_path / "sitecustomize.py").write_text(MEDDLES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    trials = executor()
    data = f"{{name: csv, path: {tmp_path / 'rows.csv'}, target: y}}"
    config = TRIAL.replace("{name: friedman1, samples: 120, preprocess: [standardize]}", data)
    folders = [made(config.replace("epochs: 2", f"epochs: {epochs}")) for epochs in (2, 3)]
    assert [trials.run(Job(folder)).code for folder in folders] == [0, 0]
    assert pid_of(folders[0]) == pid_of(folders[1])
    first, second = ((folder / "stderr.txt").read_text().splitlines() for folder in folders)
    assert first == second
    assert len([line for line in first if "UserWarning: warned" in line]) == 1


def test_a_trial_has_the_bits_of_trainlab_train(made, executor, tmp_path):
    """Also the third trial of a worker, after others with other settings; its folder holds the same files."""
    trials = executor()
    for lr in (0.1, 0.01):
        assert trials.run(Job(made(TRIAL.replace("0.001", str(lr))))) == ExitStatus(0)
    config = TRIAL.replace("[4]", "[5], dropout: 0.3").replace("epochs: 2", "epochs: 5")
    folder = made(config)
    assert trials.run(Job(folder)) == ExitStatus(0)
    (tmp_path / "same.yaml").write_text((folder / "config.yaml").read_text())
    alone = tmp_path / "alone"
    command = [sys.executable, "-m", "trainlab", "train", str(tmp_path / "same.yaml"), "--into", str(alone), "--quiet"]
    subprocess.run(command, check=True, env=environment(tmp_path), stdout=subprocess.DEVNULL)
    assert files_of(folder) == files_of(alone)
    for name in ("metrics.csv", "steps.csv", "layers.csv"):
        assert without_seconds(folder / name) == without_seconds(alone / name)
    assert (folder / "checkpoints/best.safetensors").read_bytes() == (
        alone / "checkpoints/best.safetensors"
    ).read_bytes()


def test_a_worker_that_cannot_start_is_an_error(made, executor, tmp_path, monkeypatch):
    """Its last words are told, and not one trial after the other is called failed."""
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.exit('no such luck')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UserError, match=r"^trials cannot be started: .*no such luck$"):
        executor().run(Job(made(TRIAL)))


def test_an_idle_worker_that_dies_is_replaced(made, executor):
    """Killed between two trials, it costs neither of them."""
    trials, first, second = executor(), made(TRIAL), made(TRIAL)
    assert trials.run(Job(first)) == ExitStatus(0)
    os.kill(pid_of(first), signal.SIGKILL)
    wait_for(lambda: not runs(pid_of(first), ""))
    assert trials.run(Job(second)) == ExitStatus(0)


def test_rows_are_read_once(made, executor, tmp_path):
    """All trials of a worker have the rows that it has read, also when the file is gone by then."""
    data = tmp_path / "d.csv"
    data.write_text("a,b,y\n" + "".join(f"{i % 7},{i % 5},{i % 3 + 0.5}\n" for i in range(60)))
    config = TRIAL.replace("name: friedman1, samples: 120", f"name: csv, path: {data}, target: y")
    trials = executor()
    assert trials.run(Job(made(config))) == ExitStatus(0)
    data.unlink()
    again = made(config)
    assert trials.run(Job(again)) == ExitStatus(0)
    assert trained(again, 1)()
    other = trials.run(Job(made(config.replace("target: y", "target: a"))))
    assert (other.code, "d.csv: no such file" in other.reason) == (2, True)
