"""`trainlab mcp`: what its tools tell, and, where the SDK is installed, what a real client hears over stdio."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from moons_run import MOONS, write

from trainlab.cli._mcp_tools import tools
from trainlab.cli.mcp import _answering
from trainlab.core.errors import UserError
from trainlab.training.experiment import read
from trainlab.training.train import train


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, the second with a learning rate that is too low."""
    folder = tmp_path_factory.mktemp("mcp")
    train(read(write(folder, MOONS, "well.yaml")), runs=folder / "runs")
    train(read(write(folder, MOONS.replace("lr: 0.01", "lr: 1e-6"), "slow.yaml")), runs=folder / "runs")
    (folder / "log.csv").write_text(
        "epoch,loss,val_loss\n" + "".join(f"{i},{1 / i},{0.5 + 0.1 * i}\n" for i in range(1, 30))
    )
    return folder / "runs"


def tool(runs: Path, name: str) -> Any:
    return next(made for made in tools(runs) if made.__name__ == name)


def test_tools_tell_what_commands_tell(runs: Path):
    """Each tool gives the data of the command of its name."""
    newest, oldest = tool(runs, "runs")()
    assert (newest["name"], oldest["name"]) == ("slow-1", "well-1")
    assert [row["name"] for row in tool(runs, "runs")(limit=1)] == ["slow-1"]
    told = tool(runs, "report")("slow-1")
    assert told["config"]["optimizer"]["lr"] == 1e-6
    assert {layer["layer"] for layer in told["layers"]} >= {"dense1", "relu1"}
    codes = [finding["code"] for finding in tool(runs, "findings")("slow-1")]
    assert "lr-too-low" in codes
    assert tool(runs, "explain")("lr-too-low")["severity"] == "warning"
    assert tool(runs, "explain")("checkpoint")["term"] == "checkpoint"
    judged = tool(runs, "diagnose")(str(runs.parent / "log.csv"))
    assert "overfitting" in [finding["code"] for finding in judged["diagnoses"]]


def test_curves_are_thinned(runs: Path):
    """Curves have the columns that were asked for, and at most so many points, the first and the last among them."""
    curves = tool(runs, "curves")
    assert curves("well-1", columns=["val_loss"]).keys() == {"rows", "epoch", "step", "val_loss"}
    steps = curves("well-1", "steps", points=5)
    assert (steps["rows"], len(steps["loss"])) == (36, 5)
    assert (steps["step"][0], steps["step"][-1]) == (1, 36)
    with pytest.raises(UserError, match=r"columns: unknown `val_los`; metrics\.csv has epoch, step"):
        curves("well-1", columns=["val_los"])
    with pytest.raises(UserError, match="file: unknown `config`; allowed are metrics and steps"):
        curves("well-1", "config")


@pytest.mark.parametrize("name", ["", ".", "..", "a\0b", "x" * 5000, "\udcff", "no-such-run", "/dev/zero"])
def test_a_name_that_is_no_run(runs: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever a program asks for, the answer is a sentence."""
    monkeypatch.chdir(tmp_path)  # `` and `.` are the folder of the process: in this one nothing is a log
    for asked in ("report", "findings", "curves", "diagnose"):
        with pytest.raises(UserError):
            tool(runs, asked)(name)


@pytest.mark.parametrize("given", [{"classes": -1}, {"classes": 0}, {"chance": 0.0}, {"chance": float("nan")}])
def test_a_chance_that_is_none(runs: Path, given: dict[str, Any]):
    """What no log can have is refused."""
    with pytest.raises(UserError, match="expected"):
        tool(runs, "diagnose")(str(runs.parent / "log.csv"), **given)


def test_sdk_is_asked_for(runs: Path):
    """Without the SDK the command says what to install, with exit code 2."""
    code = (
        "import sys; sys.modules['mcp'] = None; sys.argv = ['trainlab', 'mcp']; import trainlab.cli.main as m; m.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "the package mcp is needed: pip install 'trainlab[mcp]'\n"


def test_a_file_that_cannot_be_read():
    """The error of the system is the error of the tool, with the file's name cut."""
    error = pytest.importorskip("mcp.server.mcpserver.exceptions").ToolError

    def refusing() -> None:
        raise PermissionError(13, "Permission denied", "x" * 5000)

    with pytest.raises(error, match=f"^{'x' * 200}: Permission denied$"):
        _answering(refusing, None)()


def test_a_client_over_stdio(runs: Path):
    """The SDK's own client lists the tools, all of them read-only, calls each, and gets errors as sentences."""
    pytest.importorskip("mcp.client")
    stdio, anyio = import_module("mcp.client.stdio"), import_module("anyio")
    client_of = import_module("mcp.client").Client
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*")}
    calls = {
        "runs": {},
        "report": {"run": "slow-1"},
        "findings": {"run": "slow-1"},
        "curves": {"run": "slow-1", "columns": ["train_loss"]},
        "explain": {"code": "dead-relu"},
        "diagnose": {"log": str(runs.parent / "log.csv")},
    }

    async def talk() -> tuple[list[Any], dict[str, Any], Any]:
        parameters = stdio.StdioServerParameters(
            command=sys.executable, args=["-m", "trainlab", "mcp", "--runs", str(runs)], env=dict(os.environ)
        )
        async with client_of(stdio.stdio_client(parameters)) as client:
            there = (await client.list_tools()).tools
            told = {name: await client.call_tool(name, given) for name, given in calls.items()}
            return there, told, await client.call_tool("report", {"run": "slow-7"})

    there, told, wrong = anyio.run(talk)
    assert [made.name for made in there] == list(calls)
    assert all(made.annotations.read_only_hint and made.description for made in there)
    data = {name: json.loads(result.content[0].text) for name, result in told.items()}
    assert [row["name"] for row in data["runs"]] == ["slow-1", "well-1"]
    assert data["findings"] == tool(runs, "findings")("slow-1")
    assert data["curves"]["train_loss"] == tool(runs, "curves")("slow-1")["train_loss"]
    assert data["explain"]["code"] == "dead-relu"
    assert wrong.is_error
    assert "no run `slow-7`" in wrong.content[0].text
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*")} == before
