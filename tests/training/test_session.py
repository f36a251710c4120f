"""A run: its folder is complete, can be run again and resumed to the same bits, and says how it ended."""

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from moons_run import MOONS, assert_same_run, write

from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.data.cache import SplitsCache
from trainlab.engine.graph import build_graph
from trainlab.store import checkpoint
from trainlab.store.findings import read_findings
from trainlab.store.folder import MARKS
from trainlab.store.rows import read_layers, read_rows
from trainlab.store.status import read_status
from trainlab.training import session, setup
from trainlab.training.callbacks import Callback, StepInfo
from trainlab.training.experiment import Experiment, read
from trainlab.training.train import resume, train


class StopAt(Callback):
    """Says stop once so many steps are done."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, info: StepInfo) -> None:
        """Some more steps are done."""
        if info.step >= self.step:
            self.request_stop("the test has seen enough")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One run from its first step to its last."""
    folder = tmp_path_factory.mktemp("whole")
    return train(read(write(folder, MOONS)), runs=folder / "runs")


def test_the_folder_is_complete(whole):
    """A finished run has every file of the contract, and its metrics have a row for each epoch, 0 included."""
    for name in (*MARKS, "checkpoints/last.safetensors", "checkpoints/best.safetensors"):
        assert (whole.folder / name).exists(), name
    metrics = read_rows(whole.folder / "metrics.csv")
    assert list(metrics) == [
        *("epoch", "step", "seconds", "lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy"),
        *("reg_loss", "grad_norm", "update_ratio"),
    ]
    assert metrics["epoch"] == list(range(7))
    assert read_rows(whole.folder / "steps.csv")["step"] == list(range(1, whole.step + 1))
    status = read_status(whole.folder / "status.json")
    assert (status.state, status.epoch, status.exit_code) == ("finished", 6, 0)
    assert status.best is not None
    assert status.best.value == max(metrics["val_accuracy"])
    assert set(status.test) == {"loss", "accuracy"}
    environment = json.loads((whole.folder / "environment.json").read_text())
    assert environment["packages"]["numpy"] == np.__version__
    assert environment["blas"][0]["num_threads"] >= 1
    assert len(environment["data"]["fingerprint"]) >= 32


def test_the_resolved_config_gives_the_same_bits(whole):
    """Running a run folder's own config.yaml gives the same numbers, bit for bit."""
    again = train(read(whole.folder / "config.yaml"), runs=whole.folder.parent)
    assert again.folder.name == "moons-2"
    assert_same_run(whole.folder, again.folder)


def test_a_cached_dataset_changes_nothing(whole, tmp_path):
    """Runs of one process that share a dataset have the same bits and findings."""
    document, cache = read(write(tmp_path, MOONS)), SplitsCache()
    for _ in range(2):
        assert_same_run(whole.folder, train(document, runs=tmp_path / "runs", cache=cache).folder)


def test_every_default_is_written_out(whole):
    """The resolved config names every component in its long spelling, with every setting."""
    document = read(whole.folder / "config.yaml")
    assert set(document.raw) == set(Experiment.model_fields)
    factors = document.raw["optimizer"].pop("lr_factors")
    assert document.raw["optimizer"] == {"name": "adam", "lr": 0.01, "b1": 0.9, "b2": 0.999, "eps": 1e-8}
    assert factors.pop("by_layer") == {}
    assert factors == dict.fromkeys(("bias", "scale", "slope", "embedding", "periodic"), 1.0)


@pytest.mark.parametrize("steps", [(1,), (7, 19), (20, 33)])
def test_an_interrupted_run_resumes_to_the_same_bits(whole, tmp_path, steps):
    """Stopped at any step and resumed, also twice, a run ends as if it had never stopped."""
    config = write(tmp_path, MOONS.replace("epochs: 6", "epochs: 6, checkpoint: {every: 2}"))
    outcome = train(read(config), runs=tmp_path / "runs", callbacks=[StopAt(steps[0])])
    assert (outcome.state, outcome.exit_code) == ("interrupted", 130)
    assert read_status(outcome.folder / "status.json").state == "interrupted"
    for step in steps[1:]:
        outcome = resume(outcome.folder, callbacks=[StopAt(step)])
    outcome = resume(outcome.folder)
    assert outcome.state == "finished"
    assert_same_run(whole.folder, outcome.folder)


def test_a_killed_run_resumes_to_the_same_bits(whole, tmp_path):
    """A run that SIGKILL ended, wherever it was, is cut back to its last checkpoint and goes on to the same bits."""
    config = write(tmp_path, MOONS)
    program = (
        "import sys, time; from pathlib import Path; from trainlab.training import train as run\n"
        "from trainlab.training import checkpointing as saving; from trainlab.training.experiment import read\n"
        "from trainlab.training.callbacks import Callback\n"
        "saving._SAVE_EVERY = 0.0\n"
        "class Slow(Callback):\n    def on_step_end(self, *_): time.sleep(0.05)\n"
        "run.train(read(sys.argv[1]), runs=Path(sys.argv[2]), callbacks=[Slow()])"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(config), str(tmp_path)])
    folder = tmp_path / "moons-1"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        time.sleep(0.02)
        if (folder / "metrics.csv").exists() and (folder / "metrics.csv").read_bytes().count(b"\n") > 4:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    with (folder / "steps.csv").open("a") as torn:
        torn.write("99,0.1")
    assert resume(folder).state == "finished"
    assert_same_run(whole.folder, folder)


def test_a_run_that_never_began_starts_from_the_beginning(whole, tmp_path):
    """A folder that was killed before its first checkpoint is trained from its config."""
    outcome = train(read(write(tmp_path, MOONS)), runs=tmp_path, callbacks=[StopAt(0)])
    for path in (outcome.folder / "checkpoints").iterdir():
        path.unlink()
    (outcome.folder / "status.json").unlink()
    assert resume(outcome.folder).state == "finished"
    assert_same_run(whole.folder, outcome.folder)


def test_a_finished_run_is_not_resumed_but_can_go_further(tmp_path):
    """Resuming what has finished is an error that says how to train it further; that continues, not repeats."""
    config = write(tmp_path, MOONS.replace("cosine", "constant"))
    short = train(read(config, ["train.epochs=3"]), runs=tmp_path)
    with pytest.raises(UserError) as caught:
        resume(short.folder)
    assert str(caught.value) == (
        f"{short.folder}: this run has finished (3 epochs); to train it further say how far: train.epochs=6"
    )
    longer = resume(short.folder, epochs=6)
    whole = train(read(config), runs=tmp_path)
    assert_same_run(whole.folder, longer.folder)


def test_a_diverged_run_says_where_and_ends_with_3(tmp_path):
    """A run whose loss blows up ends as diverged, names step and layer, and leaves a readable folder."""
    text = MOONS.replace("norm: batch, dropout: 0.2", "activation: relu").replace(
        "{name: adam, lr: 0.01}", "{name: sgd, lr: 1e30}"
    )
    outcome = train(read(write(tmp_path, text)), runs=tmp_path)
    assert (outcome.state, outcome.exit_code) == ("diverged", 3)
    found = next(d for d in read_findings(outcome.folder / "diagnoses.jsonl") if d["code"] == "diverged")
    assert found["severity"] == "error"
    assert found["evidence"]["step"] == outcome.step
    assert found["evidence"]["where"]
    assert found["patches"][0]["optimizer.lr"] < 1e30
    assert read_status(outcome.folder / "status.json").state == "diverged"
    rows = read_layers(outcome.folder / "layers.csv")
    last = [v for s, q, v in zip(*(rows[k] for k in ("step", "quantity", "value")), strict=True)
            if (s, q) == (outcome.step, "update_ratio")]  # fmt: skip
    assert len(last) == 2
    assert np.isnan(last).all()  # this step was not taken: there is no update, also none of an earlier step


def test_early_stopping_ends_the_run_and_keeps_the_best(tmp_path):
    """A run that no longer improves ends early, as finished, and says why; the test uses the best epoch."""
    text = MOONS.replace("epochs: 6", "epochs: 200, early_stopping: {metric: val_loss, patience: 3}")
    outcome = train(read(write(tmp_path, text)), runs=tmp_path)
    status = read_status(outcome.folder / "status.json")
    losses = read_rows(outcome.folder / "metrics.csv")["val_loss"]
    assert outcome.state == "finished"
    assert outcome.epoch < 200
    assert status.reason == "val_loss did not improve for 3 epochs"
    assert status.best is not None
    assert (status.best.value, status.best.epoch) == (min(losses), losses.index(min(losses)))
    assert outcome.epoch - status.best.epoch == 3


def test_numbered_checkpoints_are_kept(tmp_path):
    """`checkpoint: {every: 2, keep: 2}` keeps the last two of every second epoch."""
    config = write(tmp_path, MOONS.replace("epochs: 6", "epochs: 6, checkpoint: {every: 2, keep: 2}"))
    outcome = train(read(config), runs=tmp_path)
    assert sorted(checkpoint.kept(outcome.folder / "checkpoints")) == [4, 6]


def test_a_bug_leaves_a_failed_status(tmp_path, monkeypatch):
    """Whatever goes wrong inside, the folder does not go on saying `running`."""

    def broken(*_: object) -> None:
        raise RuntimeError("wires crossed")

    monkeypatch.setattr(session.TrainingSession, "_end_epoch", broken)
    with pytest.raises(RuntimeError):
        train(read(write(tmp_path, MOONS)), runs=tmp_path)
    status = read_status(tmp_path / "moons-1/status.json")
    assert (status.state, status.reason) == ("failed", "RuntimeError: wires crossed")


def test_regression_is_scored_by_r2(tmp_path):
    """For numbers the columns say r2 and mse is minimized."""
    text = "data: {name: friedman1, samples: 200}\nmodel: {name: mlp, hidden: [8]}\ntrain: {epochs: 2}\n"
    outcome = train(read(write(tmp_path, text)), runs=tmp_path)
    metrics = read_rows(outcome.folder / "metrics.csv")
    assert {"train_r2", "val_r2"} <= set(metrics)
    assert outcome.test is not None
    assert set(outcome.test) == {"loss", "r2"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "data: digits\nmodel:\n  name: sequential\n  layers:\n    - dense: 10\n",
            "x.yaml:5:7: model.layers.0: dense1: dense takes rows of numbers, not (8, 8, 1); put `flatten` before it\n"
            "    5 |     - dense: 10\n      |       ^^^^^\n1 problem",
        ),
        (
            "data: iris\nmodel: {name: mlp, hidden: [4], frozen: [5]}\n",
            "x.yaml:2:42: model.frozen.0: there is no layer with weights of index 5; there are 2, counted from 0\n"
            "    2 | model: {name: mlp, hidden: [4], frozen: [5]}\n"
            "      |                                          ^\n1 problem",
        ),
        (
            "data: diabetes\nloss: softmax_cross_entropy\n",
            "x.yaml:2:7: loss: softmax_cross_entropy is for classification, not for regression\n"
            "    2 | loss: softmax_cross_entropy\n      |       ^^^^^^^^^^^^^^^^^^^^^\n1 problem",
        ),
        (
            "data: iris\nmodel:\n  name: sequential\n  layers: [dense: 7]\n",
            "x.yaml:4:12: model.layers.0: dense1: the network ends with (7,), but softmax_cross_entropy needs 3 "
            "outputs here; end with `dense: output`\n    4 |   layers: [dense: 7]\n      |            ^^^^^\n1 problem",
        ),
        (
            "data: {name: iris, split: {val: 0}}\ntrain:\n  early_stopping: {metric: val_acc}\n"
            "schedule: {name: plateau, metric: val_loss}\n",
            "x.yaml:3:28: train.early_stopping.metric: nothing is measured as `val_acc`; did you mean `val_accuracy`?\n"
            "    3 |   early_stopping: {metric: val_acc}\n      |                            ^^^^^^^\n"
            "x.yaml:4:35: schedule.metric: `val_loss` needs validation rows, but data.split.val is 0; watch "
            "`train_loss`\n    4 | schedule: {name: plateau, metric: val_loss}\n"
            "      |                                   ^^^^^^^^\n2 problems",
        ),
    ],
)
def test_what_does_not_fit_is_said_at_its_line_before_anything_is_made(tmp_path, monkeypatch, text, message):
    """A shape, loss or index that does not fit is a config error at its place, and leaves no folder behind."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, text, "x.yaml")
    with pytest.raises(ConfigError) as caught:
        train(read("x.yaml"))
    assert str(caught.value) == message
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.yaml"]


def test_a_run_is_resumed_only_with_its_own_config_and_data(tmp_path):
    """A config that differs, or a file that has changed since, is refused; more epochs are not a difference."""
    rows = "".join(f"{i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(80))
    (tmp_path / "rows.csv").write_text("x,z,y\n" + rows)
    text = f"data: {{name: csv, path: {tmp_path}/rows.csv, target: y}}\ntrain: {{epochs: 4}}\n"
    config = write(tmp_path, text)
    run = train(read(config), runs=tmp_path, callbacks=[StopAt(1)])
    with pytest.raises(UserError) as caught:
        resume(run.folder, document=read(config, ["optimizer.lr=0.5", "train.epochs=9"]))
    assert str(caught.value) == (
        f"{run.folder}: the config differs from this run's own in optimizer.lr; leave it out to resume the run "
        "as it was, or start a new run"
    )
    (tmp_path / "rows.csv").write_text("x,z,y\n" + rows.replace("a", "c"))
    with pytest.raises(UserError) as caught:
        resume(run.folder)
    assert str(caught.value) == (
        f"{run.folder}: the data changed since this run started: restore the original data or start a new run"
    )
    (tmp_path / "rows.csv").write_text("x,z,y\n" + rows)
    assert resume(run.folder, document=read(config, ["train.epochs=5"])).epoch == 5


def test_matrix_products_are_pinned_to_the_configs_threads(tmp_path):
    """A run works with as many BLAS threads as its config says, one by default, and writes down how many."""
    for threads in (1, 2):
        run = train(read(write(tmp_path, MOONS), [f"train.threads={threads}", "train.epochs=1"]), runs=tmp_path)
        assert json.loads((run.folder / "environment.json").read_text())["blas"][0]["num_threads"] == threads


def test_killed_between_its_last_checkpoint_and_its_last_status(tmp_path):
    """A run that was killed when only its status was left to write ends with the findings of one that was not."""
    slow = read(write(tmp_path, MOONS), ["optimizer.lr=1e-6", "model.norm=none"])
    whole = train(slow, runs=tmp_path / "runs")
    folder = tmp_path / "copy"
    shutil.copytree(whole.folder, folder)
    status = json.loads((folder / "status.json").read_text())
    (folder / "status.json").write_text(json.dumps(status | {"state": "running", "test": {}, "pid": 1, "host": "gone"}))

    result = resume(folder)

    assert "underfitting" in [f.code for f in whole.findings]  # found at the end, with the layers' last step in view
    assert result.findings == whole.findings
    assert_same_run(whole.folder, folder)


def test_the_graph_of_the_layers_is_built_once(tmp_path, monkeypatch):
    """Checking shapes, memory and names, and making the network, all use one graph."""
    built: list[int] = []

    def count(layers, shape):
        built.append(len(layers))
        return build_graph(layers, shape)

    monkeypatch.setattr(setup, "build_graph", count)
    setup.build(read(write(tmp_path, MOONS)))
    assert len(built) == 1
