"""`trainlab export` as a command."""

import json

import pytest

pytest.importorskip("onnx", reason="needs the extra `onnx`")


def test_export(cli, trained, folder):
    """The file is written; what goes in and comes out is told, as text or as data."""
    got = cli("export", "moons-1", "--onnx", "moons.onnx")
    assert (got.exit_code, got.stderr) == (0, "")
    assert got.stdout.splitlines()[1:] == [
        "  input   x            (rows, 2)",
        "  output  prediction   (rows,)",
        "  output  probability  (rows, 2)",
    ]
    told = json.loads(cli("export", "moons-1", "--onnx", "again.onnx", "--json").stdout)
    assert told["inputs"] == {"x": ["rows", 2]}
    assert told["bytes"] == (folder / "again.onnx").stat().st_size == (folder / "moons.onnx").stat().st_size


def test_options(cli, trained):
    """What the file contains is chosen by options; one that does not fit is an error."""
    told = json.loads(
        cli("export", "moons-1", "--onnx", "a.onnx", "--rows", "1", "--outputs", "probability", "--json").stdout
    )
    assert (told["inputs"], told["outputs"]) == ({"x": [1, 2]}, {"probability": [1, 2]})
    assert (told["opset"], told["notes"]) == (17, [])
    got = cli("export", "moons-1", "--onnx", "b.onnx", "--opset", "3")
    assert (got.exit_code, got.stdout) == (2, "")
    assert got.stderr.startswith("--opset 3: give a number from 13 to ")


def test_without_onnx(cli, trained, monkeypatch):
    """Where the package is missing, the error says how to install it."""
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    got = cli("export", "moons-1", "--onnx", "moons.onnx")
    assert (got.exit_code, got.stdout) == (2, "")
    assert got.stderr == "to export, the package onnx is needed: pip install 'trainlab[onnx]'\n"
