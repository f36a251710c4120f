"""Trials on the workers of an existing Dask cluster.

The scheduler only hands out tasks: a task trains its trial with a `LocalExecutor` of the machine that it runs on. All
but the exit status comes back through folders that the machines share. When a Dask worker dies, Dask gives its tasks to
another one, which continues from the trials' last checkpoints. Dask cannot reach a task that runs: a heartbeat file in
the sweep's folder tells the trials when to stop.
"""

import os
from collections.abc import Mapping
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any

from trainlab.core.errors import UserError
from trainlab.search.executors.executor import TrialExecutor
from trainlab.search.executors.heartbeat import Heartbeat, follow, read_beat
from trainlab.search.executors.job import PLUGINS, ExitStatus, Job
from trainlab.search.executors.limits import Limits
from trainlab.search.executors.local import LocalExecutor, environment
from trainlab.store.environment import KNOWN_GIT
from trainlab.store.lock import locked
from trainlab.store.reading import RunRecord

_ANSWERS = 10  # seconds in which a scheduler must answer
_COUNT_EVERY = 1.0  # seconds for which the number of Dask workers is not asked again
_SETTLES = 2.0  # seconds in which the Dask workers notice that an earlier session is over
_DIES = 30.0  # seconds in which the trials of a dead Dask worker end
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Task:
    """A job with all that a Dask worker needs to know of its sweep."""

    job: Job
    sweep: Path
    token: str
    limits: Limits
    fresh: bool
    variables: dict[str, str]
    cwd: str


class DaskExecutor(TrialExecutor):
    """The workers of the Dask cluster with this scheduler: as many trials at once as they have threads, or `workers`.

    gpu: the trials want one; where workers declare the resource `GPU`, each trial takes one of these. Raises UserError
    if Dask is not installed, no scheduler answers, or the workers do not see the sweep's folder.
    """

    def __init__(
        self, folder: Path, limits: Limits, address: str, *, workers: int | None, fresh: bool, gpu: bool = False
    ) -> None:
        self._address, self._asked = address, workers
        self._client = _connected(address)
        folder = folder.resolve()
        self._heartbeat = Heartbeat(folder)
        try:
            self._check(folder)
        except BaseException:
            self.close()
            raise
        token, known = self._heartbeat.token, environment(folder)
        variables = {name: known[name] for name in (KNOWN_GIT, PLUGINS)}
        self._task = partial(
            Task, sweep=folder, token=token, limits=limits, fresh=fresh, variables=variables, cwd=os.getcwd()
        )
        declared = gpu and any(self._client.run(declares_gpu).values())
        needs: dict[str, Any] = {"resources": {"GPU": 1}} if declared else {}
        self._pool: Executor = self._client.get_executor(pure=False, retries=0, **needs)
        self._threads, self._counted = 1, -_COUNT_EVERY
        if self._heartbeat.found_another:
            sleep(_SETTLES)

    @property
    def workers(self) -> int:
        """As many as were asked for, or the threads of all present workers. Raises UserError if the scheduler died."""
        if self._client.status not in ("running", "connecting"):
            raise UserError(f"{self._address}: the scheduler is gone; continue with trainlab sweep --resume")
        if self._asked is None and monotonic() - self._counted > _COUNT_EVERY:
            self._threads, self._counted = max(1, sum(self._client.nthreads().values())), monotonic()
        return self._asked or self._threads

    def submit(self, job: Job) -> "Future[ExitStatus]":
        """Have any Dask worker train the trial."""
        status: Future[ExitStatus] = Future()
        job = Job(job.folder.resolve(), job.resume, job.until, job.test)
        self._pool.submit(train_task, self._task(job)).add_done_callback(partial(_pass_on, status))
        return status

    def stop(self, *, kill: bool = False) -> None:
        """Tell the workers through the heartbeat file."""
        self._heartbeat.stop(kill=kill)

    def close(self) -> None:
        """End the session; running trials notice it."""
        self._heartbeat.close()
        self._client.close()

    def _check(self, folder: Path) -> None:
        """Check that all present workers have trainlab and see the folder."""
        try:
            seen: dict[str, bool] = self._client.run(sees, folder, self._heartbeat.token)
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


def _pass_on(status: "Future[ExitStatus]", asked: "Future[ExitStatus]") -> None:
    """Hand over a trial's exit status; an error of the cluster is one, too."""
    try:
        status.set_result(asked.result())
    except CancelledError:
        status.set_result(ExitStatus(1, limit="the cluster dropped the task"))
    except Exception as error:
        died = type(error).__name__ == "KilledWorker"
        status.set_result(ExitStatus(1, limit="its workers died" if died else f"{type(error).__name__}: {error}"))


# ---------------------------------------------------------------------- inside a Dask worker

_executors: dict[str, LocalExecutor] = {}  # of each sweep that this Dask worker trains for, by the session's token
_lock = Lock()


def sees(sweep: Path, token: str) -> bool:
    """Whether this Dask worker sees the current state of the sweep's folder."""
    beat = read_beat(sweep)
    return beat is not None and beat.token == token


def declares_gpu(dask_worker: Any) -> bool:
    """Whether this Dask worker was started with `--resources GPU=N`; Dask passes itself by the name of the argument."""
    return "GPU" in dask_worker.state.total_resources


def train_task(task: Task) -> ExitStatus:
    """Train the trial on this machine, or finish what a dead Dask worker has left of it."""
    with _lock:
        if task.token not in _executors:
            if not sees(task.sweep, task.token):
                return ExitStatus(-15)  # the sweep is over
            variables: Mapping[str, str] = environment(task.sweep) | task.variables
            cwd = task.cwd if os.path.isdir(task.cwd) else None
            executor = _executors[task.token] = LocalExecutor(1, task.limits, variables, fresh=task.fresh, cwd=cwd)
            Thread(target=_follow, args=(task, executor), name="sweep", daemon=True).start()
        executor = _executors[task.token]
    left = _left_of(task.job)
    return left if isinstance(left, ExitStatus) else executor.run(left)


def _follow(task: Task, executor: LocalExecutor) -> None:
    """Do what the sweep asks for; end the worker processes when it is over."""
    follow(task.sweep, task.token, lambda kill: executor.stop(kill=kill))
    with _lock:
        del _executors[task.token]
    executor.close()


def _left_of(job: Job) -> Job | ExitStatus:
    """What another Dask worker has left of a trial: its end, or the rest of the work."""
    deadline = monotonic() + _DIES
    while (state := (record := RunRecord(job.folder, job.folder.name)).state) == "running" or _is_locked(job.folder):
        if monotonic() > deadline:  # its machine is gone; if it is not, the folder's lock refuses a second process
            state = "killed" if state == "running" else state
            break
        sleep(_PAUSE)
    status = record.status
    if status and state in ("finished", "diverged", "failed"):
        return ExitStatus(status.exit_code or 0, status.reason)
    return Job(job.folder, job.resume or state in ("interrupted", "killed"), job.until, job.test)


def _is_locked(folder: Path) -> bool:
    """Whether a process works in this folder: it may have begun, and have written no status yet."""
    try:
        with locked(folder):
            return False
    except UserError:
        return True
