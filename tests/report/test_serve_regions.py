"""The page of a run that trains, in a real browser: its decision regions follow the training."""

import threading

from trainlab.core.config import read_plain
from trainlab.search.experiment import SweepExperiment
from trainlab.training.callbacks import Callback
from trainlab.training.train import train

TOLD = "(document.querySelector('[data-frames=regions] output')?.textContent || '')"
IMAGE = "document.querySelector('#picture-regions svg image').href.baseVal"


class Gate(Callback):
    """Lets a training go on to an epoch only when it is asked to."""

    def __init__(self):
        self.epoch, self.moved, self.open = -1, threading.Condition(), 0

    def on_epoch_end(self, row):
        """Wait for permission."""
        with self.moved:
            self.epoch = row["epoch"]
            self.moved.notify_all()
            self.moved.wait_for(lambda: self.open > row["epoch"], timeout=120)

    def end(self):
        """Train to the end."""
        with self.moved:
            self.open = 1000
            self.moved.notify_all()

    def let(self, epoch):
        """Train up to the end of this epoch, and wait there."""
        with self.moved:
            self.open = epoch
            self.moved.notify_all()
            self.moved.wait_for(lambda: self.epoch >= epoch, timeout=120)


def look(tab, epoch):
    """Move the slider of the regions to the moment with this name."""
    tab.ask(
        "(() => { const s = document.querySelector('[data-frames=regions] input');"
        f"s.value = trainlab.specs.frames.regions.indexOf('{epoch}'); s.dispatchEvent(new Event('input')); }})()"
    )


def test_decision_regions_follow_the_training(server, runs, browser):
    """The page shows the only moment, then a player with the newest one, then each newer one without being loaded
    again. A moment that the reader has chosen stays, and who goes back to the newest follows again.
    """
    config = {"data": {"name": "moons", "samples": 200}, "train": {"epochs": 12}}
    gate = Gate()
    document = read_plain(SweepExperiment, config, "test")
    training = threading.Thread(
        target=train, args=(document,), kwargs={"into": runs / "moons-1", "callbacks": [gate]}, daemon=True
    )
    training.start()
    try:
        gate.let(0)
        tab = browser.open(f"{server.address}run/moons-1")
        tab.drawn()
        assert (tab.ask("!!document.querySelector('#picture-regions')"), tab.ask(TOLD)) == (True, "")
        gate.let(3)
        tab.wait(f"{TOLD} === 'epoch 3 (4 of 4)'", seconds=60)
        tab.drawn()
        first = tab.ask(IMAGE)
        tab.ask("window.stays = 1")
        gate.let(6)
        tab.wait(f"{TOLD} === 'epoch 6 (6 of 6)'", seconds=60)
        tab.drawn()
        assert (tab.ask(IMAGE) != first, tab.ask("window.stays")) == (True, 1)
        look(tab, "epoch 2")
        gate.let(8)
        tab.wait(f"{TOLD} === 'epoch 2 (3 of 7)'", seconds=60)
        look(tab, "epoch 8")
        gate.end()
        tab.wait(f"{TOLD} === 'epoch 12 (8 of 8)'", seconds=60)
        assert tab.console == []
        tab.close()
    finally:
        gate.end()
        training.join(120)
