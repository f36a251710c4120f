"""`--fail-on`: the lowest severity at which a command exits with 4."""

from collections.abc import Iterable
from enum import StrEnum

from trainlab.diagnose.finding import SEVERITIES, Finding


class FailOn(StrEnum):
    """The lowest severity that makes the command fail."""

    never = "never"
    info = "info"
    warning = "warning"
    error = "error"


def found_at(fail_on: FailOn, diagnoses: Iterable[Finding]) -> bool:
    """Whether a finding has this severity or a worse one."""
    if fail_on is FailOn.never:
        return False
    bar = SEVERITIES.index(fail_on.value)
    return any(SEVERITIES.index(d.severity) >= bar for d in diagnoses)
