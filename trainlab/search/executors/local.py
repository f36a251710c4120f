"""Trials in worker processes of this machine. A worker trains one trial after the other; see `worker` for its side."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Lock, Timer
from typing import IO, cast

from trainlab.core.errors import UserError
from trainlab.core.plugins import references
from trainlab.search.executors.executor import TrialExecutor
from trainlab.search.executors.job import PLUGINS, ExitStatus, Job, last_line
from trainlab.search.executors.limits import Limits
from trainlab.store.environment import KNOWN_GIT, git
from trainlab.store.opening import open_own
from trainlab.store.strict_json import dumps
from trainlab.store.writing import named_errors

# one thread a trial: the same product has other bits with two, and two trials would compete for the cores
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_STARTS = 3  # workers in a row that may die before they are ready
_TRIALS = 500  # of a worker, then another one takes its place, so that no leak grows without bound
_GRACE = 10.0  # seconds in which a trial that is out of time may save its state, before it is killed
_CLEAN = (0, 3, 130)  # exit codes after which a worker may train another trial


def environment(folder: Path) -> dict[str, str]:
    """The environment of workers: one thread each, the commit that the code had when the sweep began, its plugins."""
    known = os.environ.get(KNOWN_GIT) or dumps(git(folder))
    own = {"NO_COLOR": "1", KNOWN_GIT: known, PLUGINS: dumps(references(folder))}
    return os.environ | dict.fromkeys(THREADS, "1") | own


class LocalExecutor(TrialExecutor):
    """Worker processes of this machine. A crash or a kill hits one trial: its worker is replaced.

    environment, cwd: of the workers · fresh: a new worker for each trial · durable=False: short trials do not wait for
    the disk, the sweep does · inherited: file descriptors that workers keep open. A trial with a memory limit has a
    worker of its own, because the limit counts all that a process holds.
    """

    def __init__(
        self,
        workers: int,
        limits: Limits,
        environment: Mapping[str, str],
        *,
        fresh: bool = False,
        durable: bool = True,
        inherited: Sequence[int] = (),
        cwd: str | None = None,
    ) -> None:
        self._count, self._limits = workers, limits
        self._environment, self._inherited, self._cwd, self._durable = environment, inherited, cwd, durable
        self._trials = 1 if fresh or limits.memory is not None else _TRIALS
        self._threads = ThreadPoolExecutor(workers)
        self._lock = Lock()
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._stopped = False

    @property
    def workers(self) -> int:
        """As many as were asked for."""
        return self._count

    def submit(self, job: Job) -> "Future[ExitStatus]":
        """Train the trial as soon as a worker is free."""
        return self._threads.submit(self.run, job)

    def run(self, job: Job) -> ExitStatus:
        """Train the trial and wait for its end; may be called by several threads at once.

        Raises UserError if the folder cannot be written to, or if no worker can be started.
        """
        with named_errors(job.stderr, "write"):
            os.close(open_own(job.stderr, os.O_WRONLY | os.O_CREAT))
        while (worker := self._free_worker()) is not None:
            status = worker.run(job, self._limits, durable=self._durable)
            self._release(worker, status)
            if status is not None:  # else the worker died before it took the trial: try another one
                return status
        return ExitStatus(-signal.SIGTERM)

    def stop(self, *, kill: bool = False) -> None:
        """Signal every worker."""
        with self._lock:
            self._stopped = True
            for worker in self._workers:
                worker.signal(kill=kill)

    def close(self) -> None:
        """Wait for the running trials and end the workers."""
        self._threads.shutdown()
        with self._lock:
            self._stopped, idle, self._idle = True, self._idle, []
        for worker in idle:
            self._end(worker)

    def _free_worker(self) -> "_Worker | None":
        """A worker that is ready for a trial; None if no further trial begins."""
        words = ""
        for _ in range(_STARTS):
            with self._lock:
                if self._stopped:
                    return None
                if self._idle:
                    return self._idle.pop()
                worker = _Worker(self._environment, self._inherited, self._cwd)
                self._workers.add(worker)
            if worker.wait_until_ready():
                return worker
            words = self._end(worker)
        if self._stopped:
            return None
        raise UserError(f"trials cannot be started: {words or 'the worker process died'}")

    def _release(self, worker: "_Worker", status: ExitStatus | None) -> None:
        """Keep the worker for another trial, or end it."""
        clean = status is not None and status.code in _CLEAN and not status.limit
        with self._lock:
            kept = clean and worker.trials < self._trials and not self._stopped
            if kept:
                self._idle.append(worker)
        if not kept:
            self._end(worker)

    def _end(self, worker: "_Worker") -> str:
        """Let the worker end; returns the last line that it wrote to stderr outside of trials."""
        with self._lock:
            self._workers.discard(worker)
        return worker.close()


class _Worker:
    """A worker process, seen from the sweep. One thread at a time calls `run`."""

    def __init__(self, environment: Mapping[str, str], inherited: Sequence[int], cwd: str | None) -> None:
        self.trials = 0
        self._errors = TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trainlab.search.executors.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            cwd=cwd,
            pass_fds=inherited,
            start_new_session=True,  # a Ctrl-C at the terminal reaches the sweep only
        )
        self._jobs, self._answers = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)

    def wait_until_ready(self) -> bool:
        """Wait until it has imported everything; false if it died before."""
        return self._answer() == "ready"

    def run(self, job: Job, limits: Limits, *, durable: bool) -> ExitStatus | None:
        """Have a trial trained, and wait for its end; None if the process died before it began."""
        self.trials += 1
        asked = {"folder": str(job.folder), "resume": job.resume, "until": job.until, "test": job.test}
        asked |= {"memory": limits.bytes, "durable": durable}
        with self._time_limit(limits.seconds) as late:
            with suppress(BrokenPipeError):
                self._jobs.write(f"{json.dumps(asked)}\n".encode())
                self._jobs.flush()
            if self._answer() != "begun":
                return None
            answer, _, words = self._answer().partition(" ")
            code = int(answer) if answer else self._process.wait()
        line = last_line(job.stderr) or words
        return ExitStatus(code, line, limits.exceeded(code, line, late=late.is_set()))

    def signal(self, *, kill: bool) -> None:
        """Ask the process to end after the step of its trial, or kill it."""
        self._process.kill() if kill else self._process.terminate()

    def close(self) -> str:
        """Let the process end and wait for it; returns the last line that it wrote to stderr outside of trials."""
        with suppress(BrokenPipeError):
            self._jobs.close()
        self._process.wait()
        self._answers.close()
        with self._errors as errors:
            errors.seek(0)
            return (errors.read().decode(errors="replace").strip().splitlines() or [""])[-1]

    def _answer(self) -> str:
        """The next line of its standard output; empty if the process has ended."""
        return self._answers.readline().decode().strip()

    @contextmanager
    def _time_limit(self, seconds: float | None) -> Generator[Event]:
        """Signal the process if the block takes longer: first so that it saves its state, then to kill it."""
        late = Event()
        timers: list[Timer] = []
        if seconds is not None:
            timers = [Timer(seconds, self._out_of_time, [late]), Timer(seconds + _GRACE, self._process.kill)]
        for timer in timers:
            timer.daemon = True
            timer.start()
        try:
            yield late
        finally:
            for timer in timers:
                timer.cancel()

    def _out_of_time(self, late: Event) -> None:
        late.set()
        self._process.terminate()
