"""`trainlab train`: train a run from a config, or resume one."""

import re
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from trainlab.cli import _completion, _progress, _summary, _terminal
from trainlab.cli._fail_on import FailOn, found_at
from trainlab.cli._stopping import stoppable
from trainlab.core.errors import UserError
from trainlab.engine.torch.processes import leads
from trainlab.search.experiment import read
from trainlab.training import train as training
from trainlab.training.callbacks import RunResult
from trainlab.training.checkpointing import BACKEND_SETTINGS


def train(
    config: Annotated[str | None, typer.Argument(metavar="CONFIG", help="The experiment, a YAML file.")] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE",
            autocompletion=_completion.settings,
            help="Settings that replace the file's, e.g. optimizer.lr=3e-4.",
        ),
    ] = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder in which run folders are made.")] = Path("runs"),
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the run instead of the config's.")] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            autocompletion=_completion.runs,
            help="Resume this run; train.epochs=N trains a finished run further, train.engine=torch goes on there.",
        ),
    ] = None,
    until: Annotated[
        int | None,
        typer.Option(metavar="EPOCH", min=1, help="Stop after this epoch; --resume continues to the same weights."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the run's folder.")] = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 4 if there is a finding of this severity or worse.")
    ] = FailOn.never,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Show the run in a browser during training, as `trainlab serve` does.")
    ] = False,
    into: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Train a network from a config, monitor the training, and write a run folder.

    Progress goes to stderr, the result to stdout. Ctrl-C stops after the current step; a second Ctrl-C stops
    immediately. A stopped run can be resumed to the same final weights. Exit code 3 if training diverged, 130 if it was
    interrupted.

    Examples:
        trainlab train configs/digits.yaml
        trainlab train configs/digits.yaml optimizer.lr=3e-4 model.hidden=[64,64]
        trainlab train --resume runs/digits-1 train.epochs=60
    """
    given = [part for part in (config, *(overrides or ())) if part is not None]
    with _shown(runs) if serve else nullcontext():
        with _terminal.answering(as_json):
            progress = progress_for(quiet)
            with stoppable(progress):
                if resume is not None:
                    result = _go_on(resume, runs, given, until, progress, {"--name": name, "--into": into})
                else:
                    result = _begin(given, runs, name, into, until, progress)
        if not leads():
            raise typer.Exit()
        code = result.exit_code or (4 if found_at(fail_on, result.findings) else 0)
        _print(result, code, _again(given, runs, name) if resume is None else (), quiet=quiet, as_json=as_json)
        sys.stdout.flush()
    raise typer.Exit(code)


def _shown(runs: Path) -> AbstractContextManager[None]:
    """Shows the folder of runs in a browser during the run."""
    from trainlab.cli.serve import served  # a server takes 100 ms to import, and few runs are served

    return served(runs)


def progress_for(quiet: bool) -> _progress.Quiet:
    """The callback that shows a run on stderr: redrawn on a terminal, line by line elsewhere, nothing if quiet."""
    if quiet or not leads():
        return _progress.Quiet()
    if not _terminal.live(sys.stderr):
        return _progress.Lines()
    from trainlab.cli._live import Redrawn  # rich takes 40 ms to import

    return Redrawn()


def _begin(
    given: Sequence[str], runs: Path, name: str | None, into: Path | None, until: int | None, progress: _progress.Quiet
) -> RunResult:
    if not given:
        raise UserError("no config given: run `trainlab train CONFIG`; `trainlab new -o CONFIG` writes an example")

    document = read(given[0], given[1:])
    if document.value.sweep is not None and type(progress) is not _progress.Quiet:
        _terminal.note(
            "one run, no search: of the config's block `sweep` only the metric is used; see `trainlab sweep`"
        )
    return training.train(document, runs=runs, name=name, into=into, until=until, callbacks=[progress])


def _go_on(
    resumed: str,
    runs: Path,
    given: Sequence[str],
    until: int | None,
    progress: _progress.Quiet,
    refused: dict[str, object | None],
) -> RunResult:
    for option, value in refused.items():
        if value is not None:
            raise UserError(f"--resume continues in the run's own folder: leave out {option}")
    if given and "=" not in given[0]:
        document = read(given[0], given[1:])
        return training.resume(resumed, runs=runs, callbacks=[progress], until=until, document=document)
    how: dict[str, Any] = {"epochs": _epochs(given), "until": until}
    how["backend"] = [text for text in given if not text.startswith("train.epochs=")]
    return training.resume(resumed, runs=runs, callbacks=[progress], **how)


def _epochs(given: Sequence[str]) -> int:
    """The number of epochs, which may change when a run is resumed, as its backend may."""
    epochs = 0
    for text in given:
        key, _, value = text.partition("=")
        if key in BACKEND_SETTINGS:
            continue
        if key != "train.epochs":
            raise UserError(
                f"{text}: --resume keeps the run's own config; only train.epochs=N may be added, to train further, or "
                "another backend (train.engine=torch)"
            )
        if not re.fullmatch("0*[1-9][0-9]{0,11}", value):
            raise UserError(f"{text}: expected a number of epochs, for example train.epochs=60")
        epochs = int(value)
    return epochs


def _again(given: Sequence[str], runs: Path, name: str | None) -> list[str]:
    """The arguments of this command, to be typed again."""
    options = ["--runs", str(runs)] if runs != Path("runs") else []
    return [*given[:1], *options, *(["--name", name] if name is not None else []), *given[1:]]


def _print(result: RunResult, code: int, given: Sequence[str], *, quiet: bool, as_json: bool) -> None:
    if as_json:
        _terminal.emit(_summary.as_data(result, code))
    elif quiet:
        _terminal.put(str(result.folder))
    else:
        _terminal.say(_summary.as_text(result, given))
