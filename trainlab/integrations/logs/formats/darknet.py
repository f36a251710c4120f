"""darknet: what `darknet detector train` prints."""

import re
from typing import ClassVar

from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.source import Source

_LINE = re.compile(
    r"\s*(?:\(next [^)]*\)\s*)?(?P<step>\d+): [-\w.+]+, (?P<loss>[-\w.+]+) avg(?: loss)?, (?P<lr>[-\w.+]+) rate,"
)


class Darknet(LogFormat, name="darknet"):
    """The lines that Darknet prints: `  1: 2.319076, 2.319076 avg loss, 0.001000 rate, ...`.

    The running mean is read as the loss.
    """

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """Two such lines."""
        return sum(_LINE.match(line) is not None for line in source.lines[:500]) > 1

    def table(self, source: Source) -> Table:
        """A record for each iteration."""
        found = [m for line in source.lines if (m := _LINE.match(line))]
        records = [{"iteration": m["step"], "avg loss": m["loss"], "rate": m["lr"]} for m in found]
        return Table(records, columns={"lr": "rate"}, unit="step")
