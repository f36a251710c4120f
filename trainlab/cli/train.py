"""`trainlab train`: one run from a config, or the rest of a run that was stopped."""

import sys
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainlab.cli import _terminal
from trainlab.cli._fail_on import FailOn, found_at
from trainlab.cli._stopping import heard
from trainlab.core.errors import UserError

if TYPE_CHECKING:
    from trainlab.cli._progress import Quiet
    from trainlab.training.callbacks import RunResult


def train(
    config: Annotated[str | None, typer.Argument(metavar="CONFIG", help="The experiment, a YAML file.")] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Settings that replace the file's, e.g. optimizer.lr=3e-4."),
    ] = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Where run folders are made.")] = Path("runs"),
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the run instead of the config's.")] = None,
    resume: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Go on with this run; train.epochs=N trains a finished one further."),
    ] = None,
    until: Annotated[
        int | None,
        typer.Option(metavar="EPOCH", min=1, help="Stop after this epoch; --resume goes on to the same weights."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the run's folder.")] = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 4 if a diagnosis of this severity or a worse one was made.")
    ] = FailOn.never,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Show the run in a browser while it goes on: `trainlab serve` beside it.")
    ] = False,
    into: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Train a network as CONFIG says, watch it, and leave a run folder behind.

    Progress goes to stderr, the outcome to stdout. Ctrl-C ends the run after the current step; it can be resumed to
    the same final weights. Exit code 3 if training diverged, 130 if it was interrupted.

    Examples:
        trainlab train configs/digits.yaml
        trainlab train configs/digits.yaml optimizer.lr=3e-4 model.hidden=[64,64]
        trainlab train --resume runs/digits-1 train.epochs=60
    """
    given = [part for part in (config, *(overrides or ())) if part is not None]
    with _shown(runs) if serve else nullcontext():
        with _terminal.answering(as_json):
            watcher = watcher_for(quiet)
            with stoppable(watcher):
                if resume is not None:
                    outcome = _go_on(resume, runs, given, until, watcher, {"--name": name, "--into": into})
                else:
                    outcome = _begin(given, runs, name, into, until, watcher)
        code = _exit_code(outcome, fail_on)
        _tell(outcome, code, _again(given, runs, name) if resume is None else (), quiet=quiet, as_json=as_json)
        sys.stdout.flush()
    raise typer.Exit(code)


def _shown(runs: Path) -> AbstractContextManager[None]:
    """The folder of runs in a browser, as long as this lasts."""
    from trainlab.cli.serve import beside

    return beside(runs)


@contextmanager
def stoppable(watcher: "Quiet") -> Generator[None]:
    """While this lasts, Ctrl-C or a polite kill ends the run after its step, and a second one ends it at once."""

    def ask() -> str:
        if watcher.stop or not watcher.running:
            raise KeyboardInterrupt
        watcher.stop = True
        return "stopping after this step; once more ends it at once"

    with heard(ask):
        try:
            yield
        finally:
            watcher.close()


def watcher_for(quiet: bool) -> "Quiet":
    """Somebody who shows a run on stderr: redrawn on a terminal, line by line elsewhere, not at all if quiet."""
    from trainlab.cli import _progress

    if quiet:
        return _progress.Quiet()
    return _progress.Redrawn() if _terminal.live(sys.stderr) else _progress.Lines()


def _begin(
    given: Sequence[str], runs: Path, name: str | None, into: Path | None, until: int | None, watcher: "Quiet"
) -> "RunResult":
    if not given:
        raise UserError("which config? Say `trainlab train CONFIG`; `trainlab new -o CONFIG` writes one to start with")
    from trainlab.search.experiment import read
    from trainlab.training.session import train as run

    return run(read(given[0], given[1:]), runs=runs, name=name, into=into, until=until, watcher=watcher)


def _go_on(
    resumed: str,
    runs: Path,
    given: Sequence[str],
    until: int | None,
    watcher: "Quiet",
    refused: dict[str, object | None],
) -> "RunResult":
    from trainlab.training.session import resume as run

    for option, value in refused.items():
        if value is not None:
            raise UserError(f"--resume goes on in the run's own folder: leave out {option}")
    if not given or "=" in given[0]:
        return run(resumed, runs=runs, watcher=watcher, until=until, epochs=_epochs(given))
    from trainlab.search.experiment import read

    return run(resumed, runs=runs, watcher=watcher, until=until, document=read(given[0], given[1:]))


def _epochs(given: Sequence[str]) -> int:
    """The one setting that may change when a run goes on: how far."""
    epochs = 0
    for text in given:
        key, _, value = text.partition("=")
        if key != "train.epochs":
            raise UserError(
                f"{text}: --resume keeps the run's own config; only train.epochs=N may be added, to train further"
            )
        if not value.isdecimal() or int(value) < 1:
            raise UserError(f"{text}: expected a number of epochs, for example train.epochs=60")
        epochs = int(value)
    return epochs


def _exit_code(outcome: "RunResult", fail_on: FailOn) -> int:
    if outcome.state == "failed":  # a code of monitors.stop_on ended it
        return 3
    return outcome.exit_code or (4 if found_at(fail_on, outcome.diagnoses) else 0)


def _again(given: Sequence[str], runs: Path, name: str | None) -> list[str]:
    """What was typed, in the order in which it can be typed again."""
    options = ["--runs", str(runs)] if runs != Path("runs") else []
    return [*given[:1], *options, *(["--name", name] if name is not None else []), *given[1:]]


def _tell(outcome: "RunResult", code: int, given: Sequence[str], *, quiet: bool, as_json: bool) -> None:
    from trainlab.cli import _summary
    from trainlab.cli._pages import folded, width
    from trainlab.store.folder import RunFolder
    from trainlab.store.status import read_status

    if as_json:
        _terminal.emit(_summary.as_data(outcome, code))
    elif quiet:
        _terminal.say(str(outcome.folder))
    else:
        reason = read_status(RunFolder(outcome.folder).status).reason
        text = _summary.as_text(outcome, given, reason)
        _terminal.say(folded(text, width()) if sys.stdout.isatty() else text)
