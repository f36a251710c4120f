"""`trainlab lr-range` from the command line."""

import json
from xml.etree import ElementTree


def test_a_range(cli, folder):
    """The curve goes to a folder of its own as table and picture; the next command trains with the suggested rate."""
    got = cli("lr-range", "moons.yaml", "optimizer.lr=5")
    assert got.exit_code == 0
    assert got.stderr == "wrote runs/moons-lr-range-1/lr_range.csv\nwrote runs/moons-lr-range-1/lr_range.svg\n"
    lines = got.stdout.splitlines()
    assert lines[0].startswith("moons, adam: ")
    suggested = next(line for line in lines if line.startswith("suggested: ")).split(":")[1].strip()
    assert lines[-1] == f"next: trainlab train moons.yaml optimizer.lr={suggested}"
    root = ElementTree.parse(folder / "runs/moons-lr-range-1/lr_range.svg").getroot()  # noqa: S314 - our own file
    texts = " ".join("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
    assert f"suggested {float(suggested):.2g}" in texts
    assert "learning rate" in texts
    assert cli("report").exit_code == 0


def test_json_and_files(cli, folder):
    """--json has the whole curve; --csv and --svg go where they are told and make no folder."""
    got = cli("lr-range", "moons.yaml", "--json", "--csv", "a.csv", "--svg", "a.svg", "--repeats", "1", "--to", "1")
    data = json.loads(got.stdout)
    assert got.exit_code == 0
    assert data["files"] == ["a.csv", "a.svg"]
    assert len(data["lr"]) == len(data["smoothed"]) == len((folder / "a.csv").read_text().splitlines()) - 1
    assert data["seeds"] == [0]
    assert not (folder / "runs").exists()


def test_narrow(cli, monkeypatch):
    """At 40 columns no line of the answer is wider."""
    monkeypatch.setenv("COLUMNS", "40")
    lines = cli("lr-range", "moons.yaml", "--repeats", "1").stdout.splitlines()
    assert max(len(line) for line in lines if not line.startswith("next: ")) <= 40


def test_mistakes(cli):
    """A ramp that does not climb is a sentence and exit code 2, as data with --json."""
    got = cli("lr-range", "moons.yaml", "--from", "1", "--to", "0.1", "--json")
    assert got.exit_code == 2
    assert json.loads(got.stdout)["error"].startswith("the rate must climb: ")
