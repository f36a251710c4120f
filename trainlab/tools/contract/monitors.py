"""Laws of monitors: when they run, what they find, and that they look only."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from trainlab.core.component import plain
from trainlab.core.config import read_plain
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View
from trainlab.training.experiment import Experiment
from trainlab.training.train import train


def declared(monitor: Monitor) -> Iterator[str]:
    """It says when it runs and which fields of the view it needs."""
    moments = get_args(When)
    if not monitor.when:
        yield f"`when` is empty, so it never runs: set it to some of {', '.join(moments)}"
    for moment in monitor.when:
        if moment not in moments:
            yield f"`when` holds `{moment}`; the moments are {', '.join(moments)}"
    fields = View.__dataclass_fields__
    needs = [name for need in monitor.needs for name in need.split("|")]
    yield from (f"`needs` holds `{name}`, which no view has" for name in needs if name not in fields)


def runs(monitor: Monitor) -> Iterator[str]:
    """It runs in a short training without an error, and its findings bear its name."""
    config: dict[str, Any] = {
        "name": "contract",
        "data": {"name": "moons", "samples": 200},
        "train": {"epochs": 3},
        "monitors": {"every": 1, "stop_on": [], monitor.name: {k: v for k, v in plain(monitor).items() if k != "name"}},
    }
    with TemporaryDirectory() as folder:
        result = train(read_plain(Experiment, config, "contract"), runs=Path(folder), durable=False)
    if result.state not in ("finished", "diverged"):
        yield f"the run {result.state}: {result.reason}"
    yield from (
        f"a finding has no {what}"
        for f in result.findings
        if f.code == monitor.name
        for what in ("message", "advice")
        if not getattr(f, what)
    )


LAWS = {"monitor": [declared, runs]}
