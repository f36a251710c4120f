"""`fix` keeps a suggestion only if it measurably helps, runs nothing twice, and reports what no config fixes."""

import json
import shutil
from pathlib import Path

import pytest

from trainlab.core.component import registered
from trainlab.core.errors import UserError
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor
from trainlab.store.plain_yaml import read_config
from trainlab.tools.fix.budget import Budget
from trainlab.tools.fix.fix import fix
from trainlab.tools.fix.significance import is_hopeless, is_significant, standard_error
from trainlab.tools.fix.suggestion import effective, joined, resolved, suggestions, together
from trainlab.training.callbacks import WATCHED, Callback
from trainlab.training.experiment import read_plain
from trainlab.training.train import train

MOONS = {
    "name": "moons",
    "data": {"name": "moons", "preprocess": ["standardize"]},
    "model": {"name": "mlp", "hidden": [16]},
    "optimizer": {"name": "adam", "lr": 0.02},
    "train": {"epochs": 25, "batch_size": 32},
}


def sick(folder: Path, **changes) -> Path:
    """The folder of a run with these settings (`__` for a dot)."""
    patch = {key.replace("__", "."): value for key, value in changes.items()}
    return train(read_plain(MOONS, patch), runs=folder).folder


def finding(code, patches=(), *, severity="warning", because=()):
    return Finding(code, severity, "", "", 0, 0, because=tuple(because), patches=tuple(patches))


@pytest.fixture(scope="module")
def slow(tmp_path_factory) -> Path:
    """A run whose learning rate is far too low."""
    return sick(tmp_path_factory.mktemp("slow"), optimizer__lr=1e-6)


def copy_of(run: Path, folder: Path) -> Path:
    shutil.copytree(run, folder / run.name, ignore=shutil.ignore_patterns("fixes"))
    return folder / run.name


def test_the_suggestion_of_the_cause_fixes(slow, tmp_path):
    """One real run with the lr that the measured steps ask for; the run itself stands for the unpatched one."""
    told = []
    got = fix(copy_of(slow, tmp_path), tell=told.append)
    assert (got.state, got.exit_code, got.credits, got.reruns) == ("cured", 0, ("lr-too-low",), 1)
    assert list(got.patch) == ["optimizer.lr"]
    assert 1e-3 < got.patch["optimizer.lr"] < 0.1
    assert [trial.folder.name for trial in told] == ["fix-1"]
    assert got.trials[0].folder == got.folder
    ((seed, before, after),) = got.pairs
    assert (seed, after - before > 0.2, got.left) == (0, True, ())
    assert read_config(got.folder / "fixes" / "fix-1" / "config.yaml")["optimizer"]["lr"] == got.patch["optimizer.lr"]
    assert got.config()["optimizer"]["lr"] == got.patch["optimizer.lr"]


def test_what_is_left_is_followed_up_and_what_did_not_matter_is_dropped(tmp_path):
    """Zero weights hide that lr is far too low: the second diagnosis brings the second patch, and both stay."""
    got = fix(sick(tmp_path, model__init="zeros", optimizer__lr=1e-5))
    assert (got.state, sorted(got.patch)) == ("cured", ["model.init", "optimizer.lr"])
    assert got.credits == ("symmetric-init", "lr-too-low")
    parts = [set(trial.patch) for trial in got.trials]
    assert {"optimizer.lr"} in parts, "the patch without its first part was tried, too"


def test_a_healthy_run_is_left_in_peace(tmp_path):
    """Nothing is run, nothing is patched."""
    got = fix(sick(tmp_path))
    assert (got.state, got.exit_code, got.reruns, got.patch, got.pairs) == ("healthy", 0, 0, {}, ())


def test_what_no_config_can_cure_gets_no_run(tmp_path):
    """Inputs that are all the same: advice, exit code 4, and not a single run."""
    got = fix(sick(tmp_path, data__faults=[{"scale": 0}], train__epochs=5))
    assert (got.state, got.exit_code, got.patch, got.reruns) == ("no prescription", 4, {}, 0)
    assert got.left[0].code == "constant-feature"


def test_luck_with_labels_that_mean_nothing_is_no_cure(tmp_path):
    """What scores better while an alarm is left must do so over several seeds."""
    got = fix(sick(tmp_path, data__faults=["shuffle_labels"]), budget=Budget(5))
    assert (got.state, got.exit_code, got.patch) == ("nothing helped", 4, {})
    assert got.left[0].code == "corrupt-labels"


def test_nothing_measurably_better_is_said_so(tmp_path):
    """Squared error told these classes apart as well: the warning goes, the score stays, and that is no cure."""
    got = fix(sick(tmp_path, loss="mse"))
    assert (got.state, got.exit_code, got.patch, got.pairs, got.credits) == ("nothing helped", 4, {}, (), ())
    assert [d.code for d in got.left] == ["wrong-loss"]
    assert any(trial.patch == {"loss": "auto"} for trial in got.trials)


def test_what_the_run_has_disproved_gets_no_run(tmp_path):
    """Inputs of 20, learned from all the same: the finding is withdrawn, and there is nothing to fix."""
    run = sick(tmp_path, data__preprocess=[], data__faults=[{"scale": 20}], train__epochs=60)
    (history,) = [d for d in map(json.loads, (run / "diagnoses.jsonl").read_text().splitlines()) if "withdrawn" in d]
    assert (history["code"], history["severity"]) == ("unscaled-input", "info")
    assert history["withdrawn"].startswith("the run ended with validation accuracy ")
    got = fix(run)
    assert (got.state, got.exit_code, got.patch, got.pairs, got.credits) == ("healthy", 0, {}, (), ())


def test_a_trial_that_has_finished_is_not_repeated(slow, tmp_path):
    """Asked again, everything is read from the folders; with another budget, too."""
    run = copy_of(slow, tmp_path)
    first = fix(run)
    trial = run / "fixes" / "fix-1" / "metrics.csv"
    before = trial.stat().st_mtime_ns
    second = fix(run, budget=Budget(3))
    assert (second.patch, second.pairs, second.reruns) == (first.patch, first.pairs, first.reruns)
    assert trial.stat().st_mtime_ns == before
    assert [path.name for path in sorted((run / "fixes").glob("fix-*"))] == ["fix-1"]


class Stopping(Callback):
    """Stops as soon as a trial runs."""

    def on_train_begin(self, info) -> None:
        """A trial begins."""
        self.request_stop("stopped by the test")


def test_a_stopped_fix_goes_on_where_it_was(slow, tmp_path):
    """Stopped within a trial: nothing is claimed, exit code 130; asked again, that trial goes on to the same end."""
    whole = fix(copy_of(slow, tmp_path / "whole"))
    run = copy_of(slow, tmp_path / "parts")
    cut = fix(run, callbacks=[Stopping()])
    assert (cut.state, cut.exit_code, cut.patch, cut.stopped) == ("interrupted", 130, {}, "interrupted")
    again = fix(run)
    assert (again.patch, again.pairs, again.state) == (whole.patch, whole.pairs, "cured")
    one, two = ((path / "fixes" / "fix-1" / "metrics.csv") for path in (run, whole.folder))
    columns = [[line.split(",")[:2] + line.split(",")[4:] for line in p.read_text().splitlines()] for p in (one, two)]
    assert columns[0] == columns[1], "but for the seconds"


def test_the_budget_bounds_runs_and_seconds(tmp_path):
    """A spent budget is said, and what had helped until then counts."""
    run = sick(tmp_path, model__init="zeros", optimizer__lr=1e-5)
    got = fix(run, budget=Budget(1))
    assert (got.reruns, got.stopped) == (1, "budget")
    none = fix(sick(tmp_path, optimizer__lr=1e-6), budget=Budget(12, 1e-9))
    assert (none.reruns, none.stopped, none.state, none.exit_code) == (0, "budget", "nothing helped", 4)


@pytest.mark.parametrize("text", ["", "0", "-3", "5x", "m", "1e9", "0s"])
def test_a_wrong_budget_is_refused(text):
    """The text says what is allowed."""
    with pytest.raises(UserError) as error:
        Budget.read(text)
    assert str(error.value) == f"--budget {text}: expected a number of runs (12) or a time (90s, 5m, 1h)"


def test_a_run_of_other_data_or_another_version_is_run_again(slow, tmp_path):
    """What the folder says is not believed where it may be out of date: the unpatched run is made anew."""
    run = copy_of(slow, tmp_path)
    environment = run / "environment.json"
    environment.write_text(environment.read_text().replace('"trainlab": "', '"trainlab": "0.0.'))
    got = fix(run)
    assert (got.state, got.reruns, got.trials[0].folder) == ("cured", 2, run / "fixes" / "fix-1")
    assert got.trials[0].patch == {}


def test_a_gain_must_exceed_chance():
    """One pair needs three standard errors, several need two; hopeless is what half an error would not show."""
    assert standard_error("accuracy", 0.5, 100) == pytest.approx(0.05)
    assert is_significant("accuracy", [(0.5, 0.72)], 100)
    assert not is_significant("accuracy", [(0.5, 0.70)], 100)
    assert is_significant("accuracy", [(0.5, 0.62), (0.5, 0.64), (0.52, 0.63)], 100)
    assert not is_significant("accuracy", [(0.5, 0.9), (0.9, 0.5)], 10_000), "gains that contradict each other"
    assert not is_significant("accuracy", [(0.9, 0.904)], 10**9), "too little to care"
    assert is_hopeless("accuracy", [(0.9, 0.901)], 500)
    assert not is_hopeless("accuracy", [(0.9, 0.92)], 500)


def test_suggestions_come_root_cause_first_and_best_first():
    """Best patches of all causes before their second-best ones; consequences last; each change once."""
    raw = resolved(MOONS)
    high = finding("lr-too-high", [{"optimizer.lr": 0.1}, {"train.clip_norm": 1.0}])
    dead = finding("dead-relu", [{"model.activation": "tanh"}], because=["lr-too-high@step 3"])
    scale = finding("unscaled-input", [{"data.preprocess": ["minmax"]}, {"optimizer.lr": 0.1}])
    advice = finding("plateau", [{"schedule": "cosine"}], severity="info")
    got = [(one.code, next(iter(one.patch))) for one in suggestions([dead, high, advice, scale], raw)]
    assert got == [
        ("lr-too-high", "optimizer.lr"),
        ("unscaled-input", "data.preprocess"),
        ("lr-too-high", "train.clip_norm"),
        ("dead-relu", "model.activation"),
    ]


def test_all_causes_are_tried_together_first():
    """The first patch of each cause; of two for one setting that of the first; consequences and advice stay out."""
    raw = resolved(MOONS)
    high = finding("lr-too-high", [{"optimizer.lr": 0.1}, {"train.clip_norm": 1.0}])
    other = finding("exploding-loss", [{"optimizer.lr": 0.3}])
    scale = finding("unscaled-input", [{"data.preprocess": ["minmax"]}])
    dead = finding("dead-relu", [{"model.activation": "tanh"}], because=["lr-too-high@step 3"])
    advice = finding("plateau", [{"schedule": "cosine"}], severity="info")
    got = together([dead, high, other, scale, advice], raw)
    assert [(one.code, dict(one.patch)) for one in got] == [
        ("lr-too-high", {"optimizer.lr": 0.1}),
        ("unscaled-input", {"data.preprocess": ["minmax"]}),
    ]
    assert together([scale, finding("constant-feature", severity="error")], raw) == []


def test_inputs_and_targets_that_are_both_raw_are_scaled_together(tmp_path):
    """Each of them alone fails; both in one run are enough."""
    raw = MOONS | {
        "data": {"name": "friedman1", "samples": 300, "faults": [{"scale": 100}, {"target_scale": 1000}]},
        "optimizer": {"name": "adam", "lr": 3e-3},
        "train": {"epochs": 30, "batch_size": 16},
    }
    got = fix(train(read_plain(raw, {}), runs=tmp_path).folder)
    assert {"data.preprocess", "data.scale_target"} <= set(got.trials[1].patch)
    assert got.state in ("cured", "improved")
    assert got.pairs[0][2] > 0.8


def test_with_no_finding_the_likeliest_patches_are_tried(tmp_path):
    """A run without a warning that is far from perfect: the rate, the length and the like, while six runs last."""
    run = sick(tmp_path, monitors__off=[c.name for c in registered(Monitor)], optimizer__lr=1e-5)
    got = fix(run)
    assert (got.state, got.found, got.credits) == ("cured", (), ())
    assert got.reruns <= 6 + 2
    assert got.pairs[0][2] > 0.9


def test_what_comes_of_something_incurable_is_not_tried():
    """Units that are dead because all inputs are the same need no other activation."""
    constant = finding("constant-feature", severity="error")
    dead = finding("dead-relu", [{"model.activation": "tanh"}], because=["constant-feature@step 0"])
    stuck = finding("loss-not-decreasing", [{"optimizer.lr": 1.0}], because=["dead-relu@step 0"])
    assert suggestions([constant, dead, stuck], resolved(MOONS)) == []


def test_only_what_changes_a_valid_config_is_effective():
    """What is set already is left out; what would be no config is nothing."""
    raw = resolved(MOONS)
    assert effective({"optimizer.lr": 0.02}, raw) == {}
    assert effective({"optimizer.lr": 0.02, "model.activation": "tanh"}, raw) == {"model.activation": "tanh"}
    assert effective({"model.no_such": 1}, raw) == {}
    assert effective({"optimizer.lr": "fast"}, raw) == {}


def test_patches_are_joined_in_their_order():
    """A later whole block replaces the parts that were said before; a later part changes the block."""
    assert joined({"loss.label_smoothing": 0.1, "seed": 1}, {"loss": "auto"}) == {"seed": 1, "loss": "auto"}
    assert list(joined({"schedule": "cosine"}, {"schedule.warmup": 1})) == ["schedule", "schedule.warmup"]
    assert joined({"optimizer.lr": 1}, {"optimizer.lr": 2}) == {"optimizer.lr": 2}


def test_a_run_that_is_still_training_is_refused(slow, tmp_path):
    """The message says what to do."""
    run = copy_of(slow, tmp_path)
    status = run / "status.json"
    text = status.read_text().replace('"finished"', '"running"').replace('"host": "', '"host": "elsewhere')
    status.write_text(text)
    with pytest.raises(UserError) as error:
        fix(run)
    assert str(error.value) == f"{run}: this run is still training; wait until it ends, or stop it"


def test_a_loop_of_somebody_elses_is_refused(slow, tmp_path):
    """There is no config that could be run again."""
    run = copy_of(slow, tmp_path)
    (run / "config.yaml").write_text(f"{WATCHED}\nkind: watched\nname: moons-1\n")
    with pytest.raises(UserError) as error:
        fix(run)
    assert str(error.value) == (
        f"{run}: this run was watched, another program trained it: trainlab has neither its network nor "
        f"its data. `trainlab report {run}` and `trainlab diagnose {run}` read it"
    )
