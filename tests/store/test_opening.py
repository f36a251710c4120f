"""A file of a run folder is what it seems to be: no link, no FIFO, no device; and outputs go where the user says."""

import os
from pathlib import Path

import pytest

from trainlab.core.errors import UserError
from trainlab.store import checkpoint
from trainlab.store.appending import Appender, read_lines
from trainlab.store.folder import RUN_FILES, RunFolder
from trainlab.store.json_file import read_json
from trainlab.store.lock import locked
from trainlab.store.opening import FOLDERS
from trainlab.store.plain_yaml import read_config
from trainlab.store.rows import last_row, read_rows
from trainlab.store.writing import write_atomic, write_output
from trainlab.training.experiment import read_plain
from trainlab.training.train import resume, train

SELDOM = {"regions.csv", "decision.json", "plugins.json"}  # files that a plain run does not have
READERS = [read_json, read_rows, last_row, read_config, read_lines, checkpoint.load, checkpoint.shapes]


@pytest.mark.parametrize("read", READERS, ids=lambda f: f.__name__)
def test_no_reader_follows_a_link_or_waits(tmp_path, read):
    """A link out of the folder, a FIFO that nobody writes, and a device are errors, at once."""
    (tmp_path / "secret").write_text("{}\n")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "fifo")
    for path, why in [
        (tmp_path / "link", "it is a link; trainlab does not follow links in a run folder"),
        (tmp_path / "fifo", "it is not a regular file"),
        (Path("/dev/zero"), "it is not a regular file"),
    ]:
        with pytest.raises(UserError) as caught:
            read(path)
        assert str(caught.value) == f"{path}: cannot read: {why}"


def test_a_file_of_lies_is_not_read_whole(tmp_path):
    """A sparse file of 3 GB is refused by its size; a checkpoint larger than its header says is damaged."""
    path = tmp_path / "status.json"
    with path.open("wb") as file:
        file.truncate(3 << 30)
    for read in (read_json, read_config, read_lines):
        with pytest.raises(UserError, match=r"cannot read: 3,221,225,472 bytes are too many"):
            read(path)
    with pytest.raises(UserError, match="not a safetensors file"):
        checkpoint.load(path)


def test_no_writer_follows_a_link(tmp_path):
    """What a link leads to stays as it is."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "diagnoses.jsonl").symlink_to(victim)
    (tmp_path / ".lock").symlink_to(victim)
    with pytest.raises(UserError, match="does not follow links"):
        Appender(tmp_path / "diagnoses.jsonl")
    with pytest.raises(UserError, match="does not follow links"), locked(tmp_path):
        pass
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("name", [*(file.name for file in RUN_FILES if file.name not in SELDOM), "checkpoints"])
def test_a_refused_resume_changes_nothing(tmp_path, name):
    """A run with a link among its files is refused before anything is written, in the folder and outside."""
    config = {"data": {"name": "iris"}, "train": {"epochs": 1}}
    folder = RunFolder(train(read_plain(config, {}), runs=tmp_path / "runs").folder).path
    outside = tmp_path / "outside"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)
    before = contents(tmp_path)
    with pytest.raises(UserError, match=f"{name}: a (regular file|folder) is expected here"):
        resume(folder, runs=tmp_path)
    assert contents(tmp_path) == before


def contents(folder: Path) -> dict[str, bytes]:
    """Every regular file below a folder."""
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_an_output_goes_where_the_user_says(tmp_path):
    """Through a link to its file, into a FIFO or a device that is there; never in place of it, nor of a folder."""
    (tmp_path / "link").symlink_to(tmp_path / "page.html")
    write_output(tmp_path / "link", b"page")
    assert ((tmp_path / "page.html").read_bytes(), (tmp_path / "link").is_symlink()) == (b"page", True)
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    write_output(tmp_path / "fifo", b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    write_output(Path(os.devnull), b"nothing")
    assert Path(os.devnull).is_char_device()
    with pytest.raises(UserError, match="is a folder; name a file"):
        write_output(tmp_path, b"")
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError):  # `| head`: the command ends without a word
        write_output(Path(f"/proc/self/fd/{writing}" if os.path.exists("/proc") else f"/dev/fd/{writing}"), b"x")
    os.close(writing)
    if os.path.exists("/dev/full"):
        with pytest.raises(UserError, match=r"^/dev/full: cannot write: "):
            write_output(Path("/dev/full"), b"x")
        assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize("name", FOLDERS)
def test_no_folder_inside_a_run_or_sweep_may_be_a_link(tmp_path, name):
    """What lies in such a folder is neither read nor written; where the user has placed a whole run, links are fine."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.json").write_text("{}")
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    assert read_json(tmp_path / name / "x.json") == {}, "a user's own folder of this name"
    (tmp_path / ("trials.csv" if name == "trials" else "status.json")).touch()
    with pytest.raises(UserError, match="its folder is a link; trainlab does not follow links in a run folder"):
        read_json(tmp_path / name / "x.json")
    with pytest.raises(UserError, match="its folder is a link"):
        write_atomic(tmp_path / name / "new.json", b"{}")
    assert os.listdir(tmp_path / "elsewhere") == ["x.json"]


def test_a_whole_run_may_lie_elsewhere(tmp_path):
    """A link to a whole run folder, at a place that the user chose, is followed."""
    (tmp_path / "disk" / "checkpoints").mkdir(parents=True)
    (tmp_path / "disk" / "status.json").write_text("{}")
    (tmp_path / "disk" / "checkpoints" / "x.json").write_text("{}")
    (tmp_path / "run").symlink_to(tmp_path / "disk")
    assert read_json(tmp_path / "run" / "checkpoints" / "x.json") == {}


def test_a_temporary_file_that_waits_as_a_link_is_not_written_through(tmp_path):
    """Who knows the number of our process cannot place a link under the name of a temporary file."""
    (tmp_path / "victim").write_text("mine")
    (tmp_path / f".status.json.{os.getpid()}.tmp").symlink_to(tmp_path / "victim")
    with pytest.raises(UserError, match="it is a link"):
        write_atomic(tmp_path / "status.json", b"{}")
    assert (tmp_path / "victim").read_text() == "mine"
