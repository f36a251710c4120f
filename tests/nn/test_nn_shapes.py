"""Shapes flow before any data is read: what fits gives a shape, what does not gives the sum that fails."""

import pytest

from trainlab.core.errors import ShapeError
from trainlab.nn.layer import Layer

FITS = [
    ({"dense": 7}, (5,), (7,)),
    ({"conv": {"filters": 8}}, (28, 20, 3), (28, 20, 8)),
    ({"conv": {"filters": 8, "size": 5, "pad": "valid"}}, (28, 20, 3), (24, 16, 8)),
    ({"conv": {"filters": 96, "size": 11, "stride": 4, "pad": 0}}, (227, 227, 3), (55, 55, 96)),
    ({"conv": {"filters": 8, "stride": 2}}, (7, 8, 3), (4, 4, 8)),
    ({"conv": {"filters": 8, "size": [3, 1], "pad": "valid"}}, (7, 8, 3), (5, 8, 8)),
    ({"max_pool": 2}, (28, 20, 3), (14, 10, 3)),
    ({"max_pool": {"size": 3, "stride": 2}}, (55, 55, 96), (27, 27, 96)),
    ({"max_pool": {"size": 2, "pad": "same"}}, (7, 1, 3), (4, 1, 3)),
    ({"avg_pool": [7, 1]}, (7, 7, 3), (1, 7, 3)),
    ("global_avg_pool", (7, 5, 3), (3,)),
    ("flatten", (7, 5, 3), (105,)),
    ({"maxout": 4}, (5,), (4,)),
    ({"drop_connect": 4}, (5,), (4,)),
    ({"residual": [{"conv": {"filters": 8, "stride": 2}}]}, (7, 7, 3), (4, 4, 8)),
]


@pytest.mark.parametrize(("spelled", "shape", "want"), FITS, ids=str)
def test_shape_that_fits(spelled, shape, want):
    """The shape after a layer, by the sum (W - F + 2P)/S + 1 where windows slide."""
    assert Layer.read(spelled).out_shape(shape) == want


CONV = {"filters": 2}
FAILS = [
    ({"dense": 7}, (5, 5, 1), "dense takes rows of numbers, not (5, 5, 1); put `flatten` before it"),
    ({"maxout": 7}, (5, 5, 1), "maxout takes rows of numbers, not (5, 5, 1); put `flatten` before it"),
    ({"drop_connect": 7}, (5, 5, 1), "drop_connect takes rows of numbers, not (5, 5, 1); put `flatten` before it"),
    ({"conv": CONV}, (5,), "takes images (height, width, channels), not (5,)"),
    ("global_avg_pool", (5,), "takes images (height, width, channels), not (5,)"),
    ("instance_norm", (5,), "takes images (height, width, channels), not (5,)"),
    (
        {"conv": CONV | {"size": 3, "stride": 2, "pad": 0}},
        (10, 9, 1),
        "height 10: (W - F + 2P)/S + 1 = (10 - 3 + 2*0)/2 + 1 = 4.5: no whole number; "
        "change size, stride or pad, or use `pad: same`",
    ),
    (
        {"conv": CONV | {"size": 3, "stride": 3, "pad": 1}},
        (10, 9, 1),
        "width 9: (W - F + 2P)/S + 1 = (9 - 3 + 2*1)/3 + 1 = 3.66667: no whole number; "
        "change size, stride or pad, or use `pad: same`",
    ),
    (
        {"conv": CONV | {"size": 7, "pad": 1}},
        (4, 4, 1),
        "height 4: (W - F + 2P)/S + 1 = (4 - 7 + 2*1)/1 + 1 = 0: the window is larger than the image; "
        "change size, stride or pad, or use `pad: same`",
    ),
    (
        {"max_pool": {"size": 2, "pad": 2}},
        (4, 4, 1),
        "pad 2 puts whole windows of size 2 outside the image; pad must be below the size",
    ),
    ({"group_norm": 4}, (4, 4, 6), "6 channels cannot be split into 4 equal groups"),
    (
        {"residual": {"layers": [{"dense": 3}], "shortcut": [{"dense": 4}]}},
        (5,),
        "the inner layers give (3,), the shortcut (4,); they must be equal to be added",
    ),
    (
        {"residual": ["flatten", {"dense": 3}]},
        (2, 2, 1),
        "no projection leads from (2, 2, 1) to (3,); give the `shortcut` its own layers",
    ),
]


@pytest.mark.parametrize(("spelled", "shape", "want"), FAILS, ids=str)
def test_shape_that_does_not_fit(spelled, shape, want):
    """The message says what was found, the sum, and what to change."""
    with pytest.raises(ShapeError) as caught:
        Layer.read(spelled).out_shape(shape)
    assert str(caught.value) == want


def test_fans_are_counted():
    """fan_in is how many inputs feed a unit, fan_out how many units an input feeds: what inits divide by."""
    cases = [
        ({"dense": 7}, (5,)),
        ({"conv": {"filters": 8, "size": [3, 5]}}, (9, 9, 2)),
        ({"maxout": 4}, (5,)),
        ({"drop_connect": 4}, (5,)),
    ]
    fans = {}
    for spelled, shape in cases:
        layer = Layer.read(spelled)
        W = layer.params(shape)["W"]
        fans[layer.name] = (W.role, W.fan_in, W.fan_out)
    assert fans == {
        "dense": ("weight", 5, 7),
        "conv": ("weight", 30, 120),
        "maxout": ("weight", 5, 4),
        "drop_connect": ("weight", 5, 4),
    }


def test_output_is_sized_everywhere():
    """`output` becomes the number of outputs, inside a residual too; other sizes stay."""
    assert Layer.read({"dense": "output"}).sized(3).units == 3
    assert Layer.read({"dense": 5}).sized(3).units == 5
    assert Layer.read({"drop_connect": "output"}).sized(3).units == 3
    inner = Layer.read({"residual": {"layers": [{"dense": "output"}], "shortcut": [{"dense": "output"}]}}).sized(3)
    assert [inner.layers[0].units, inner.shortcut[0].units] == [3, 3]
