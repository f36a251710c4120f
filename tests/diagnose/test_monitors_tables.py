"""Monitors of a table's columns: an id and a copy of the target are named with the patch that drops them."""

import numpy as np
import pandas as pd
import pytest

from trainlab.core import config
from trainlab.diagnose.data.id_column import IdColumn
from trainlab.diagnose.data.leaked_target import LeakedTarget
from trainlab.training.experiment import Experiment, named
from trainlab.training.monitoring import MonitorRunner
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build

N = 200


def people(**columns):
    """A healthy table and these columns, in people.csv."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"age": rng.integers(20, 70, N), "city": rng.choice(["Oslo", "Rome"], N)})
    table["income"] = rng.normal(size=N) + table["age"]
    table["bought"] = np.where(table["age"] + rng.normal(size=N) * 9 > 45, "yes", "no")
    table = table.assign(**{name: make(table) for name, make in columns.items()})
    table.to_csv("people.csv", index=False)


def found(target="bought"):
    """Severity, message and patches of what the two monitors find."""
    raw = {"data": {"name": "csv", "path": "people.csv", "target": target, "preprocess": ["standardize"]}}
    setup = build(named(config.read_plain(Experiment, raw, "x")))
    view = TrainingSession(setup).inspector.view("start")
    return [
        (d.severity, d.message, list(d.patches)) for d in MonitorRunner([IdColumn(), LeakedTarget()]).run("start", view)
    ]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_healthy_tables():
    """Columns that help, even much, are left in peace; so is a number that differs in every row."""
    people(score=lambda t: (t["bought"] == "yes") + np.random.default_rng(1).normal(size=N) * 0.1)
    assert found() == []
    assert found(target="income") == []


@pytest.mark.parametrize("name", ["Id", "PassengerId", "row_number", "Unnamed: 0"])
def test_a_column_that_counts_the_rows(name):
    """A running number of a usual name is a warning, with the patch that drops it."""
    people(**{name: lambda t: np.arange(1, N + 1)})
    assert found() == [("warning", f"Column `{name}` counts the rows of the file.", [{"data.drop": [name]}])]


def test_a_number_that_may_be_a_time():
    """A column of another name that rises by 1 from row to row is advice."""
    people(t=lambda t: np.arange(N))
    assert found() == [("info", "Column `t` counts the rows of the file.", [{"data.drop": ["t"]}])]


def test_a_number_of_each_customer():
    """A shuffled whole number that differs in each row is an id if it is named so."""
    numbers = np.random.default_rng(2).permutation(9999)[:N]
    people(customer_id=lambda t: numbers, points=lambda t: numbers)
    assert found() == [
        ("warning", "Column `customer_id` has a different whole number in each row.", [{"data.drop": ["customer_id"]}])
    ]


def test_copies_of_a_class():
    """A category or a number with one value for each class gives the target."""
    people(alive=lambda t: t["bought"].map({"yes": "A", "no": "B"}), code=lambda t: (t["bought"] == "yes") * 5)
    message = "Columns `alive`, `code` alone give the target of every training row."
    assert found() == [("warning", message, [{"data.drop": ["alive", "code"]}])]


def test_the_target_in_another_unit():
    """A number that is a x + b of the target gives it."""
    people(cents=lambda t: t["income"] * 108 + 3)
    message = "Column `cents` alone gives the target of every training row."
    assert found(target="income") == [("warning", message, [{"data.drop": ["cents"]}])]
