"""Commands run in this process, in a folder of their own, and a small trained run to look at."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner, Result

from trainlab.cli.main import build

MOONS = """\
name: moons
data: {name: moons, preprocess: [standardize]}
model: {name: mlp, hidden: [16]}
optimizer: {name: adam, lr: 0.02}
train: {epochs: 3, batch_size: 64}
"""


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Products on one thread: on small networks more are slower, and ten times so on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with moons.yaml in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRAINLAB_DEBUG", raising=False)
    (tmp_path / "moons.yaml").write_text(MOONS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def cli(folder: Path) -> Callable[..., Result]:
    """Runs a command line in this process: `cli("train", "moons.yaml").stdout`."""

    def run(*args: str) -> Result:
        return CliRunner().invoke(build(), list(args), catch_exceptions=False)

    return run


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "moons.yaml").write_text(MOONS, encoding="utf-8")
    args = ["train", str(folder / "moons.yaml"), "--runs", str(folder / "runs"), "--quiet"]
    assert CliRunner().invoke(build(), args).exit_code == 0
    return folder / "runs" / "moons-1"


@pytest.fixture
def trained(_trained: Path, folder: Path) -> Path:
    """A finished run, `runs/moons-1`, that a test may spoil."""
    shutil.copytree(_trained, folder / "runs" / "moons-1")
    return folder / "runs" / "moons-1"


@pytest.fixture
def started() -> tuple[list[str], dict[str, str]]:
    """How a child process runs trainlab: the start of its command line, and its environment."""
    root = str(Path(__file__).parents[2])
    kept = {
        k: v for k, v in os.environ.items() if k not in ("TRAINLAB_DEBUG", "NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS")
    }
    return [sys.executable, "-m", "trainlab"], {**kept, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
