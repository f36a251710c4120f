"""The index of a folder of runs: what it saves, and that it never tells anything stale."""

import os
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from trainlab.store import index as module
from trainlab.store.index import NAME, Index, stamp_of
from trainlab.store.reading import RunRecord
from trainlab.store.status import Status, write_status


@pytest.fixture
def run(tmp_path):
    """A finished run whose files were written an hour ago."""
    folder = tmp_path / "runs" / "a-1"
    folder.mkdir(parents=True)
    write_status(folder / "status.json", Status.begin("a-1", 3).ended_as("finished", 0))
    (folder / "metrics.csv").write_text("epoch,val_loss\n0,2.0\n1,0.5\n2,1.0\n")
    (folder / "config.yaml").write_text("name: a\n")
    settle(folder)
    return folder


def settle(folder):
    """Give the run's files times of an hour ago, and let the index believe the times of change of their inodes."""
    at = time.time_ns() - 3_600_000_000_000
    for path in folder.iterdir():
        os.utime(path, ns=(at, at))


@pytest.fixture(autouse=True)
def _young_inodes(monkeypatch):
    """A file's time of inode change cannot be set: in these tests a change settles at once."""
    monkeypatch.setattr(module, "_SETTLED", 0)


def opened(folder):
    """The index of a folder of however few runs."""
    return Index(folder.parent, fewest=0)


def test_what_is_kept_comes_back(run):
    """A part that was kept is there for the next process as it was, and no other is."""
    stamp = stamp_of(run)
    with opened(run) as index:
        index.put(run, "row", stamp, ["x", 1.5, None, float("inf")])
    with opened(run) as index:
        assert index.get(run, "row", stamp) == ["x", 1.5, None, float("inf")]
        assert index.get(run, "config", stamp) is None
        assert index.get(run.parent / "b-1", "row", stamp) is None
        assert index.get(run.parent.parent, "row", stamp) is None
        index.load("row")
        assert index.get(run, "row", stamp) == ["x", 1.5, None, float("inf")]


@pytest.mark.parametrize("name", ["status.json", "metrics.csv", "diagnoses.jsonl", "config.yaml"])
def test_a_changed_file_is_read_again(run, name):
    """Whichever file changes, even to the same size and with its old time set back, what was kept counts no more."""
    if not (run / name).exists():
        (run / name).write_text("a")
    before = (run / name).stat()
    with opened(run) as index:
        index.put(run, "row", stamp_of(run), [1])
        index.close()
    other = run / "new"
    other.write_bytes(b"x" * before.st_size)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(run / name)
    assert (run / name).stat().st_mtime_ns == before.st_mtime_ns
    with opened(run) as index:
        assert index.get(run, "row", stamp_of(run)) is None


def test_nothing_young_is_kept(run, monkeypatch):
    """Of files that changed just now nothing is kept: they might change again within one tick of the clock."""
    monkeypatch.setattr(module, "_SETTLED", 2_000_000_000)
    with opened(run) as index:
        index.put(run, "row", stamp_of(run), [1])
    with opened(run) as index:
        assert index.get(run, "row", stamp_of(run)) is None


def test_what_changed_while_it_was_read_is_not_kept(run):
    """A part whose files changed after the stamp was taken is not kept under either stamp."""
    stamp = stamp_of(run)
    (run / "metrics.csv").write_text("epoch\n")
    with opened(run) as index:
        index.put(run, "row", stamp, [1])
    with opened(run) as index:
        assert index.get(run, "row", stamp) is None
        assert index.get(run, "row", stamp_of(run)) is None


def test_a_running_run_is_never_kept(run):
    """A run that says `running` is looked at anew each time: whether its process lives is in no file."""
    write_status(run / "status.json", Status.begin("a-1", 3))
    settle(run)
    with opened(run) as index:
        record = RunRecord(run, "a-1", index)
        assert record.scores["val_loss"] == (0.5, 1, 1.0)
        assert record.config == {"name": "a"}
    with opened(run) as index:
        assert index.get(run, "scores", stamp_of(run)) is None
        assert index.get(run, "config", stamp_of(run)) is None


def test_records_use_it(run, monkeypatch):
    """A finished run's config and scores are read once, and again after a change."""
    with opened(run) as index:
        record = RunRecord(run, "a-1", index)
        assert (record.config, record.scores["val_loss"]) == ({"name": "a"}, (0.5, 1, 1.0))
    with opened(run) as index, monkeypatch.context() as patch:
        patch.setattr("trainlab.store.reading.read_config", None)
        patch.setattr("trainlab.store.reading.read_metrics", None)
        record = RunRecord(run, "a-1", index)
        assert (record.config, record.scores["val_loss"]) == ({"name": "a"}, (0.5, 1, 1.0))
    (run / "config.yaml").write_text("name: b\n")
    with opened(run) as index:
        assert RunRecord(run, "a-1", index).config == {"name": "b"}


def test_few_runs_have_none(run):
    """Where there are few runs no file is made."""
    with Index(run.parent) as index:
        index.put(run, "row", stamp_of(run), [1])
    assert [path.name for path in run.parent.iterdir()] == ["a-1"]


@pytest.mark.parametrize("damage", [b"", b"not a database, but quite long" * 50, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_index_is_made_anew(run, damage):
    """Whatever stands in the file, nothing is raised, and the next process has an index again."""
    (run.parent / NAME).write_bytes(damage)
    for _ in range(2):
        with opened(run) as index:
            index.put(run, "row", stamp_of(run), [1])
    with opened(run) as index:
        assert index.get(run, "row", stamp_of(run)) == [1]


def test_another_version_is_thrown_away(run):
    """What another version of trainlab kept is not read."""
    with opened(run) as index:
        index.put(run, "row", stamp_of(run), [1])
    db = sqlite3.connect(run.parent / NAME)
    db.execute("PRAGMA user_version = 999")
    db.close()
    with opened(run) as index:
        assert index.get(run, "row", stamp_of(run)) is None


def test_a_link_is_not_followed(run, tmp_path):
    """An index that is a link to somewhere else is neither read nor written."""
    (tmp_path / "other").write_bytes(b"")
    (run.parent / NAME).symlink_to(tmp_path / "other")
    with opened(run) as index:
        index.put(run, "row", stamp_of(run), [1])
    assert (tmp_path / "other").read_bytes() == b""


def test_somebody_else_writes(run, monkeypatch):
    """While another process holds the file, everything goes on without it."""
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    with opened(run) as index:
        index.put(run, "row", stamp_of(run), [1])
    held = sqlite3.connect(run.parent / NAME)
    held.execute("BEGIN EXCLUSIVE")
    with opened(run) as index:
        index.put(run, "row", stamp_of(run), [2])
        assert index.get(run, "row", stamp_of(run)) is None
    held.close()
    with opened(run) as index:
        assert index.get(run, "row", stamp_of(run)) == [1]


def test_many_at_once(run):
    """Processes that fill one index at the same time, each patient, lose nothing of what any of them learnt."""
    code = (
        "import sys; from pathlib import Path; from trainlab.store import index as m; m._SETTLED, m._PATIENCE = 0, 60\n"
        "run, part = Path(sys.argv[1]), sys.argv[2]\n"
        "for i in range(50):\n"
        "    with m.Index(run.parent, fewest=0) as index: index.put(run, f'{part}{i}', m.stamp_of(run), [i])\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(run), part]) for part in "abc"]
    assert [child.wait() for child in children] == [0, 0, 0]
    with opened(run) as index:
        found = [index.get(run, f"{part}{i}", stamp_of(run)) for part in "abc" for i in range(50)]
    assert found == [[i] for i in range(50)] * 3


def test_two_that_create_it(run, monkeypatch):
    """A process that finds an empty file while another one creates the table does not throw its rows away."""
    monkeypatch.setattr(module, "_PATIENCE", 60)
    stamp, found_empty, create = stamp_of(run), Event(), module._create
    monkeypatch.setattr(module, "_create", lambda db: [found_empty.set(), create(db)])
    first = sqlite3.connect(run.parent / NAME, isolation_level=None)
    first.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor() as pool:
        second = pool.submit(lambda: Index(run.parent, fewest=0).close())
        assert found_empty.wait(60)
        first.execute(module._TABLE)
        row = (run.name, "row", module._mark(stamp, "[1]"), "[1]")
        first.execute("INSERT INTO runs VALUES (?, ?, ?, ?)", row)
        first.execute(f"PRAGMA user_version = {module._VERSION}")
        first.execute("COMMIT")
        first.close()
        second.result()
    with opened(run) as index:
        assert index.get(run, "row", stamp) == [1]


def test_prune(run):
    """Runs that are gone are forgotten; those that are there stay."""
    with opened(run) as index:
        index.put(run, "row", stamp_of(run), [1])
        index.prune([run])
        assert index.get(run, "row", stamp_of(run)) == [1]
        index.prune([])
        assert index.get(run, "row", stamp_of(run)) is None


def test_what_was_tampered_with(run):
    """A kept part that is no JSON is passed over."""
    with opened(run) as index:
        index.put(run, "row", stamp_of(run), [1])
    db = sqlite3.connect(run.parent / NAME)
    with db:
        db.execute("UPDATE runs SET facts = '{'")
    db.close()
    with opened(run) as index:
        assert index.get(run, "row", stamp_of(run)) is None
