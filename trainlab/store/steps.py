"""The format of tune.jsonl: a line of JSON, with its checksum, for each step of a tune that is over."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from zlib import crc32

from trainlab.core.errors import UserError
from trainlab.store.appending import read_lines
from trainlab.store.checksums import CHANGED
from trainlab.store.strict_json import dumps, loads

FILE = "tune.jsonl"
CONFIRM = "confirm"  # the folder of the runs that confirm the best trials
CLOCK = "clock"  # the name of a line that tells the time only
_MARK = ', "checksum": '


def line_of(step: Mapping[str, Any]) -> str:
    """A step as a line."""
    text = dumps(dict(step))
    return f"{text[:-1]}{_MARK}{crc32(text.encode())}}}\n"


def read_steps(path: Path) -> list[dict[str, Any]]:
    """The lines of the file; a torn last one is left out.

    Raises UserError if it is missing, damaged or was changed. Lines of older versions have no checksum.
    """
    found: list[dict[str, Any]] = []
    for number, line in enumerate(read_lines(path).split("\n")[:-1], start=1):
        head, mark, checksum = line.rpartition(_MARK)
        text = f"{head}}}" if mark else line
        if mark and checksum != f"{crc32(text.encode())}}}":
            raise UserError(f"{path}:{number}: {CHANGED}")
        try:
            value = cast("dict[str, Any]", loads(text))
            if not isinstance(value["step"], str):
                raise TypeError("`step` is a name")
            _ = float(value["seconds"])
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise UserError(f"{path}:{number}: not a step of a tune: {error}") from error
        found.append(value)
    return found


def is_tune(path: Path) -> bool:
    """Whether a folder holds a tune."""
    return (path / FILE).is_file()
