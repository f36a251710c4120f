"""Ensembles: what several networks say together, from independent arithmetic, and what does not belong together."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from trainlab.core.errors import UserError
from trainlab.core.types import Task
from trainlab.inference.ensemble.combining import agreement, combine, fitted_weights
from trainlab.inference.ensemble.making import make_ensemble
from trainlab.inference.ensemble.members import from_runs, from_snapshots
from trainlab.inference.evaluate import evaluate, predict
from trainlab.inference.model import TrainedNetwork
from trainlab.nn.losses.binary_cross_entropy import BinaryCrossEntropy
from trainlab.nn.losses.hinge import Hinge
from trainlab.nn.losses.mse import MSE
from trainlab.nn.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from trainlab.search.experiment import read_plain
from trainlab.search.lookup import best_runs
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder
from trainlab.training.train import resume, train

THREE = Task("classification", 3, ())
CONFIG = {
    "data": {"name": "iris", "preprocess": ["standardize"], "seed": 5},
    "model": {"name": "mlp", "hidden": [8]},
    "optimizer": {"name": "adam", "lr": 0.02},
    "train": {"epochs": 6, "batch_size": 16},
}
NUMBERS = {
    "data": {"name": "friedman1", "samples": 120, "preprocess": ["standardize"], "scale_target": True, "seed": 5},
    "model": {"name": "mlp", "hidden": [8]},
    "train": {"epochs": 4},
}


def outputs(members=3, rows=40, units=3, seed=0):
    return list(np.random.default_rng(seed).normal(size=(members, rows, units)) * 2)


def trained(config, name, **changes):
    """The folder of a run; changes by dotted path with `__` for the dot."""
    paths = {key.replace("__", "."): value for key, value in changes.items()}
    return train(read_plain(config, {"name": name, **paths})).folder


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with runs on the same rows of iris (flower-1, -2, -3: seeds 0, 1, 2), other rows, and of numbers."""
    folder = tmp_path_factory.mktemp("ensembles")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for seed in range(3):
            trained(CONFIG, "flower", seed=seed)
            trained(NUMBERS, "number", seed=seed)
        trained(CONFIG, "hinged", loss="hinge")
        trained(CONFIG, "elsewhere", data__seed=6)
        trained(CONFIG, "turns", schedule="cosine_restarts", train__epochs=7, train__average=0.9)
        trained(CONFIG, "kept", train__checkpoint__keep=3)
    return folder


@pytest.fixture
def here(home, monkeypatch):
    monkeypatch.chdir(home)
    return Path("runs")


def test_mean_of_probabilities_by_hand():
    """The combination's probabilities are the weighted mean of the members' (SciPy's softmax), for 3 and 2 classes."""
    members, weights = outputs(), np.array([0.5, 0.3, 0.2])
    loss = SoftmaxCrossEntropy()
    got = loss.probabilities(combine("probabilities", members, weights, loss, THREE))
    want = sum(w * softmax(y, axis=1) for w, y in zip(weights, members, strict=True))
    np.testing.assert_allclose(got, want, rtol=1e-12)

    two, binary = outputs(units=1), BinaryCrossEntropy()
    got = binary.probabilities(combine("probabilities", two, weights, binary, Task("classification", 2, ())))
    second = sum(w / (1 + np.exp(-y)) for w, y in zip(weights, two, strict=True))
    np.testing.assert_allclose(got, np.concatenate([1 - second, second], axis=1), rtol=1e-9)


def test_mean_of_outputs_by_hand():
    """`logits` and numbers of a regression: the weighted mean of the outputs."""
    members, weights = outputs(), np.array([0.5, 0.3, 0.2])
    want = 0.5 * members[0] + 0.3 * members[1] + 0.2 * members[2]
    np.testing.assert_allclose(combine("logits", members, weights, Hinge(), THREE), want, rtol=1e-12)
    numbers = Task("regression", 3, ())
    np.testing.assert_allclose(combine("vote", members, weights, MSE(), numbers), want, rtol=1e-12)


def test_vote_by_hand():
    """The class with most votes wins; where two have as many, that with the greater mean output."""
    loss, weights = SoftmaxCrossEntropy(), np.full(4, 0.25)
    says = np.array([[[9, 0, 0]], [[0, 1, 0]], [[0, 1, 0]], [[0, 0, 2]]], float)
    votes = combine("vote", list(says), weights, loss, THREE)
    assert loss.predict(votes, THREE).tolist() == [1]
    np.testing.assert_allclose(votes, [[0.25, 0.5, 0.25]], atol=1e-6)
    tied = np.array([[[3, 0, 0]], [[0, 1, 0]], [[0, 0, 5]], [[0, 0, 5]], [[3, 0, 0]]], float)
    assert loss.predict(combine("vote", list(tied), np.full(5, 0.2), loss, THREE), THREE).tolist() == [2]
    two, binary = Task("classification", 2, ()), BinaryCrossEntropy()
    says = np.array([[[-5.0]], [[0.1]], [[0.2]]])
    assert binary.predict(combine("vote", list(says), np.full(3, 1 / 3), binary, two), two).tolist() == [1]


def test_no_probabilities_no_mean_of_them():
    """Hinge knows no probabilities: the error names what can be used."""
    with pytest.raises(UserError, match="--by logits or --by vote"):
        combine("probabilities", outputs(), np.full(3, 1 / 3), Hinge(), THREE)


def test_fitted_weights_find_the_best_mixture():
    """Of a good and two useless members the good one gets nearly all; weights are none negative and sum to 1;
    the loss is no higher than at any of 200 random mixtures.
    """
    rng = np.random.default_rng(1)
    t = rng.integers(0, 3, 200)
    good = np.eye(3)[t] * 3 + rng.normal(size=(200, 3))
    members, loss = [good, *outputs(2, 200, seed=2)], SoftmaxCrossEntropy()
    got = fitted_weights("probabilities", members, t, loss, THREE)
    assert got.sum() == pytest.approx(1)
    assert (got >= 0).all()
    assert got[0] > 0.9

    def cost(weights):
        mean = sum(w * softmax(y, axis=1) for w, y in zip(weights, members, strict=True))
        return -np.log(mean[np.arange(200), t]).mean()

    assert cost(got) <= min(cost(w) for w in rng.dirichlet(np.ones(3), 200)) + 1e-6


def test_agreement_by_hand():
    """The share of rows with the same class; for numbers the correlation."""
    a, b = np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2])
    assert agreement([a, b], "classification").tolist() == [[1, 0.75], [0.75, 1]]
    x = np.array([[1.0], [2.0], [4.0]])
    assert agreement([x, -x], "regression") == pytest.approx(np.array([[1, -1], [-1, 1]]))


def test_members_and_ensemble_are_scored(here):
    """Members score as `evaluate` says of each; the kept folder scores as the ensemble did, and predicts with it."""
    made = make_ensemble(from_runs(["flower-1", "flower-2", "flower-3"], here), runs=here)
    assert made.folder == here / "flower-ensemble-1"
    for member in made.members:
        assert member.scores["test"] == evaluate(member.name, runs=here).scores
        assert member.scores["val"] == evaluate(member.name, part="val", runs=here).scores
    assert evaluate(made.folder).scores == made.together.scores["test"]
    assert evaluate("flower-ensemble-1", runs=here).as_dict()["epoch"] is None
    assert made.agreement.shape == (3, 3)
    assert 0 < made.mean_agreement <= 1

    rows = np.random.default_rng(0).normal(size=(5, 4)) + 3
    header = "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)"
    names = [c["name"] for c in TrainedNetwork.load(RunFolder(here / "flower-1")).encoding["columns"]]
    assert ",".join(names) == header
    Path("new.csv").write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    each = [predict(f"flower-{n}", "new.csv", runs=here).certainty for n in (1, 2, 3)]
    np.testing.assert_allclose(predict(made.folder, "new.csv").certainty, np.mean(each, axis=0), rtol=1e-5)


def test_the_kept_folder_is_whole(here, tmp_path):
    """It can be moved away from its members' runs, and says where they were."""
    made = make_ensemble(from_runs(["flower-1", "flower-2"], here), method="vote", runs=here, name="pair")
    moved = tmp_path / "pair"
    shutil.move(made.folder, moved)
    assert evaluate(moved).scores == made.together.scores["test"]
    assert "loss" not in made.together.scores["test"], "a vote has no loss"
    index = json.loads((moved / "ensemble.json").read_text())
    assert [m["run"] for m in index["members"]] == ["runs/flower-1", "runs/flower-2"]
    assert index["method"] == "vote"


def test_an_ensemble_is_no_run(here):
    """What asks for a run and is given an ensemble says what takes it."""
    (here / "both-ensemble-1").mkdir()
    (here / "both-ensemble-1" / "ensemble.json").touch()
    with pytest.raises(
        UserError, match=r"both-ensemble-1: is an ensemble, not a run; `trainlab predict`, `evaluate` and "
    ):
        RunFolder.open("both-ensemble-1", here)


def test_regression_in_the_targets_own_units(here):
    """Numbers are averaged in the target's own units, and weights can be fitted to them."""
    made = make_ensemble(from_runs(["number-1", "number-2", "number-3"], here), fit=True, runs=here)
    assert sum(m.weight for m in made.members) == pytest.approx(1)
    want = min(m.scores["val"]["loss"] for m in made.members)
    assert made.together.scores["val"]["loss"] <= want + 1e-6
    assert made.metric == "r2"
    assert evaluate(made.folder).scores == made.together.scores["test"]


def test_snapshots(here):
    """cosine_restarts leaves its snapshots; the last weights and their moving average are scored beside them."""
    folder = RunFolder(here / "turns-1")
    found = checkpoint.snapshots(folder.checkpoints)
    assert list(found) == [1, 2, 3, 4, 5]
    per_epoch = 106 // 16 + 1
    steps = [checkpoint.load(path)[1]["step"] for path in found.values()]
    assert steps == [round(part * 7 * per_epoch) for part in (0.2, 0.4, 0.6, 0.8, 1.0)]
    made = make_ensemble(from_snapshots("turns-1", here), snapshots=True, runs=here)
    assert [m.name for m in made.beside] == ["last", "average"]
    assert made.members[-1].scores == made.beside[0].scores, "the last snapshot is the last weights"
    assert made.beside[0].scores == {p: evaluate("turns-1", part=p, weights="last").scores for p in ("val", "test")}
    assert made.beside[1].scores["val"] == evaluate("turns-1", part="val", weights="average").scores
    assert made.beside[0].scores != made.beside[1].scores


def test_snapshots_survive_an_interruption(here):
    """A run that is stopped and resumed leaves the same snapshots, bit for bit."""
    whole = checkpoint.snapshots(here / "turns-1" / "checkpoints")
    config = read_plain(
        CONFIG, {"name": "halved", "schedule": "cosine_restarts", "train.epochs": 7, "train.average": 0.9}
    )
    half = train(config, until=3).folder
    assert list(checkpoint.snapshots(half / "checkpoints")) == [1, 2]
    resume(half)
    again = checkpoint.snapshots(half / "checkpoints")
    for number, path in whole.items():
        one, two = checkpoint.load(path)[0], checkpoint.load(again[number])[0]
        assert all(np.array_equal(one[name], two[name]) for name in one)


def test_kept_checkpoints_are_snapshots(here):
    """Without a schedule that marks any, the checkpoints kept every so many epochs are taken."""
    assert [m.name for m in from_snapshots("kept-1", here)] == ["epoch-0004", "epoch-0005", "epoch-0006"]
    with pytest.raises(UserError, match=r"has 0 snapshots.*cosine_restarts"):
        from_snapshots("flower-1", here)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["flower-1", "elsewhere-1"], r"elsewhere-1: its test rows are not those of runs/flower-1.*data\.seed"),
        (["flower-1", "number-1"], "number-1 cannot be combined with flower-1: they differ in task"),
        (["flower-1", "hinged-1"], "they differ in loss, hinge and softmax_cross_entropy"),
        (["flower-1", "runs/flower-1"], "given twice"),
        (["flower-1"], "two or more"),
    ],
)
def test_what_does_not_belong_together(here, names, words):
    """Members that cannot be combined, or that know each other's test rows, are refused with the reason."""
    with pytest.raises(UserError, match=words):
        make_ensemble(from_runs(names, here), runs=here, save=False)


def test_rows_of_a_file_need_no_common_split(here):
    """Members that were trained on other rows can be scored together on a file of new ones."""
    names = [c["name"] for c in TrainedNetwork.load(RunFolder(here / "flower-1")).encoding["columns"]]
    Path("scored.csv").write_text(",".join([*names, "class"]) + "\n5.1,3.5,1.4,0.2,setosa\n6.3,3.3,6.0,2.5,virginica\n")
    made = make_ensemble(from_runs(["flower-1", "elsewhere-1"], here), data="scored.csv", runs=here, save=False)
    assert made.parts == ["scored.csv"]
    assert made.together.scores["scored.csv"]["accuracy"] == 1.0
    assert made.folder is None


def test_the_best_of_a_sweep(here):
    """The best trials of a sweep by its own metric, the best first."""
    folder = here / "hunt-sweep-1"
    (folder / "trials").mkdir(parents=True)
    for number, source in ((1, "flower-1"), (2, "flower-2"), (3, "flower-3")):
        shutil.copytree(here / source, folder / "trials" / f"{number:04}")
    Path(folder / "sweep.yaml").write_text(
        json.dumps({**CONFIG, "sweep": {"metric": "val_loss", "space": {"optimizer.lr": {"log": [0.01, 0.1]}}}})
    )
    (folder / "trials.csv").write_text(
        "trial,status,val_loss\n1,finished,0.5\n2,failed,\n3,finished,0.2\n", encoding="utf-8"
    )
    assert [m.name for m in from_runs(best_runs(folder, 2), here, inside=folder / "trials")] == ["0003", "0001"]
    with pytest.raises(UserError, match="has 2 finished trials with a score, fewer than --top 5"):
        best_runs(folder, 5)
