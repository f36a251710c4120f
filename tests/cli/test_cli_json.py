"""Every command that prints has --json, and prints nothing but one JSON document with it."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from moons_run import MOONS, write

from trainlab.cli.main import COMMANDS, load

LECTURE = Path(__file__).parents[2] / "configs" / "lecture"
ELSE = {"mcp"}  # it speaks JSON all the time, but as a protocol
ROWS = "x1,x2\n0.5,0.5\n-0.5,1.0\n"
# in their order: later ones use what earlier ones made
CALLS: Mapping[str, str] = {
    "new": "mlp",
    "check": "moons.yaml",
    "lr-range": "moons.yaml",
    "train": "moons.yaml",
    "sweep": "sweep.yaml",
    "tune": "moons.yaml --budget 15-trials",
    "report": "moons-1",
    "serve": "runs --port 0",
    "fix": "moons-1 --budget 1",
    "zoo": "--only lr-zero --no-cure",
    "diff": "moons-1 moons-1",
    "diagnose": "log.csv",
    "import": "log.csv --name log",
    "evaluate": "moons-1",
    "calibrate": "moons-1",
    "predict": "moons-1 --input rows.csv --output out.csv",
    "ensemble": "--sweep sweep-sweep-1 --top 2",
    "export": "moons-1 --onnx moons.onnx",
    "explain": "dead-relu",
    "components": "layer",
    "schema": "",
    "lecture": f"--chapters {LECTURE} --list",
}


def test_every_command_has_json():
    """No command is without --json, but those that print something else by their nature."""
    without = {name for name in COMMANDS if not any("--json" in option.opts for option in load(name).params)}

    assert without == ELSE
    assert {*CALLS} | ELSE == {*COMMANDS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("json")
    config = MOONS.replace("epochs: 6", "epochs: 2")
    write(made, config)
    write(made, config + "sweep: {space: {optimizer.lr: {log: [1e-3, 1e-1]}}, trials: 2}\n", "sweep.yaml")
    (made / "rows.csv").write_text(ROWS)
    (made / "log.csv").write_text("epoch,loss\n" + "".join(f"{i},{1 / i}\n" for i in range(1, 20)))
    return made


@pytest.mark.parametrize("name", CALLS)
def test_stdout_is_json(folder: Path, name: str):
    """With --json the whole of stdout is one JSON document, and the exit code is as without."""
    command = [sys.executable, "-m", "trainlab", name, *CALLS[name].split(), "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        if name == "serve":
            lines = ""
            while not lines.rstrip().endswith("}"):
                lines += process.stdout.readline() if process.stdout else ""
            process.send_signal(signal.SIGINT)
            told, _ = lines, process.communicate(timeout=60)
        else:
            told, wrong = process.communicate(timeout=300)
            assert process.returncode in (0, 4), wrong

    assert json.loads(told) not in ({}, [])


@pytest.mark.parametrize("call", ["train none.yaml", "new nothing", "serve none", "report none-1", "export none-1"])
def test_errors_are_json(folder: Path, call: str):
    """With --json an error of the user is JSON, too, with exit code 2."""
    command = [sys.executable, "-m", "trainlab", *call.split(), "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]
