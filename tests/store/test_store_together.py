"""Files that are replaced together: nothing has its name before all contents are on the disk."""

import os
from pathlib import Path

import pytest

from trainlab.core.errors import UserError
from trainlab.store import together as module
from trainlab.store.appending import Appender
from trainlab.store.together import Together


@pytest.fixture(params=["at once", "one by one"])
def calls(request, monkeypatch, tmp_path) -> list[str]:
    """What is waited for and renamed, in order, on a system that can wait for a whole disk, and on one that cannot."""
    told: list[str] = []

    def renamed(source, target) -> None:
        told.append(f"name {Path(target).name}")
        rename(source, target)

    def synced(handle: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        told.append(f"wait {path.name.removesuffix(f'.{os.getpid()}.tmp')}")

    def all_synced(_: int) -> int:
        told.append("wait all")
        return 0

    rename = os.replace
    monkeypatch.setattr(os, "replace", renamed)
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(module, "_syncfs", lambda: all_synced if request.param == "at once" else None)
    monkeypatch.setattr(module, "_waiting", lambda: 0)
    return told


def test_contents_first_then_names_in_order_then_names_are_kept(calls, tmp_path):
    """Rows and contents are on the disk before the first file gets its name; the last file is named last."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "beside").write_text("x")
    rows = Appender(tmp_path / "rows", b"head\n")
    with rows, Together(tmp_path, [rows], [tmp_path / "beside", tmp_path / "missing"]) as files:
        files.write(tmp_path / "inner/first", b"1")
        files.write(tmp_path / "last", b"2")
        assert files.place(tmp_path / "last").read_bytes() == b"2"
        assert not (tmp_path / "last").exists()
        rows.append(b"row\n")
    named = ["name first", "name last"]
    whole = "wait all"
    contents = [whole] if whole in calls else ["wait rows", "wait .first", "wait .last", "wait beside"]
    assert calls == [*contents, *named, "wait inner", f"wait {tmp_path.name}"]
    assert (tmp_path / "inner/first").read_bytes() == b"1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beside", "inner", "last", "rows"]


def test_a_block_that_raises_leaves_all_as_it_was(calls, tmp_path):
    """Neither new content nor a temporary file is left; a place that cannot be written to is named."""
    (tmp_path / "old").write_bytes(b"old")
    with pytest.raises(UserError, match=r"gone/file: cannot write: No such file"):
        _two(tmp_path, "old", "gone/file")
    assert calls == []
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_with_much_to_be_written_each_file_is_waited_for(calls, monkeypatch, tmp_path):
    """Where others have gigabytes to write, a run does not wait for theirs."""
    monkeypatch.setattr(module, "_waiting", lambda: 1 << 30)
    with Together(tmp_path) as files:
        files.write(tmp_path / "file", b"1")
    assert len(calls) == 3
    assert module._sync_all(tmp_path) is False


def _two(folder: Path, *names: str) -> None:
    with Together(folder) as files:
        for name in names:
            files.write(folder / name, b"new")
