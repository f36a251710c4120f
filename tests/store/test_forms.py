"""Files of a run folder that strangers wrote: what has another form is named by file and place."""

import json

import pytest

from trainlab.core.errors import UserError
from trainlab.store import forms, meta
from trainlab.store.findings import read_findings
from trainlab.store.json_file import read_json
from trainlab.store.reading import RunRecord
from trainlab.store.rows import last_row, read_layers, read_metrics, read_steps, read_trials
from trainlab.store.status import read_status


@pytest.mark.parametrize(
    ("form", "text", "wrong"),
    [
        (forms.Data, '{"shape": [1.5]}', "`shape.0` cannot be 1.5"),
        (
            forms.Network,
            '{"note": "\\ud800"}',
            "not JSON: a text holds half of a surrogate pair, which is no character",
        ),
        (forms.Data, '{"rows": [3]}', "`rows` cannot be [3]"),
        (forms.Data, '{"columns": [{"min": 1}]}', "`columns.0.name` is missing"),
        (forms.Network, '{"layers": [{"name": "a", "depth": "deep"}]}', '`layers.0.depth` cannot be "deep"'),
        (forms.Mistakes, '{"worst": 4}', "`worst` cannot be 4"),
        (forms.Mistakes, '{"worst": [{"true": [1]}, {"true": 1}]}', '`worst` cannot be [{"true": [1]}, {"true": 1}]'),
        (forms.Environment, '{"packages": "numpy"}', '`packages` cannot be "numpy"'),
        (forms.Data, '{"shape": [' + "9" * 400 + "]}", "`shape.0` cannot be " + "9" * 57 + "..."),
    ],
)
def test_a_table_of_another_form(tmp_path, form, text, wrong):
    """The file and the place are named."""
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_json(path, form)
    assert str(caught.value) == f"{path}: {wrong}"


def test_what_is_absent_or_unknown_is_no_error(tmp_path):
    """Other versions write fewer keys, or more; a class may be called nan."""
    path = tmp_path / "x.json"
    path.write_text('{"classes": ["nan", "inf", "\\ud83d\\ude00"], "chance": {"loss": "nan"}, "later": [1]}')
    assert read_json(path, forms.Data)["later"] == [1]


@pytest.mark.parametrize(
    ("read", "text", "wrong"),
    [
        (read_metrics, "epoch,train_loss\n0,1.5\n1,0.5x\n", ":3: column `train_loss`: `0.5x` is not a number"),
        (read_metrics, "step,train_loss\n0,1\n", ":1: there is no column `epoch`"),
        (read_metrics, "epoch\n0.5\n", ":2: column `epoch`: a whole number is expected"),
        (read_metrics, "epoch,a,a\n0,1,2\n", ":1: two columns have one name"),
        (read_steps, f"step,loss\n1,1{'0' * 400}\n", ": column `loss`: a number has more than 18 digits"),
        (read_layers, "step,layer,value\n1,a,2\n", ":1: there is no column `quantity`"),
        (read_layers, "step,layer,quantity\n1,a,std\n", ":1: there is no column `value`"),
        (read_trials, "trial,status\nx,finished\n", ":2: column `trial`: a number of a trial is expected"),
        (read_trials, "trial\n1\n", ":1: columns `trial` and `status` are expected"),
    ],
)
def test_rows_of_another_form(tmp_path, read, text, wrong):
    """Letters in numbers, missing columns, numbers of hundreds of digits."""
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read(path)
    assert str(caught.value) == f"{path}{wrong}"


def test_a_number_of_many_digits_in_the_last_row(tmp_path):
    """The last row is read alone, and refused in the same way."""
    path = tmp_path / "x.csv"
    path.write_text(f"epoch,train_loss\n1,1{'0' * 400}\n")
    with pytest.raises(UserError, match="a number has more than 18 digits"):
        last_row(path)


@pytest.mark.parametrize("value", ["9" * 5000, '"\\ud800"', "[" * 300 + "]" * 300])
def test_a_status_that_strict_json_refuses(tmp_path, value):
    """A number of many digits, half of a character, lists in lists: damaged like any other, and the run is read on."""
    path = tmp_path / "status.json"
    path.write_text(f'{{"state": "finished", "note": {value}}}')
    with pytest.raises(UserError, match=r"status\.json: "):
        read_status(path)
    assert RunRecord(tmp_path, "a-1").state == "unreadable"


def test_a_finding_of_another_form(tmp_path):
    """Patches that are no list of tables cannot be suggested."""
    path = tmp_path / "d.jsonl"
    path.write_text('{"code": "a", "patches": {"x": 1}}\n')
    with pytest.raises(UserError) as caught:
        read_findings(path)
    assert str(caught.value) == f'{path}:1: `patches` cannot be {{"x": 1}}'


def test_a_record_goes_on_without_the_file(tmp_path):
    """One damaged file is a problem of the run, and its other files are read."""
    run = tmp_path / "a-1"
    run.mkdir()
    (run / "data.json").write_text('{"classes": 3}')
    (run / "metrics.csv").write_text("epoch,train_loss\n0,1.5\n")
    record = RunRecord(run, "a-1")
    assert (record.data, record.metrics["train_loss"]) == ({}, [1.5])
    assert record.problem == "data.json: `classes` cannot be 3; no status.json"


def test_a_state_without_its_generator():
    """What a run goes on from is complete, or refused."""
    state = {"bit_generator": "PCG64", "state": {"state": 2**127, "inc": 1}, "has_uint32": 0, "uinteger": 0}
    assert forms.problem(state, meta.Generator) == ""
    assert forms.problem(json.loads(json.dumps(state | {"state": 5})), meta.Generator) == "`state` cannot be 5"
