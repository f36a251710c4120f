"""Text on its way to a terminal, a file or a pipe: results to stdout, everything else to stderr.

Whatever a user wrote is shown with its control characters made visible, and a stream that cannot show a character
gets its escape instead of an error.
"""

import json
import os
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, TypeVar

import typer

from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError, visible
from trainlab.store.strict_json import dumps

N = TypeVar("N", bound=int | None)


def prepare() -> None:
    """Let both streams write any text, whatever their encoding."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def columns(unknown: N) -> int | N:
    """How wide stdout is, where it is a terminal or COLUMNS says so; else `unknown`."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else unknown


def say(text: str = "") -> None:
    """Print a result to stdout."""
    print(shown(text))


def note(text: str) -> None:
    """Print what is no result (progress, warnings, errors) to stderr; a stream that is closed hears nothing."""
    text = shown(text) + "\n"
    try:  # in one piece: what a signal has to say comes before or after a line, not amid it
        print(text, end="", file=sys.stderr, flush=True)
    except BrokenPipeError:
        silence(sys.stderr)
    except RuntimeError:  # a signal came while the stream was being written to, and it takes nothing until that is over
        with suppress(BrokenPipeError):
            os.write(sys.stderr.fileno(), text.encode(sys.stderr.encoding, "backslashreplace"))


def emit(data: Any) -> None:
    """Print a result to stdout as JSON in ASCII; numbers that JSON lacks are the texts "nan", "inf" and "-inf"."""
    print(json.dumps(json.loads(dumps(data)), indent=2))


@contextmanager
def answering(as_json: bool) -> Generator[None]:
    """Where data was asked for, a mistake of the user's is answered as data too, and with the same exit code."""
    try:
        yield
    except UserError as error:
        if not as_json:
            raise
        problems = [p.as_dict() for p in error.problems] if isinstance(error, ConfigError) else []
        emit({"error": str(error), "problems": problems})
        raise typer.Exit(2) from None


def shown(text: str) -> str:
    r"""The text, line by line, with control characters made visible.

    >>> shown("a\x1b[1m\nb")
    'a\\x1b[1m\nb'
    """
    return "\n".join(visible(line) for line in text.split("\n"))


def fits(sample: str, stream: TextIO) -> bool:
    """Whether the stream's encoding has all characters of the sample."""
    try:
        sample.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def live(stream: TextIO) -> bool:
    """Whether the stream is a terminal on which lines can be redrawn."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def silence(*streams: TextIO) -> None:
    """Send the rest to nowhere: nobody reads these streams (both, if none is named) any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams or (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
