"""Models expand to the layers that the contract promises."""

import pytest

from trainlab.core.component import plain
from trainlab.core.errors import ShapeError
from trainlab.nn.model import Model


def expanded(spelled, shape):
    """The layers' names, with units and filters where they have them."""
    found = []
    for layer in Model.read(spelled).expand(shape):
        size = getattr(layer, "units", getattr(layer, "filters", None))
        found.append(layer.name if size is None else f"{layer.name}:{size}")
    return found


def test_mlp():
    """Dense and activation for each hidden size, then the output; images are flattened first."""
    assert expanded({"mlp": [8, 4]}, (5,)) == ["dense:8", "relu", "dense:4", "relu", "dense:output"]
    assert expanded({"mlp": []}, (5,)) == ["dense:output"]
    assert expanded({"mlp": [8]}, (4, 4, 1)) == ["flatten", "dense:8", "relu", "dense:output"]


def test_mlp_with_everything():
    """Norm before the activation, dropout after it, an output activation at the end."""
    model = {"name": "mlp", "hidden": [8], "activation": "tanh", "dropout": 0.3, "output_activation": "sigmoid"}
    assert expanded(model | {"norm": "batch"}, (5,)) == [
        "dense:8", "batch_norm", "tanh", "dropout", "dense:output", "sigmoid",
    ]  # fmt: skip
    assert "layer_norm" in expanded(model | {"norm": "layer"}, (5,))
    layers = Model.read(model).expand((5,))
    assert layers[2].drop == 0.3
    vanilla = {"name": "dropout", "drop": 0.2, "mode": "vanilla"}
    assert Model.read(model | {"dropout": vanilla}).expand((5,))[2].mode == "vanilla"


def test_no_bias_before_a_batch_norm():
    """Layers before a batch norm have no bias, whose work the norm's shift does; others have one."""
    for norm, bias in [("batch", False), ("layer", True), ("none", True)]:
        mlp = Model.read({"name": "mlp", "hidden": [8], "norm": norm}).expand((5,))
        assert [mlp[0].bias, mlp[-1].bias] == [bias, True]
        cnn = Model.read({"name": "cnn", "filters": [8], "hidden": [5], "norm": norm}).expand((8, 8, 1))
        assert [layer.bias for layer in cnn if layer.name in ("conv", "dense")] == [bias, bias, True]


def test_cnn():
    """Conv, norm, activation and pool for each entry of filters, then flatten and dense layers."""
    assert expanded({"cnn": [8, 16]}, (8, 8, 3)) == [
        "conv:8", "relu", "max_pool", "conv:16", "relu", "max_pool", "flatten", "dense:100", "relu", "dense:output",
    ]  # fmt: skip
    model = {"name": "cnn", "filters": [8], "hidden": [5], "convs": 2, "pool": 1, "norm": "batch", "dropout": 0.5}
    assert expanded(model | {"activation": "elu", "output_activation": "sigmoid"}, (8, 8, 3)) == [
        "conv:8", "batch_norm", "elu", "conv:8", "batch_norm", "elu", "flatten",
        "dense:5", "batch_norm", "elu", "dropout", "dense:output", "sigmoid",
    ]  # fmt: skip


def test_cnn_halves_any_size():
    """A conv keeps the size and a pool halves it, rounding up, so that more blocks than halvings still fit."""
    shape = (7, 5, 1)
    shapes = []
    for layer in Model.read({"name": "cnn", "filters": [2, 2, 2, 2]}).expand(shape)[:12]:
        shape = layer.out_shape(shape)
        if layer.name == "max_pool":
            shapes.append(shape[:2])
    assert shapes == [(4, 3), (2, 2), (1, 1), (1, 1)]


def test_cnn_needs_images():
    """Rows of numbers are refused with what to use instead."""
    with pytest.raises(ShapeError) as caught:
        Model.read({"cnn": [8]}).expand((64,))
    assert str(caught.value) == "cnn takes images (height, width, channels), not (64,); use `mlp` for rows of numbers"


def test_sequential():
    """The layers as they are written."""
    spelled = {"name": "sequential", "layers": [{"dense": 3}, "relu", {"dense": "output"}]}
    assert expanded(spelled, (5,)) == ["dense:3", "relu", "dense:output"]
    assert plain(Model.read(spelled))["layers"][1] == {"name": "relu"}
