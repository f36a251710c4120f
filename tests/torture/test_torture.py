"""The short forms of the programs in this folder: a few cases of each."""

import sys

import damaged_runs
import damaged_weights
import hostile_requests
import kills
import long_run
import mutated_configs
import pytest
from harness import call

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_damaged_runs():
    """A run or sweep with a damaged file is read as far as it can be, or refused; nothing else changes."""
    found = damaged_runs.torture(range(12), seed=5)
    assert found.wrong == []
    assert found.counts["report: 0"] >= 12


def test_mutated_configs():
    """A config that is drawn from the schema and changed is checked and trained, or refused."""
    found = mutated_configs.torture(range(40), seed=6)
    assert found.wrong == []
    assert found.counts["check: 2"] > found.counts["check: 0"] + found.counts["check: 4"] > 0


def test_damaged_weights():
    """A file of weights with other bytes is taken or refused by name; a checkpoint of ours is refused."""
    found = damaged_weights.torture(range(18), seed=5)
    assert found.wrong == []
    assert found.counts["check own.safetensors: 2"] == 6


def test_hostile_requests():
    """A few of the impossible requests, of every part of the list."""
    found = hostile_requests.torture(range(0, 980, 29), seed=0)
    assert found.wrong == []
    assert sum(found.counts.values()) >= 28


def test_killed_runs():
    """Killed at random instants and resumed, a run ends as one that was not."""
    found = kills.torture(2, seed=3)
    assert found.wrong == []


def test_a_long_run():
    """20 000 steps in flat memory."""
    peaks = long_run.torture(20_000)
    assert peaks[-1] - peaks[4] < 10


def test_the_harness_sees_a_bug(monkeypatch):
    """An exception that is no user's error is counted as wrong, with its place."""
    monkeypatch.setattr("trainlab.report.rows.find_runs", lambda folder: 1 / 0)
    ended = call("report", "--runs", ".")
    assert ended.code == 1
    assert ended.outcome("report").wrong[0].startswith("report: exit 1: 'ZeroDivisionError: division by zero at ")
