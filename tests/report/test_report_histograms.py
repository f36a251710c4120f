"""Pictures of layers and of compared runs: what is drawn where, and what is said of it."""

import math

import pytest
from run_folders import make_run

from trainlab.report.pictures import activations, curves, layer_values, loss
from trainlab.report.pictures._histograms import Histogram, moments
from trainlab.report.pictures.histograms import histograms
from trainlab.store.json_file import write_json
from trainlab.store.reading import read_run


def layers(folder, rows):
    """Writes layers.csv, and the range of tanh into network.json."""
    folder.layers.write_text("\n".join(["step,layer,quantity,value", *rows, ""]))
    network = {"layers": [{"name": "tanh1", "range": [-1.0, 1.0]}, {"name": "dense1"}]}
    write_json(folder.network, network)
    return read_run(folder.path)


def counted(step, layer, low, high, shares):
    """The rows of a histogram."""
    bins = [f"{step},{layer},bin{i:02d},{share}" for i, share in enumerate(shares)]
    return [f"{step},{layer},low,{low}", f"{step},{layer},high,{high}", *bins]


def test_the_range_is_that_of_the_numbers(tmp_path):
    """Before the first step 7e-11, later all of tanh: each with its own ends and its spread; first comes the start."""
    rows = [*counted(0, "tanh1", -2e-10, 2e-10, [0.5, 0.5]), "0,tanh1,std,7e-11"]
    rows += [*counted(20, "tanh1", -0.99, 0.98, [0.5, 0.5]), "20,tanh1,std,0.97", "20,tanh1,saturated,0.8"]
    record = layers(make_run(tmp_path), rows)
    (made,) = layer_values.pictures(record)
    assert made.frames == ("before the first step", "epoch 2")
    first, last = (list(moments(record)["outputs"][epoch]) for epoch in (0.0, 2.0))
    assert first[0].range == (-2e-10, 2e-10)
    assert last[0].range == (-1.0, 1.0)
    assert [first[0].title, last[0].title] == ["tanh1 · std 7e-11", "tanh1 · std 0.97 · 80 % saturated"]
    spec = made.spec()
    rows = next(iter(spec["datasets"].values()))
    texts = [(row["frame"], row["text"]) for row in rows if row["kind"] in ("low", "high")]
    assert texts == [(0, "-2e-10"), (0, "2e-10"), (1, "-1"), (1, "1")]
    assert [param["value"] for param in spec["params"] if param["name"] == "frame"] == [0]
    assert "Spread of the outputs before the first step: tanh1 7e-11. At the end: tanh1 0.97." in made.sentence


def test_a_run_of_an_early_version_is_drawn_as_it_was_counted(tmp_path):
    """Bins without a range lie between -4 and 4."""
    record = layers(make_run(tmp_path), [f"10,relu1,bin{i:02d},{0.5 if i in (8, 9) else 0}" for i in range(16)])
    (found,) = moments(record)["outputs"][1.0]
    assert (found.edges[0], found.edges[8], found.edges[-1]) == (-4.0, 0.0, 4.0)
    assert found.mean == pytest.approx(0.5)
    (heat,) = activations.pictures(record)
    assert heat.name == "activations-relu1"


def test_saturated_outputs_stand_at_the_bounds(tmp_path):
    """Not at the middle of a bin beyond: the heat map of tanh ends at -1 and 1."""
    record = layers(make_run(tmp_path), counted(10, "tanh1", -1.0, 1.0, [0.5, 0, 0, 0.5]))
    spec = activations.pictures(record)[0].spec()
    assert spec["encoding"]["y"]["scale"]["domain"] == [-1.0, 1.0]
    rows = next(iter(spec["datasets"].values()))
    assert (min(row["low"] for row in rows), max(row["high"] for row in rows)) == (-1.0, 1.0)


def test_a_bar_far_above_the_others_is_cut():
    """The zeros of relu do not flatten the rest; their share stands beside the bar, and the text says so."""
    h = Histogram("relu1", [0.0, 1.0, 2.0, 3.0], [0.9, 0.06, 0.04], 0.3, 0.5)
    made = histograms("h", "H", {"before the first step": [h]})
    rows = next(iter(made.spec()["datasets"].values()))
    assert [row["text"] for row in rows if row["kind"] == "cut"] == ["90 %"]
    heights = [row["base"] - row["y"] for row in rows if row["kind"] == "bar"]
    assert heights[1] == pytest.approx(heights[0] / 2)
    assert "higher than drawn" in made.sentence


def test_a_loss_that_blew_up_does_not_stretch_the_axis(tmp_path):
    """Of the run itself and beside others it leaves the picture at ten times the start, and the text says so."""
    wild = make_run(tmp_path, "wild", losses=(2.0, 1e32, 1e30), config={"optimizer": {"lr": 10.0}})
    calm = make_run(tmp_path, "calm", losses=(2.0, 1.0, 0.5), config={"optimizer": {"lr": 0.1}})
    records = [read_run(wild.path), read_run(calm.path)]
    (alone,) = loss.pictures(records[0])
    assert "the curves leave the picture; the highest loss was 1e32" in alone.sentence
    for made in [alone, *curves.pictures(records, "", [])[1:]]:
        numbers = [
            value
            for rows in made.spec()["datasets"].values()
            for row in rows
            for key, value in row.items()
            if key in ("y", "val", "low", "high", "smooth", "end")
        ]
        assert max(numbers) <= 20.0
        assert "leave the picture" in made.sentence


def test_compared_runs_are_labelled_by_what_differs(tmp_path):
    """Settings, not names; with the name where two runs have the same settings; the seed last."""
    for name, lr, seed in (("a", 0.1, 0), ("b", 0.01, 0), ("c", 0.01, 1)):
        make_run(tmp_path, name, config={"optimizer": {"name": "adam", "lr": lr}, "seed": seed})
    records = [read_run(tmp_path / f"{name}-1") for name in "abc"]
    assert list(curves.names(records).values()) == ["lr 0.1, seed 0", "lr 0.01, seed 0", "lr 0.01, seed 1"]
    assert list(curves.names([records[0], records[0]]).values()) == ["a-1"]
    spec = curves.pictures(records, "", [])[0].spec()
    color = spec["layer"][0]["encoding"]["color"]
    assert (color["sort"], color["legend"]["orient"]) == (list(curves.names(records).values()), "top")


def test_a_constant_curve_has_different_labels(tmp_path):
    """A loss between 2.3026 and 2.3031 has labels of as many digits as they differ by."""
    record = read_run(make_run(tmp_path, losses=(2.3031, 2.3026, 2.3026), scores=(0.1, 0.1, 0.1)).path)
    axis = curves.pictures([record, record], "", [])[-1].spec()["layer"][0]["encoding"]["y"]["axis"]
    assert ",.4~r" not in axis["labelExpr"]
    assert math.isfinite(float(axis["tickCount"]))
