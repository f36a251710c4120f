"""The pages of a folder of runs, each with its version: made on request, and cached until its version changes."""

import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from trainlab.core.errors import UserError
from trainlab.report.rows import Row, listed
from trainlab.report.serve.front_page import front_page
from trainlab.report.serve.listing import Listing
from trainlab.report.serve.places import address as address_of
from trainlab.report.serve.places import run_at, sweep_at, tune_at
from trainlab.report.serve.view import View
from trainlab.report.sweep_record import SweepRecord
from trainlab.report.tune_record import TuneRecord
from trainlab.store.folder import is_run
from trainlab.store.index import Index
from trainlab.store.reading import RunRecord, is_sweep, read_run

_PAGES = 12  # in the cache
_COMPARED = 50  # runs on one page: the newest, or the first of the chosen ones
_WATCHED = ("metrics.csv", "status.json", "diagnoses.jsonl", "mistakes.json", "trials.csv", "tune.jsonl")
_REST = 5.0  # times the CPU time of making a page or a list, until it is made again


@dataclass(frozen=True, slots=True)
class Page:
    """A page and the version of what it shows; when it was made, and how much CPU time that took, in seconds."""

    html: str
    version: str
    at: float
    took: float


class Site:
    """What there is to see in a folder of runs. Safe to be used by many threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._making = threading.RLock()  # one page is made at a time: more would only be slower together
        self._kept: OrderedDict[str, Page] = OrderedDict()
        self._list: Listing | None = None

    def page(self, address: str) -> Page | None:
        """The page at an address (`/`, `/run/NAME`, `/sweep/NAME`, `/tune/NAME`, `/compare`, see also `view.wanted`),
        None if there is none.
        """
        version = self.version(address)
        if version is None:
            return None
        with self._making:
            kept = self._kept.pop(address, None)
            if kept is None or kept.version != version:
                began = time.thread_time()  # the wall time is longer while a run keeps the machine busy
                html = self._made(address, _live(address, version))
                kept = Page(html, version, time.monotonic(), time.thread_time() - began)
            if not address.startswith("/?"):  # made in a moment, and different for each letter of a filter
                self._kept[address] = kept
            while len(self._kept) > _PAGES:
                self._kept.popitem(last=False)
            return kept

    def due(self, address: str, version: str) -> bool:
        """Whether a page may be made again: one that takes long is made more rarely, so that training is not slowed;
        but the end of a run is shown at once.
        """
        kept = self._kept.get(address)
        if kept is None or kept.version.rpartition("-")[2] != version.rpartition("-")[2]:
            return True
        return time.monotonic() > kept.at + _REST * kept.took

    def version(self, address: str) -> str | None:
        """What changes whenever the page's numbers do; None if there is no such page."""
        path, _, query = address.partition("?")
        kind, _, name = path[1:].partition("/")
        if kind == "compare" and query:
            return self._version_of(self._chosen(query)[0])
        if kind in ("", "compare") and not name:
            return self._listing().version
        folder = {"run": run_at, "sweep": sweep_at, "tune": tune_at}.get(kind, _nowhere)(self.root, name)
        if folder is None:
            return None
        state = RunRecord(folder, "").state if kind == "run" else TuneRecord(folder).state if kind == "tune" else ""
        return f"{_stamp(folder)}-{state}"

    def _made(self, address: str, script: str) -> str:
        path, _, query = address.partition("?")
        kind, _, name = path[1:].partition("/")
        if kind == "run" and (folder := run_at(self.root, name)):
            from trainlab.report.html.run_page import run_page

            return run_page(read_run(folder, self._called(folder)), script=script, connect=True)
        if kind == "sweep" and (folder := sweep_at(self.root, name)):
            from trainlab.report.html.sweep_page import sweep_page

            name = self._called(folder)

            def link(run: str) -> str:
                return address_of("run", f"{name}/{run}") if is_run(folder / run) else ""

            return sweep_page(SweepRecord(folder, name), link=link, script=script, connect=True)
        if kind == "tune" and (folder := tune_at(self.root, name)):
            from trainlab.report.html.tune_page import tune_page

            tune = TuneRecord(folder, self._called(folder))
            return tune_page(tune, link=partial(_inside, tune), script=script, connect=True)
        if kind == "compare":
            return self._comparison(query, script)
        listing = self._listing()
        return front_page(self.root.resolve().name, listing, View.of(query), f"{script}\n{_script('front.js')}")

    def _comparison(self, query: str, script: str) -> str:
        """The chosen runs on one page, the newest if none is."""
        from trainlab.report.html.runs_page import runs_page

        names, notes = [row.name for row in self._listing().runs()][-_COMPARED:], list[str]()
        if query:
            names, missing = self._chosen(query)
            notes += [f"Not here: {', '.join(missing)}."] if missing else []
            notes += [f"The first {_COMPARED} of {len(names)} selected runs."] if len(names) > _COMPARED else []
        records = [read_run(self.root / name, name) for name in names[:_COMPARED]]
        return runs_page(records, link=_linked, script=script, connect=True, note=" ".join(notes))

    def _chosen(self, query: str) -> tuple[list[str], list[str]]:
        """The names of the runs that a query chooses, and those that there are not."""
        return self._listing().chosen(View.of(query))

    def _version_of(self, names: Sequence[str]) -> str:
        """What changes whenever one of these runs does."""
        compared = names[:_COMPARED]
        stamps = format(hash(tuple(_stamp(self.root / name) for name in compared)) & 0xFFFFFFFFFFFF, "x")
        return f"{stamps}-{'.'.join(RunRecord(self.root / name, '').state for name in compared)}"

    def _called(self, folder: Path) -> str:
        return folder.relative_to(self.root).as_posix()

    def _listing(self) -> Listing:
        """The runs, sweeps and tunes, as they were a moment ago."""
        known = self._list
        if known and time.monotonic() < known.at + max(0.5, _REST * known.took):
            return known
        with self._making:
            began = time.thread_time()
            with Index(self.root) as index:
                try:
                    rows = [row for record, row in listed((), self.root, index) if _reaches(self.root, record)]
                except UserError:  # the folder is gone
                    rows = []
            tunes = _folders(self.root, tune_at)
            of_rows = {row.name.split("/")[0] for row in rows if "/" in row.name} - set(tunes)
            sweeps = sorted(of_rows | set(_folders(self.root, sweep_at)))
            stamps = [_stamp(self.root / tune) for tune in tunes]
            version = format(hash((tuple(map(_told, rows)), tuple(sweeps), *stamps)) & 0xFFFFFFFFFFFF, "x")
            made = Listing(self.root, rows, sweeps, tunes, version, time.monotonic(), time.thread_time() - began)
            if known:
                made.keep(known)
            self._list = made
            return made


def _linked(record: RunRecord) -> str:
    return address_of("run", record.name)


def _nowhere(root: Path, name: str) -> Path | None:
    return None


def _reaches(root: Path, record: RunRecord) -> bool:
    """Whether the run may be shown: no link leads out of the folder of runs."""
    links = (root / record.name.split("/")[0], record.path, *(record.path / name for name in _WATCHED[:3]))
    return not any(map(os.path.islink, links)) or run_at(root, quote(record.name)) is not None


def _inside(tune: TuneRecord, place: str) -> str:
    """The address of the page of a run or sweep in a tune's folder; empty if there is none."""
    folder, name = tune.path / place, f"{tune.name}/{place}"
    return address_of("sweep", name) if is_sweep(folder) else address_of("run", name) if is_run(folder) else ""


def _folders(root: Path, at: Callable[[Path, str], Path | None]) -> list[str]:
    """The names of the folders of a kind, in order."""
    try:
        names = [entry.name for entry in os.scandir(root) if entry.is_dir()]
    except OSError:
        return []
    return sorted(name for name in names if not name.startswith(".") and at(root, quote(name)))


def _told(row: Row) -> tuple[Any, ...]:
    return row.name, row.status, row.epoch, row.best, len(row.findings)


def _stamp(folder: Path) -> str:
    """The sizes and times of the files that a page is made of."""
    made: list[str] = []
    for name in _WATCHED:
        try:
            status = os.stat(folder / name)
        except OSError:
            made.append("0")
        else:
            made.append(f"{status.st_size:x}.{status.st_mtime_ns:x}.{status.st_ino:x}")
    return "-".join(made)


def _live(address: str, version: str) -> str:
    """The script of a page that refreshes itself."""
    events = "/" if address.startswith("/?") else address  # a filter changes nothing in what there is news of
    told = json.dumps({"events": f"/events{events}", "version": version}).replace("<", "\\u003c")
    return f"const LIVE = {told};\n{_script('live.js')}"


@cache
def _script(name: str) -> str:
    return files("trainlab.report.serve").joinpath(name).read_text(encoding="utf-8")
