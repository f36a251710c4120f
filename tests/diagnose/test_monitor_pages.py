"""Every monitor has a whole page, and an entry of the zoo that shows it."""

import re

import pytest

from trainlab.core import config
from trainlab.core.component import registered
from trainlab.diagnose.monitor import Monitor
from trainlab.diagnose.page import page_of
from trainlab.tools.zoo.examples import example_config, examples
from trainlab.training.experiment import Experiment, named
from trainlab.training.monitoring import MonitorRunner
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build

MONITORS = registered(Monitor)
SHOWN = [cls for cls in MONITORS if not cls.unshown]
AT_ONCE = [cls for cls in SHOWN if "start" in cls.when and "tiny" not in cls.needs]


@pytest.mark.parametrize("cls", MONITORS, ids=lambda cls: cls.name)
def test_page_is_whole(cls):
    """Meaning, measurement, what to do, a picture of three lines at least, and a source with a year or a lecture."""
    page = page_of(cls)
    assert page.missing() == []
    assert re.match(r"Measured|Read |Expected ", page.measured)
    assert re.search(r"\d|CS231n|Rules", page.source)
    lines = page.picture.splitlines()
    assert len(lines) >= 3
    assert [line for line in lines if len(line) > 76] == []
    assert [text for text in (page.meaning, page.measured, page.todo, page.source) if not text.endswith(".")] == []


@pytest.mark.parametrize("cls", MONITORS, ids=lambda cls: cls.name)
def test_zoo_shows_it(cls):
    """There is an entry of the zoo for every code that a config can cause, and its config is valid."""
    found = examples(cls.name)
    assert bool(found) != bool(cls.unshown)
    for example in found[:1]:
        config.read_plain(Experiment, example_config(example), example.name)


@pytest.mark.parametrize("cls", AT_ONCE, ids=lambda cls: cls.name)
def test_entry_has_it(cls):
    """What can be seen before the first step is seen there in one of the first entries that are to show it."""
    said: list[str] = []
    for example in examples(cls.name)[:3]:
        setup = build(named(config.read_plain(Experiment, example_config(example), example.name)))
        view = TrainingSession(setup).inspector.view("start")
        said += [d.code for d in MonitorRunner(setup.experiment.monitors.active()).run("start", view)]
        if cls.name in said:
            break
    assert cls.name in said
