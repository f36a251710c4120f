"""The cured config: the user's own text with the patch in it, and nothing that reads otherwise."""

import pytest

from trainlab.store.folder import RunFolder
from trainlab.store.plain_yaml import read_config
from trainlab.store.strict_json import dumps
from trainlab.tools.fix.rewriting import edited, started_with, write_fixed
from trainlab.tools.fix.suggestion import resolved
from trainlab.training.experiment import read

OWN = """\
# my experiment
name: own
data: {name: moons, preprocess: [standardize]}  # two moons

model:
  name: mlp
  hidden: [16]   # small
  # activations matter
  activation: sigmoid

optimizer:
  # too high
  adam: 0.5
train:
  epochs: 5
  batch_size: 32
# the end
"""


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"model.activation": "relu"}, "activation: sigmoid", "activation: relu"),
        ({"model.hidden": [64, 64]}, "hidden: [16]   # small", "hidden: [64, 64]   # small"),
        ({"model.init": "auto"}, "  activation: sigmoid\n", "  activation: sigmoid\n  init: auto\n"),
        ({"data.preprocess": []}, "preprocess: [standardize]}  #", "preprocess: []}  #"),
        ({"data.faults": []}, "[standardize]}  #", "[standardize], faults: []}  #"),
        ({"train.epochs": 9, "train.clip_norm": 1.0}, "5\n  batch_size: 32", "9\n  batch_size: 32\n  clip_norm: 1.0"),
        ({"schedule": {"name": "cosine"}}, "32\n# the end", "32\nschedule: {name: cosine}\n# the end"),
        ({"schedule.warmup": 1}, "32\n# the end", "32\nschedule: {warmup: 1}\n# the end"),
        ({"data": "digits"}, "data: {name: moons, preprocess: [standardize]}", "data: digits"),
    ],
)
def test_only_what_changes_is_edited(changes, old, new):
    """A value is replaced where it stands, a new key is added to its block; comments and order stay."""
    assert OWN.count(old) == 1
    assert edited(OWN, changes) == OWN.replace(old, new)


def test_a_name_alone_becomes_a_table():
    """`optimizer: adam` with another lr, and an item of a list of layers."""
    assert edited("optimizer: adam # fast\n", {"optimizer.lr": 0.1}) == "optimizer: {name: adam, lr: 0.1} # fast\n"
    got = edited("model:\n  layers:\n    - dense: 3\n    - relu\n", {"model.layers.1": "tanh"})
    assert got == "model:\n  layers:\n    - dense: 3\n    - tanh\n"


def run_of(folder, text, command) -> RunFolder:
    """A run folder as `train` with this config and these arguments would have begun it."""
    (folder / "own.yaml").write_text(text)
    given = [word for word in command.split() if "=" in word]
    run = folder / "runs" / "own-1"
    run.mkdir(parents=True)
    from trainlab.core.component import plain
    from trainlab.core.dump import dump

    (run / "config.yaml").write_text(dump(plain(read(folder / "own.yaml", given).value)))
    (run / "environment.json").write_text(dumps({"command": f"trainlab train {command}", "folder": str(folder)}))
    return RunFolder(run)


def cured_of(run: RunFolder, patch):
    return resolved(read_config(run.config), patch)


def test_the_own_text_is_kept(tmp_path):
    """Comments stay, the overrides of the command line and the patch are in it, and it reads as the cured config."""
    run = run_of(tmp_path, OWN, "own.yaml train.epochs=7 --quiet")
    assert started_with(run) == (tmp_path / "own.yaml", {"train.epochs": 7})
    patch = {"model.activation": "relu", "model.init": "auto"}
    assert write_fixed(tmp_path / "cured.yaml", run, cured_of(run, patch), patch)
    text = (tmp_path / "cured.yaml").read_text()
    assert "# activations matter\n  activation: relu\n  init: auto\n" in text
    assert "epochs: 7" in text
    assert read(tmp_path / "cured.yaml").value.model == read(run.config, ["model.activation=relu"]).value.model


def test_a_spelling_that_cannot_be_edited_falls_back_to_the_whole_config(tmp_path):
    """`adam: 0.5` has no lr to replace: what would read otherwise is never written."""
    run = run_of(tmp_path, OWN, "own.yaml")
    patch = {"optimizer.lr": 0.01}
    assert not write_fixed(tmp_path / "cured.yaml", run, cured_of(run, patch), patch)
    assert read(tmp_path / "cured.yaml").value.optimizer.lr == 0.01


def test_a_file_that_has_changed_since_is_not_used(tmp_path):
    """The run's own config counts, not what the file says by now; nor is a file needed at all."""
    run = run_of(tmp_path, OWN, "own.yaml")
    (tmp_path / "own.yaml").write_text(OWN.replace("[16]", "[99]"))
    patch = {"model.activation": "relu"}
    assert not write_fixed(tmp_path / "cured.yaml", run, cured_of(run, patch), patch)
    assert read(tmp_path / "cured.yaml").value.model.hidden == [16]
    (tmp_path / "own.yaml").unlink()
    assert started_with(run)[0] is None
    assert not write_fixed(tmp_path / "again.yaml", run, cured_of(run, patch), patch)
    assert (tmp_path / "again.yaml").read_text() == (tmp_path / "cured.yaml").read_text()


def test_extends_leads_from_the_new_place(tmp_path):
    """A file that extends another one still does from another folder; what the base says is overridden."""
    (tmp_path / "base.yaml").write_text(OWN)
    run = run_of(tmp_path, "extends: base.yaml\nmodel: {hidden: [8]}  # smaller\n", "own.yaml")
    patch = {"model.activation": "relu"}
    (tmp_path / "else").mkdir()
    assert write_fixed(tmp_path / "else" / "cured.yaml", run, cured_of(run, patch), patch)
    text = (tmp_path / "else" / "cured.yaml").read_text()
    assert text == "extends: ../base.yaml\nmodel: {hidden: [8], activation: relu}  # smaller\n"
