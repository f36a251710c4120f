"""The zoo: every entry is a valid config that expects codes that exist; blind configs are a function of their seed;
the counts are right.
"""

import pytest

from trainlab.core import config
from trainlab.core.component import names
from trainlab.core.errors import UserError
from trainlab.diagnose.monitor import Monitor
from trainlab.lab.experiment import Experiment
from trainlab.lab.zoo import SHIPPED, cases, one
from trainlab.lab.zoo_result import Case, Cure, Result, Verdict, as_data, missed
from trainlab.store.plain_yaml import read_config


def test_every_entry_is_a_config_and_expects_codes_that_exist():
    """The zoo of the project can be run as it stands."""
    known = set(names(Monitor))
    made = cases(SHIPPED, [0], random=20)
    assert len({(case.kind, case.name) for case in made}) == len(made)
    for case in made:
        config.read_plain(Experiment, dict(case.raw), case.name)
        assert set(case.expect) <= known
        assert bool(case.expect) == (case.kind == "fault")


def test_blind_configs_depend_on_their_number_and_draw_alone():
    """The first of many is the first of few; another draw is another set."""
    few, many, other = (
        [c.raw for c in cases(SHIPPED, [], random=n, draw=draw)] for n, draw in ((3, 0), (10, 0), (3, 1))
    )
    assert few == many[:3]
    assert few != other


def test_names_choose_entries_and_seeds_repeat_them():
    """`only` takes parts of names; a name that fits nothing is an error that says so."""
    assert [(c.name, c.seed) for c in cases(SHIPPED, [3, 4], only=["lr-1e-5"])] == [("lr-1e-5", 3), ("lr-1e-5", 4)]
    with pytest.raises(UserError, match="no entry of the zoo is called nothing-like-it"):
        cases(SHIPPED, [0], only=["nothing-like-it"])


def verdict(kind, name, score=0.9, *found, expect=()):
    raw = {"data": {"name": "blobs"}}
    return Verdict(Case(kind, name, 0, raw, tuple(expect)), "finished", score, tuple(found))


def test_the_counts_are_right():
    """Caught, named among the first two alarms, before the first step, bothered; advice is no alarm."""
    high, low = ("lr-too-high", "warning", 40), ("lr-too-low", "warning", 60)
    dead, advice = ("dead-relu", "error", 0), ("plateau", "info", 0)
    result = Result(
        [
            verdict("fault", "a", 0.1, advice, dead, high, expect=["lr-too-high"]),
            verdict("fault", "b", 0.1, high, low, dead, expect=["dead-relu"]),
            verdict("fault", "c", 0.1, advice, expect=["plateau"]),
            verdict("healthy", "d", 0.9, advice),
            verdict("healthy", "e", 0.9, low),
            *(verdict("random", f"good{i}", 0.95) for i in range(8)),
            verdict("random", "good", 0.93, high),
            verdict("random", "grey", 0.85, high),
            verdict("random", "bad", 0.5, low),
            verdict("random", "diverged", float("nan")),
        ]
    )
    s = result.summary()
    assert (s["faults"], s["caught"], s["named"], s["before_first_step"]) == (3, 2, 1, 1)
    assert (s["healthy"], s["bothered"]) == (2, 1)
    assert (s["good"], s["good_bothered"], s["bad"], s["bad_caught"]) == (9, 1, 2, 1)
    assert s["codes"]["lr-too-high"] == {"caught": 2, "named": 1, "first": 1, "bothered": 1}
    assert as_data(result)["runs"][0]["expect"] == ["lr-too-high"]


@pytest.mark.parametrize(("name", "code"), [("lr-zero", "unchanging-weights"), ("easy-blobs", None)])
def test_a_case_is_trained_and_judged(tmp_path, name, code):
    """A sick case is caught and named; a healthy one is left in peace."""
    (case,) = cases(SHIPPED, [0], only=[name])
    got = one(case, tmp_path)
    assert (got.error, got.caught, got.before) == ("", code is not None, code is not None)
    assert got.named == (code is not None)
    assert code is None or got.alarms[0][0] == code


def test_a_case_that_cannot_run_is_a_result():
    """An entry that is broken is reported with its error, and the others go on."""
    got = one(Case("fault", "broken", 0, {"data": {"name": "no-such-data"}}, ("diverged",)), SHIPPED.parent)
    assert got.state == "failed"
    assert "no-such-data" in got.error


def test_the_zoo_shows_most_codes():
    """At least thirty codes are expected by some fault."""
    expected = {code for entry in read_config(SHIPPED)["faults"].values() for code in entry["expect"]}
    assert len(expected) >= 30
