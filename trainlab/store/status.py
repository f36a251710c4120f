"""status.json: in which state a run is, how far it came and what it reached, replaced whole at every change."""

import json
import os
import socket
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, TypeAdapter, ValidationError

from trainlab.core.errors import UserError
from trainlab.store import checksums, process
from trainlab.store.json_file import read_json
from trainlab.store.strict_json import dumps
from trainlab.store.writing import write_atomic

State = Literal["running", "finished", "diverged", "interrupted", "failed"]
BRIEF = 1.0  # seconds: a shorter run is not worth a wait for the disk where there are hundreds of them
STATES: tuple[str, ...] = get_args(State)


def _iso(text: str) -> str:
    datetime.fromisoformat(text)  # raises ValueError, as pydantic wants it
    return text


Time = Annotated[str, AfterValidator(_iso)]  # ISO 8601 with its zone


@dataclass(frozen=True, slots=True)
class Best:
    """The best value of the watched metric, and the epoch that reached it."""

    metric: str
    value: float
    epoch: int


@dataclass(frozen=True, slots=True)
class Status:
    """One moment of a run. `process` is the birth of `pid` (see `process.birth`).

    `diagnoses` counts findings by severity, `test` holds the metrics on the test split by their bare names, `files` the
    checksums of files (`store.checksums`).
    """

    state: State
    name: str
    started: Time
    updated: Time
    ended: Time | None = None
    seconds: float = 0.0
    epoch: int = 0
    epochs: int | None = None
    step: int = 0
    pid: int = 0
    process: str = ""
    host: str = ""
    reason: str = ""
    best: Best | None = None
    test: dict[str, float] = field(default_factory=dict[str, float])
    diagnoses: dict[str, int] = field(default_factory=dict[str, int])
    exit_code: int | None = None
    files: dict[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def begin(cls, name: str, epochs: int | None) -> Self:
        """The status of a run that this process starts now."""
        pid, at = os.getpid(), now()
        host = socket.gethostname()
        return cls("running", name, at, at, epochs=epochs, pid=pid, process=process.birth(pid), host=host)

    def resumed(self) -> "Status":
        """The same run, running again in this process."""
        here = Status.begin(self.name, self.epochs)
        mine = {"pid": here.pid, "process": here.process, "host": here.host, "updated": here.updated}
        return replace(self, state="running", ended=None, reason="", exit_code=None, files={}, **mine)

    def ended_as(self, state: State, exit_code: int, reason: str = "") -> "Status":
        """The same run, ended now."""
        at = now()
        return replace(self, state=state, exit_code=exit_code, reason=reason, updated=at, ended=at)


def now() -> str:
    """The time now in ISO 8601 with its zone, to the millisecond: `2026-11-21T14:03:09.120+01:00`."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def alive(status: Status) -> bool:
    """Whether the run is going on: it says so, and its process is there. A run on another host is believed."""
    if status.state != "running":
        return False
    return status.host != socket.gethostname() or process.runs(status.pid, status.process)


def seen_state(status: Status) -> str:
    """The state as a reader should name it: `killed` for a run that says `running` but whose process is gone."""
    return "killed" if status.state == "running" and not alive(status) else status.state


def write_status(path: Path, status: Status, *, durable: bool = True) -> None:
    """Replaces status.json at once, with its checksum; `durable`: a state that ends a run is on the disk before this
    returns.

    Raises UserError if it cannot be written.
    """
    data = checksums.signed(dumps(asdict(status), indent=2).encode())
    write_atomic(path, data, durable=durable and status.state != "running")


def relist(folder: Path, name: str) -> None:
    """Lists a file of a run that has ended anew in its status, after trainlab has written or removed it."""
    path = folder / "status.json"
    try:
        status = read_status(path)
    except UserError:  # there is none, as in an ensemble, or it is damaged: no list to keep right
        return
    if status.files:
        others = {key: value for key, value in status.files.items() if key != name}
        write_status(path, replace(status, files=others | checksums.of_files(folder, [name])))


def read_status(path: Path) -> Status:
    """The status in a file; keys that this version does not know are ignored.

    Raises UserError that says what is wrong if the file is missing, is no JSON or lacks what a status needs.
    """
    table = read_json(path)
    try:
        # as JSON: of Python's objects, strict validation takes nothing but a Status
        return _adapter().validate_json(json.dumps(table), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        if not first["loc"]:  # a number of thousands of digits is none for its parser
            raise UserError(f"{path}: holds something that is no JSON of a status") from None
        name = str(first["loc"][0])
        wrong = "is missing" if name not in table else f"cannot be {dumps(table[name])[:60]}"
        raise UserError(f"{path}: `{name}` {wrong}") from None


def altered(folder: Path, *names: str) -> list[str]:
    """Those of these files of a run that are not what its status lists; none if it has no status that can be read."""
    try:
        listed = read_status(folder / "status.json").files
        return [name for name in names if (folder / name).exists() and checksums.changed(folder / name, listed)]
    except UserError:
        return []


@cache
def _adapter() -> TypeAdapter[Status]:
    return TypeAdapter(Status)
