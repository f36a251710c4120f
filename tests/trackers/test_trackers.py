"""Runs that are reported to a tracker: what it is told, while training and afterwards, and what happens if it fails."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from moons_run import MOONS, assert_same_run, write
from typer.testing import CliRunner

from trainlab.cli.main import build
from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.report.replay import replay, tracker_of
from trainlab.store.reading import RunRecord
from trainlab.tools.check import check
from trainlab.training.experiment import read
from trainlab.training.tracker import TrackedRun, TrackerRun
from trainlab.training.trackers.mlflow import MLflow
from trainlab.training.trackers.tensorboard import TensorBoard
from trainlab.training.train import resume, train

TRACKED = f"{MOONS}trackers: [{{tensorboard: {{every: 3}}}}]\n"


class _Heard(TrackerRun):
    """Keeps what it is told; raises at the n-th call of `scalars`, if that is given."""

    def __init__(self, run: TrackedRun, raises_at: int = -1) -> None:
        self.run, self.where, self.raises_at = run, "here", raises_at
        self.scalar: dict[str, dict[int, float]] = {}
        self.times: dict[int, float] = {}
        self.histograms: list[tuple[int, str, float, int]] = []
        self.codes: list[str] = []
        self.end: tuple[str, dict[str, float], dict[str, str], str] | None = None
        self.calls = 0

    def scalars(self, step: int, values: Mapping[str, float], time: float) -> None:
        self.calls += 1
        if self.calls == self.raises_at:
            raise ConnectionError("no route to host")
        self.times[step] = time
        for name, value in values.items():
            assert step not in self.scalar.setdefault(name, {}), f"{name} was logged twice at {step}"
            self.scalar[name][step] = value

    def histogram(self, step: int, name: str, shares: Sequence[float], edges: Sequence[float], time: float) -> None:
        assert len(edges) == len(shares) + 1
        self.histograms.append((step, name, round(sum(shares), 4), len(shares)))

    def finding(self, finding: Any, text: str) -> None:
        assert finding.message in text
        self.codes.append(finding.code)

    def finish(self, state: str, scores: Mapping[str, float], tags: Mapping[str, str], text: str) -> None:
        self.end = state, dict(scores), dict(tags), text

    def flush(self) -> None:
        pass


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[_Heard]:
    """Every tracker run that was opened; `tensorboard` stands for any tracker."""
    opened: list[_Heard] = []

    def opening(tracker: TensorBoard, run: TrackedRun) -> _Heard:
        opened.append(_Heard(run))
        return opened[-1]

    monkeypatch.setattr(TensorBoard, "open", opening)
    monkeypatch.setattr(TensorBoard, "package", "json")
    return opened


def tracked(tmp_path: Path, name: str = "run") -> Path:
    return train(read(write(tmp_path, TRACKED)), into=tmp_path / name).folder


def test_tracker_hears_the_run(tmp_path: Path, heard: list[_Heard]):
    """A tracker is told the rows of the run folder, every third step, every histogram, each finding, and the end."""
    record = RunRecord(tracked(tmp_path), "run")
    (got,) = heard

    assert record.status is not None
    assert got.scalar["val/loss"] == dict(zip(record.metrics["step"], record.metrics["val_loss"], strict=True))
    rows = zip(record.steps["step"], record.steps["loss"], strict=True)
    assert got.scalar["step/loss"] == {step: loss for step, loss in rows if step % 3 == 0}
    inspected = sorted(step for step in {*record.layers["step"]} if step % 20 == 0 < step)
    assert sorted(got.scalar["layer/dense1/grad_norm"]) == inspected
    bins = [name for name in record.layers["quantity"] if "bin" in name]
    assert len(got.histograms) == len(bins) / 16 > 0
    kinds = {
        "dense1/weights",
        "dense1/gradients",
        "relu1/outputs",
        "dense2/outputs",
        "dense2/weights",
        "dense2/gradients",
    }
    assert {name for _, name, _, _ in got.histograms} == {f"layer/{kind}" for kind in kinds}
    assert {(total, count) for *_, total, count in got.histograms} == {(1.0, 16)}
    assert {step for step, *_ in got.histograms} >= {0, 20, max(record.layers["step"])}
    assert got.run.config["optimizer"]["lr"] == 0.01
    assert got.codes == [finding["code"] for finding in record.findings]
    assert got.end is not None
    state, scores, tags, text = got.end
    assert (state, tags["trainlab.state"]) == ("finished", "finished")
    assert scores["test/accuracy"] == record.status.test["accuracy"]
    assert {k: v for k, v in tags.items() if k.startswith("finding.")} == {
        f"finding.{f['code']}": f["severity"] for f in record.findings
    }
    assert all(finding["message"] in text for finding in record.findings)


def test_tracker_changes_nothing(tmp_path: Path, heard: list[_Heard]):
    """A tracked run has the bits of one that is not tracked."""
    plain = train(read(write(tmp_path, MOONS)), into=tmp_path / "plain").folder

    assert_same_run(plain, tracked(tmp_path))
    assert heard


def test_export_afterwards_is_the_same(tmp_path: Path, heard: list[_Heard]):
    """`export --to` tells a tracker what it would have heard during training, with the times of the steps."""
    record = RunRecord(tracked(tmp_path), "run")
    where = replay(record, tracker_of(record, "tensorboard"))
    live, later = heard

    assert where == "here"
    assert (later.scalar, later.histograms, later.codes, later.end) == (
        live.scalar,
        live.histograms,
        live.codes,
        live.end,
    )
    assert later.run.id == live.run.id
    assert list(later.times.values()) == sorted(later.times.values())
    assert all(abs(later.times[step] - live.times[step]) < 5 for step in live.times)


def test_export_takes_settings(tmp_path: Path, heard: list[_Heard]):
    """The tracker has the settings of the run's config, and those of the call over them; unknown ones are refused."""
    record = RunRecord(tracked(tmp_path), "run")

    assert tracker_of(record, "tensorboard").every == 3
    assert tracker_of(record, "tensorboard", ["every=7"]).every == 7
    with pytest.raises(ConfigError, match="unknown key; allowed are `every`, `folder`"):
        tracker_of(record, "tensorboard", ["where=x"])
    with pytest.raises(UserError, match="expected a setting of the tracker, KEY=VALUE"):
        tracker_of(record, "tensorboard", ["7"])


def test_resumed_run_goes_on_in_the_tracker(tmp_path: Path, heard: list[_Heard]):
    """A resumed run opens the same tracker run at its step; both sessions together log what one would have."""
    whole = tracked(tmp_path)
    config = read(write(tmp_path, TRACKED))
    train(config, into=tmp_path / "halves", until=3)
    resume(tmp_path / "halves")
    one, first, second = heard

    assert_same_run(whole, tmp_path / "halves")
    assert (first.run.going_on, first.end and first.end[0]) == (None, "interrupted")
    assert second.run.going_on == max(first.scalar["train/loss"])
    assert second.run.id == first.run.id != one.run.id
    both = {name: {**first.scalar.get(name, {}), **values} for name, values in second.scalar.items()}
    both |= {name: values for name, values in first.scalar.items() if name not in both}
    drop = ("best/val_accuracy", "best/epoch", "epoch/seconds")
    want = {name: values for name, values in one.scalar.items() if name not in drop}
    assert {name: values for name, values in both.items() if name not in drop} == want
    assert second.end is not None
    assert second.end[0] == "finished"


def test_failing_tracker_ends_with_one_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A tracker that raises in the middle is left alone with one warning; the run has the bits of one without it."""
    monkeypatch.setattr(TensorBoard, "package", "json")
    monkeypatch.setattr(TensorBoard, "open", lambda tracker, run: _Heard(run, raises_at=5))
    plain = train(read(write(tmp_path, MOONS)), into=tmp_path / "plain").folder
    with pytest.warns(UserWarning, match="trainlab: ") as caught:
        failing = tracked(tmp_path)

    assert_same_run(plain, failing)
    assert [str(w.message) for w in caught] == [
        "trainlab: the tracker tensorboard failed and is not used any more: ConnectionError: no route to host; "
        "`trainlab export RUN --to tensorboard` can log the whole run later"
    ]
    with pytest.raises(UserError, match="tensorboard: ConnectionError: no route to host"):
        replay(RunRecord(failing, "run"), tracker_of(RunRecord(failing, "run"), "tensorboard"))


def test_tracker_that_does_not_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A tracker that cannot be reached when the run begins costs a warning, not the run."""

    def opening(tracker: TensorBoard, run: TrackedRun) -> _Heard:
        raise ConnectionError("refused")

    monkeypatch.setattr(TensorBoard, "package", "json")
    monkeypatch.setattr(TensorBoard, "open", opening)
    with pytest.warns(UserWarning, match="ConnectionError: refused"):
        folder = tracked(tmp_path)

    assert RunRecord(folder, "run").state == "finished"


def test_training_that_raises_ends_in_the_tracker(tmp_path: Path, heard: list[_Heard], monkeypatch: pytest.MonkeyPatch):
    """A run that ends with an exception is ended as failed in the tracker, too."""
    monkeypatch.setattr("trainlab.training.session.TrainingSession._end_epoch", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tracked(tmp_path)

    assert heard[0].end is not None
    assert heard[0].end[0] == "failed"


@pytest.mark.parametrize("act", [lambda config: train(config), check])
def test_missing_tracker_is_an_error_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Any):
    """A tracker that is not installed is an error at its line, with what installs it, before a folder is made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(MLflow, "package", "mlflow_that_is_missing")
    config = read(write(tmp_path, f"{MOONS}trackers:\n  - mlflow\n"))
    with pytest.raises(ConfigError) as caught:
        act(config)

    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (7, "trackers.0")
    assert problem.message == (
        "the tracker mlflow needs the package mlflow_that_is_missing: pip install 'trainlab[mlflow]'"
    )
    assert not (tmp_path / "runs").exists()


def test_the_last_step_is_logged(tmp_path: Path, heard: list[_Heard]):
    """Where a run diverges between two logged steps, the step that is not finite is logged, too; so are test scores."""
    sick = read(write(tmp_path, TRACKED.replace("every: 3", "every: 1000")), {"optimizer.lr": 1e30})
    folder = train(sick, into=tmp_path / "sick").folder
    record = RunRecord(folder, "sick")
    for _ in range(2):  # while it is trained, and afterwards
        got = heard[-1]
        (step,) = got.scalar["step/loss"]
        assert (step, record.state) == (record.steps["step"][-1], "diverged")
        assert not math.isfinite(got.scalar["step/loss"][step])
        replay(record, tracker_of(record, "tensorboard"))


def test_trial_of_a_tune_is_named_after_it(tmp_path: Path, heard: list[_Heard]):
    """So that two tunes do not have runs of one name; the runs that confirm the winner, too."""
    (tmp_path / "t-tune-1").mkdir()
    (tmp_path / "t-tune-1" / "tune.jsonl").touch()
    for place in ("search-1/trials/0003/2", "confirm/search-1-trial-3/seed-1"):
        train(read(write(tmp_path, TRACKED)), into=tmp_path / "t-tune-1" / place)

    assert [got.run.name for got in heard] == ["t-tune-1/search-1/0003/2", "t-tune-1/confirm/search-1-trial-3/seed-1"]
    assert {got.run.group for got in heard} == {"t-tune-1"}
    assert {got.run.home for got in heard} == {tmp_path.resolve()}


def test_all_runs_of_a_sweep_are_logged(tmp_path: Path, heard: list[_Heard], monkeypatch: pytest.MonkeyPatch):
    """One that cannot be logged is told, and does not stop the others; an ensemble has nothing to log."""
    monkeypatch.chdir(tmp_path)
    search = tmp_path / "runs" / "moons-sweep-1"
    for trial in ("0001", "0002"):
        train(read(write(tmp_path, MOONS)), into=search / "trials" / trial)
    (search / "sweep.yaml").touch()
    (search / "trials" / "0001" / "status.json").unlink()
    command = CliRunner()
    got = command.invoke(build(), ["export", "moons-sweep-1", "--to", "tensorboard", "--json"])
    told = json.loads(got.stdout)

    assert [Path(run["run"]).name for run in told["runs"]] == ["0002"]
    assert [Path(text.split(":")[0]).name for text in told["refused"]] == ["0001"]
    assert told["refused"][0] in got.stderr
    assert [run.run.name for run in heard] == ["moons-sweep-1/0002"]
    (tmp_path / "runs" / "both-ensemble-1").mkdir()
    (tmp_path / "runs" / "both-ensemble-1" / "ensemble.json").touch()
    refused = command.invoke(build(), ["export", "both-ensemble-1", "--to", "tensorboard"])
    assert "an ensemble has no training to log" in refused.stderr


def test_trial_is_named_after_its_sweep(tmp_path: Path, heard: list[_Heard]):
    """A trial of a sweep is logged as SWEEP/TRIAL, in the group of its sweep."""
    folder = tmp_path / "moons-sweep-1" / "trials" / "0003"
    train(read(write(tmp_path, TRACKED)), into=folder)
    (got,) = heard

    assert (got.run.name, got.run.group) == ("moons-sweep-1/0003", "moons-sweep-1")
    assert got.end is not None
    assert got.end[2]["trainlab.sweep"] == "moons-sweep-1"
