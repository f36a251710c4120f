"""environment.json says what a run was made with."""

import json
import platform
import shutil
import subprocess

import numpy as np
import pytest

import trainlab
from trainlab.store.environment import blas, describe, git, write_environment


def commit(folder, *command):
    """Runs git in a folder, apart from the machine's own settings."""
    program = shutil.which("git")
    if program is None:
        pytest.skip("no git here")
    options = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    done = subprocess.run([program, *options, *command], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_git(tmp_path):
    """The commit is named; a changed tracked file makes it dirty, an untracked one does not; no git gives None."""
    assert git(tmp_path / "absent") is None
    commit(tmp_path, "init", "-q")
    (tmp_path / "c.yaml").write_text("a")
    commit(tmp_path, "add", "c.yaml")
    commit(tmp_path, "commit", "-qm", "x")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "new").write_text("")
    head = commit(tmp_path, "rev-parse", "HEAD")
    assert git(tmp_path / "runs") == {"commit": head, "dirty": False}
    (tmp_path / "c.yaml").write_text("b")
    assert git(tmp_path) == {"commit": head, "dirty": True}


def test_no_git_program(tmp_path, monkeypatch):
    """Without the git program there is simply no commit."""
    monkeypatch.setenv("PATH", "")
    assert git(tmp_path) is None


def test_blas_threads():
    """Each BLAS is named with the number of threads that it uses."""
    np.ones((2, 2)) @ np.ones((2, 2))
    found = blas()
    assert found
    assert all(lib["num_threads"] >= 1 and lib["internal_api"] for lib in found)


def test_describe(tmp_path, monkeypatch):
    """Versions, platform, command and data are there, and the file is JSON."""
    monkeypatch.setattr("sys.argv", ["trainlab", "train", "a b.yaml"])
    monkeypatch.chdir(tmp_path)
    got = describe(tmp_path, {"rows": 3})
    want = {"trainlab": trainlab.__version__, "python": platform.python_version(), "data": {"rows": 3}}
    assert {k: got[k] for k in want} == want
    assert got["command"] == "trainlab train 'a b.yaml'"
    assert got["folder"] == str(tmp_path)
    assert got["packages"]["numpy"] == np.__version__
    write_environment(tmp_path / "e.json", got)
    assert json.loads((tmp_path / "e.json").read_text()) == got
