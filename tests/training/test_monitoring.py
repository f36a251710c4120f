"""MonitorRunner: causes before consequences, each finding once, and `because` where something led to it."""

import numpy as np
import pytest

from trainlab.core.component import registered
from trainlab.core.types import Task
from trainlab.diagnose.monitor import Monitor
from trainlab.diagnose.view import Curves, Steps, View
from trainlab.training.monitoring import MonitorRunner

CHANCE = float(np.log(10))


def stuck(epochs_done: int) -> View:
    """A run whose steps are far too long and whose loss stays at chance."""
    rows = [{"train_loss": CHANCE, "train_accuracy": 0.1, "val_accuracy": 0.1} for _ in range(epochs_done + 1)]
    steps, n = Steps(), 20 * epochs_done
    steps.append(np.column_stack([np.full(n, CHANCE), np.full(n, 0.1), np.ones(n), np.full(n, 0.4)]), n)
    task = Task("classification", 10)
    settings = {"optimizer": {"name": "sgd", "lr": 0.1}}
    return View(epochs_done, n, 30, 20, task, CHANCE, CHANCE, steps, Curves(rows), settings, majority=0.1, fresh=n)


def all_monitors() -> MonitorRunner:
    return MonitorRunner([cls.model_validate({}) for cls in registered(Monitor)])


def test_the_cause_leads_and_the_others_name_it():
    """The rate comes first although the loss was noticed at the same moment, and the loss says because of what."""
    found = [d for d in all_monitors().run("epoch", stuck(12)) if d.severity != "info"]
    assert [(d.code, d.because) for d in found] == [
        ("lr-too-high", ()),
        ("loss-not-decreasing", ("lr-too-high@step 240",)),
    ]


def test_a_finding_is_said_once():
    """Epoch after epoch the same fault is there; it is told the first time."""
    sitter = all_monitors()
    first = list(sitter.run("epoch", stuck(12)))
    assert first != []
    assert list(sitter.run("epoch", stuck(13))) == []


def test_what_was_said_is_known_after_a_resume():
    """A MonitorRunner that continues with earlier findings does not repeat them, and names them as causes."""
    before = all_monitors()
    list(before.run("epoch", stuck(4)))
    after = all_monitors()
    after.resume(before.findings)
    found = [d for d in after.run("epoch", stuck(12)) if d.severity != "info"]
    assert [(d.code, d.because) for d in found] == [("loss-not-decreasing", ("lr-too-high@step 80",))]


@pytest.mark.parametrize("cls", registered(Monitor))
def test_causes_are_codes(cls):
    """What a monitor names as possible causes exists, and is not itself."""
    known = {other.name for other in registered(Monitor)}
    assert set(cls.causes) <= known - {cls.name}


def test_a_monitor_without_what_it_needs_is_not_asked():
    """On curves alone, monitors of layers, data and probes are left out, and nothing breaks."""
    sitter = MonitorRunner([m for m in all_monitors().monitors if not set(m.needs) <= {"curves", "steps"}])
    assert all(list(sitter.run(when, stuck(12))) == [] for when in ("start", "steps", "epoch", "end"))
