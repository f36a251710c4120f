"""The `trainlab` command: finds the command that was asked for, and turns errors into a sentence and an exit code.

To add a command, write a module in this folder with a function of its name (`lr_range.py`: `def lr_range`; a keyword
of Python gets a `_` behind it), and add
the name and the first line of the function's docstring to `COMMANDS`. The function parses, calls the rooms below,
prints; its docstring is its help, and the docstring's last lines are examples under `Examples:`.

`trainlab --help` loads no command module, `trainlab NAME` only the one of that name. So a command imports at the top of
its file what it needs, and only large libraries that few calls need (rich, altair) inside the function that uses them.

Exit codes: 0 done, 1 a bug in trainlab, 2 bad usage, config or data, 3 training diverged, 4 a check or `--fail-on`
found something, 130 interrupted, 143 and 129 ended by SIGTERM and SIGHUP with nothing to resume.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from keyword import iskeyword
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

import trainlab
from trainlab.cli import _terminal
from trainlab.cli._plugins import PLUGGED, with_plugins
from trainlab.cli._signals import attentive, end, on_signal
from trainlab.core.errors import Stopped, UserError
from trainlab.core.problem import ConfigError, nearest

_NARROW = 60  # columns of a terminal

COMMANDS = {
    "new": "Write a commented config to start from: mlp (the default), cnn, regression, sweep, csv or tabular.",
    "check": "Find the problems of an experiment before training, in seconds.",
    "lr-range": "Find a learning rate: raise it step by step and see where the loss falls and where it blows up.",
    "train": "Train a network from a config, monitor the training, and write a run folder.",
    "sweep": "Search for better settings: train many trials of an experiment, each in a run folder of its own.",
    "tune": "Find the best network for an experiment within a budget: check, rate, search, refine, confirm, test.",
    "report": "Summarize runs: how they ended, their scores, their findings.",
    "serve": "Show the runs, sweeps and tunes of a folder in a browser; the pages refresh during training.",
    "mcp": "Serve runs and findings to agents and editors over stdin and stdout, by the Model Context Protocol.",
    "fix": "Try the suggested patches of a run in short real runs, and print the smallest patch that helps.",
    "zoo": "Measure the monitors on faulty and healthy runs: detected, named, fixed, false positives.",
    "diff": "Show where two runs first differ: config key, step, layer and quantity, epoch, weights.",
    "diagnose": "Check the training curves in a log that another tool wrote.",
    "import": "Make a run folder of a log that another tool wrote, to report it beside your own runs.",
    "evaluate": "Score the trained network of a run, with the run's own preprocessing.",
    "calibrate": "Fit a temperature to the validation rows of a run, so that its probabilities are calibrated.",
    "predict": "Predict the rows of a file with the trained network of a run.",
    "ensemble": "Combine several trained networks, and score them alone and together.",
    "export": "Write a trained network as one ONNX file or as a PyTorch module, or log a run to a tracker.",
    "lecture": "Run the chapters of the lecture, check their claims, and bind them into one book.",
    "explain": "Explain a finding or a term: what it means, how it is measured, what to do.",
    "components": "List what a config can name: layers, optimizers, data sources, monitors ..., with their settings.",
    "schema": "Print the JSON Schema of a config, for editors that complete and check it.",
}


class Fitting:
    """A mixin: the help of a command fits a terminal of less than 50 columns, for which Typer's lines are too long."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help; names that are longer than their column stand above their texts."""
        width = shutil.get_terminal_size().columns - 2
        if width < _NARROW:
            formatter.width = width
            formatter.write_dl = partial(formatter.write_dl, col_max=width // 4)
        super().format_help(ctx, formatter)  # type: ignore[misc]


class Command(Fitting, TyperCommand):
    """A single command."""


class Commands(Fitting, TyperGroup):
    """The group of all commands: every error of a command leaves as text on stderr and an exit code."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> Any:
        """Run the command line and end the process with its exit code. Without arguments, show the help."""
        given = list(sys.argv[1:] if args is None else args) or ["--help"]
        code: object = 0
        try:
            self._main_shell_completion({}, "trainlab")  # a shell asks for completions; else it returns at once
            with errors_reported():  # of the help, too, which is printed while the arguments are read
                with self.make_context("trainlab", given) as ctx:
                    code = self.invoke(ctx)
                sys.stdout.flush()
        except typer.Exit as ended:
            code = ended.exit_code
        except typer.Abort:
            code = 130
        except Exception as error:
            if not hasattr(error, "format_message"):  # all usage errors of Typer have it, in every version of Typer
                raise
            code = _report_usage(error, given)
        sys.exit(code if isinstance(code, int) else 0)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that was asked for, loaded only now: the group itself holds only names and short helps."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            from trainlab.cli._mistakes import command_meant  # reads all settings: 100 ms

            near = command_meant(args[0], list(COMMANDS))
            hint = f"did you mean `{near}`?" if near else "`trainlab --help` lists them all"
            raise UserError(f"no command `{args[0]}`; {hint}")
        name, _, rest = super().resolve_command(ctx, args)
        return name, name and load(name), rest


@contextmanager
def errors_reported() -> Generator[None]:
    """Turn an error of the user, the system or a signal into text on stderr and `typer.Exit`; a bug passes through."""
    try:
        yield
    except BrokenPipeError:  # `trainlab report | head`: the reader has closed the pipe
        _terminal.silence()
        raise typer.Exit(0) from None
    except ConfigError as error:
        _terminal.note(error.text(_terminal.room_for_quotes()))
        raise typer.Exit(2) from None
    except UserError as error:
        _terminal.note(str(error))
        raise typer.Exit(2) from None
    except KeyboardInterrupt as error:
        raise typer.Exit(_report_stop(error)) from None
    except MemoryError as error:
        _terminal.note(f"not enough memory ({error}); use smaller data or a smaller network")
        raise typer.Exit(2) from None
    except OSError as error:
        if error.strerror is None or "TRAINLAB_DEBUG" in os.environ:
            raise
        _terminal.silence()  # what could not be written to a stream cannot be written at the end either
        _terminal.note(": ".join(str(part) for part in (error.filename, error.strerror) if part is not None))
        raise typer.Exit(2) from None


def _report_stop(error: KeyboardInterrupt) -> int:
    """Say that a signal has ended the command; the exit code."""
    stop = error if isinstance(error, Stopped) else Stopped()
    _terminal.note("interrupted" if stop.number == signal.SIGINT else str(stop))
    return stop.exit_code


def main(command: Callable[[], object] | None = None) -> None:
    """Run the command line; called by the `trainlab` script and by `python -m trainlab`.

    `command`: what to run instead of the application.
    """
    _terminal.prepare()
    try:
        with attentive(), on_signal(end):
            (command or build())()
    except Exception as error:  # a bug in trainlab
        if "TRAINLAB_DEBUG" in os.environ:
            raise
        _terminal.note(
            f"trainlab: this is a bug in trainlab ({type(error).__name__}: {error}). Please report it with what "
            "you ran; TRAINLAB_DEBUG=1 before the command shows where it happened."
        )
        sys.exit(1)
    except KeyboardInterrupt as error:  # before the command began, or after its end
        sys.exit(_report_stop(error))
    finally:  # while Python itself ends, Ctrl-C would only print a traceback
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def build() -> typer.Typer:
    """The Typer application: every command by name and short help, none of them loaded."""
    app = _typer(cls=Commands, add_completion=True)
    app.callback()(_trainlab)
    for name, text in COMMANDS.items():
        app.command(name, short_help=text)(_not_loaded)
    return app


def load(name: str) -> Any:
    """The command of this name, with its module imported: its function, options and help."""
    module = name.replace("-", "_") + "_" * iskeyword(name)
    function: Callable[..., Any] = getattr(import_module(f"trainlab.cli.{module}"), module)
    if name in PLUGGED:
        function = with_plugins(function)
    text, _, examples = (function.__doc__ or "").partition("Examples:")
    lines = [f"  {line.strip()}" for line in examples.strip().splitlines()]
    app = _typer()
    app.command(name, cls=Command, help=text.strip(), epilog="\n".join(["\b", "Examples:", *lines]))(function)
    return typer.main.get_command(app)


def _typer(*, add_completion: bool = False, **more: Any) -> typer.Typer:
    return typer.Typer(
        name="trainlab",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: fast, and the same on every terminal
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        add_completion=add_completion,
        **more,
    )


def _not_loaded() -> None:
    """Stands for each command in the list of commands."""


def _version(wanted: bool) -> None:
    if wanted:
        _terminal.say(f"trainlab {trainlab.__version__}")
        raise typer.Exit(0)


def _trainlab(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Train a neural network from one YAML file, monitor it, and learn what is wrong with it and what to change."""


def _report_usage(error: Any, given: Sequence[str]) -> int:
    """Print what is wrong with the command line itself; the exit code."""
    command = " ".join(["trainlab", *[name for name in given[:1] if name in COMMANDS]])
    where = error.ctx.command_path if error.ctx else command
    _terminal.note(f"{where}: {_usage(error)}\nTry `{where} --help`.")
    return 2


def _usage(error: Any) -> str:
    """What is wrong, in our own words for the usual mistakes: Typer's own change with its versions."""
    kind, param = type(error).__name__, getattr(error, "param", None)
    if kind == "MissingParameter" and param is not None:
        name: str = param.metavar if param.param_type_name == "argument" else param.opts[0]
        return f"missing {param.param_type_name} `{name}`"
    if kind == "NoSuchOption":
        from trainlab.cli._mistakes import setting_meant, takes_settings  # reads all settings: 100 ms

        option = error.option_name
        if takes_settings(error) and (setting := setting_meant(option)):
            return f"no option `{option}`; a setting is an argument of its own: {setting}=..."
        near = nearest(option, list(error.possibilities or ()))
        return f"no option `{option}`" + (f"; did you mean `{near}`?" if near else "")
    if kind == "BadOptionUsage":
        return f"option `{error.option_name}` needs a value"
    text: str = error.format_message()
    return text[:1].lower() + text[1:]
