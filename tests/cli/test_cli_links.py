"""A run or sweep of a stranger: whatever in it is a link, no command writes where the link leads."""

import os
import shutil
from pathlib import Path

import pytest

RUN = [
    ["report", "moons-1"],
    ["report", "moons-1", "--html", "page.html"],
    ["report", "--compare"],
    ["report", "moons-1", "--verify"],
    ["diff", "runs/moons-1", "runs/other-1"],
    ["evaluate", "moons-1"],
    ["calibrate", "moons-1"],
    ["ensemble", "moons-1", "other-1"],
    ["diagnose", "runs/moons-1"],
    ["import", "runs/moons-1", "--name", "imported"],
    ["fix", "moons-1", "--budget", "1"],
    ["train", "--resume", "moons-1", "train.epochs=5", "--quiet"],
]
ABSENT = ["checkpoints", "fixes", "plugins", "plugins.json", "decision.json", ".lock", ".status.json.tmp"]
SWEEP = [
    "sweep.yaml",
    ".trials",
    ".session",
    "trials",
    "trials/0001",
    "trials/0001/config.yaml",
    "trials/0001/stderr.txt",
    "trials/0001/checkpoints",
    "trials/0003",
]


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its bytes, every folder with None."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def replaced_by_link(path: Path, away: Path) -> None:
    """Move a file or folder away, or make one there, and put a link to it in its place."""
    away.mkdir()
    target = away / path.name
    if path.exists():
        shutil.move(path, target)
    elif "." in path.name:
        target.write_text("{}")
    else:
        target.mkdir()
    path.symlink_to(target)


@pytest.mark.parametrize("command", RUN, ids=" ".join)
def test_no_command_writes_through_a_link_of_a_run(cli, trained, folder, command):
    """Each file of a run in turn is a link to a file elsewhere: that stays as it was, and no error is a bug."""
    shutil.copytree(trained, folder / "runs" / "other-1")
    shutil.copytree(folder / "runs", folder / "kept")
    names = [str(path.relative_to(trained)) for path in trained.rglob("*") if path.is_file()]
    for name in sorted({*names, *ABSENT}):
        shutil.rmtree(folder / "runs")
        shutil.rmtree(folder / "away", ignore_errors=True)
        shutil.copytree(folder / "kept", folder / "runs")
        replaced_by_link(folder / "runs" / "moons-1" / name, folder / "away")
        before = contents(folder / "away")
        got = cli(*command)
        assert got.exit_code in (0, 2, 3, 4), (name, got.output)
        assert contents(folder / "away") == before, name


@pytest.mark.parametrize("name", SWEEP)
def test_a_sweep_with_a_link_is_not_resumed(cli, folder, name):
    """A link anywhere in a sweep is refused before anything is written, there or elsewhere."""
    more = ["sweep.space={optimizer.lr: {choice: [0.01, 0.02, 0.03]}}", "train.epochs=1"]
    assert cli("sweep", "moons.yaml", *more, "--trials", "2", "--workers", "1", "--quiet").exit_code == 0
    sweep = folder / "runs" / "moons-sweep-1"
    replaced_by_link(sweep / name, folder / "away")
    before = contents(folder)
    got = cli("sweep", "--resume", "moons-sweep-1", "--trials", "3", "--workers", "1", "--quiet")
    assert got.exit_code == 2
    link = Path("runs") / "moons-sweep-1" / name
    assert got.stderr == (
        "no sweep `moons-sweep-1`: there are no sweeps in runs\n"
        if name == "trials"
        else f"{link}: is a link; trainlab does not follow links in a sweep\n"
    )
    assert contents(folder) == before
    assert os.path.islink(sweep / name)
    away = contents(folder / "away")
    for command in (["report", "moons-sweep-1"], ["report", "moons-sweep-1", "--html", "page.html"]):
        assert cli(*command).exit_code in (0, 2)
    assert contents(folder / "away") == away
