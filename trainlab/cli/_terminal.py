"""Output to a terminal, a file or a pipe: results to stdout, everything else to stderr.

`say` and `note` print sentences, which are wrapped on a terminal; `put` and `emit` print data, which are not. Control
characters are made visible, and a character that the stream cannot encode becomes its escape sequence.
"""

import json
import os
import shutil
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, TypeVar

import typer

from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError, visible
from trainlab.report.text import folded
from trainlab.store.strict_json import dumps

N = TypeVar("N", bound=int | None)


def prepare() -> None:
    """Let both streams write any text, whatever their encoding, and open what the caller has closed (`>&-`)."""
    for number, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:  # or a file of ours would get its number, and libraries would write into it
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))
    warnings.showwarning = _warned
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _warned(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any) -> None:
    """Show a warning of ours as a note; where in our code it was made tells a user nothing."""
    ours = str(message).startswith("trainlab: ")
    note(str(message) if ours else warnings.formatwarning(message, category, filename, lineno).rstrip())


def columns(unknown: N) -> int | N:
    """The width for tables and curves: that of stdout if it is a terminal or COLUMNS is set; else `unknown`."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else unknown


def _line_width(stream: TextIO) -> int | None:
    """The width for sentences: None where the stream is no terminal, and programs search the lines."""
    if not live(stream):
        return None
    if "COLUMNS" in os.environ:
        return shutil.get_terminal_size().columns
    return os.get_terminal_size(stream.fileno()).columns or 80  # 0: a terminal that does not tell


def room_for_quotes() -> int:
    """The columns that a quoted line of a config may fill: 100 if stderr is no terminal."""
    return max(20, min(100, (_line_width(sys.stderr) or 109) - 9))  # `  123 | ` stands before it


def say(text: str = "") -> None:
    """Print a result to stdout, wrapped to the width of a terminal."""
    print(folded(shown(text), _line_width(sys.stdout)))


def put(text: str) -> None:
    """Print a result that other programs read (CSV, YAML, a path) to stdout, as it is."""
    print(shown(text))


def note(text: str) -> None:
    """Print progress, warnings and errors to stderr, wrapped to the width of a terminal.

    A stream that is closed or full is no error.
    """
    text = folded(shown(text), _line_width(sys.stderr)) + "\n"
    try:  # one write: the message of a signal handler cannot end up inside a line
        print(text, end="", file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)
    except RuntimeError:  # called by a signal handler during a write: the stream refuses a second one
        with suppress(BrokenPipeError):
            os.write(sys.stderr.fileno(), text.encode(sys.stderr.encoding, "backslashreplace"))


def emit(data: Any) -> None:
    """Print a result to stdout as JSON in ASCII; numbers that JSON lacks are the texts "nan", "inf" and "-inf"."""
    print(json.dumps(json.loads(dumps(data, halves=True)), indent=2))


@contextmanager
def answering(as_json: bool) -> Generator[None]:
    """With --json, print an error of the user as JSON, with the same exit code."""
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


def has_color(stream: TextIO) -> bool:
    """Whether to write colors to the stream: it is a terminal, and NO_COLOR is not set."""
    return live(stream) and not os.environ.get("NO_COLOR")


def silence(*streams: TextIO) -> None:
    """Discard further output of the streams (both, if none is given) that cannot be written any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams or (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
