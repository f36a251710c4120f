"""`trainlab report --verify`: a flipped bit, a lost row, a file of another run."""

import json
import shutil

import pytest

from trainlab.core.errors import UserError
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder
from trainlab.store.verify import verify
from trainlab.training.experiment import read_plain
from trainlab.training.train import train


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run."""
    config = {"data": {"name": "iris"}, "train": {"epochs": 3}}
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


def test_a_missing_file(run):
    """What every run has is missed."""
    run.metrics.unlink()
    assert verify(run) == [f"{run.metrics}: is missing"]
