"""Every strategy: the same trials for any number of workers, after a kill at any point, and after crashes."""

import csv
import math
from importlib.util import find_spec

import pytest
from sweep_stub import Killed, Stub, space_of, swept, table

from trainlab.core.component import make, names
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.search.distribution import Distribution
from trainlab.search.strategies.staged import stages_for
from trainlab.search.strategy import Budget, PastTrial, SampleRequest, Strategy
from trainlab.search.sweep import resume

STRATEGIES = [name for name in names(Strategy) if name != "tpe" or find_spec("optuna")]
MADE = {
    "log": {"range": [1e-5, 10.0]},
    "uniform": {"range": [-3.0, 4.0]},
    "int": {"range": [1, 1000], "log": True},
    "choice": {"options": [[64], [32, 32], [16]]},
    "normal": {"params": [0.9, 0.02]},
}


def settings(name: str) -> dict[str, object]:
    """A strategy small enough that all of its steps are taken."""
    more = {"asha": {"eta": 2, "cohort": 6}, "tpe": {"startup": 4, "generation": 3}}
    return {"name": name, **more.get(name, {})}


@pytest.fixture(scope="module", params=STRATEGIES)
def undisturbed(request, tmp_path_factory):
    """A sweep by one worker from its start to its end, and what it did."""
    folder = tmp_path_factory.mktemp("whole") / "s"
    stub = Stub()
    summary = swept(folder, space_of(settings(request.param)), stub)
    assert summary.exit_code == 0
    return request.param, folder, stub


@pytest.mark.parametrize("workers", [2, 5])
def test_the_number_of_workers_changes_nothing(undisturbed, tmp_path, workers):
    """The table and the number of epochs are those of one worker."""
    name, folder, whole = undisturbed
    stub = Stub(workers, seed=workers)
    swept(tmp_path / "s", space_of(settings(name)), stub)
    assert table(tmp_path / "s") == table(folder)
    assert stub.epochs == whole.epochs


def test_killed_at_any_point_it_resumes_to_the_same_table(undisturbed, tmp_path):
    """Whatever job it was killed before, the rest repeats none that was done, and the table is the same."""
    name, folder, whole = undisturbed
    for point in range(1, len(whole.jobs), 1 + len(whole.jobs) // 5):
        at = tmp_path / str(point) / "s"
        at.parent.mkdir()
        cut, rest = Stub(kill_at=point), Stub(3)
        with pytest.raises(Killed):
            swept(at, space_of(settings(name)), cut)
        swept(at, space_of(settings(name)), rest)
        assert table(at) == table(folder)
        assert cut.epochs + rest.epochs == whole.epochs
        assert (at / "best.yaml").read_text() == (folder / "best.yaml").read_text()


def test_crashed_trials_heal_on_resume(undisturbed, tmp_path):
    """Trials that crash are `failed`, and the sweep goes on; resumed, it ends as if nothing had been."""
    name, folder, _ = undisturbed
    summary = swept(tmp_path / "s", space_of(settings(name)), Stub(crashes=2))
    assert [row.reason for row in summary.failed] == ["exit code 1: no memory"] * 2
    swept(tmp_path / "s", space_of(settings(name)), Stub(2))
    assert table(tmp_path / "s") == table(folder)


@pytest.mark.parametrize("name", STRATEGIES)
def test_points_fill_the_cube_and_depend_on_the_draw_alone(name):
    """Asked twice, a strategy answers the same; each side's values lie in [0, 1) and in both halves of it."""
    strategy = make(Strategy, name)
    ranges = {k: make(Distribution, k, **MADE[k]) for k in sorted(MADE)}
    values = {k: d.at(0.4) for k, d in ranges.items()}
    past = [PastTrial(n, values, float(n)) for n in range(1, 12)]
    found = []
    for trial in range(12, 32):
        draw = SampleRequest(3, trial, 31, ranges, past)
        (one, two), again = [strategy.points(draw) for _ in range(2)], strategy.points(draw)
        point = next(one)
        assert point == next(two) == next(again)
        assert next(one) == next(two)
        assert len(point) == len(ranges)
        assert all(0 <= u < 1 for u in point)
        found.append(point)
    if name != "tpe":  # which stays where the best are
        for side in zip(*found, strict=True):
            assert min(side) < 0.5 < max(side)


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("trials", [1, 2, 7, 40])
def test_cohorts_hold_every_trial_once(name, trials):
    """Trials are numbered from 1, each in one cohort, in order; rungs climb and end before the last epoch."""
    for epochs in (1, 5, 30):
        cohorts = make(Strategy, name).cohorts(Budget(trials, epochs))
        assert [n for cohort in cohorts for n in cohort.trials] == list(range(1, trials + 1))
        assert not cohorts[0].waits
        for cohort in cohorts:
            assert list(cohort.rungs) == sorted(set(cohort.rungs))
            assert all(0 < rung < epochs for rung in cohort.rungs)


@pytest.mark.parametrize("name", names(Distribution))
def test_distributions_keep_their_promises(name):
    """share undoes at; the part around some values holds them, is no wider, and asks for the same condition."""
    d = make(Distribution, name, **MADE[name], when={"optimizer.name": "sgd"})
    us = [0.003, 0.25, 0.5, 0.75, 0.997]
    assert [d.at(d.share(d.at(u))) for u in us] == [d.at(u) for u in us]
    if d.count() is None:
        assert [d.share(d.at(u)) for u in us] == pytest.approx(us, abs=2e-3)
    values = [d.at(u) for u in (0.45, 0.5, 0.55)]
    part = d.around(values, grow=True)
    assert type(part) is type(d)
    assert part.when == d.when
    assert all(part.at(part.share(v)) == v or d.count() is None for v in values)
    assert all(0 < part.share(v) < 1 for v in values)
    if d.position(values[0]) is not None:
        assert d.position(part.at(0.0)) > 0.2
        assert d.position(part.at(1 - 2**-53)) < 0.8
    else:
        assert abs(part.share(values[0]) - 0.5) <= 0.5


def test_a_range_grows_beyond_the_end_where_the_best_are():
    """The best and most of the good ones at the upper end: a quarter of the range further, in its own scale."""
    log = make(Distribution, "log", range=[1e-4, 1.0])
    assert log.around([0.99, 0.5, 0.3], grow=True).range[1] == pytest.approx(10, rel=1e-3)
    assert log.around([0.99, 0.5, 0.3], grow=False).range[1] == 1.0
    assert make(Distribution, "int", range=[2, 10]).around([10, 10, 9], grow=True).range == [8, 12]


@pytest.mark.parametrize("high", [True, False])
@pytest.mark.parametrize(("name", "ends"), [("log", [1e-8, 1.02e-8]), ("uniform", [1e6, 1e6 + 0.5])])
def test_a_narrow_range_can_be_moved(name, ends, high):
    """The range that is suggested next keeps its two ends apart."""
    low, top = make(Distribution, name, range=ends).beyond(high=high).range
    assert low < top
    assert (low > ends[0]) == (top > ends[1]) == high


def rows(folder) -> list[dict[str, str]]:
    with (folder / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_staged_narrows_to_where_the_best_are(tmp_path):
    """Each stage has its epochs, and its draws lie around the best of the stage before."""
    stages = [{"trials": 16, "epochs": 2}, {"trials": 8, "epochs": 5, "zoom": 0.25}]
    swept(tmp_path / "s", space_of("staged", None, stages=stages), Stub())
    found = rows(tmp_path / "s")
    assert [int(r["stage"]) for r in found] == [1] * 16 + [2] * 8
    assert {r["epochs"] for r in found[16:]} == {"5"}
    far = [[abs(math.log10(float(r["optimizer.lr"]) / 0.02)) for r in part] for part in (found[:16], found[16:])]
    assert max(far[1]) < max(far[0]) / 2
    finished = [r for r in found[:16] if r["status"] == "finished"]
    best = sorted(finished, key=lambda r: float(r["val_loss"]))[: max(3, math.ceil(len(finished) / 4))]
    reach = [math.log10(float(r["optimizer.lr"])) for r in best]
    gap = (max(reach) - min(reach)) / (len(reach) - 1)
    for r in found[16:]:
        assert min(reach) - gap - 0.01 <= math.log10(float(r["optimizer.lr"])) <= max(reach) + gap + 0.01


def test_stages_are_written_out_and_more_trials_make_more_stages(tmp_path):
    """sweep.yaml holds the stages that were made up; a longer sweep begins with the same trials."""
    space = space_of("staged", 10, epochs=8)
    assert space.config["sweep"]["stages"] == [
        {"trials": 5, "epochs": 1, "zoom": 1.0, "keep": 0},
        {"trials": 2, "epochs": 2, "zoom": 0.25, "keep": 1},
        {"trials": 3, "epochs": 8, "zoom": 0.25, "keep": 1},
    ]
    longer = space_of("staged", 17, epochs=8, stages=space.config["sweep"]["stages"])
    assert [(len(c.trials), c.epochs, c.keep) for c in longer.cohorts[2:]] == [
        (3, 8, 1),
        (3, 8, 0),
        (3, 8, 0),
        (1, 8, 0),
    ]
    swept(tmp_path / "s", space, Stub())
    before = table(tmp_path / "s")
    swept(tmp_path / "s", longer, Stub())
    assert table(tmp_path / "s")[: len(before)] == before
    swept(tmp_path / "t", longer, Stub(3))
    assert table(tmp_path / "t") == table(tmp_path / "s")


def test_staged_trains_the_best_again_with_more_epochs(tmp_path):
    """The best of a stage come first in the next one, with their values, but not where the epochs do not grow."""
    stages = [{"trials": 8, "epochs": 2}, {"trials": 4, "epochs": 5, "keep": 2}, {"trials": 4, "epochs": 5, "keep": 2}]
    swept(tmp_path / "s", space_of("staged", None, stages=stages), Stub())
    found = rows(tmp_path / "s")
    values = [(r["optimizer.lr"], r["model.hidden.0"]) for r in found]
    finished = [i for i in range(8) if found[i]["status"] == "finished"]
    best = sorted(finished, key=lambda i: float(found[i]["val_loss"]))[:2]
    assert values[8:10] == [values[i] for i in best]
    assert [float(found[8 + k]["val_loss"]) < float(found[i]["val_loss"]) for k, i in enumerate(best)] == [True, True]
    assert not set(values[10:]) & set(values[:10])


def test_staged_learns_from_all_trials_of_the_same_epochs():
    """After two full stages the third lies around the best three of both, whichever stage drew them."""
    stages = [{"trials": 8, "epochs": 1}, {"trials": 4, "epochs": 5, "zoom": 1.0}]
    stages += [{"trials": 4, "epochs": 5}, {"trials": 4, "epochs": 5}]
    space = space_of("staged", None, stages=stages)
    lr = [10 ** (-3 + n / 10) for n in range(17)]
    known = [PastTrial(n, {"optimizer.lr": lr[n], "model.hidden.0": 5}, abs(n - 12.2)) for n in range(1, 17)]
    second = space.ranges(2, known[:12])["optimizer.lr"]  # 12, 11 and 10, and as far again to both sides
    assert second.range == pytest.approx([lr[9], lr[13]], rel=1e-2)
    third = space.ranges(3, known)["optimizer.lr"]  # 12, 13 and 11, and half as far, inside the range before
    assert third.range == pytest.approx([lr[10], lr[13]], rel=1e-2)


def test_the_stages_of_forty_trials():
    """Those that the page on sweeps writes out."""
    cohorts = space_of("staged", 40, epochs=24).cohorts
    assert [(len(c.trials), c.epochs, c.keep) for c in cohorts] == [
        *[(17, 3, 0), (8, 6, 1), (4, 24, 1)],
        *[(4, 24, 0), (4, 24, 0), (3, 24, 0)],
    ]
    assert [c.zoom for c in cohorts] == [1.0, *[0.25] * 5]


@pytest.mark.parametrize("trials", [1, 3, 8, 16, 40, 300])
def test_staged_costs_at_most_half(trials):
    """The stages that are made up take less than half of the epochs of a random search, and end with all epochs."""
    stages = stages_for(Budget(trials, 24))
    assert sum(stage.trials for stage in stages) == trials
    assert stages[-1].epochs == 24
    if trials > 3:
        assert 0.4 < sum(stage.trials * (stage.epochs or 24) for stage in stages) / (24 * trials) < 0.49


def test_draws_of_a_stage_fill_every_part_of_every_range():
    """Sixteen trials: one in each sixteenth of the learning rates and of the widths."""
    ranges = {"optimizer.lr": {"log": [1e-4, 1.0]}, "model.hidden.0": {"int": [1, 32]}}
    space = space_of("staged", None, stages=[{"trials": 16, "epochs": 1}], space=ranges)
    values = [space.trial(n).values for n in range(1, 17)]
    assert sorted(int(16 * math.log10(v["optimizer.lr"] / 1e-4) / 4) for v in values) == list(range(16))
    assert sorted((v["model.hidden.0"] - 1) // 2 for v in values) == list(range(16))


def test_asha_trains_nothing_twice_and_promotes_the_best(tmp_path):
    """Of 9 trials 3 continue after epoch 1 and 1 after epoch 3, each from where it was; the others say why not."""
    stub = Stub(2)
    swept(tmp_path / "s", space_of("asha", 9, epochs=9, stop_bad_trials=False), stub)
    found = rows(tmp_path / "s")
    assert sorted(r["epochs"] for r in found) == ["1"] * 6 + ["3"] * 2 + ["9"]
    assert stub.epochs == 6 * 1 + 2 * 3 + 9
    assert [r["status"] for r in found if r["epochs"] == "9"] == ["finished"]
    best = min(found, key=lambda r: abs(math.log10(float(r["optimizer.lr"]) / 0.02)))
    assert best["epochs"] == "9"
    cut = [r["reason"] for r in found if r["epochs"] == "1"]
    assert cut == ["not among the best 3 of 9 after epoch 1"] * 6
    assert {r["status"] for r in found if r["reason"]} == {"stopped"}


def test_a_bad_trial_is_stopped_unless_it_is_among_the_best_tenth(tmp_path):
    """Learning rates above 0.1 are stopped in epoch 1; in a space where nothing is better, the best of them goes on."""
    swept(tmp_path / "s", space_of(), Stub())
    found = rows(tmp_path / "s")
    bad = [r for r in found if float(r["optimizer.lr"]) > 0.1]
    assert [(r["status"], r["epochs"], r["diagnoses"], r["reason"]) for r in bad] == [
        ("stopped", "1", "exploding-loss", "it climbs")
    ] * len(bad)
    assert bad
    lr = {"optimizer.lr": {"log": [0.6, 1.0]}}
    swept(tmp_path / "t", space_of(space=lr), Stub(3))
    states = {float(r["optimizer.lr"]): r["status"] for r in rows(tmp_path / "t")}
    assert [states[x] for x in sorted(states)] == ["finished"] * 2 + ["stopped"] * 10
    swept(tmp_path / "u", space_of(space=lr, stop_bad_trials=False), Stub())
    assert {r["status"] for r in rows(tmp_path / "u")} == {"finished"}


@pytest.mark.parametrize(
    ("given", "want"),
    [
        (
            {"strategy": "staged", "space": {"train.epochs": {"int": [1, 9]}}},
            "`staged` sets the epochs of each trial",
        ),
        ({"strategy": "random", "stages": [{"trials": 3}]}, "`stages` are for `strategy: staged`, not for `random`"),
        ({"strategy": "staged", "trials": 5, "stages": [{"trials": 9}]}, "the stages have 9 trials, but `trials` is 5"),
    ],
)
def test_what_does_not_go_together_is_refused(given, want):
    """Searched epochs where the strategy sets them, stages that nobody reads, more of them than trials."""
    with pytest.raises(UserError, match=want):
        space_of(**{"trials": None, **given})


def test_a_grid_is_not_extended(tmp_path):
    """More trials would be another grid, so a resume that asks for them is refused."""
    (tmp_path / "trials").mkdir()
    (tmp_path / "sweep.yaml").write_text(dump(space_of("grid").config))
    with pytest.raises(UserError, match="a grid cannot get more trials; start a new sweep"):
        resume(tmp_path, trials=20)


def test_a_grid_has_every_option_and_no_point_twice():
    """Nine trials over a range and three options: three levels with each of them."""
    ranges = {"a": make(Distribution, "log", range=[1e-3, 1.0]), "b": make(Distribution, "choice", options=[1, 2, 3])}
    points = [tuple(next(make(Strategy, "grid").points(SampleRequest(0, n, 9, ranges)))) for n in range(1, 10)]
    assert sorted(points) == sorted((a, b) for a in (1 / 6, 0.5, 5 / 6) for b in (1 / 6, 0.5, 5 / 6))


def test_sobol_fills_every_part():
    """The first eight points have one in each eighth of each side."""
    ranges = {k: make(Distribution, "uniform", range=[0.0, 1.0]) for k in "abc"}
    points = [next(make(Strategy, "sobol").points(SampleRequest(5, n, 8, ranges))) for n in range(1, 9)]
    assert [sorted(int(8 * u) for u in side) for side in zip(*points, strict=True)] == [list(range(8))] * 3
