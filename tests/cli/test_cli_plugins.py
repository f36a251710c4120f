"""Plugins from the command line: a run, its resumption, predictions, a sweep with workers, reports without them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = """\
plugins: [my_parts.py]
data: {name: moons, samples: 200}
model: {name: mlp, hidden: [4], activation: {bent: 0.3}}
train: {epochs: 2}
sweep: {metric: val_loss, trials: 2, space: {model.activation.bend: {uniform: [0, 0.9]}}}
"""


def trainlab(folder, *arguments):
    """Exit code, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "trainlab", *arguments],
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a plugin, a config and a trained run. Importing the plugin adds a line to the file `imports`."""
    folder = tmp_path_factory.mktemp("plugins")
    text = (ROOT / "configs/my_parts.py").read_text()
    (folder / "my_parts.py").write_text(f"{text}\nopen({str(folder / 'imports')!r}, 'a').write('once ')\n")
    (folder / "c.yaml").write_text(CONFIG)
    assert trainlab(folder, "train", "c.yaml", "--quiet") == (0, "runs/c-1\n", "")
    return folder


def test_the_run_keeps_the_file(folder):
    """A copy, its hash and its components."""
    run = folder / "runs/c-1"
    (entry,) = json.loads((run / "plugins.json").read_text())
    assert (entry["copy"], entry["components"]) == ("plugins/my_parts.py", {"activation": ["bent"]})
    assert (run / entry["copy"]).read_bytes() == (folder / "my_parts.py").read_bytes()


@pytest.mark.parametrize(
    "command", [("report", "c-1"), ("report",), ("report", "c-1", "--html", "c.html"), ("diff", "c-1", "c-1")]
)
def test_reading_a_run_runs_nothing(folder, command):
    """Reports need no plugin and import none."""
    before = (folder / "imports").read_text()
    code, _, err = trainlab(folder, *command)
    assert code == 0, err
    assert (folder / "imports").read_text() == before


def test_a_run_needs_its_plugin(folder):
    """Evaluate, predict, export and resume refuse without it and with another one, and say what to do."""
    (folder / "other").mkdir(exist_ok=True)
    (folder / "other/my_parts.py").write_text((ROOT / "configs/my_parts.py").read_text())
    before = (folder / "imports").read_text()
    for command in (
        ("evaluate", "c-1"),
        ("predict", "c-1", "--input", "new.csv"),
        ("export", "c-1", "--onnx", "c.onnx"),
        ("train", "--resume", "c-1", "train.epochs=3"),
        ("train", "runs/c-1/config.yaml"),
    ):
        code, _, err = trainlab(folder, *command)
        assert (code, "give your own file with `--plugin my_parts.py`" in err) == (2, True), err
        code, _, err = trainlab(folder, *command, "--plugin", "other/my_parts.py")
        assert (code, "has changed: sha256" in err) == (2, True), err
        assert "--plugin runs/c-1/plugins/my_parts.py" in err
    assert (folder / "imports").read_text() == before


def test_a_run_with_its_plugin(folder):
    """Its own file, or its copy, is enough."""
    assert trainlab(folder, "evaluate", "c-1", "--plugin", "my_parts.py")[0] == 0
    assert trainlab(folder, "evaluate", "c-1", "--plugin", "runs/c-1/plugins/my_parts.py")[0] == 0
    code, _, err = trainlab(folder, "export", "c-1", "--onnx", "c.onnx", "--plugin", "my_parts.py")
    assert (code, "bent" in err) == (2, True)
    code, _, err = trainlab(folder, "train", "--resume", "c-1", "train.epochs=4", "--plugin", "my_parts.py")
    assert code == 0, err


def test_a_sweep_and_its_resumption(folder):
    """Workers load the plugin; a resumed sweep needs it again; each trial keeps it."""
    code, out, err = trainlab(folder, "sweep", "c.yaml", "--workers", "2", "--quiet")
    assert (code, out) == (0, "runs/c-sweep-1\n"), err
    sweep = folder / "runs/c-sweep-1"
    assert (sweep / "plugins/my_parts.py").exists()
    assert (sweep / "trials/0002/plugins.json").exists()
    resumed = ("sweep", "--resume", "c-sweep-1", "--trials", "3", "--quiet")
    assert trainlab(folder, *resumed)[0] == 2
    code, _, err = trainlab(folder, *resumed, "--plugin", "my_parts.py")
    assert code == 0, err


def test_components_and_schema(folder):
    """The list, the check and the schema know the plugin."""
    code, out, _ = trainlab(folder, "components", "--plugin", "my_parts.py", "--json")
    (found,) = json.loads(out)
    assert (code, found["kind"], found["name"]) == (0, "activation", "bent")
    assert all(check["passed"] for check in found["checks"])
    (folder / "wrong.py").write_text((folder / "my_parts.py").read_text().replace("1 + self.bend", "1 - self.bend"))
    code, out, _ = trainlab(folder, "components", "--plugin", "wrong.py")
    assert (code, "BROKEN  Gradients: backward gives the slope of forward" in out) == (4, True)
    assert '"activation.bent"' in trainlab(folder, "schema", "--plugin", "my_parts.py")[1]
    assert '"activation.bent"' not in trainlab(folder, "schema")[1]
