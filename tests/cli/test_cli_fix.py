"""`trainlab fix` from the command line."""

import json

import pytest

from trainlab.search.experiment import read


@pytest.fixture
def slow(cli, monkeypatch):
    """A run whose learning rate is far too low, in runs/moons-1."""
    given = ["train", "moons.yaml", "optimizer.lr=1e-6", "train.epochs=25", "train.batch_size=32", "--quiet"]
    monkeypatch.setattr("sys.argv", ["trainlab", *given])
    cli(*given)
    return "moons-1"


def test_the_smallest_patch_is_printed(cli, slow):
    """Trials on stderr as they come; the table, the patch as YAML, the gain and the next command on stdout."""
    got = cli("fix", slow)
    assert got.exit_code == 0
    lines = got.stdout.splitlines()
    assert lines[0].startswith("moons-1: fixed by the suggestions of lr-too-low (1 run, ")
    assert [line.split()[0] for line in lines[2:5]] == ["trial", "moons-1", "fix-1"]
    assert "\n  optimizer: {lr: 0." in got.stdout
    assert "standard error" in got.stdout
    assert lines[-1].startswith("next: trainlab fix runs/moons-1 -o fixed.yaml")
    noted = got.stderr.splitlines()
    assert len(noted) == 1
    assert noted[0].startswith("fix-1: optimizer.lr=0.")
    assert noted[0].endswith("no problems found")


def test_the_cured_config_is_written_and_nothing_is_run_again(cli, slow, folder):
    """-o writes the user's config with the patch in it; the second call has its trials already."""
    cli("fix", slow, "--quiet")
    got = cli("fix", slow, "-o", "cured.yaml", "--quiet")
    assert got.exit_code == 0
    assert "wrote cured.yaml: your config with the patch in it" in got.stdout
    assert got.stdout.splitlines()[-1] == "next: trainlab train cured.yaml"
    text = (folder / "cured.yaml").read_text()
    assert "optimizer: {name: adam, lr: 0." in text
    assert read("cured.yaml").value.optimizer.lr > 1e-3


def test_json(cli, slow):
    """--json has the patch, the scores by seed and every trial."""
    got = cli("fix", slow, "--json")
    data = json.loads(got.stdout)
    assert (data["state"], data["exit_code"], data["credits"]) == ("cured", 0, ["lr-too-low"])
    assert list(data["patch"]) == ["optimizer.lr"]
    assert data["seeds"][0]["after"] > data["seeds"][0]["before"]
    assert [trial["patch"] for trial in data["trials"]] == [{}, data["patch"]]
    assert got.stderr == ""


def test_healthy_and_hopeless_runs(cli, folder):
    """A healthy run needs nothing: 0. What no config cures is told with its advice: 4, and no file is written."""
    cli("train", "moons.yaml", "train.epochs=25", "train.batch_size=32", "--quiet")
    got = cli("fix", "moons-1", "-o", "cured.yaml")
    assert (got.exit_code, got.stdout.splitlines()[0]) == (
        0,
        "moons-1: nothing to fix: this run has no warning and no error",
    )
    cli("train", "moons.yaml", "data.faults=[{scale: 0}]", "--quiet")
    got = cli("fix", "moons-2", "-o", "cured.yaml")
    assert got.exit_code == 4
    assert got.stdout.startswith("moons-2: no config change can fix these findings; follow their advice\n")
    assert "error constant-feature (at the start" in got.stdout
    assert got.stdout.splitlines()[-1] == "next: trainlab explain constant-feature"
    assert not (folder / "cured.yaml").exists()


def test_wrong_usage(cli, slow):
    """A budget that is none, and a run that is not there, end with 2."""
    got = cli("fix", slow, "--budget", "lots")
    assert (got.exit_code, got.stderr) == (
        2,
        "--budget lots: expected a number of runs (12) or a time (90s, 5m, 1h)\n",
    )
    assert cli("fix", "nowhere").exit_code == 2
