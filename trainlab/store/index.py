"""A cache of the runs in a folder, stored next to them, so that a report reads only changed runs again.

The index is `.index.sqlite` in the folder of runs. It is never needed: where it cannot be read or written, is damaged
or of another version, everything is read from the run folders, and deleting it loses nothing. Several processes may use
it at once. What stands in it of a run counts only as long as none of the run's files has another time, size or inode;
and of a run that goes on, or whose files changed in the last seconds, nothing is kept, because a file may be replaced
twice within one tick of a file system's clock.
"""

import json
import os
import sqlite3
import time
from collections.abc import Collection
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zlib import crc32

NAME = ".index.sqlite"
FEWEST = 200  # runs in a folder from which on an index is made; fewer are read fast enough
_VERSION = 2  # of the format; an index of another version is deleted
_FILES = ("status.json", "metrics.csv", "diagnoses.jsonl", "config.yaml")
_SETTLED = 2_000_000_000  # nanoseconds since the last change: the coarsest tick of any file system (FAT's)
_PATIENCE = 1.0  # seconds to wait for another process that is writing
_AT_ONCE = 500  # parts that are written at once
_TABLE = "CREATE TABLE IF NOT EXISTS runs (run TEXT, part TEXT, stamp TEXT, facts TEXT, PRIMARY KEY (run, part))"

Stamp = tuple[int, ...]  # of each file of a run: times of change in nanoseconds, size, inode; zeros if there is none


class Index:
    """The index of a folder of runs; use it in a `with` block, whose end writes new entries.

    What is kept of a run has parts, each kept and asked for by itself. No index is made for fewer than `fewest` runs.
    """

    def __init__(self, root: Path, *, fewest: int = FEWEST) -> None:
        self._inside = os.path.join(root, "")
        self._db = _opened(root / NAME, fewest)
        self._learnt: list[tuple[str, str, str, str]] = []
        self._loaded: dict[tuple[str, str], tuple[str, str]] = {}

    def get(self, path: Path, part: str, stamp: Stamp) -> Any:
        """The stored part of a run if the run's files still have this stamp, otherwise None."""
        run = self._name(path)
        if self._db is None or run is None:
            return None
        try:
            row = self._loaded.pop((run, part), None) or self._select(run, part)
            return json.loads(row[1]) if row and row[0] == _mark(stamp, row[1]) else None
        except (sqlite3.Error, ValueError, TypeError):
            return None

    def load(self, part: str) -> None:
        """Reads this part of all runs at once, which is faster than one by one; `get` releases each."""
        if self._db is None:
            return
        with suppress(sqlite3.Error):
            found = self._db.execute("SELECT run, stamp, facts FROM runs WHERE part = ?", (part,))
            self._loaded = {(run, part): (stamp, facts) for run, stamp, facts in found}

    def put(self, path: Path, part: str, stamp: Stamp, facts: Any) -> None:
        """Stores a part of a run that was read after `stamp`, unless its files changed since then or just before."""
        run = self._name(path)
        if self._db is None or run is None or not _settled(stamp) or stamp_of(path) != stamp:
            return
        text = json.dumps(facts)
        self._learnt.append((run, part, _mark(stamp, text), text))
        if len(self._learnt) >= _AT_ONCE:
            self._write()

    def prune(self, paths: Collection[Path]) -> None:
        """Removes all runs except these."""
        self._write()
        if self._db is None:
            return
        left = {self._name(path) for path in paths}
        with suppress(sqlite3.Error):
            known: list[tuple[str]] = self._db.execute("SELECT DISTINCT run FROM runs").fetchall()
            if gone := [run for run in known if run[0] not in left]:
                with self._db:
                    self._db.executemany("DELETE FROM runs WHERE run = ?", gone)

    def close(self) -> None:
        """Writes new entries and closes the file."""
        self._write()
        if self._db is not None:
            self._db.close()
            self._db = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _select(self, run: str, part: str) -> tuple[str, str] | None:
        ask = "SELECT stamp, facts FROM runs WHERE run = ? AND part = ?"
        return self._db.execute(ask, (run, part)).fetchone() if self._db else None

    def _name(self, path: Path) -> str | None:
        """The run's path inside the folder, None if it is not in there."""
        text = os.fspath(path)
        return text[len(self._inside) :] if text.startswith(self._inside) else None

    def _write(self) -> None:
        learnt, self._learnt = self._learnt, []
        if self._db is None or not learnt:
            return
        try:
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", learnt)
        except (sqlite3.Error, UnicodeEncodeError):  # full, read-only, damaged, long in use by another; a name no UTF-8
            self._db.close()
            self._db = None


def stamp_of(path: Path) -> Stamp:
    """Times, sizes and inodes of a run's files; they change when a file changes."""
    made: list[int] = []
    folder = os.fspath(path)
    for name in _FILES:
        try:
            s = os.stat(f"{folder}/{name}")
        except OSError:
            made += (0, 0, 0, 0)
        else:
            made += (s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino)
    return tuple(made)


def _mark(stamp: Stamp, facts: str) -> str:
    """The stamp, and a checksum: what is damaged in the index is read from the run again."""
    return f"{stamp} {crc32(facts.encode(errors='surrogatepass'))}"


def _settled(stamp: Stamp) -> bool:
    """Whether the last change of all files was some time ago, by the clock of this machine."""
    return max(max(stamp[0::4]), max(stamp[1::4])) < time.time_ns() - _SETTLED


def _has(folder: Path, count: int) -> bool:
    """Whether a folder has at least this many entries."""
    with suppress(OSError), os.scandir(folder) as entries:
        return sum(1 for _ in islice(entries, count)) >= count
    return False


def _opened(path: Path, fewest: int) -> sqlite3.Connection | None:
    """The database, created again if it is damaged or of another version; None if it cannot be used.

    It is made where there are as many folders; fewer are read in a moment.
    """
    if path.is_symlink() or not (path.exists() or _has(path.parent, fewest)):
        return None
    for _ in range(2):
        with suppress(sqlite3.Error):
            db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level="IMMEDIATE")
            try:
                if _version(db) != _VERSION:
                    _create(db)
                return db
            except sqlite3.OperationalError:  # in use by another process, or in a folder that cannot be written
                db.close()
                return None
            except sqlite3.Error:
                db.close()
        with suppress(OSError):
            path.unlink()
    return None


def _version(db: sqlite3.Connection) -> int:
    return db.execute("PRAGMA user_version").fetchone()[0]


def _create(db: sqlite3.Connection) -> None:
    """Makes an empty table, unless another process has made it while this one waited for its turn."""
    with db:
        db.execute("BEGIN IMMEDIATE")
        if _version(db) != _VERSION:
            db.execute("DROP TABLE IF EXISTS runs")
            db.execute(_TABLE)
            db.execute(f"PRAGMA user_version = {_VERSION}")
