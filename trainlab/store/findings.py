"""diagnoses.jsonl: one finding per line, appended at once and readable after any end of the writer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from trainlab.core.errors import UserError
from trainlab.store.appending import Appender, read_lines
from trainlab.store.forms import FindingLine, problem
from trainlab.store.opening import read_own
from trainlab.store.strict_json import dumps, plain, spelled_out


class FindingWriter(Appender):
    """Appends findings. The operating system has each one before `write` returns.

    Opening an existing file keeps its whole lines and cuts off a torn one.
    """

    def write(self, finding: Mapping[str, object]) -> None:
        """Appends one finding as a line of JSON."""
        self.append(_line(finding))

    def replace(self, findings: Sequence[Mapping[str, object]], *, durable: bool = True) -> None:
        """Puts these findings in the place of all; a reader sees the old ones or the new ones."""
        lines = as_lines(findings)
        if lines != read_own(self.path):
            self.exchange(lines, durable=durable)


def as_lines(findings: Sequence[Mapping[str, object]]) -> bytes:
    """Findings as the bytes of a file."""
    return b"".join(map(_line, findings))


def _line(finding: Mapping[str, object]) -> bytes:
    return (dumps(dict(finding)) + "\n").encode()


def read_findings(path: Path, length: int | None = None) -> list[dict[str, Any]]:
    """All findings of a file, or those in its first `length` bytes, in their order; a torn last line is left out.

    Raises UserError if the file is missing or a line is no finding.
    """
    found: list[dict[str, Any]] = []
    for number, line in enumerate((read_lines(path, length) if length != 0 else "").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value: object = plain(line)
        except ValueError as error:
            raise UserError(f"{path}:{number}: not JSON: {error}") from error
        if not isinstance(value, dict):
            raise UserError(f"{path}:{number}: expected a finding, `{{...}}`, found {line[:40]}")
        finding = cast("dict[str, Any]", value)
        if wrong := problem(finding, FindingLine):
            raise UserError(f"{path}:{number}: {wrong}")
        found.append(spelled_out(finding))
    return found
