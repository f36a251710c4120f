"""The format of tune.jsonl: a line of JSON for each step of a tune that is over."""

from pathlib import Path
from typing import Any, cast

from trainlab.core.errors import UserError
from trainlab.store.appending import read_lines
from trainlab.store.strict_json import loads

FILE = "tune.jsonl"
CONFIRM = "confirm"  # the folder of the runs that confirm the best trials
CLOCK = "clock"  # the name of a line that tells the time only


def read_steps(path: Path) -> list[dict[str, Any]]:
    """The lines of the file; a torn last one is left out. Raises UserError if it is missing or damaged."""
    found: list[dict[str, Any]] = []
    for number, line in enumerate(read_lines(path).splitlines(), start=1):
        try:
            value = cast("dict[str, Any]", loads(line))
            _ = value["step"], float(value["seconds"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path}:{number}: not a step of a tune: {error}") from error
        found.append(value)
    return found


def is_tune(path: Path) -> bool:
    """Whether a folder holds a tune."""
    return (path / FILE).is_file()
