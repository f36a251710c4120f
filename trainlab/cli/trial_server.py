"""`trainlab trial-server`, started by a sweep and never by hand: the process whose copies train its trials."""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

_TINY = """\
data: {name: friedman1, samples: 40}
model: {name: mlp, hidden: [2]}
train: {epochs: 1}
"""


def trial_server(handle: Annotated[int, typer.Argument(help="Number of the socket to listen to.")]) -> None:
    """Train the trials of a sweep in copies of this process, each by the command line that it would have on its own.

    Examples:
        trainlab sweep configs/digits-sweep.yaml
    """
    import socket

    from trainlab.cli.main import app
    from trainlab.data.loading import kept_rows
    from trainlab.lab.sweep.execution.fork_server import serve

    command = typer.main.get_command(app)
    with kept_rows():
        serve(socket.socket(fileno=handle), partial(_run, command), partial(_prepare, command))


def _run(command: Callable[[], object], arguments: list[str]) -> int:
    """The command line, and the exit code that it ends with."""
    from trainlab.cli.main import main

    sys.argv = ["trainlab", *arguments]
    try:
        main(command)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _prepare(command: Callable[[], object], arguments: list[str]) -> None:
    """What all trials need, done once: import everything, by training something tiny, and read the rows."""
    from trainlab.core.streams import Streams
    from trainlab.data.loading import rows_of
    from trainlab.lab.experiment import read
    from trainlab.lab.sweep.execution.job import Job

    with TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_text(_TINY)
        if _run(command, Job(Path(folder)).arguments) != 0:
            raise RuntimeError("a tiny network cannot be trained")
    trial = next(word for option, word in pairwise(arguments) if option in ("--into", "--resume"))
    with suppress(Exception):  # what is wrong with the first trial is told by the first trial
        experiment = read(Path(trial) / "config.yaml").value
        rows_of(experiment.data, Streams(experiment.seed if experiment.data.seed is None else experiment.data.seed))
