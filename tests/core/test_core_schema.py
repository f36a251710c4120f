"""The JSON Schema: valid in both drafts, and of the same opinion as the reader."""

from typing import Any

import jsonschema
import pytest
from core_broken import HERE
from toybox import Room

from trainlab.core import plugins
from trainlab.core.config import read_plain
from trainlab.core.dump import dump
from trainlab.core.node import Source
from trainlab.core.problem import ConfigError
from trainlab.core.schema import json_schema
from trainlab.core.yaml_nodes import parse
from trainlab.search.experiment import SweepExperiment, read

VALIDATORS = (jsonschema.Draft202012Validator, jsonschema.Draft7Validator)
GOOD = [
    "children: 1",
    "{children: 0, name: x, box: {width: 2, label: a, lid: false, sizes: [1, 2]}, spare: null}",
    "{children: 1, toys: [teddy, ball, ball: , ball: 3, ball: {size: 3}, {name: ball, size: 3}, train_set: 3]}",
    "{children: 1, toys: [{train_set: {cars: 1, driver: {ball: 3}, cargo: [teddy, {train_set: {cars: 2}}]}}]}",
    "{children: 1, best: any, doll: null, volume: off}",
    "{children: 1, best: {teddy: {colour: blue}}, doll: {ball: {bounce: null}}, volume: 3, prices: {a: 1, b: 1.5}}",
]
BAD = [
    "{}",
    "children: -1",
    "children: x",
    "children: 1.5",
    "{children: 1, chairs: 3}",
    "{children: 1, box: {width: 0}}",
    "{children: 1, box: {width: 2.1}}",
    "{children: 1, box: {sizes: []}}",
    "{children: 1, box: {sizes: [0]}}",
    "{children: 1, box: {lid: 1}}",
    "{children: 1, box: null}",
    "{children: 1, box: {hight: 1}}",
    "{children: 1, toys: teddy}",
    "{children: 1, toys: [clown]}",
    "{children: 1, toys: [train_set]}",
    "{children: 1, toys: [train_set: ]}",
    "{children: 1, toys: [{train_set: {}}]}",
    "{children: 1, toys: [{teddy: 3}]}",
    "{children: 1, toys: [{ball: x}]}",
    "{children: 1, toys: [{ball: 1, teddy: }]}",
    "{children: 1, toys: [{ball: 1, colour: red}]}",
    "{children: 1, toys: [{name: ball, width: 3}]}",
    "{children: 1, toys: [{name: ball, colour: rot}]}",
    "{children: 1, toys: [{train_set: {cars: 1, driver: {ball: {siz: 3}}}}]}",
    "{children: 1, best: ani}",
    "{children: 1, best: null}",
    "{children: 1, volume: 0}",
    "{children: 1, volume: on}",
    "{children: 1, prices: {a: x}}",
]


def loaded(text: str) -> Any:
    """The plain data of a YAML text, read as editors do: in YAML 1.2."""
    node, problems = parse(Source.of("test", text))
    assert problems == []
    return node and node.plain()


def accepted(data: Any) -> bool:
    """Whether the reader takes the data for a room."""
    try:
        read_plain(Room, data, "test")
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("validator", VALIDATORS)
@pytest.mark.parametrize("model", [Room, SweepExperiment])
def test_schema_is_valid(model: Any, validator: Any) -> None:
    """The schema is one by the rules of both drafts."""
    validator.check_schema(json_schema(model))


@pytest.mark.parametrize("validator", VALIDATORS)
@pytest.mark.parametrize(("text", "want"), [*((text, True) for text in GOOD), *((text, False) for text in BAD)])
def test_same_opinion(text: str, want: bool, validator: Any) -> None:
    """Schema and reader accept the same configs and refuse the same."""
    data = loaded(text)
    assert accepted(data) is want
    assert validator(json_schema(Room)).is_valid(data) is want


@pytest.mark.parametrize("validator", VALIDATORS)
def test_configs_of_the_project(validator: Any) -> None:
    """Every config that comes with trainlab fits the schema, which knows its plugins."""
    whole = json_schema(SweepExperiment)
    files = sorted((HERE.parents[1] / "configs").glob("**/*.yaml"))
    files = [file for file in files if file.name != "chapter.yaml"]  # those of the lecture are no configs
    assert files
    for file in files:
        schema = validator(json_schema(SweepExperiment) if read(file).value.plugins else whole)
        assert list(schema.iter_errors(loaded(file.read_text(encoding="utf-8")))) == [], file
    plugins.give([])


WHOLE = "{data: {csv: {path: x.csv, target: y}}, model: {name: mlp, hidden: [8]}, optimizer: adam, train: {epochs: 3}}"
OVER = [
    ("optimizer: {lr: 0.1}", True),
    ("optimizer: {name: sgd, lr: 0.1}", True),
    ("model: {activation: tanh}", True),
    ("model: {hidden: [4, {dense: 4}]}", False),
    ("data: {target: z}", True),
    ("data: {name: csv, target: z}", True),
    ("data: {csv: {target: z}}", True),
    ("{train: {batch_size: 8}, sweep: {metric: val_loss, space: {optimizer.lr: {log: [0.001, 1]}}}}", True),
    ("optimizer: {rate: 0.1}", False),
    ("optimizer: {lr: fast}", False),
    ("optimizer: {name: sgd, b1: 0.9}", False),
    ("train: {epoch: 3}", False),
    ("model: {hiden: [4]}", False),
    ("schedle: cosine", False),
]


@pytest.mark.parametrize("validator", VALIDATORS)
@pytest.mark.parametrize(("text", "want"), OVER)
def test_same_opinion_of_a_config_over_another(text: str, want: bool, validator: Any, tmp_path: Any) -> None:
    """A config that extends another may leave out what the other one has: schema and reader agree on how much."""
    (tmp_path / "whole.yaml").write_text(WHOLE)
    data = {"extends": "whole.yaml", **loaded(text)}
    (tmp_path / "over.yaml").write_text(dump(data))
    try:
        read(tmp_path / "over.yaml")
        got = True
    except ConfigError:
        got = False
    assert got is want
    assert validator(json_schema(SweepExperiment)).is_valid(data) is want
    assert not validator(json_schema(SweepExperiment)).is_valid(loaded("optimizer: {lr: 0.1}"))


def test_nothing_further_anywhere() -> None:
    """Every table with settings refuses further keys."""

    def tables(schema: Any) -> Any:
        if isinstance(schema, dict):
            if "properties" in schema:
                yield schema
            for inner in schema.values():
                yield from tables(inner)
        elif isinstance(schema, list):
            for inner in schema:
                yield from tables(inner)

    found = list(tables(json_schema(SweepExperiment)))
    assert len(found) > 100
    assert all(table["additionalProperties"] is False for table in found)


def test_help_default_and_limits() -> None:
    """Help, default and limits of a setting stand in the schema."""
    box = json_schema(Room)["definitions"]["Box"]["properties"]
    assert box["width"] == {
        "description": "in metres",
        "default": 1.0,
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 2,
    }
    assert box["sizes"] == {
        "description": "of the compartments",
        "default": [1],
        "type": "array",
        "items": {"type": "integer", "minimum": 1},
        "minItems": 1,
    }


def test_same_every_time() -> None:
    """The same classes give the same schema, in the same order."""
    assert list(json_schema(SweepExperiment)["definitions"]) == sorted(json_schema(SweepExperiment)["definitions"])
    assert repr(json_schema(Room)) == repr(json_schema(Room))
