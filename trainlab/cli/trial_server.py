"""`trainlab trial-server`, started by a sweep and never by hand: the process whose copies train its trials."""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from trainlab.core.config import Document
    from trainlab.search.executors.fork_server import Work
    from trainlab.search.executors.job import Job
    from trainlab.training.equipment import Equipment
    from trainlab.training.experiment import Experiment

_TINY = """\
data: {name: friedman1, samples: 40}
model: {name: mlp, hidden: [2]}
train: {epochs: 1}
"""


def trial_server(handle: Annotated[int, typer.Argument(help="Number of the socket to listen to.")]) -> None:
    """Train the trials of a sweep in copies of this process.

    Examples:
        trainlab sweep configs/digits-sweep.yaml
    """
    import socket

    from trainlab.data.loading import kept_rows
    from trainlab.search.executors.fork_server import serve
    from trainlab.training.dataset_cache import kept_parts

    _warm_up()
    with kept_rows(), kept_parts():
        serve(socket.socket(fileno=handle), _begin)


def _warm_up() -> None:
    """Import everything, by training something tiny."""
    from trainlab.search.executors.job import Job

    with TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_text(_TINY)
        if _run(Job(Path(folder)), None, lambda: None) != 0:
            raise RuntimeError("a tiny network cannot be trained")


def _begin(job: "Job") -> "Work":
    """Do what costs less here than in a copy: read the trial's config, and the rows of the first one for all."""
    from trainlab.core.streams import Streams
    from trainlab.core.thread_pools import thread_pools
    from trainlab.training.dataset_cache import keeps_parts, parts_of
    from trainlab.training.experiment import read_own

    document = None
    with suppress(Exception):  # what is wrong with a trial is told by the trial
        document = read_own(job.folder / "config.yaml")
        if not keeps_parts():
            parts_of(document.value, Streams(document.value.seed))
    thread_pools()
    return partial(_run, job, document)


def _run(job: "Job", document: "Document[Experiment] | None", wait: Callable[[], None]) -> int:
    """Train a trial, whose config was read already if all is well with it, once it may begin; the exit code."""
    from trainlab.cli.main import main
    from trainlab.training.equipment import equip

    sys.argv = ["trainlab", *job.arguments]
    equipment = None
    if document and not job.resume:
        with suppress(Exception):  # it is done again below, where it is told
            equipment = equip(document, look=True)
    wait()
    try:
        main(partial(_train, job, document, equipment))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _train(job: "Job", document: "Document[Experiment] | None", equipment: "Equipment | None") -> NoReturn:
    """What `trainlab train` would do with the job's arguments, without reading them."""
    from trainlab.cli._progress import Quiet
    from trainlab.cli._stopping import stoppable
    from trainlab.cli.main import errors_reported
    from trainlab.search.experiment import read
    from trainlab.training.session import resume, train

    progress = Quiet()
    try:
        with errors_reported(), stoppable(progress):
            if job.resume:
                outcome = resume(job.folder, until=job.until, callbacks=[progress])
            else:
                document = document or read(job.folder / "config.yaml")
                outcome = train(document, into=job.folder, until=job.until, callbacks=[progress], equipment=equipment)
    except typer.Exit as end:
        sys.exit(end.exit_code)
    sys.exit(outcome.exit_code)
