"""What an address asks of the list of runs: `/?filter=adam&sort=-best&run=a-1`, `/compare?run=a-1&run=b-1`.

All of it is in the address, so a view can be shared, and the pages need no JavaScript.
"""

from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import parse_qs, urlencode

SORTS = ("name", "started", "state", "epochs", "best", "test", "time", "findings")
NEWEST = "-started"
_MOST = 1000  # chosen runs
_LONGEST = 500  # characters of a filter


@dataclass(frozen=True, slots=True)
class View:
    """filter: words that a run must match · sort: one of SORTS, from the other end with a `-` · trials: those of
    sweeps, too · chosen: names of runs and sweeps.
    """

    filter: str = ""
    sort: str = NEWEST
    trials: bool = False
    chosen: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: str) -> Self:
        """The view that a query asks for. What it does not know is left out; the last `sort` counts."""
        asked = parse_qs(query, errors="surrogateescape", max_num_fields=2 * _MOST)
        sort = asked.get("sort", [NEWEST])[-1]
        return cls(
            filter=" ".join(asked.get("filter", [""])[-1][:_LONGEST].split()),
            sort=sort if sort.removeprefix("-") in SORTS else NEWEST,
            trials=bool(asked.get("trials")),
            chosen=tuple(dict.fromkeys(asked.get("run", [])))[:_MOST],
        )

    def query(self) -> str:
        """The query that asks for this view; empty for the plain one."""
        told = [("filter", self.filter)] if self.filter else []
        told += [("sort", self.sort)] if self.sort != NEWEST else []
        told += [("trials", "on")] if self.trials else []
        return urlencode([*told, *(("run", name) for name in self.chosen)], errors="surrogateescape")

    def of_runs(self) -> Self:
        """The part that a comparison depends on."""
        return replace(self, filter="", sort=NEWEST, trials=False)


def wanted(path: str, query: str) -> str:
    """The address of a page without the parts of its query that do not matter to it.

    >>> wanted("/compare", "sort=best&token=x&run=b&run=a"), wanted("/run/a-1", "token=x")
    ('/compare?run=b&run=a', '/run/a-1')
    """
    try:
        view = View.of(query) if path in ("/", "/compare") else View()
    except ValueError:  # more fields than any form of ours has
        view = View()
    told = (view.of_runs() if path == "/compare" else view).query()
    return f"{path}?{told}" if told else path
