"""`trainlab trial-server`, started by a sweep and never by hand: the process whose copies train its trials."""

import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from trainlab.lab.sweep.execution.job import Job

_TINY = """\
data: {name: friedman1, samples: 40}
model: {name: mlp, hidden: [2]}
train: {epochs: 1}
"""


def trial_server(handle: Annotated[int, typer.Argument(help="Number of the socket to listen to.")]) -> None:
    """Train the trials of a sweep in copies of this process, each as the command line would have done it.

    Examples:
        trainlab sweep configs/digits-sweep.yaml
    """
    import socket

    from trainlab.data.loading import kept_rows
    from trainlab.lab.sweep.execution.fork_server import serve

    with kept_rows():
        serve(socket.socket(fileno=handle), _run, _prepare)


def _run(job: "Job") -> int:
    """Train a trial; the exit code."""
    from trainlab.cli.main import main

    sys.argv = ["trainlab", *job.arguments]
    try:
        main(partial(_train, job))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _train(job: "Job") -> NoReturn:
    """What `trainlab train` would do with the job's arguments, without reading them."""
    from trainlab.cli._progress import Quiet
    from trainlab.cli.main import told
    from trainlab.cli.train import stoppable
    from trainlab.lab.experiment import read_own
    from trainlab.lab.run import resume, train

    watcher = Quiet()
    try:
        with told(), stoppable(watcher):
            if job.resume:
                outcome = resume(job.folder, until=job.until, watcher=watcher)
            else:
                document = read_own(job.folder / "config.yaml")
                outcome = train(document, into=job.folder, until=job.until, watcher=watcher)
    except typer.Exit as end:
        sys.exit(end.exit_code)
    sys.exit(outcome.exit_code)


def _prepare(job: "Job") -> None:
    """What all trials need, done once: import everything, by training something tiny, and read the rows."""
    from trainlab.core.streams import Streams
    from trainlab.data.loading import rows_of
    from trainlab.lab.experiment import read
    from trainlab.lab.sweep.execution.job import Job

    with TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_text(_TINY)
        if _run(Job(Path(folder))) != 0:
            raise RuntimeError("a tiny network cannot be trained")
    with suppress(Exception):  # what is wrong with the first trial is told by the first trial
        experiment = read(job.folder / "config.yaml").value
        rows_of(experiment.data, Streams(experiment.seed if experiment.data.seed is None else experiment.data.seed))
