"""The zoo: every entry is a valid config that expects codes that exist; blind configs are a function of their seed;
the counts are right.
"""

import pytest

from trainlab.core import config
from trainlab.core.component import names
from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.diagnose.monitor import Monitor
from trainlab.store.plain_yaml import read_config
from trainlab.tools.zoo.left_out import gap, left_out
from trainlab.tools.zoo.result import Case, Cure, Result, Verdict, as_data, missed
from trainlab.tools.zoo.zoo import SHIPPED, cases, one
from trainlab.training.experiment import Experiment


def test_every_entry_is_a_config_and_expects_codes_that_exist():
    """The zoo of the project can be run as it stands."""
    known = set(names(Monitor))
    made = cases(SHIPPED, [0], random=20)
    assert len({(case.kind, case.name) for case in made}) == len(made)
    for case in made:
        config.read_plain(Experiment, dict(case.raw), case.name)
        assert set(case.expect) <= known
        assert bool(case.expect) == (case.kind in ("fault", "shows"))


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


OWN = """bases:
  small: {data: {name: moons}, train: {epochs: 1}}
healthy:
  slow: {base: smal, set: {}}
faults:
  fast: {base: small, set: {optimizer.lr: 9}, expect: [lr-to-high]}
  none: {base: small, expect: []}
more: {}
"""


def test_a_file_of_ones_own_is_refused_with_its_lines(tmp_path):
    """A base that does not exist, an unknown code, a missing part and an unknown section, all at once."""
    file = tmp_path / "own.yaml"
    file.write_text(OWN)
    with pytest.raises(ConfigError) as error:
        cases(file, [0])
    assert [(p.line, p.path, p.nearest) for p in error.value.problems] == [
        (4, "healthy.slow.base", "small"),
        (6, "faults.fast.expect.0", "lr-too-high"),
        (7, "faults.none", None),
        (7, "faults.none.expect", None),
        (8, "more", None),
    ]


def test_a_setting_that_is_no_config_is_refused(tmp_path):
    """It is found before anything is trained, and the entry is named."""
    file = tmp_path / "own.yaml"
    file.write_text("bases:\n  small: {data: {name: moons}}\nhealthy:\n  odd: {base: small, set: {optimizr.lr: 1}}\n")
    with pytest.raises(ConfigError) as error:
        cases(file, [0, 1])
    assert [(p.file, p.path) for p in error.value.problems] == [(f"{file}: odd", "optimizr")]
    file.write_text("bases:\n  small: {data: {name: moons}}\n")
    with pytest.raises(UserError, match="there is no section `random`"):
        cases(file, [0], random=3)


def of_data(data, kind, number, *found, led=()):
    raw = {"data": {"name": data}}
    expect = ("lr-too-low",) if kind == "fault" else ()
    return [Verdict(Case(kind, f"{data}{i}", i, raw, expect), "finished", 0.9, found, led=led) for i in range(number)]


def test_a_data_set_that_is_left_out_is_judged_by_the_others():
    """A code that means a fault everywhere but on one data set is an alarm there, too: that is the gap."""
    low, plain = ("lr-too-low", "warning", 1), ("plateau", "info", 1)
    verdicts = [
        *of_data("a", "fault", 6, low),
        *of_data("a", "healthy", 6),
        *of_data("b", "fault", 6, low),
        *of_data("b", "healthy", 6, plain),
        *of_data("c", "fault", 6, plain),
        *of_data("c", "healthy", 6),
        *of_data("tiny", "fault", 1, low),
    ]
    shares = {s.data: s for s in left_out(Result(verdicts))}
    assert set(shares) == {"a", "b", "c"}
    assert (shares["a"].inside, shares["a"].outside) == (1.0, 1.0)
    assert shares["c"].outside == 0.5, "without c, advice means nothing"
    assert gap(list(shares.values())) == pytest.approx(sum(s.inside - s.outside for s in shares.values()) / 3)


def verdict(kind, name, score=0.9, *found, expect=(), steps=0):
    raw = {"data": {"name": "blobs"}}
    return Verdict(Case(kind, name, 0, raw, tuple(expect)), "finished", score, tuple(found), steps=steps)


def test_a_regression_that_is_no_better_than_the_mean_is_bad():
    """Also where every drawn run is: the best of the worst is not good."""
    runs = [verdict("random", f"r{i}", score) for i, score in enumerate((-3.4, -9.0, 0.0))]
    assert Result(runs).judged() == ([], runs)
    assert Result([*runs, verdict("random", "r3", 0.9)]).judged()[0] == [verdict("random", "r3", 0.9)]


def test_the_best_of_a_few_poor_draws_is_not_good():
    """Where the file says what its data set allows, the label of a run does not depend on the runs beside it."""
    raw = {"data": {"name": "blobs"}}
    few = [Verdict(Case("random", f"r{i}", 0, raw, top=0.95), "finished", s) for i, s in enumerate((0.5, 0.7, 0.94))]
    assert Result(few[:2]).judged() == ([], few[:2])
    assert Result(few).judged() == (few[2:], few[:2])
    assert all(case.top for case in cases(SHIPPED, [], random=30)), "each data set of the zoo has one"


def test_a_random_run_that_diverged_is_not_good(tmp_path):
    """Its last validation score is of an epoch before."""
    raw = {
        "data": {"name": "blobs", "seed": 0},
        "model": {"name": "mlp", "hidden": [16]},
        "optimizer": {"name": "momentum", "lr": 1e4},
        "train": {"epochs": 5},
    }
    verdict = one(Case("random", "r", 0, raw, top=0.9), tmp_path)
    assert (verdict.state, Result([verdict]).judged()) == ("diverged", ([], [verdict]))


def test_a_top_that_is_no_score_is_refused(tmp_path):
    """With the line of it."""
    file = tmp_path / "own.yaml"
    file.write_text("bases:\n  small: {data: {name: moons}}\nrandom:\n  top: {moons: high, iris: 1}\n")
    with pytest.raises(ConfigError) as error:
        cases(file, [0])
    assert [(p.line, p.path) for p in error.value.problems] == [(4, "random.top.moons")]


def test_the_counts_are_right():
    """Detected, named among the first two warnings, the stage of the first, false positives; advice is no warning."""
    high, low = ("lr-too-high", "warning", 40), ("lr-too-low", "warning", 60)
    dead, advice = ("dead-relu", "error", 0), ("plateau", "info", 0)
    result = Result(
        [
            verdict("fault", "a", 0.1, advice, dead, high, expect=["lr-too-high"]),
            verdict("fault", "b", 0.1, high, low, dead, expect=["dead-relu"], steps=100),
            verdict("fault", "c", 0.1, advice, expect=["plateau"]),
            verdict("fault", "e", 0.1, low, expect=["lr-too-low"], steps=60),
            verdict("shows", "s", 0.1, high, advice, expect=["plateau"]),
            verdict("shows", "t", 0.1, high, expect=["plateau"]),
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
    assert (s["faults"], s["caught"], s["named"]) == (4, 3, 2)
    assert (s["before_first_step"], s["while_training"], s["at_the_end"]) == (1, 1, 1)
    assert (s["shows"], s["shown"]) == (2, 1)
    assert (s["healthy"], s["bothered"]) == (2, 1)
    assert (s["good"], s["good_bothered"], s["bad"], s["bad_caught"]) == (9, 1, 2, 1)
    want = {"caught": 2, "first": 1, "named": 1, "cured": 0, "before": 0, "while": 1, "after": 0, "bothered": 1}
    assert s["codes"]["lr-too-high"] == want
    assert as_data(result)["runs"][0]["expect"] == ["lr-too-high"]


def test_a_cure_is_measured_against_the_twin():
    """Within 0.03 of the twin is cured; a run that was as near without is not counted; nor is one without a twin."""

    def sick(name, score, after, reruns, twin=True):
        raw = {"data": {"name": "blobs"}, "seed": 0}
        case = Case("fault", name, 0, raw, ("lr-too-high",), cure=True, twin={"seed": 0} if twin else None)
        found = (("lr-too-high", "warning", 40),)
        return Verdict(case, "finished", score, found, cured=Cure("cured", after, reruns, {}, ("lr-too-high",)))

    result = Result(
        [
            Verdict(Case("twin", "twin", 0, {"seed": 0}), "finished", 0.95),
            *(sick("cured", 0.1, 0.925, 1), sick("not", 0.1, 0.91, 6)),
            *(sick("unharmed", 0.94, 0.94, 4), sick("without", 0.1, 0.95, 9, twin=False)),
        ]
    )
    s = result.summary()
    assert (s["curable"], s["cured"], s["reruns"]) == (2, 1, 3.5)
    assert s["codes"]["lr-too-high"]["cured"] == 1
    assert missed(s) == ["runs per fix: 3.5 on average, at most 3 expected"]


def test_what_falls_short_is_said():
    """Each figure is compared with what is expected of it; small samples are allowed one exception."""
    zeros = Result().summary()
    assert missed(zeros) == []
    assert missed({**zeros, "faults": 100, "caught": 97, "named": 90, "before_first_step": 55}) == []
    short = {**zeros, "faults": 100, "caught": 96, "named": 89, "before_first_step": 54, "healthy": 21, "bothered": 1}
    assert [text.partition(":")[0] for text in missed(short)] == [
        *("faults detected", "named", "detected before the first step", "false positives"),
    ]
    assert missed({**zeros, "good": 13, "good_bothered": 1, "bad": 20, "bad_caught": 19}) == []
    assert len(missed({**zeros, "good": 13, "good_bothered": 2, "bad": 20, "bad_caught": 18, "failed": 1})) == 3


def test_a_twin_is_run_once_and_only_where_it_is_needed():
    """Faults of one base share its run, entries with a twin of their own bring it, incurable ones bring none."""
    made = cases(SHIPPED, [0], only=["adam-lr", "raw-wine", "val-leak"], cures=True)
    twins = [case for case in made if case.kind == "twin"]
    assert [case.name for case in twins] == ["twin of adam-lr-0.3", "twin of raw-wine"]
    assert twins[1].raw["data"]["name"] == "wine"
    assert {case.name: case.cure for case in made if case.kind == "fault"}["val-leak"] is False
    assert all(not case.cure for case in cases(SHIPPED, [0], only=["adam-lr"]))


def test_a_sick_case_is_cured(tmp_path):
    """A case that asks for it is given to `fix`, which finds the patch."""
    case = next(c for c in cases(SHIPPED, [0], only=["moons-sgd"], cures=True) if c.kind == "fault")
    got = one(case, tmp_path)
    assert got.cured is not None
    assert (got.cured.state, got.cured.codes) == ("cured", ("lr-too-low",))
    assert got.cured.score > got.score + 0.2


@pytest.mark.parametrize(("name", "code"), [("lr-zero", "unchanging-weights"), ("easy-blobs", None)])
def test_a_case_is_trained_and_judged(tmp_path, name, code):
    """A sick case is caught and named; a healthy one is left in peace."""
    (case,) = cases(SHIPPED, [0], only=[name])
    got = one(case, tmp_path)
    assert (got.error, got.caught, got.before) == ("", code is not None, code is not None)
    assert got.named == (code is not None)
    assert code is None or got.warnings[0][0] == code


def test_a_case_that_cannot_run_is_a_result():
    """An entry that is broken is reported with its error, and the others go on."""
    got = one(Case("fault", "broken", 0, {"data": {"name": "no-such-data"}}, ("diverged",)), SHIPPED.parent)
    assert got.state == "failed"
    assert "no-such-data" in got.error


def test_the_zoo_shows_every_code_that_a_config_can_show():
    """A wrong gradient and a missing penalty are a program's faults, a collapse is chance; four need several runs."""
    zoo = read_config(SHIPPED)
    expected = {code for part in ("faults", "shows") for entry in zoo[part].values() for code in entry["expect"]}
    assert set(names(Monitor)) - expected == {"gradient-mismatch", "reg-not-felt", "collapse"} | {
        *("suspicious-fold", "edge-of-range", "id-column", "leaked-target", "stale-gradient", "wrong-mode")
    }
