"""Names of files and folders that are not UTF-8: every command works in them, and nothing ends as a bug."""

import json
import os
import shutil
from pathlib import Path

import pytest

ODD = os.fsdecode(b"odd-\xff")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="other systems have names in Unicode only")


@pytest.fixture
def odd(folder: Path, monkeypatch) -> Path:
    """A folder of such a name to work in, with a config of such a name."""
    (folder / ODD).mkdir()
    shutil.copy("moons.yaml", folder / ODD / "moons.yaml")
    text = Path("moons.yaml").read_text(encoding="utf-8")
    (folder / ODD / f"{ODD}.yaml").write_text(text.replace("name: moons\n", "", 1), encoding="utf-8")
    monkeypatch.chdir(folder / ODD)
    return folder / ODD


def test_a_run_is_made_there_and_read_again(cli, odd):
    """The folder's name stands in environment.json, the config's in config.yaml, both with the byte as an escape."""
    assert cli("train", f"{ODD}.yaml", "--runs", ODD, "--quiet").exit_code == 0
    run = odd / ODD / "odd-udcff-1"
    assert "odd-\\udcff" in (run / "config.yaml").read_text(encoding="utf-8")
    assert json.loads((run / "environment.json").read_bytes())["folder"].endswith("/odd-\\udcff")
    (odd / ODD / "odd-udcff-1").rename(moved := odd / ODD / ODD)
    for args in (["report"], ["report", "--html", f"{ODD}.html"], ["evaluate"], ["export", "--torch", "net.py"]):
        assert cli(*args[:1], str(moved), *args[1:]).exit_code == 0
    moved.rename(run)
    assert cli("train", "--resume", str(run), "train.epochs=4", "--quiet").exit_code == 0


def test_an_ensemble_of_such_runs_is_saved(cli, odd):
    """The ensemble's file names its members."""
    for _ in range(2):
        cli("train", "moons.yaml", "--runs", ODD, "--quiet")
    assert cli("ensemble", f"{ODD}/moons-1", f"{ODD}/moons-2", "--runs", ODD).exit_code == 0
    saved = next((odd / ODD).glob("*ensemble*/*.json"))
    assert json.loads(saved.read_bytes())["members"][0]["run"] == "odd-\\udcff/moons-1"


def test_a_config_of_such_a_table_is_refused_by_name(cli, odd):
    """A config is UTF-8: it cannot hold the name of the file."""
    (odd / f"{ODD}.csv").write_text("a,b,y\n" + "".join(f"{i % 7},{i % 5},{'uv'[i % 2]}\n" for i in range(60)))
    refused = cli("new", "csv", "--from", f"{ODD}.csv", "--target", "y", "-o", "made.yaml")
    assert refused.exit_code == 2
    assert refused.stderr == "odd-\\udcff: this is not UTF-8, and a config is; rename the file or folder\n"
    assert not (odd / "made.yaml").exists()
