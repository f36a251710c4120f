"""A tracker of a plugin hears runs as a built-in one does: while training, from a sweep's workers, and afterwards."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trainlab.cli.main import build

DIARY = '''
from trainlab.core.component import setting
from trainlab.training.tracker import Tracker, TrackerRun


class Diary(Tracker, name="diary"):
    """Lines of text."""

    file: str = setting("diary.txt", "the name of the file")

    def open(self, run):
        return DiaryRun(run.folder / self.file, run)


class DiaryRun(TrackerRun):
    def __init__(self, path, run):
        self.path, self.where = path, str(path)
        self.write(f"open {run.name} {run.group}", "w" if run.going_on is None else "a")

    def write(self, line, mode="a"):
        with self.path.open(mode) as file:
            print(line, file=file)

    def scalars(self, step, values, time):
        self.write(f"{step} {sorted(values.items())}")

    def histogram(self, step, name, shares, edges, time):
        self.write(f"{step} {name}")

    def finding(self, finding, text):
        self.write(finding.code)

    def finish(self, state, scores, tags, text):
        self.write(f"finish {state} {sorted(scores.items())}")

    def flush(self):
        pass
'''
CONFIG = """
plugins: [diary.py]
data: {name: moons}
train: {epochs: 3}
trackers: [{diary: mine.txt}]
sweep: {metric: val_loss, trials: 2, space: {optimizer.lr: {log: [0.001, 0.1]}}}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the plugin and a config, and no plugins of other tests."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "diary.py").write_text(DIARY)
    (tmp_path / "p.yaml").write_text(CONFIG)
    return tmp_path


def asked(*words: str, code: int = 0) -> str:
    """What a command prints, both streams."""
    done = CliRunner().invoke(build(), list(words))
    assert done.exit_code == code, done.output
    return done.output


def test_a_run_and_its_export(here: Path):
    """It is told the same twice; without the plugin it is refused by name, and settings of the call are read."""
    asked("train", "p.yaml", "--quiet")
    live = (here / "runs/p-1/mine.txt").read_text()
    told = json.loads(asked("export", "p-1", "--to", "diary", "file=again.txt", "--plugin", "diary.py", "--json"))

    assert told == {"tracker": "diary", "where": str(here / "runs/p-1/again.txt")}
    assert sorted((here / "runs/p-1/again.txt").read_text().splitlines()) == sorted(live.splitlines())
    assert live.splitlines()[-1].startswith("finish finished")


def test_a_run_of_another_config(here: Path):
    """A run whose config has no such tracker is logged to it, too."""
    (here / "plain.yaml").write_text("data: moons\ntrain: {epochs: 1}\n")
    asked("train", "plain.yaml", "--quiet")
    asked("export", "plain-1", "--to", "diary", "--plugin", "diary.py")
    assert "finish finished" in (here / "runs/plain-1/diary.txt").read_text()
    assert "unknown tracker `diry`" in asked("export", "plain-1", "--to", "diry", code=2)


def test_a_resumed_run_and_a_sweep(here: Path):
    """A resumed run goes on; the trials of a sweep are told with their sweep."""
    asked("train", "p.yaml", "--quiet", "--until", "1", code=130)
    asked("train", "--resume", "p-1", "--quiet", "--plugin", "diary.py")
    lines = (here / "runs/p-1/mine.txt").read_text().splitlines()
    epochs = [line.split()[0] for line in lines if "val/loss" in line]
    assert epochs == ["0", "11", "22", "33"]

    asked("sweep", "p.yaml", "--quiet", "--name", "s")
    first = [file.read_text().splitlines()[0] for file in here.glob("runs/s-sweep-1/trials/*/mine.txt")]
    assert sorted(first) == [f"open s-sweep-1/000{i} s-sweep-1" for i in (1, 2)]
