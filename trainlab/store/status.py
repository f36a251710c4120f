"""status.json: in which state a run is, how far it came and what it reached, replaced whole at every change."""

import os
import socket
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self, cast, get_args

from trainlab.core.errors import UserError
from trainlab.store import process
from trainlab.store.strict_json import dumps, loads
from trainlab.store.writing import named_errors, write_atomic

State = Literal["running", "finished", "diverged", "interrupted", "failed"]
STATES: tuple[str, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class Best:
    """The best value of the watched metric, and the epoch that reached it."""

    metric: str
    value: float
    epoch: int


@dataclass(frozen=True, slots=True)
class Status:
    """One moment of a run. Times are ISO 8601 with their zone; `process` tells `pid`'s birth (see `process.birth`).

    `diagnoses` counts findings by severity, `test` holds the metrics on the test split by their bare names.
    """

    state: State
    name: str
    started: str
    updated: str
    ended: str | None = None
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
        return replace(self, state="running", ended=None, reason="", exit_code=None, **mine)

    def ended_as(self, state: State, exit_code: int, reason: str = "") -> "Status":
        """The same run, ended now."""
        at = now()
        return replace(self, state=state, exit_code=exit_code, reason=reason, updated=at, ended=at)


_NAMES = tuple(f.name for f in fields(Status))


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


def write_status(path: Path, status: Status) -> None:
    """Replaces status.json at once. Raises UserError if it cannot be written."""
    write_atomic(path, packed(status), durable=status.state != "running")


def packed(status: Status) -> bytes:
    """The content of status.json."""
    table = {name: getattr(status, name) for name in _NAMES}
    return (dumps(table | {"best": status.best and asdict(status.best)}, indent=2) + "\n").encode()


def read_status(path: Path) -> Status:
    """The status in a file; keys that this version does not know are ignored.

    Raises UserError that says what is wrong if the file is missing, is no JSON or lacks what a status needs.
    """
    with named_errors(path, "read"):
        data = path.read_bytes()
    try:
        value: object = loads(data)
    except ValueError as error:
        raise UserError(f"{path}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise UserError(f"{path}: expected a status, `{{...}}`")
    return _status(path, cast("dict[str, Any]", value))


def _status(path: Path, table: dict[str, Any]) -> Status:
    kept: dict[str, Any] = {}
    for f in fields(Status):
        if f.name not in table:
            if f.name in ("state", "name", "started", "updated"):
                raise UserError(f"{path}: `{f.name}` is missing")
            continue
        value = table[f.name]
        if not _fits(f.name, value):
            raise UserError(f"{path}: `{f.name}` cannot be {dumps(value)[:60]}")
        kept[f.name] = value
    if kept.get("best") is not None:
        best: dict[str, Any] = kept["best"]
        kept["best"] = Best(best["metric"], float(best["value"]), best["epoch"])
    return Status(**kept)


def _fits(name: str, value: Any) -> bool:
    match name:
        case "state":
            return value in STATES
        case "started" | "updated":
            return isinstance(value, str) and is_time(value)
        case "ended":
            return value is None or (isinstance(value, str) and is_time(value))
        case "name" | "process" | "host" | "reason":
            return isinstance(value, str)
        case "seconds":
            return _is_number(value)
        case "epoch" | "step" | "pid":
            return _is_count(value)
        case "epochs" | "exit_code":
            return value is None or _is_count(value)
        case "best":
            return value is None or _is_best(value)
        case _:
            return isinstance(value, dict) and all(_is_number(v) for v in cast("dict[str, Any]", value).values())


def is_time(text: str) -> bool:
    """Whether the text is a time in ISO 8601."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_best(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    best = cast("dict[str, Any]", value)
    return isinstance(best.get("metric"), str) and _is_number(best.get("value")) and _is_count(best.get("epoch"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
