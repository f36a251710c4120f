"""Whole runs of ensembles inside one network: training, resuming, predicting, exporting, other front doors."""

import numpy as np
import pytest
from scipy.special import softmax

import trainlab as tl
from trainlab.diagnose.finding import Finding
from trainlab.inference.evaluate import evaluate, predicted
from trainlab.inference.loading import load_model
from trainlab.store import checkpoint
from trainlab.training.experiment import read_plain
from trainlab.training.setup import check
from trainlab.training.train import resume, train

MEMBERS = 4


def document(data="iris", **changes):
    """A small config with members."""
    settings = {f"{key.replace('__', '.')}": value for key, value in changes.items()}
    base = {"data": data, "model": {"mlp": [16, 8]}, "train": {"members": MEMBERS, "epochs": 6, "batch_size": 16}}
    return read_plain(base, settings)


def by_hand(arrays, x):
    """The outputs of each member, by NumPy from the arrays of a checkpoint; relu between the layers."""
    found = []
    for m in range(MEMBERS):
        y = x
        for name in ("member_input1", "member_dense1", "member_dense2"):
            W, b = (np.split(arrays[f"{name}.{key}"], MEMBERS, axis=-1)[m] for key in "Wb")
            y = y @ W + b
            y = y if name == "member_dense2" else np.maximum(y, 0)
        found.append(y)
    return np.array(found)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_resumed_bit_for_bit(tmp_path, engine):
    """A run that was stopped in the middle ends with the same weights."""
    made = document(train__engine=engine, model__dropout=0.2)
    whole = train(made, runs=tmp_path).folder
    cut = train(made, runs=tmp_path, until=2).folder
    resume(cut)
    one, other = (checkpoint.load(folder / "checkpoints" / "last.safetensors")[0] for folder in (whole, cut))

    assert one.keys() == other.keys()
    for name, a in one.items():
        np.testing.assert_array_equal(a, other[name])


def test_a_run_predicts_the_mean_of_its_members(tmp_path):
    """Predicted probabilities are the mean of what the checkpoint's weights give by hand, and evaluate scores them."""
    folder = train(document(), runs=tmp_path).folder
    _, model = load_model(folder, tmp_path)
    x, y = model.rows("test")
    arrays, _ = checkpoint.load(folder / "checkpoints" / "best.safetensors")
    want = softmax(by_hand(arrays, x.astype(np.float64)), axis=2).mean(axis=0)

    np.testing.assert_allclose(model.certainty(model.outputs(x))[0], want, atol=1e-5)
    found = evaluate(str(folder), runs=tmp_path).scores
    assert found["accuracy"] == pytest.approx(np.mean(want.argmax(axis=1) == y))
    assert found["loss"] == pytest.approx(-np.log(want[np.arange(len(y)), y]).mean(), rel=1e-5)


GRADES = ["low", "middle", "high"]


@pytest.mark.parametrize(
    "settings",
    [
        {"calibrate": "temperature"},
        {"data__name": "digits", "model": {"name": "cnn", "filters": [4]}},
        {"loss": "hinge"},
        {"data": {"name": "csv", "path": "rows.csv", "target": "grade", "task": "ordinal", "classes": GRADES}},
        {"data": {"name": "csv", "path": "rows.csv", "target": ["up", "down"], "task": "multilabel"}},
        {
            "data__name": "breast_cancer",
            "loss": "binary_cross_entropy",
            "model": {"name": "mlp", "hidden": [8], "norm": "layer"},
        },
        {"data__name": "diabetes", "data__scale_target": True},
        {"data": {"name": "csv", "path": "rows.csv", "target": "a", "drop": ["grade"]}, "loss": "pinball"},
        {"data": {"name": "csv", "path": "rows.csv", "target": "up", "task": "regression"}, "loss": "poisson"},
    ],
    ids=lambda s: " ".join(f"{k}={v}" for k, v in s.items()),
)
def test_the_onnx_file_answers_as_the_run(tmp_path, monkeypatch, settings):
    """By onnxruntime: probabilities, scores, numbers and quantiles are those of all members together."""
    pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    exporting = pytest.importorskip("test_exporting", reason="needs the extra `onnx`")
    monkeypatch.chdir(tmp_path)
    a = np.random.default_rng(0).normal(size=90)
    rows = [f"{x:.3f},{x * x:.3f},{GRADES[i % 3]},{int(x > 0)},{int(x < 1)}" for i, x in enumerate(a)]
    (tmp_path / "rows.csv").write_text("a,b,grade,up,down\n" + "\n".join(rows) + "\n")
    network = exporting.trained(tmp_path, train__members=3, **settings)
    x = np.random.default_rng(1).normal(size=(64, *exporting.raw_shape(network.encoding))).astype(np.float32) + 1
    want, got = predicted(network, x), exporting.run(exporting.as_onnx(network)[0], x)

    if want.certainty is not None:
        np.testing.assert_allclose(got[want.measure], want.certainty, rtol=1e-4, atol=1e-5)
    if want.values.dtype != object:
        np.testing.assert_allclose(got["prediction"], want.values, rtol=1e-4, atol=1e-4)
    if want.quantiles is not None:
        np.testing.assert_allclose(got["quantiles"], want.quantiles, rtol=1e-4, atol=1e-4)


def test_a_healthy_run_has_no_finding(tmp_path):
    """Monitors take members for what they are."""
    made = document("digits", train__epochs=30, data__preprocess=["normalize"], model__hidden=[128, 64])
    found: tuple[Finding, ...] = train(made, runs=tmp_path).findings
    assert [f.code for f in found if f.severity in ("warning", "error")] == []


def test_what_cannot_be_divided_is_an_error_at_its_line():
    """The setting that asks for members is named, before any data are read."""
    with pytest.raises(tl.ConfigError) as caught:
        check(document(model={"sequential": [{"dense": 4}, "softmax", {"dense": "output"}]}))
    assert "train.members: softmax1 cannot be divided among the members of an ensemble" in str(caught.value)


def test_estimators_take_members():
    """scikit-learn's interface."""
    x, y = np.random.default_rng(0).normal(size=(80, 4)), np.arange(80) % 2
    found = tl.TrainlabClassifier(epochs=2, config={"train.members": 4}).fit(x, y)
    plain = tl.TrainlabClassifier(epochs=2).fit(x, y)
    assert found.predict_proba(x).shape == (80, 2)
    assert np.abs(found.predict_proba(x) - plain.predict_proba(x)).max() > 1e-3
