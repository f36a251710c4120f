"""`trainlab ensemble` as a command: its table, its folder, and its refusals."""

import json

import pytest

CONFIG = """\
name: moon
data: {name: moons, preprocess: [standardize], seed: 1}
model: {name: mlp, hidden: [8]}
optimizer: {name: adam, lr: 0.02}
train: {epochs: 2, batch_size: 64}
"""


@pytest.fixture
def two(cli, folder):
    """Runs moon-1 and moon-2, of seeds 0 and 1, on the same rows."""
    (folder / "moon.yaml").write_text(CONFIG, encoding="utf-8")
    for seed in (0, 1):
        assert cli("train", "moon.yaml", f"seed={seed}", "--quiet").exit_code == 0
    return ["moon-1", "moon-2"]


def test_table_and_folder(cli, two):
    """A row per member, one for all together, a sentence; where it is kept and what comes next go to stderr."""
    got = cli("ensemble", *two)
    assert got.exit_code == 0
    lines = got.stdout.splitlines()
    assert lines[0].split() == ["member", "weight", "val_accuracy", "val_loss", "test_accuracy", "test_loss"]
    assert [line.split()[0] for line in lines[1:5] if line] == ["moon-1", "moon-2", "ensemble"]
    assert "the best member" in got.stdout
    assert got.stderr.strip() == "wrote runs/moon-ensemble-1; next: trainlab evaluate runs/moon-ensemble-1"
    assert max(map(len, lines)) <= 80
    scores = json.loads(cli("evaluate", "moon-ensemble-1", "--json").stdout)["scores"]
    assert f"{scores['accuracy']:.4f}" in lines[3]


def test_json(cli, two, folder):
    """--json has scores, weights and agreement; --no-save leaves nothing behind."""
    got = json.loads(cli("ensemble", *two, "--json", "--no-save", "--by", "vote").stdout)
    assert got["folder"] is None
    assert not (folder / "runs" / "moon-ensemble-1").exists()
    assert [m["weight"] for m in got["members"]] == [0.5, 0.5]
    assert got["agreement"][0][0] == 1.0
    assert got["method"] == "vote"


def test_weights_of_a_run(cli, two):
    """evaluate and predict take the last weights on request; an average is only there if it was kept."""
    assert cli("evaluate", "moon-1", "--weights", "last").exit_code == 0
    got = cli("evaluate", "moon-1", "--weights", "average")
    assert (got.exit_code, got.stdout) == (2, "")
    assert "has no average of its weights; train with train.average=0.999" in got.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "no networks given: name two or more runs, or a --sweep, or a run with --snapshots"),
        (["moon-1", "--snapshots", "moon-2"], "name either runs, or a --sweep, or a run with --snapshots"),
        (["moon-1", "moon-9"], "no run `moon-9` in runs; did you mean"),
        (["--sweep", "none"], "no sweep `none`"),
        (["moon-1", "moon-2", "--by", "vote", "--fit-weights"], "weights cannot be fitted to a vote"),
    ],
)
def test_refusals(cli, two, args, words):
    """Every misuse is a sentence and exit code 2."""
    got = cli("ensemble", *args)
    assert got.exit_code == 2
    assert words in got.stderr
