"""The configs of `broken/` and `broken_toys/` and the text that each is answered with, in the .txt file beside it.

`python tests/core/core_broken.py` writes these texts anew; read the difference before you keep it.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from toybox import Room

from trainlab.core import config
from trainlab.core.problem import ConfigError
from trainlab.search import experiment
from trainlab.training.setup import check

HERE = Path(__file__).parent


def answer(file: Path) -> str:
    """What a user is told about a config; nothing if it is fine."""
    read: Callable[[str], None] = _read_toys if file.parent.name == "broken_toys" else _read_and_check
    before = Path.cwd()
    os.chdir(file.parent)
    try:
        read(file.name)
    except ConfigError as error:
        return f"{error}\n"
    finally:
        os.chdir(before)
    return ""


def files() -> list[Path]:
    """All broken configs."""
    return sorted(HERE.glob("broken*/*.yaml"))


def _read_toys(name: str) -> None:
    config.read(Room, name)


def _read_and_check(name: str) -> None:
    check(experiment.read(name))


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    for one in files():
        one.with_suffix(".txt").write_text(answer(one), encoding="utf-8")
