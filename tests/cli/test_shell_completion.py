"""What a shell offers when Tab is pressed: commands, options, settings, and the names of runs, findings and kinds.

bash is asked by its protocol; zsh and fish are started where they are installed, with the script that
`trainlab --show-completion` prints for them.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ASKED = [
    ("tra", {"train"}),
    ("train --resu", {"--resume"}),
    ("report digits", {"digits-1", "digits-2"}),
    ("train --resume digits-2", {"digits-2"}),
    ("report --runs elsewhere di", set()),
    ("explain lr-too", {"lr-too-high", "lr-too-low"}),
    ("components opt", {"optimizer"}),
]


@pytest.mark.parametrize(("typed", "want"), ASKED)
def test_bash(typed, want, tmp_path):
    """The script of `--show-completion` asks in this way what may follow."""
    for name in ("digits-1", "digits-2", "moons-1"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    words = ["trainlab", *typed.split()]
    asked = {"_TRAINLAB_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}

    got = subprocess.run(
        [sys.executable, "-m", "trainlab"], env=os.environ | asked, cwd=tmp_path, capture_output=True, text=True
    )

    assert {*got.stdout.split()} == want
    assert got.stderr == ""


SETTINGS = [
    ("model.hid", {"model.hidden="}),
    ("optimizer.b", {"optimizer.b1=", "optimizer.b2="}),
    ("optimizer=adama", {"optimizer=adamax"}),
    ("model.norm=b", {"model.norm=batch"}),
    ("nothing.like.that", set()),
]


def environment(shell, folder):
    """The variables of a shell that finds this environment's trainlab."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PATH": path, "HOME": str(folder), "TERM": "dumb", "SHELL": shell}


def script(shell, folder):
    """The completion that trainlab makes for a shell, as a file. The shell is told by its own process."""
    variables = environment(shell, folder) | {"_TRAINLAB_COMPLETE": f"source_{Path(shell).name}"}
    done = subprocess.run(
        [shutil.which("trainlab", path=variables["PATH"])], env=variables, capture_output=True, text=True
    )
    file = folder / f"trainlab.{Path(shell).name}"
    file.write_text(done.stdout)
    return file


@pytest.fixture
def place(tmp_path):
    """A folder with a config and two runs."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    for name in ("digits-1", "digits-2"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(("typed", "want"), SETTINGS)
def test_settings(typed, want, place):
    """Settings and component names of the config that was named before."""
    asked = {
        "_TRAINLAB_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": f"trainlab train configs/digits.yaml {typed}",
    }
    command = [sys.executable, "-m", "trainlab"]
    got = subprocess.run(command, env=os.environ | asked, cwd=place, capture_output=True, text=True)
    assert {*re.findall(r'"([^"]+)"', got.stdout)} == want


FISH = [
    ("tra", {"train"}),
    ("train --resu", {"--resume"}),
    ("report digits", {"digits-1", "digits-2"}),
    ("train configs/digits.y", {"configs/digits.yaml"}),
    ("train configs/digits.yaml model.hid", {"model.hidden="}),
    ("train configs/digits.yaml optimizer=adama", {"optimizer=adamax"}),
]


@pytest.mark.parametrize(("typed", "want"), FISH)
def test_fish(typed, want, place):
    """Real fish, asked as by Tab."""
    fish = shutil.which("fish") or pytest.skip("fish is not installed")
    ask = f"source {script(fish, place)}; complete -C 'trainlab {typed}'"
    done = subprocess.run(
        [fish, "--no-config", "-c", ask], env=environment(fish, place), cwd=place, capture_output=True, text=True
    )
    assert {line.partition("\t")[0] for line in done.stdout.splitlines()} == want, done.stderr


ZSH = [
    ("report digits", "trainlab report digits-"),
    ("train --resu", "trainlab train --resume "),
    ("train configs/wi", "trainlab train configs/wine.yaml "),
    ("train configs/digits.yaml model.hid", "trainlab train configs/digits.yaml model.hidden="),
    ("components opti", "trainlab components optimizer "),
]


@pytest.mark.parametrize(("typed", "want"), ZSH)
def test_zsh(typed, want, place):
    """Real zsh in a terminal: after Tab, the line is this."""
    zsh = shutil.which("zsh") or pytest.skip("zsh is not installed")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(place)
        os.execve(zsh, [zsh, "-f", "-i"], environment(zsh, place))  # noqa: S606
    try:
        begin = f"PS1='ready> '; autoload -Uz compinit && compinit -u; source {script(zsh, place)}"
        os.write(terminal, f"{begin}\n".encode())
        read_until(terminal, "ready> ", count=2)
        os.write(terminal, f"trainlab {typed}\t".encode())
        assert want in read_until(terminal, want)
    finally:
        os.write(terminal, b"\x03exit\n")
        os.close(terminal)
        os.waitpid(child, 0)


def read_until(terminal, text, *, count=1, seconds=90.0):
    """What a terminal has shown until a text has come so often, without its escape codes, or when time is over."""
    shown, until = "", time.monotonic() + seconds
    while shown.count(text) < count and time.monotonic() < until:
        if select.select([terminal], [], [], 0.2)[0]:
            shown += os.read(terminal, 65536).decode(errors="replace")
            shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x07|.\x08", "", shown)
    return shown
