"""A log format turns a file into records. To add one, write a class in a file of `formats/`; no list to extend.

`recognizes` decides by content, so a file may have any name. Formats are asked by `rank`, those with an unmistakable
sign first. A format only turns the file into records: names, splits, restarts and percents are dealt with once, for
all of them, by `reader`.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from trainlab.core.component import Component, find, names, registered
from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.integrations.logs.source import Source

VALUE = "value"  # the column of a single series without a name of its own


@dataclass(frozen=True, slots=True)
class Table:
    """The records of a log, one dict per row, in the order of the file.

    columns: what the format itself knows of meanings (`train_loss` -> the column) · notes: what was decided ·
    comma_separates: whether commas separate the cells · unit: what a row is, `epoch` or `step`, if the format knows ·
    series: the log is one column without a name.
    """

    records: Sequence[Mapping[str, Any]]
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: Sequence[str] = ()
    comma_separates: bool = True
    unit: str = ""
    series: bool = False


class LogFormat(Component, kind="log", rooms=("trainlab.integrations.logs.formats",)):
    """Reads the logs of some tools."""

    separator: ClassVar[str] = "-"
    rank: ClassVar[int] = 0  # 0: the content is unmistakable · 1, 2, 3: the more general, the later it is asked

    @abstractmethod
    def recognizes(self, source: Source) -> bool:
        """Whether the content is of this format."""

    @abstractmethod
    def table(self, source: Source) -> Table:
        """The records. Raises UserError with a way out if the file cannot be read."""


def format_of(source: Source, name: str | None = None) -> LogFormat | None:
    """The format of this name, or the first one that recognizes the content; None if there is none.

    Raises UserError if no format has this name.
    """
    if name is not None:
        found = find(LogFormat, name)
        if found is None:
            near = nearest(name, names(LogFormat))
            meant = f"did you mean `{near}`?" if near else f"allowed are {listed(names(LogFormat))}"
            raise UserError(f"--format {name}: no such format; {meant}")
        return found.model_validate({})
    known = sorted((cls.model_validate({}) for cls in registered(LogFormat)), key=lambda f: f.rank)
    return next((f for f in known if f.recognizes(source)), None)
