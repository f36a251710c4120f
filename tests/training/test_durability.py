"""A power cut never leaves a checkpoint without its rows, nor a status `finished` without the rest of the run."""

import os
import sys
from pathlib import Path

import pytest
from moons_run import MOONS, write

from trainlab.core.errors import UserError
from trainlab.store import writing
from trainlab.training.experiment import read
from trainlab.training.train import train


@pytest.fixture(params=["at once", "one by one"])
def calls(request, monkeypatch) -> list[tuple[str, str]]:
    """Every wait for the disk and every new name, in order, where files are waited for at once and one by one."""
    happened: list[tuple[str, str]] = []
    rename = os.replace

    def synced(handle: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        happened.append(("sync", path.name.removeprefix(".").removesuffix(f".{os.getpid()}.tmp")))

    def all_synced(path: Path) -> bool:
        if request.param == "at once":
            happened.append(("sync", "all"))
        return request.param == "at once"

    def renamed(source, target) -> None:
        happened.append(("name", Path(target).name))
        rename(source, target)

    monkeypatch.setattr(writing, "sync_file_system", all_synced)
    monkeypatch.setattr(writing, "_little_waits", lambda: True)
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    return happened


def test_rows_come_before_their_checkpoint_and_the_status_comes_last(calls, tmp_path):
    """Every file is on the disk before it is named, rows before the checkpoint that needs them, the status last."""
    run = train(read(write(tmp_path, MOONS)), runs=tmp_path / "runs")
    best, last = calls.index(("name", "best.safetensors")), calls.index(("name", "last.safetensors"))
    assert best < last
    files = ("metrics.csv", "steps.csv", "layers.csv", "diagnoses.jsonl", "config.yaml", "environment.json")
    for name in (*files, "best.safetensors", "last.safetensors"):
        assert ("sync", name) in calls[:best] or ("sync", "all") in calls[:best], name
    end = len(calls) - calls[::-1].index(("name", "status.json"))
    assert calls[end - 2 :] == [("sync", "status.json"), ("name", "status.json"), ("sync", run.folder.name)]
    assert ("sync", "checkpoints") in calls[last:end]


def test_what_fails_leaves_all_as_it_was(calls, tmp_path):
    """Neither new content nor a temporary file is left; a place that cannot be written to is named."""
    (tmp_path / "old").write_bytes(b"old")
    with pytest.raises(UserError) as caught:
        writing.write_together({tmp_path / "old": b"new", tmp_path / "gone" / "file": b"new"})
    assert str(caught.value) == f"{tmp_path}/gone/file: cannot write: No such file or directory"
    assert calls == []
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_the_system_waits_for_one_file_system(tmp_path):
    """On Linux one call waits for all files of a file system."""
    (tmp_path / "file").write_bytes(b"new")
    assert writing.sync_file_system(tmp_path / "file") is (sys.platform == "linux")
