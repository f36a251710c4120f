"""Transfer learning: weights of another run or file, a new head, frozen layers, learning rates by layer."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.moons_run import assert_same_run, write
from trainlab.core.problem import ConfigError
from trainlab.inference.model import TrainedNetwork
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder
from trainlab.tools.gradient_check import gradient_errors
from trainlab.training.experiment import read
from trainlab.training.setup import build
from trainlab.training.train import resume, train
from trainlab.training.transfer import located

SOURCE = """\
data: {name: digits, classes: [0, 1, 2, 3], preprocess: [{standardize: all}]}
model: {name: cnn, filters: [4, 6], hidden: [12], norm: batch}
train: {epochs: 2}
"""
TARGET = """\
data: {name: digits, classes: [5, 6, 7, 8, 9], preprocess: [{standardize: all}]}
model: {name: cnn, filters: [4, 6], hidden: [12], norm: batch, from: source-1, freeze: all}
optimizer: {name: adam, lr: 0.01}
train: {epochs: 4, batch_size: 32}
"""
BODY = ("conv1", "batch_norm1", "conv2", "batch_norm2", "dense1", "batch_norm3")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A folder with the run `source-1`."""
    folder = tmp_path_factory.mktemp("transfer")
    train(read(write(folder, SOURCE, "source.yaml")), runs=folder / "runs")
    return folder / "runs"


def target(tmp_path: Path, runs: Path, *overrides: str, text: str = TARGET):
    return located(read(write(tmp_path, text, "target.yaml"), overrides), runs)


def weights(run: Path, name: str = "last") -> dict[str, np.ndarray]:
    return checkpoint.load(run / f"checkpoints/{name}.safetensors")[0]


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_taken_layers_stay_and_the_new_head_learns(engine, tmp_path, runs):
    """With `freeze: all` every array of the body is the source's, running statistics too; the head has five outputs."""
    done = train(target(tmp_path, runs, f"train.engine={engine}"), runs=tmp_path)
    source, got = weights(runs / "source-1", "best"), weights(done.folder)

    taken = [name for name in source if name.startswith(BODY) and "." in name and not name.startswith("optimizer")]
    assert len(taken) == 3 + 3 * 4  # before a norm a layer has weights only
    assert all(got[name].tobytes() == source[name].tobytes() for name in taken)
    assert got["dense2.W"].shape == (12, 5)
    assert done.best is not None
    assert done.best["value"] > 0.5
    assert done.state == "finished"
    facts = json.loads((done.folder / "network.json").read_text())["from"]
    assert facts["taken"] == facts["frozen"] == list(BODY)
    assert facts["new"] == ["dense2"]
    assert "unchanging-weights" not in (done.folder / "diagnoses.jsonl").read_text()


@pytest.mark.parametrize("freeze", ["all", "[conv1, batch_norm1]", "[batch_norm2]", "[dense1]", "[]"])
def test_both_backends_train_the_same_network(freeze, tmp_path, runs):
    """Frozen layers in front, in the middle and nowhere: a step gives the same weights up to rounding."""
    few = (f"model.freeze={freeze}", "train.epochs=1", "train.batch_size=200", "optimizer=sgd")
    found = [
        weights(train(target(tmp_path, runs, *few, f"train.engine={e}"), runs=tmp_path).folder)
        for e in ("numpy", "compiled")
    ]
    for name in (n for n in found[0] if "." in n and n.split(".")[0] in (*BODY, "dense2")):
        assert found[1][name] == pytest.approx(found[0][name], rel=1e-4, abs=1e-5), name


def test_gradients_agree_where_a_frozen_norm_lies_between(tmp_path, runs):
    """Backprop through a frozen batch norm is right: its statistics do not depend on the batch."""
    errors = gradient_errors(build(target(tmp_path, runs, "model.freeze=[batch_norm2, dense1]")))
    assert errors is not None
    assert {e.name for e in errors} == {
        "conv1.W", "batch_norm1.scale", "batch_norm1.shift", "conv2.W",
        "batch_norm3.scale", "batch_norm3.shift", "dense2.W", "dense2.b",
    }  # fmt: skip
    assert max(e.error for e in errors) < 1e-5


def test_resumes_bit_for_bit_without_the_source(tmp_path, runs):
    """An interrupted run goes on to the same bits, although the run that its weights came from is gone."""
    whole = train(target(tmp_path, runs), runs=tmp_path / "one")
    gone = runs.with_name("gone")
    part = train(target(tmp_path, runs), runs=tmp_path / "two", until=2)
    runs.rename(gone)
    try:
        done = resume(part.folder)
        assert TrainedNetwork.load(RunFolder(done.folder)).rows("test")[1].size
    finally:
        gone.rename(runs)
    assert_same_run(whole.folder, done.folder)


def test_a_network_continues_its_own_task(tmp_path, runs):
    """With `new_layers: []` the head is taken, too: the run starts where the source was best."""
    text = SOURCE.replace("norm: batch", "norm: batch, from: source-1, new_layers: []")
    setup = build(target(tmp_path, runs, text=text))
    source = weights(runs / "source-1", "best")
    assert all(a.tobytes() == source[name].tobytes() for name, a in setup.net.params.items())


def test_files_of_pytorch_are_turned(tmp_path):
    """`dense1.weight` is (outputs, inputs), `conv1.weight` (filters, channels, height, width), flatten by channels."""
    from safetensors.numpy import save_file

    rng = np.random.default_rng(0)
    conv, dense = rng.normal(size=(4, 1, 3, 3)), rng.normal(size=(12, 4 * 4 * 4))
    arrays = {"conv1.weight": conv, "conv1.bias": np.arange(4.0), "dense1.weight": dense, "dense1.bias": np.ones(12)}
    save_file({name: a.astype(np.float32) for name, a in arrays.items()}, str(tmp_path / "theirs.safetensors"))
    text = f"data: digits\nmodel: {{name: cnn, filters: [4], hidden: [12], from: {tmp_path}/theirs.safetensors}}\n"

    net = build(read(write(tmp_path, text))).net
    x = rng.normal(size=(3, 4, 4, 4)).astype(np.float32)  # rows, height, width, channels

    assert np.array_equal(net.params["conv1.W"][..., 0, 2], conv[2, 0].astype(np.float32))
    ours = x.reshape(3, -1) @ net.params["dense1.W"]
    assert ours == pytest.approx(x.transpose(0, 3, 1, 2).reshape(3, -1) @ dense.T.astype(np.float32), abs=1e-4)


@pytest.mark.parametrize("name", ["dense1.W", "dense1.weight"])
@pytest.mark.parametrize("turned", [False, True])
def test_the_operation_tells_how_a_square_matrix_lies(name, turned, tmp_path):
    """A square matrix of an ONNX file fits either way, so whether its Gemm transposes it decides, not its name."""
    onnx = pytest.importorskip("onnx")
    from onnx import helper

    W = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    arrays = {name: W.T if turned else W, f"dense1.{'b' if name.endswith('W') else 'bias'}": np.ones(64, np.float32)}
    gemm = helper.make_node("Gemm", ["x", *arrays], ["y"], transB=int(turned))
    ends = [helper.make_tensor_value_info(end, onnx.TensorProto.FLOAT, [None, 64]) for end in ("x", "y")]
    inside = [onnx.numpy_helper.from_array(np.ascontiguousarray(a), key) for key, a in arrays.items()]
    onnx.save(helper.make_model(helper.make_graph([gemm], "g", ends[:1], ends[1:], inside)), str(tmp_path / "a.onnx"))
    text = f"data: digits\nmodel: {{name: mlp, hidden: [64], from: {tmp_path}/a.onnx}}\n"
    assert np.array_equal(build(read(write(tmp_path, text))).net.params["dense1.W"], W)


@pytest.mark.parametrize(("dtype", "told"), [("int8", "W holds int8 numbers there"), ("float32", "b holds nan or inf")])
def test_weights_that_are_no_numbers_to_compute_with_are_refused(dtype, told, tmp_path):
    """Quantized weights would be taken for large ones, and nan for a network that diverges at once."""
    from safetensors.numpy import save_file

    arrays = {"dense1.weight": np.ones((12, 64), dtype), "dense1.bias": np.full(12, np.nan, np.float32)}
    save_file(arrays, str(tmp_path / "a.safetensors"))
    text = f"data: digits\nmodel: {{name: mlp, hidden: [12], from: {tmp_path}/a.safetensors}}\n"
    with pytest.raises(ConfigError, match=f"dense1: .*{told}"):
        build(read(write(tmp_path, text)))


def test_files_that_cannot_be_taken_say_what_to_do(tmp_path):
    """bfloat16, which NumPy lacks, is not called damage; names in a module are told; a .pt file has its way out."""
    from safetensors.numpy import save_file

    def refused(name):
        with pytest.raises(ConfigError) as error:
            build(read(write(tmp_path, f"data: digits\nmodel: {{name: mlp, hidden: [12], from: {tmp_path}/{name}}}\n")))
        return str(error.value)

    arrays = {"net.dense1.weight": np.ones((12, 64), np.float16), "net.dense1.bias": np.ones(12, np.float16)}
    save_file(arrays, str(tmp_path / "a.safetensors"))
    assert "save them without `net.` before their names, name the layers" in refused("a.safetensors")
    data = (tmp_path / "a.safetensors").read_bytes()
    start = int.from_bytes(data[:8], "little")
    head = data[8 : 8 + start].replace(b'"F16"', b'"BF16"')
    head += b" " * (-len(head) % 8)
    (tmp_path / "b.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + data[8 + start :])
    assert "it holds BF16 numbers, which NumPy does not have; save them as float32" in refused("b.safetensors")
    (tmp_path / "c.pt").write_bytes(b"PK")
    assert "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')" in refused("c.pt")


def test_an_exported_network_gives_its_weights_back(tmp_path):
    """The arrays of an ONNX file that trainlab wrote are those of the run."""
    pytest.importorskip("onnx")
    from trainlab.inference.export.export import export_onnx

    text = "data: digits\nmodel: {name: cnn, filters: [4], hidden: [12]}\ntrain: {epochs: 1}\n"
    done = train(read(write(tmp_path, text, "plain.yaml")), runs=tmp_path)
    model = TrainedNetwork.load(RunFolder(done.folder))
    export_onnx(done.folder, tmp_path / "plain.onnx")
    again = read(write(tmp_path, text), [f"model.from={tmp_path}/plain.onnx", "model.new_layers=[]"])

    found = build(again).net.params
    assert all(found[name].tobytes() == a.tobytes() for name, a in model.net.params.items())
    content = (tmp_path / "plain.onnx").read_bytes()
    assert b"dense1.W" in content
    (tmp_path / "plain.onnx").write_bytes(content.replace(b"dense1.W", b"dense1.\xff"))  # a name that is no text
    with pytest.raises(ConfigError, match="not a readable ONNX file"):
        build(again)


def test_rates_by_layer(tmp_path, runs):
    """The step of a layer is scaled by its factor, times that of the kind of parameter."""
    text = TARGET.replace("freeze: all", "freeze: []").replace("adam", "sgd")
    moved = []
    for factors in ("{}", "{bias: 2, by_layer: {conv2: 0.5, dense2: 0.25}}"):
        start = build(target(tmp_path, runs, text=text)).net.params
        made = target(tmp_path, runs, f"optimizer.lr_factors={factors}", "train.epochs=1", text=text)
        made = located(read(write(tmp_path, text, "t.yaml"), [f"optimizer.lr_factors={factors}", "train.epochs=1",
                            "train.batch_size=10000"]), runs)  # one step  # fmt: skip
        end = weights(train(made, runs=tmp_path).folder)
        moved.append({name: end[name] - a for name, a in start.items()})
    for name, factor in {"conv1.W": 1, "conv2.W": 0.5, "dense2.W": 0.25, "dense2.b": 0.5}.items():
        assert moved[1][name] == pytest.approx(factor * moved[0][name], rel=1e-3, abs=1e-7), name


def test_layers_that_do_not_fit_are_named_all_at_once(tmp_path, runs):
    """Each layer with another shape, and each that the source lacks, is one problem at `model.from`."""
    document = target(tmp_path, runs, "model.filters=[4,7]", "model.hidden=[12,9]")
    with pytest.raises(ConfigError) as caught:
        build(document)
    at = f"{tmp_path}/target.yaml:2:70: model.from: "
    file = runs / "source-1/checkpoints/best.safetensors"
    held = [p.message for p in caught.value.problems]
    assert held[:-1] == [
        "conv2: W (3, 3, 4, 7) here, (3, 3, 4, 6) there",
        "batch_norm2: scale (7,) here, (6,) there; shift (7,) here, (6,) there; mean (7,) here, (6,) there; "
        "var (7,) here, (6,) there",
        "dense1: W (28, 12) here, (24, 12) there",
        "dense2: W (12, 9) here, (12, 4) there",
        "batch_norm4: there is no `batch_norm4.scale`; there is no `batch_norm4.shift`; there is no "
        "`batch_norm4.mean`; there is no `batch_norm4.var`",
    ]
    assert held[-1].startswith(f"{file} holds batch_norm1, ")
    assert str(caught.value).startswith(at)


@pytest.mark.parametrize(
    ("overrides", "messages"),
    [
        (["model.freeze=[conv1,relu1]"], ["`relu1` has no parameters"]),
        (["model.freeze=[conv3]"], ["there is no layer `conv3`; did you mean `conv2`?"]),
        (["model.new_layers=[batchnorm1]"], ["there is no layer `batchnorm1`; did you mean `batch_norm1`?"]),
        (["optimizer.lr_factors.by_layer.conv9=0.1"], ["there is no layer `conv9`; did you mean `conv2`?"]),
        (["model.new_layers=[]"], ["no layer is left to train"]),
        (["model.from=null", "model.new_layers=[dense1]"], ["all layers are new without `from`"]),
        (["model.from=nowhere-1"], ["no run `nowhere-1`"]),
        (["model.from=nowhere.safetensors"], ["nowhere.safetensors: no such file"]),
        (["model.from=nowhere.onnx"], ["nowhere.onnx: no such file"]),
    ],
)
def test_names_that_do_not_exist_are_refused(overrides, messages, tmp_path, runs, monkeypatch):
    """Layers, runs and files that do not exist are errors at their place."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        build(target(tmp_path, runs, *overrides))
    assert [p.message.startswith(m) for p, m in zip(caught.value.problems, messages, strict=True)] == [True]
