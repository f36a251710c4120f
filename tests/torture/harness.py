"""Runs many cases in processes of their own, each with little time and memory, and counts what became of them.

A case runs in a forked process that goes on to the next one, so thousands cost little. A process that ends, or that
takes too long, is one outcome; the next case gets a new one. `call` runs a command line of trainlab in this process.
"""

import argparse
import contextlib
import faulthandler
import json
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainlab.cli import _terminal
from trainlab.cli.main import build

SECONDS = 2.0  # of CPU that one command may take
HANGS = 20  # seconds of CPU after which a case is ended
WALL = 600  # seconds after which a case is taken to wait for something: the machine may be busy
ADDRESSES = 6 << 30  # bytes of address space
MEMORY = 1 << 30  # bytes that a case may take beyond what its process had
CODES = (0, 2, 3, 4)  # what a command may end with


@dataclass
class Outcome:
    """What became of a case, or of all: how often each thing happened, and a line for each that is wrong."""

    counts: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])

    def add(self, other: "Outcome") -> None:
        """Add those of another."""
        self.counts += other.counts
        self.wrong += other.wrong


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, what it printed, the CPU time it took, and its traceback if it has a bug."""

    code: int
    text: str
    seconds: float
    bug: str = ""

    def outcome(self, name: str, codes: Sequence[int] = CODES) -> Outcome:
        """Counted under the name of the command; wrong if its code or its time is."""
        found = Outcome(Counter({f"{name}: {self.code}": 1}))
        if self.code not in codes or "Traceback" in self.text:
            found.wrong.append(f"{name}: exit {self.code}: {self.bug or self.text[-300:]!r}")
        if self.code == 2 and not self.text.strip():
            found.wrong.append(f"{name}: exit 2 without a word")
        if self.seconds > SECONDS:
            found.wrong.append(f"{name}: {self.seconds:.1f} s of CPU")
        return found


_OUTPUT = tempfile.TemporaryFile  # what a command prints goes there


@contextlib.contextmanager
def _printed() -> Iterator[list[str]]:
    """Both streams go to a file inside the block; its text is the one item of the list after it."""
    text: list[str] = []
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with _OUTPUT() as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield text
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            for number, old in enumerate(kept, start=1):
                os.dup2(old, number)
                os.close(old)
            file.seek(0)
            text.append(file.read(1 << 22).decode("utf-8", "replace"))


def call(*args: str) -> Ended:
    """Run a command line of trainlab in this process."""
    began, bug = time.process_time(), ""
    with _printed() as text:
        _terminal.prepare()
        try:
            build()(list(args))
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        except KeyboardInterrupt:
            code = 130
        except Exception as error:
            code, bug = 1, _where(error)
    return Ended(code, text[0], time.process_time() - began, bug)


def _where(error: BaseException) -> str:
    """The exception and the last places of ours that it passed."""
    places = [f for f in traceback.extract_tb(error.__traceback__) if "/trainlab/" in f.filename]
    path = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in places[:-4:-1])
    return f"{type(error).__name__}: {str(error)[:160]} at {path}"


def tried(name: str, function: Callable[[], object], *, allowed: tuple[type[Exception], ...]) -> Outcome:
    """The outcome of a function: `done`, `refused` if it raises what is allowed, wrong if anything else."""
    began = time.process_time()
    try:
        with _printed():
            function()
        found = Outcome(Counter({f"{name}: done": 1}))
    except allowed:
        found = Outcome(Counter({f"{name}: refused": 1}))
    except BaseException as error:
        found = Outcome(Counter({f"{name}: 1": 1}), [f"{name}: {_where(error)}"])
    if (took := time.process_time() - began) > SECONDS:
        found.wrong.append(f"{name}: {took:.1f} s of CPU")
    return found


def outcomes(numbers: Sequence[int], run: Callable[[int], Outcome], warm: Callable[[], object]) -> Outcome:
    """The outcomes of all cases, each given by its number. warm: what a new process does first, unmeasured."""
    total, done = Outcome(), 0
    with tempfile.TemporaryDirectory() as place:
        hung = Path(place, "hung")
        while done < len(numbers):
            out, to = os.pipe()
            child = os.fork()
            if not child:
                os.close(out)
                try:
                    _child(numbers[done:], run, warm, to, hung)
                except BaseException:
                    traceback.print_exc()
                finally:
                    os._exit(1)  # whatever happens, it never goes on as a second parent
            os.close(to)
            with os.fdopen(out, "rb") as lines:
                for line in lines:
                    counts, wrong = json.loads(line)
                    total.add(Outcome(Counter(counts), [f"{numbers[done]}: {text}" for text in wrong]))
                    done += 1
                    if wrong:
                        print("\n".join(f"  {numbers[done - 1]}: {text}" for text in wrong), flush=True)
                    if not done % 100:
                        print(f"  {done} of {len(numbers)}, {len(total.wrong)} wrong", file=sys.stderr, flush=True)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if status and done < len(numbers):
                said = f"{numbers[done]}: the process ended with {status}{_place(hung)}"
                print(f"  {said}", flush=True)
                total.add(Outcome(Counter({"ended": 1}), [said]))
                done += 1
    return total


def _place(hung: Path) -> str:
    """Where a process hung, from the dump of faulthandler."""
    text = hung.read_text() if hung.exists() else ""
    current = text.partition("most recent call first):")[2]
    ours = re.findall(r'File "[^"]*/([\w.]+)", line (\d+) in (\w+)', current)
    return "" if not ours else " at " + " < ".join(f"{file}:{line} {name}" for file, line, name in ours[:6])


def _child(
    numbers: Sequence[int], run: Callable[[int], Outcome], warm: Callable[[], object], to: int, hung: Path
) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    for name, stream in (("stdout", 1), ("stderr", 2)):  # pytest has put its own in their places
        setattr(sys, name, os.fdopen(stream, "w", encoding="utf-8", closefd=False))
    with hung.open("w") as dump:
        warm()
        had = _most()
        faulthandler.register(signal.SIGPROF, file=dump, all_threads=False, chain=True)  # then the process ends
        for number in numbers:
            signal.setitimer(signal.ITIMER_PROF, HANGS)
            faulthandler.dump_traceback_later(WALL, exit=True, file=dump)
            found = run(number)
            faulthandler.cancel_dump_traceback_later()
            signal.setitimer(signal.ITIMER_PROF, 0)
            took = _most() - had
            if took > MEMORY:
                found.wrong.append(f"{took / 1e9:.1f} GB of memory")
            os.write(to, json.dumps([found.counts, found.wrong]).encode() + b"\n")
            if took > MEMORY:
                os._exit(0)  # the peak of a process never falls
    os._exit(0)


def _most() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def counted(total: Outcome) -> str:
    """A line for each thing that happened, and the number of wrong ones."""
    lines = [f"{name:<40} {count:>8}" for name, count in sorted(total.counts.items())]
    return "\n".join([*lines, f"{'wrong':<40} {len(total.wrong):>8}"])


def main(torture: Callable[[Sequence[int], int], Outcome], count: int, what: str) -> None:
    """The command line of a program of this folder. Exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=what.splitlines()[0])
    parser.add_argument("count", nargs="?", type=int, default=count, help=f"number of cases [{count}]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    given = parser.parse_args()
    began, cpu = time.monotonic(), time.process_time()
    total = torture(range(given.first, given.first + given.count), given.seed)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = time.process_time() - cpu + children.ru_utime + children.ru_stime
    print(counted(total))
    print(f"{given.count} cases, seed {given.seed}: {time.monotonic() - began:.0f} s, {cpu:.0f} s of CPU")
    sys.exit(bool(total.wrong))
