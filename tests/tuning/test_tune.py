"""A whole tune of a tiny network: its steps, its budget, and that a stopped one comes to the same end."""

import json
import re
from pathlib import Path

import pytest
import tiny_sweep
from typer.testing import CliRunner

import trainlab as tl
from trainlab.cli.main import build
from trainlab.core.errors import UserError
from trainlab.report.html.tune_page import tune_page
from trainlab.report.serve.site import Site
from trainlab.report.tune_record import TuneRecord
from trainlab.search.callbacks import SweepCallback
from trainlab.search.experiment import read
from trainlab.search.sweep import start as start_sweep
from trainlab.store.reading import RunRecord
from trainlab.tuning.budget import Budget
from trainlab.tuning.journal import Journal
from trainlab.tuning.start import first_trials
from trainlab.tuning.story import told
from trainlab.tuning.tune import plan_of, resume, start

CONFIG = tiny_sweep.TRIAL.replace("epochs: 2", "epochs: 4")
TRIALS = Budget.read("15-trials")
STEPS = ["plan", "check", "range", "baselines", "budget", "search-1", "decide-1", "search-2", "decide-2"]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """The tiny experiment in a file."""
    file = tmp_path_factory.mktemp("config") / "tiny.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture(scope="module")
def tuned(config, tmp_path_factory):
    """An undisturbed tune of 15 trials."""
    return start(read(config), TRIALS, runs=tmp_path_factory.mktemp("runs"), workers=2)


def numbers(steps):
    """What the steps have found, without times and paths."""
    text = json.dumps([dict(step) for step in steps.values()])

    def timeless(value):
        if isinstance(value, dict):
            return {k: timeless(v) for k, v in value.items() if k not in ("seconds", "took", "pace")}
        return [timeless(v) for v in value] if isinstance(value, list) else value

    return timeless(json.loads(text))


class StopAt(SweepCallback):
    """Asks to stop when so many trials have ended."""

    def __init__(self, ended):
        super().__init__()
        self.left = ended

    def on_trial_end(self, row):
        """Count it."""
        self.left -= 1
        if not self.left:
            self.request_stop()


def test_all_steps_within_the_budget(tuned):
    """A tune does its steps in order, trains no more networks than promised, and names a winner."""
    assert list(tuned.steps)[: len(STEPS)] == STEPS
    assert list(tuned.steps)[-3:] == ["confirm", "test", "end"]
    runs = list(tuned.folder.rglob("status.json"))
    assert sum(step["cost"]["runs"] for step in tuned.steps.values() if "cost" in step) == len(runs) <= TRIALS.amount
    assert tuned.exit_code == 0
    assert len(tuned.steps["confirm"]["winner"]["scores"]) == 3
    assert (tuned.folder / "best.yaml").exists()


def test_a_step_is_recorded_at_the_time_of_the_tune(tmp_path):
    """Whatever a step has found: seconds of its own, as the baselines have, do not take the place of the tune's."""
    with Journal(tmp_path) as journal:
        step = journal.once("baselines", lambda: {"seconds": 1e6, "scores": {}}, lambda step: None)
        assert step["seconds"] < 1e5
    with Journal(tmp_path) as journal:
        assert journal.seconds < 1e5


def test_test_rows_stay_unseen_until_the_winner(tuned):
    """No trial has scored the test rows; the step `test` scores the winner's runs only."""
    tests = [RunRecord(p.parent, "").status.test for p in tuned.folder.rglob("status.json")]
    assert tests
    assert not any(tests)
    assert set(tuned.steps["test"]["scores"]) >= {"loss", "r2"}


@pytest.mark.parametrize("ended", [1, 4])
def test_stopped_and_resumed_comes_to_the_same_end(config, tuned, tmp_path, ended):
    """A tune that was stopped twice has the numbers of an undisturbed one."""
    first = start(read(config), TRIALS, runs=tmp_path, workers=2, shown=StopAt(ended))
    assert (first.state, first.exit_code) == ("interrupted", 130)
    second = resume(first.folder, workers=1, shown=StopAt(ended))
    last = resume(second.folder, workers=2) if second.state == "interrupted" else second
    assert numbers(last.steps) == numbers(tuned.steps)


def test_interrupted_between_sweeps(config, tuned, tmp_path):
    """Ctrl-C while no sweep runs also leaves a tune that resumes to the same end."""

    def interrupt(step):
        if step["step"] == "range":
            raise KeyboardInterrupt

    first = start(read(config), TRIALS, runs=tmp_path, workers=2, tell=interrupt)
    assert (first.state, first.exit_code) == ("interrupted", 130)
    assert numbers(resume(first.folder, workers=2).steps) == numbers(tuned.steps)


def test_an_error_that_the_search_cannot_remove_ends_it(config, tmp_path):
    """Rows that are not finite: the check fails, the tune says so, and nothing is trained."""
    found = start(read(config, ["data.faults=[bad_values]"]), TRIALS, runs=tmp_path)
    assert (found.state, found.exit_code) == ("failed", 4)
    assert list(found.steps) == ["plan", "check"]
    assert found.steps["check"]["text"][1].startswith("bad-values: ")


def test_it_starts_from_an_earlier_sweep(config, tmp_path):
    """--from takes over the trials of a sweep of the same settings, and refuses one of others."""
    space = "sweep.space={optimizer.lr: {log: [1e-4, 1e-2]}, train.batch_size: {int: [8, 64]}}"
    sweep = start_sweep(read(config, [space, "sweep.trials=4"]), runs=tmp_path)
    found = start(read(config, [space]), TRIALS, runs=tmp_path, prior=str(sweep.folder), workers=2)
    assert found.steps["plan"]["prior_trials"] == 4
    kept = (found.folder / "search-1" / "prior.jsonl").read_text().splitlines()
    assert len(kept) == 4
    with pytest.raises(UserError, match=r"it has searched other settings: train\.batch_size is in one"):
        start(read(config, ["sweep.space={optimizer.lr: auto}"]), TRIALS, runs=tmp_path, prior=str(sweep.folder))


def test_page_tells_the_story(tuned):
    """The page has each step, the winner's changes and the next commands."""
    page = tune_page(TuneRecord(tuned.folder))
    for part in ('id="step-range"', 'id="step-decide-1"', "What the winner changes", "trainlab predict", "timeline"):
        assert part in page


def test_report_and_server_know_it(tuned):
    """`trainlab report` lists its runs and tells how it stands, of one tune the story; the server links its pages."""
    runs = tuned.folder.parent
    overview = CliRunner().invoke(build(), ["report", "--runs", str(runs)]).output
    assert f"{tuned.folder.name}/search-1/trials/0001" in overview
    assert f"{tuned.folder.name}: finished; val_loss" in overview
    assert "Confirm the winner: ok" in CliRunner().invoke(build(), ["report", str(tuned.folder)]).output
    site, name = Site(runs), tuned.folder.name
    assert f'href="/tune/{name}"' in site.page("/").html
    page = site.page(f"/tune/{name}").html
    links = set(re.findall(r'href="(/[^"]+)"', page))
    assert {f"/sweep/{name}/search-1", f"/run/{name}/search-1/trials/0001"} <= links
    assert any(link.startswith(f"/run/{name}/confirm/") for link in links)
    assert all(site.version(link) for link in links)
    assert site.page("/tune/other") is None


def test_from_python(config, tmp_path):
    """`tl.tune` searches the space that is given, and returns the winner; a failed check is a state."""
    found = tl.tune(
        config, budget="15-trials", space={"optimizer.lr": {"log": [1e-4, 1e-1]}}, runs=tmp_path, workers=2, quiet=True
    )
    assert (found.state, list(found.winner["values"])) == ("finished", ["optimizer.lr"])
    assert found.best_run.best
    assert 9 < len(found.runs) <= 15
    assert set(found.test) >= {"loss", "r2"}
    assert (found.folder / "report.html").exists()
    with pytest.raises(UserError, match="only workers and quiet"):
        tl.tune(resume=found, fix=True)
    assert tl.tune(config, {"data.faults": ["bad_values"]}, runs=tmp_path, quiet=True).state == "failed"


def test_what_it_does_not_use_is_said(config, tmp_path):
    """Of the block `sweep`: another strategy and a number of trials; limits are kept for every trial."""
    block = "sweep={space: {optimizer.lr: auto}, strategy: staged, trials: 9, max_failed: 2, limits: {seconds: 60}}"
    asked = plan_of(read(config, [block]), TRIALS, runs=tmp_path)
    assert asked["unused"] == ["strategy", "trials"]
    assert asked["kept"] == {"stop_bad_trials": True, "max_failed": 2, "limits": {"seconds": 60.0, "memory": None}}
    assert "this is not used: strategy, trials" in told("plan", asked, {})["text"][-1]


def test_first_trials_are_those_of_the_range_tests():
    """The suggested rate with the network that was tested last, as far as they are searched; no rate, no trial."""
    space = {"optimizer.lr": {"log": [1e-3, 1.0]}, "schedule.name": {"choice": ["constant", "cosine"]}}
    weak = {"rule": "adam", "network": {}, "suggestion": 0.1, "blow_up": None, "steepest": 0.2}
    tests = [weak, weak | {"network": {"model.norm": "batch"}, "suggestion": 0.3}, weak | {"steepest": None}]
    assert first_trials(space, tests) == [{"optimizer.lr": 0.3, "schedule.name": "cosine"}]


def test_dry_run_writes_nothing(config, tmp_path):
    """--dry-run tells the plan, as text and as JSON."""
    words = ["tune", str(config), "--budget", "60-epochs", "--dry-run", "--runs", str(tmp_path / "runs")]
    told = CliRunner().invoke(build(), words)
    assert told.exit_code == 0
    assert "score the test rows once, for the winner only" in told.output
    assert json.loads(CliRunner().invoke(build(), [*words, "--json"]).stdout)["budget"] == {
        "amount": 60,
        "unit": "epochs",
    }
    assert not Path(tmp_path / "runs").exists()
