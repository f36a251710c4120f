"""The `trainlab` command: finds the commands, and turns what goes wrong into a sentence and an exit code.

To add a command, write a module in this folder that holds a function of its name (`lr_range.py`: `def lr_range`), and
put the name into `COMMANDS`. The function parses, calls the lab, prints; its docstring is its help, its last lines an
example under `Examples:`. A module imports nothing heavy at its top: `trainlab --help` loads all of them,
`trainlab NAME` one.

Exit codes: 0 done, 1 a bug in trainlab, 2 bad usage, config or data, 3 training diverged, 4 a check or `--fail-on`
found something, 130 interrupted.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from trainlab.cli import _terminal
from trainlab.core.errors import UserError

COMMANDS = (
    "new",
    "check",
    "lr-range",
    "train",
    "sweep",
    "report",
    "serve",
    "fix",
    "zoo",
    "diff",
    "diagnose",
    "evaluate",
    "predict",
    "ensemble",
    "export",
    "explain",
    "components",
    "schema",
)
HIDDEN = ("trial-server",)  # for trainlab's own use
_SELDOM = (20_000, 20, 50)  # how rarely Python looks for garbage: what a start makes stays, nearly all of it


class Commands(TyperGroup):
    """The group of all commands: every error of theirs leaves as text on stderr and an exit code."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> Any:
        """Run the command line and end the process with its exit code. Nothing to do shows the help."""
        given = list(sys.argv[1:] if args is None else args) or ["--help"]
        extra |= {"standalone_mode": False, "prog_name": "trainlab"}
        try:
            code = super().main(given, **extra)
        except typer.Abort:
            code = 130
        except Exception as error:
            if not hasattr(error, "format_message"):  # what all of Typer's usage errors have, in every version of it
                raise
            code = _misused(error)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        with told():
            result = super().invoke(ctx)
            sys.stdout.flush()
        return result


@contextmanager
def told() -> Generator[None]:
    """What goes wrong inside the block leaves as text on stderr and as `typer.Exit`; a bug goes on as it is."""
    try:
        yield
    except BrokenPipeError:  # `trainlab report | head`: whoever read has seen enough
        _terminal.silence()
        raise typer.Exit(0) from None
    except UserError as error:
        _terminal.note(str(error))
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        _terminal.note("interrupted")
        raise typer.Exit(130) from None
    except OSError as error:
        if error.strerror is None or "TRAINLAB_DEBUG" in os.environ:
            raise
        _terminal.note(": ".join(str(part) for part in (error.filename, error.strerror) if part is not None))
        raise typer.Exit(2) from None


def main(command: Callable[[], object] | None = None) -> None:
    """Run the command line; called by the `trainlab` script and by `python -m trainlab`.

    `command`: what to run instead of the application.
    """
    _terminal.prepare()
    gc.set_threshold(*_SELDOM)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would look for some among all installed packages
    try:
        (command or build(*_asked(sys.argv[1:])))()
    except Exception as error:  # a bug of ours, whatever it is
        if "TRAINLAB_DEBUG" in os.environ:
            raise
        _terminal.note(
            f"trainlab: this is a bug in trainlab ({type(error).__name__}: {error}). Please report it with what "
            "you ran; TRAINLAB_DEBUG=1 before the command shows where it happened."
        )
        sys.exit(1)
    except KeyboardInterrupt:  # before the command began, or after its end
        sys.exit(130)
    finally:  # nothing is left to be stopped: Python's own end takes milliseconds, and would answer with a traceback
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def build(*names: str) -> typer.Typer:
    """The Typer application with these commands; with all of them if none is named."""
    made = typer.Typer(
        cls=Commands,
        name="trainlab",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: fast, and the same on every terminal
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    made.callback()(_trainlab)
    for name in names or (*COMMANDS, *HIDDEN):
        module = name.replace("-", "_")
        command: Callable[..., Any] = getattr(import_module(f"trainlab.cli.{module}"), module)
        text, _, examples = (command.__doc__ or "").partition("Examples:")
        lines = [f"  {line.strip()}" for line in examples.strip().splitlines()]
        made.command(
            name,
            hidden=name in HIDDEN,
            help=text.strip(),
            short_help=text.strip().partition("\n")[0],
            epilog="\n".join(["\b", "Examples:", *lines]),
        )(command)
    return made


def _asked(arguments: Sequence[str]) -> Sequence[str]:
    """The command that these arguments begin with, if they do."""
    return [name for name in arguments[:1] if name in (*COMMANDS, *HIDDEN)]


def _version(wanted: bool) -> None:
    if wanted:
        from trainlab import __version__

        _terminal.say(f"trainlab {__version__}")
        raise typer.Exit(0)


def _trainlab(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Train a neural network from one YAML file, watch it, and learn what is wrong with it and what to change."""


def _misused(error: Any) -> int:
    """Tell what is wrong with the command line itself."""
    text: str = error.format_message()
    where = error.ctx.command_path if error.ctx else "trainlab"
    _terminal.note(f"{where}: {text[0].lower()}{text[1:]}\nTry `{where} --help`.")
    return 2
