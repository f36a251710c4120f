"""A worker process: it imports everything once, then trains one trial after the other.

`python -m trainlab.search.executors.worker` prints `ready`, reads jobs from standard input, one line of JSON each, and
answers each with two lines: `begun`, and at the end its exit code, followed by why it failed if its own file of error
output has no room for that. Trials of the same data share the rows in memory.
SIGTERM, SIGHUP, or the end of standard input (the sweep is gone), makes the running trial save its state.
"""

import gc
import json
import os
import random
import signal
import sys
import traceback
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import FrameType
from typing import IO, Any

import numpy as np

from trainlab.core.errors import Stopped, UserError
from trainlab.core.plugins import give_references
from trainlab.data.cache import SplitsCache
from trainlab.search.executors.job import PLUGINS, Job
from trainlab.store.opening import open_own
from trainlab.training.callbacks import Callback
from trainlab.training.experiment import read_own
from trainlab.training.train import resume, train


class Worker:
    """Trains the jobs that `jobs` lists, one JSON object a line, and writes an exit code to `answers` for each."""

    def __init__(self, jobs: IO[str], answers: IO[str]) -> None:
        self._lines, self._answers = jobs, answers
        self._queue: SimpleQueue[str] = SimpleQueue()
        self._running: Callback | None = None
        self._over = False  # whether the list of jobs has ended
        self._cache = SplitsCache()

    def serve(self) -> None:
        """Work until the list of jobs ends."""
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sweep decides what Ctrl-C means
        Thread(target=self._listen, daemon=True).start()  # so the end of the sweep is noticed while a trial runs
        self._answer("ready")
        while line := self._queue.get():
            asked: dict[str, Any] = json.loads(line)
            if asked["memory"] is not None:
                _limit_memory(asked["memory"])
            self._running = Callback()
            if self._over:
                break
            self._answer("begun")
            job = Job(Path(asked["folder"]), asked["resume"], asked["until"], asked["test"])
            code, words = run(job, self._running, self._cache, durable=asked["durable"])
            self._running = None
            self._answer(f"{code} {words}".rstrip())
            if not gc.get_freeze_count():
                gc.collect()
                gc.freeze()  # what the first trial imported stays: collections look at later trials' objects only

    def _listen(self) -> None:
        for line in self._lines:
            self._queue.put(line)
        self._over = True
        self._queue.put("")
        if self._running:
            self._running.request_stop("stopped: the sweep has ended")

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        stop = Stopped(number)
        if self._running is None:
            os._exit(stop.exit_code)
        self._running.request_stop(str(stop))

    def _answer(self, text: str) -> None:
        self._answers.write(f"{text}\n")
        self._answers.flush()


def run(job: Job, callback: Callback, cache: SplitsCache, *, durable: bool = True) -> tuple[int, str]:
    """Train a trial to the same bits as `trainlab train`; returns the exit code that the command would have, and the
    last line of its error output where the trial's file has no room for it.

    durable: as in `train`.
    """
    _redirect(open_own(job.stderr, os.O_RDWR | os.O_CREAT | os.O_TRUNC), 2)
    try:
        with isolated():
            sys.argv = ["trainlab", *job.arguments]  # environment.json records the command line
            settings: dict[str, Any] = {
                "until": job.until,
                "callbacks": [callback],
                "cache": cache,
                "durable": durable,
                "test": job.test,
            }
            if job.resume:
                return resume(job.folder, **settings).exit_code, ""
            return train(read_own(job.folder / "config.yaml"), into=job.folder, **settings).exit_code, ""
    except UserError as error:
        return 2, _unwritten(str(error))
    except Exception:  # whatever a trial raises ends this trial only
        return 1, _unwritten(traceback.format_exc())
    finally:
        with suppress(OSError):
            sys.stderr.flush()


def _unwritten(text: str) -> str:
    """Write a text to the trial's error output; returns its last line if the disk is full, else nothing."""
    try:
        print(text.rstrip(), file=sys.stderr, flush=True)
    except OSError:
        return text.strip().splitlines()[-1]
    return ""


@contextmanager
def isolated() -> Generator[None]:
    """Undo what the block changes in its process: folder, environment, warnings, error state, global generators.

    So an earlier trial (a data source or layer of a user) leaves nothing behind for the next one.
    """
    folder, environment, arguments = os.getcwd(), os.environ.copy(), sys.argv
    states = random.getstate(), np.random.get_state()
    try:
        with warnings.catch_warnings(), np.errstate():  # entering it also forgets which warnings were shown
            yield
    finally:
        sys.argv = arguments
        os.chdir(folder)
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)
        random.setstate(states[0])
        np.random.set_state(states[1])


def _redirect(handle: int, number: int) -> None:
    """Make a standard stream read from or write to this open file."""
    os.dup2(handle, number)
    os.close(handle)


def _private(number: int, mode: str) -> IO[str]:
    """Take a standard stream out of the trials' reach: what they read or print never mixes with jobs and answers."""
    stream = os.fdopen(os.dup(number), mode)
    _redirect(os.open(os.devnull, os.O_RDWR), number)
    return stream


def _limit_memory(size: int) -> None:
    """Let this process have no more than so many bytes of its own, where the system can do that."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def main() -> None:
    """Serve standard input and output."""
    worker = Worker(_private(0, "r"), _private(1, "w"))
    try:
        give_references(json.loads(os.environ.get(PLUGINS, "[]")))
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    worker.serve()
    os._exit(0)  # without waiting for threads that a trial has left behind


if __name__ == "__main__":
    main()
