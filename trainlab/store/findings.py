"""diagnoses.jsonl: one finding per line, appended at once and readable after any end of the writer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from trainlab.core.errors import UserError
from trainlab.store.appending import Appender, read_lines
from trainlab.store.opening import read_own
from trainlab.store.strict_json import dumps, loads


class FindingWriter(Appender):
    """Appends findings. The operating system has each one before `write` returns.

    Opening an existing file keeps its whole lines and cuts off a torn one.
    """

    def write(self, finding: Mapping[str, object]) -> None:
        """Appends one finding as a line of JSON."""
        self.append(_line(finding))

    def replace(self, findings: Sequence[Mapping[str, object]], *, durable: bool = True) -> None:
        """Puts these findings in the place of all; a reader sees the old ones or the new ones."""
        lines = b"".join(map(_line, findings))
        if lines != read_own(self.path):
            self.exchange(lines, durable=durable)


def _line(finding: Mapping[str, object]) -> bytes:
    return (dumps(dict(finding)) + "\n").encode()


def read_findings(path: Path) -> list[dict[str, Any]]:
    """All findings of a file, in their order; a torn last line is left out.

    Raises UserError if the file is missing or a line is no JSON object.
    """
    found: list[dict[str, Any]] = []
    for number, line in enumerate(read_lines(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value: object = loads(line)
        except ValueError as error:
            raise UserError(f"{path}:{number}: not JSON: {error}") from error
        if not isinstance(value, dict):
            raise UserError(f"{path}:{number}: expected a finding, `{{...}}`, found {line[:40]}")
        found.append(cast("dict[str, Any]", value))
    return found
