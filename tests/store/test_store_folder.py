"""Run folders: made atomically, named readably, held by one process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trainlab.core.errors import UserError
from trainlab.store.folder import RUN_FILES, RunFolder, is_run, refuse_links, safe_name

FILES = ["config.yaml", "status.json", "metrics.csv", "steps.csv", "layers.csv", "diagnoses.jsonl", "environment.json"]


def test_next_free_number(tmp_path):
    """NAME-N takes the number after the highest, whatever else lies there."""
    runs = tmp_path / "deep" / "runs"
    assert RunFolder.create(runs, "a").path == runs / "a-1"
    assert RunFolder.create(runs, "a").path == runs / "a-2"
    (runs / "a-10").mkdir()
    (runs / "a-x").mkdir()
    (runs / "b-77").mkdir()
    (runs / "a-0999-old").mkdir()
    folder = RunFolder.create(runs, "a")
    assert folder.path == runs / "a-11"
    assert (folder.name, [p.name for p in folder.path.iterdir()]) == ("a-11", ["checkpoints"])
    assert RunFolder.create(runs, "a-11").path == runs / "a-11-1"


def test_eight_processes_never_share_a_folder(tmp_path):
    """Eight processes that make 20 folders each at the same time get 160 different ones, numbered 1 to 160."""
    code = f"""
import sys
from pathlib import Path
from pathlib import Path
from trainlab.store.folder import RunFolder
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20): print(RunFolder.create(Path({str(tmp_path)!r}), "race").name)
"""
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    names = [name for child in children for name in child.communicate()[0].split()]
    assert sorted(int(n.removeprefix("race-")) for n in names) == list(range(1, 161))


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("digits-mlp", "digits-mlp"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "run"),
        ("", "run"),
        ("a\\b:c*d?e|f<g>h\"i'j", "a-b-c-d-e-f-g-h-i-j"),
        ("  two  words\n", "two-words"),
        ("größe 学习", "größe-学习"),
        ("e\u0301", "é"),
        ("\x1b[31mred\u202e", "31mred"),
        ("lr=1e-3,wd=0.1", "lr=1e-3,wd=0.1"),
        ("-rf", "rf"),
        (".hidden", "hidden"),
        ("\ud800x", "x"),
        ("é" * 300, "é" * 50),
    ],
)
def test_names_are_safe_and_readable(tmp_path, name, want):
    """A name keeps its letters and never leaves the folder of runs."""
    assert safe_name(name) == want
    assert RunFolder.create(tmp_path, name).path == tmp_path / f"{want}-1"


def test_into(tmp_path):
    """A given folder is taken as it is, unless a run is in it."""
    place = tmp_path / "trials" / "0003"
    folder = RunFolder.create(tmp_path, "a", into=place)
    assert folder.path == place
    folder.config.write_text("name: a\n")
    assert RunFolder.create(tmp_path, "a", into=place) == folder
    folder.status.write_text("{}")
    with pytest.raises(UserError) as caught:
        RunFolder.create(tmp_path, "a", into=place)
    assert str(caught.value) == (f"{place}: there is a run in this folder already; choose another, or use --resume")


def test_paths(tmp_path):
    """Every file of the contract has its property."""
    f = RunFolder(tmp_path)
    paths = [f.config, f.status, f.metrics, f.steps, f.layers, f.diagnoses, f.environment]
    assert [p.name for p in paths] == FILES
    assert f.checkpoints == tmp_path / "checkpoints"


def test_the_files_are_documented():
    """docs/run-folder.md lists the files in the order of their declaration, with the same meanings."""
    text = (Path(__file__).parents[2] / "docs" / "run-folder.md").read_text(encoding="utf-8")
    tree = text.partition("runs/digits-1/\n")[2].partition("  checkpoints/ ")[0]
    assert tree.splitlines() == [f"  {file.name:<19}{file.meaning}" for file in RUN_FILES]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    """A folder without the right to write is named."""
    tmp_path.chmod(0o500)
    with pytest.raises(UserError) as caught:
        RunFolder.create(tmp_path / "runs", "a")
    tmp_path.chmod(0o700)
    assert str(caught.value) == f"{tmp_path}/runs: cannot make this folder: Permission denied"


def test_a_file_in_the_way(tmp_path):
    """A file where the folder should be is named."""
    (tmp_path / "runs").write_text("")
    with pytest.raises(UserError) as caught:
        RunFolder.create(tmp_path / "runs", "a")
    assert str(caught.value) == f"{tmp_path}/runs: cannot make this folder: a file of that name is in the way"
    with pytest.raises(UserError) as caught:
        RunFolder.create(tmp_path / "runs" / "more", "a")
    assert str(caught.value) == f"{tmp_path}/runs/more: cannot make this folder: Not a directory"


def test_open(tmp_path, monkeypatch):
    """A run is found by its path or its name, and a wrong name is answered with the near ones."""
    runs = tmp_path / "runs"
    first, second = RunFolder.create(runs, "digits"), RunFolder.create(runs, "iris")
    first.config.write_text("")
    assert RunFolder.open("digits-1", runs) == first
    assert RunFolder.open(second.path, tmp_path) == second
    monkeypatch.chdir(runs)
    assert RunFolder.open("iris-1", tmp_path).name == "iris-1"
    monkeypatch.chdir(first.path)
    assert RunFolder.open(".", runs).name == "digits-1"
    (runs / "notes").mkdir()
    (runs / "notes" / "a.txt").write_text("")
    for given, want in {
        "digit-1": f"no run `digit-1` in {runs}; did you mean `digits-1`?",
        "zebra": f"no run `zebra` in {runs}; it holds digits-1, iris-1",
        str(runs / "notes"): f"{runs}/notes: not a run folder: it has none of {', '.join(FILES)}",
    }.items():
        with pytest.raises(UserError) as caught:
            RunFolder.open(given, runs)
        assert str(caught.value) == want
    with pytest.raises(UserError) as caught:
        RunFolder.open("a", tmp_path / "none")
    assert str(caught.value) == f"no run `a`: there are no runs in {tmp_path}/none"
    assert not is_run(runs)


def test_one_process_holds_a_folder(tmp_path):
    """A second process is told who trains here; when the first is killed, the folder is free at once."""
    folder = RunFolder.create(tmp_path, "a")
    code = f"""
from pathlib import Path
from trainlab.store.folder import RunFolder
with RunFolder(Path({str(folder.path)!r})).lock():
    print("held", flush=True)
    input()
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(UserError) as caught, folder.lock():
        pytest.fail("two processes hold one folder")
    assert str(caught.value) == (
        f"{folder.path}: process {child.pid} on {os.uname().nodename} is training in this run folder; "
        "wait until it ends, or stop it, and then use --resume"
    )
    child.send_signal(signal.SIGKILL)
    child.communicate()
    (folder.path / ".status.json.99.tmp").write_text("half")
    (folder.checkpoints / ".last.safetensors.99.tmp").write_text("half")
    with folder.lock():
        with pytest.raises(UserError), folder.lock():
            pytest.fail("held twice in one process")
        assert list(folder.checkpoints.iterdir()) == [], "what a killed writer left is cleared"
    assert [p.name for p in folder.path.iterdir()] == ["checkpoints"]
    with folder.lock():
        pass


def test_a_folder_in_the_place_of_a_file(tmp_path):
    """It is noticed before a sweep or tune is resumed, not when its other files have changed."""
    (tmp_path / "search-1.5").mkdir()
    (tmp_path / "trials").mkdir()
    refuse_links(tmp_path)
    (tmp_path / "learnt.json").mkdir()
    with pytest.raises(UserError, match=r"learnt\.json: is a folder, and a regular file is expected here"):
        refuse_links(tmp_path)
    (tmp_path / "learnt.json").rmdir()
    (tmp_path / "search-1.5" / "trials").symlink_to(tmp_path / "trials")
    with pytest.raises(UserError, match=r"trials: is a link"):
        refuse_links(tmp_path)
