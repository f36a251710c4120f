"""Trials on the workers of an existing Dask cluster. Everything but how they ended comes back through shared folders.

The scheduler only hands out tasks; a task has a process of the worker's machine train the trial, as `here` does. When a
worker dies, Dask gives its tasks to another one, which goes on from the trials' last checkpoints.
"""

import os
from concurrent.futures import CancelledError, Executor, Future
from functools import partial
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from trainlab.core.errors import UserError
from trainlab.search.executors.execution import Execution
from trainlab.search.executors.job import End, Job
from trainlab.search.executors.limits import Limits
from trainlab.search.executors.session import Session
from trainlab.search.executors.there import Task, sees, train_there
from trainlab.store.environment import KNOWN_GIT, git
from trainlab.store.strict_json import dumps

_ANSWERS = 10  # seconds that a scheduler has to answer
_FRESH = 1.0  # seconds for which the number of workers is believed
_SETTLES = 2.0  # seconds in which the workers have heard that an earlier session is over


class Cluster(Execution):
    """The workers of the Dask cluster with this scheduler: as many trials at once as they have threads, or `most`.

    Raises UserError if Dask is not installed, nobody answers, or the workers do not see the sweep's folder.
    """

    def __init__(self, folder: Path, limits: Limits, address: str, *, most: int | None, fresh: bool) -> None:
        self._address, self._most = address, most
        self._client = _connected(address)
        folder = folder.resolve()
        self._session = Session(folder)
        try:
            self._check(folder)
        except BaseException:
            self.close()
            raise
        variables = {KNOWN_GIT: os.environ.get(KNOWN_GIT) or dumps(git(folder))}
        self._task = partial(
            Task,
            sweep=folder,
            token=self._session.token,
            limits=limits,
            fresh=fresh,
            variables=variables,
            cwd=os.getcwd(),
        )
        self._pool: Executor = self._client.get_executor(pure=False, retries=0)
        self._workers, self._known = 1, -_FRESH
        if self._session.found_another:
            sleep(_SETTLES)

    @property
    def workers(self) -> int:
        """As many as were asked for, or the threads of all workers that are there now. Raises UserError if none is."""
        if self._client.status not in ("running", "connecting"):
            raise UserError(f"{self._address}: the scheduler is gone; trainlab sweep --resume goes on with the sweep")
        if self._most is None and monotonic() - self._known > _FRESH:
            self._workers, self._known = max(1, sum(self._client.nthreads().values())), monotonic()
        return self._most or self._workers

    def make_ready(self, folder: Path, *, resume: bool = False, until: int | None = None) -> None:
        """Nothing: which worker will train it is not known yet."""

    def submit(self, folder: Path, *, resume: bool = False, until: int | None = None) -> "Future[End]":
        """Have it trained by any worker."""
        answer: Future[End] = Future()
        asked = self._pool.submit(train_there, self._task(Job(folder.resolve(), resume, until)))
        asked.add_done_callback(partial(_tell, answer))
        return answer

    def stop(self, *, kill: bool = False) -> None:
        """Tell the workers by the session's file."""
        self._session.stop(kill=kill)

    def close(self) -> None:
        """End the session; what still runs hears of it."""
        self._session.close()
        self._client.close()

    def _check(self, folder: Path) -> None:
        """Whether the workers that are there have trainlab and see the folder."""
        try:
            seen: dict[str, bool] = self._client.run(sees, folder, self._session.token)
        except ImportError as error:
            raise UserError(
                f"{self._address}: the workers cannot import trainlab ({error}); install it there"
            ) from None
        blind = [worker for worker, sight in seen.items() if not sight]
        if blind:
            raise UserError(
                f"{self._address}: the worker {blind[0]} does not see {folder}; choose a folder that all machines "
                "share, with --runs"
            )


def _connected(address: str) -> Any:
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise UserError("--scheduler needs Dask: pip install 'trainlab[cluster]'") from None
    try:
        return distributed.Client(address, timeout=_ANSWERS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{address}: no Dask scheduler answers there ({error}); start one with `dask scheduler`"
        ) from None


def _tell(answer: "Future[End]", asked: "Future[End]") -> None:
    """Pass on how a trial ended; whatever went wrong with the cluster is an end, too."""
    try:
        answer.set_result(asked.result())
    except CancelledError:
        answer.set_result(End(1, over="the cluster has dropped it"))
    except Exception as error:
        died = type(error).__name__ == "KilledWorker"
        answer.set_result(End(1, over="its workers died" if died else f"{type(error).__name__}: {error}"))
