"""`--fail-on`: the mildest diagnosis that makes a command fail."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainlab.diagnose.finding import Finding


class FailOn(StrEnum):
    """The mildest diagnosis that makes the command fail."""

    never = "never"
    info = "info"
    warning = "warning"
    error = "error"


def found_at(fail_on: FailOn, diagnoses: "Iterable[Finding]") -> bool:
    """Whether one of the diagnoses is as severe as that."""
    from trainlab.diagnose.finding import SEVERITIES

    if fail_on is FailOn.never:
        return False
    bar = SEVERITIES.index(fail_on.value)
    return any(SEVERITIES.index(d.severity) >= bar for d in diagnoses)
