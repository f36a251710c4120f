"""`trainlab report --verify`: a flipped bit, a lost row, a file of another run."""

import json
import shutil
from dataclasses import replace

import pytest

from trainlab.core.errors import UserError
from trainlab.store import checkpoint, checksums
from trainlab.store.checksums import FILES
from trainlab.store.folder import RunFolder
from trainlab.store.reading import read_run
from trainlab.store.status import read_status, relist, write_status
from trainlab.store.verify import has_checksums, verify
from trainlab.training.callbacks import Callback
from trainlab.training.experiment import read_plain
from trainlab.training.train import resume, train


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run."""
    config = {"data": {"name": "moons"}, "train": {"epochs": 3}, "monitors": {"every": 2}}
    return train(read_plain(config, {}), runs=tmp_path_factory.mktemp("runs")).folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of it to spoil."""
    shutil.copytree(finished, tmp_path / "iris-1")
    return RunFolder(tmp_path / "iris-1")


def test_a_whole_run(run):
    """Nothing is wrong with a run that nobody touched."""
    assert verify(run) == []


def test_every_flipped_bit_of_a_checkpoint_is_seen(run):
    """One bit anywhere in the numbers, or in the JSON value, makes `load` refuse: no other weights unsaid."""
    path = run.checkpoints / "last.safetensors"
    whole = path.read_bytes()
    head = 8 + int.from_bytes(whole[:8], "little")
    middle = whole.index(b'"trainlab"')
    places = [*range(head, len(whole), 97), len(whole) - 1, *range(middle + 20, middle + 400, 7)]
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(UserError, match=r"last\.safetensors: "):
            checkpoint.load(path)
    path.write_bytes(whole)
    assert verify(run) == []


def test_a_part_of_a_checkpoint_is_checked_too(run):
    """`load_some` reads a few arrays, and compares these."""
    path = run.checkpoints / "last.safetensors"
    name = next(n for n in checkpoint.shapes(path) if n.endswith(".W"))
    assert checkpoint.load_some(path, name)[""].size
    content = bytearray(path.read_bytes())
    head = 8 + int.from_bytes(content[:8], "little")
    begin = json.loads(content[8:head])[name]["data_offsets"][0]
    content[head + begin] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(UserError, match=f"changed after it was written, or is damaged: `{name}`"):
        checkpoint.load_some(path, name)


def test_an_old_checkpoint_has_no_checksums(run, tmp_path):
    """It is read as before."""
    from safetensors.numpy import save_file

    arrays, meta = checkpoint.load(run.checkpoints / "last.safetensors")
    save_file(arrays, tmp_path / "old.safetensors", {"trainlab": json.dumps(meta)})
    assert checkpoint.load(tmp_path / "old.safetensors")[1] == meta


@pytest.mark.parametrize(
    ("name", "spoil", "why"),
    [
        ("metrics.csv", lambda text: text[: text.rindex("\n", 0, -1) + 1], "the last row is epoch 2, but status.json"),
        ("metrics.csv", lambda text: text + text.splitlines()[-1] + "\n", "3 follows 3; rows are in ascending order"),
        ("steps.csv", lambda text: text.replace(",", ";", 1), "cells in a row"),
        ("environment.json", lambda text: text[:-5], "not JSON"),
        ("diagnoses.jsonl", lambda text: text + "{]\n", "diagnoses.jsonl"),
        ("status.json", lambda text: text.replace('"epoch": 3', '"epoch": 2'), "says that the run came to 2"),
        ("config.yaml", lambda text: "[" + text, "not a config"),
    ],
)
def test_what_is_wrong_is_said(run, name, spoil, why):
    """Each with its file."""
    path = run.path / name
    path.write_text(spoil(path.read_text()))
    problems = verify(run)
    assert any(why in problem for problem in problems), problems


TEXTS = [p for p in FILES if p not in ("decision.json", "plugins.json")]


@pytest.mark.parametrize("name", [*TEXTS, "status.json"])
def test_a_changed_digit_is_seen(run, name):
    """One digit of any text file of a run that has ended: the check says so, and so does a report of the run."""
    path = run.path / name
    data = path.read_bytes()
    at = max(i for i, byte in enumerate(data[:-30]) if chr(byte).isdigit()) if b"0" in data[:-30] else 1
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    assert any(sentence.startswith(f"{path}:") for sentence in verify(run)), verify(run)
    record = read_run(run.path)
    assert any(name in remark for remark in record.remarks), record.remarks


def test_a_changed_row_of_a_killed_run_is_seen(run):
    """Its status lists no rows, but its last checkpoint does."""
    status = read_status(run.status)
    write_status(run.status, replace(status, files={}, state="running", pid=1, host="gone"))
    assert verify(run) == []
    for path in (run.metrics, run.steps, run.layers):
        good = path.read_bytes()
        at = [i for i, byte in enumerate(good) if byte == ord("\n")][2] - 1  # the last digit of the second row
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert verify(run) == [f"{path}: was changed after it was written"]
        with pytest.raises(UserError, match=rf"{path.name}: was changed after .*: restore it, or start a new run"):
            resume(run.path, epochs=5)
        path.write_bytes(good)
    resume(run.path, epochs=5)
    assert verify(run) == []


def test_a_config_that_was_edited(run):
    """A resume goes on with it, and says so once; a run without checksums is read as before."""
    text = run.config.read_text()
    run.config.write_text(text + "# mine\n")
    notes = _Notes()
    resume(run.path, epochs=4, callbacks=[notes])
    assert "config.yaml was changed after it was written; the run goes on with what it says now." in notes.note
    resume(run.path, epochs=5, callbacks=[notes])
    assert "config.yaml" not in notes.note
    write_status(run.status, replace(read_status(run.status), files={}))
    assert not has_checksums(run)
    run.config.write_text(text)
    assert verify(run) == []
    assert read_run(run.path).remarks == []


def test_only_files_of_a_run_are_opened(run, tmp_path):
    """A name in a status that leads out of the run is passed over."""
    (tmp_path / "secret").write_text("x")
    status = read_status(run.status)
    write_status(run.status, replace(status, files=status.files | {"../secret": 1, "/etc/passwd": 1}))
    assert verify(run) == []
    assert read_run(run.path).remarks == []


class _Notes(Callback):
    """Keeps what a run says when it begins."""

    def on_train_begin(self, info):
        self.note = info.note


def test_a_missing_file(run):
    """What every run has is missed."""
    run.metrics.unlink()
    assert verify(run) == [f"{run.metrics}: is missing"]


def test_a_file_of_gigabytes_is_not_read(run, monkeypatch):
    """Its size says that it was changed: no command reads so large a file, and its checksum would take seconds."""
    with run.metrics.open("r+b") as file:
        file.truncate(3 << 30)
    monkeypatch.setattr(checksums, "crc32", lambda *_: pytest.fail("it is read"))
    assert checksums.changed(run.metrics, {"metrics.csv": 1})
    assert checksums.of_files(run.path, ["metrics.csv"]) == {}


def test_a_status_that_cannot_be_read_is_left(run):
    """A file that trainlab writes anew is listed anew; where the status is damaged, there is no list to keep."""
    run.decision.write_text("{}")
    relist(run.path, "decision.json")
    assert "decision.json" in read_status(run.status).files
    run.decision.unlink()
    relist(run.path, "decision.json")
    assert "decision.json" not in read_status(run.status).files
    run.status.write_text("{")
    relist(run.path, "decision.json")
    assert run.status.read_text() == "{"
