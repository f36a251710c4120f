"""Configs drawn from the JSON Schema, so that a new component is drawn as soon as there is one.

A drawn value keeps to the schema but for `wildness`, the probability that a value is replaced by one that does not fit.
Numbers are small: what a machine could do in an hour is no fault, and a test cannot wait for it.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

Schema = dict[str, Any]
_SMALL = [0, 1, 1, 2, 2, 3, 4, 5]
_SHARES = [0.0, 0.01, 0.1, 0.1, 0.3, 0.5, 0.9, 0.99, 1.0]
_WILD_NUMBERS = [-1, 10**12, 10**30, -(10**12), 1e308, 1e-308, -0.5, float("nan"), float("inf"), 2**63, 10**4000]
_WILD = [None, True, "x", "", [], {}, [[1]], {"name": "x"}, "nan", [None], {"": 1}, "1e3", "../x", "output", "auto"]
_DEEPEST = 9


class Drawn:
    """Draws values for a schema."""

    def __init__(self, schema: Schema, rng: np.random.Generator, wildness: float, files: dict[str, str]) -> None:
        self.definitions: dict[str, Schema] = schema["definitions"]
        self.schema, self.rng, self.wildness, self.files = schema, rng, wildness, files

    def config(self) -> dict[str, Any]:
        """A whole config. Its data is small, and it is trained for one epoch."""
        made = {"data": self.data()}
        for key, inner in self.schema["else"]["properties"].items():
            if key not in ("extends", "plugins", "data", "train", "sweep") and self.rng.random() < 0.25:
                made[key] = self.value(inner, 0, key)
        if self.rng.random() < 0.3:
            made["sweep"] = self.value(self.schema["else"]["properties"]["sweep"], 0, "sweep")
        train = self.value({"$ref": "#/definitions/Train"}, 0, "train") if self.rng.random() < 0.5 else {}
        if isinstance(train, dict):
            if self._tame(train.get("threads", 1)):
                train["threads"] = 1
            if self._tame(train.get("epochs", 1)):
                train["epochs"] = 1
            train["batch_size"] = train.get("batch_size", 16)
        return made | {"train": train}

    def data(self) -> Any:
        """A source with its files, small; in half of the cases one that most networks can take."""
        if self.rng.random() < 0.5:
            return self._easy()
        made = self.value({"$ref": "#/definitions/data"}, 0, "data")
        name = made if isinstance(made, str) else None
        if isinstance(made, dict):
            name = made.get("name") or next(iter(made), None)
            if isinstance(name, str) and set(made) == {name} and isinstance(made[name], dict):
                made = {"name": name, **made[name]}
        if not isinstance(name, str):
            return made
        known = self.definitions.get(f"data.{name}", {}).get("properties", {})
        table = dict(made) if isinstance(made, dict) and "name" in made else {"name": name}
        for key, value in (("samples", 40), ("path", self.files.get(name)), ("target", "y")):
            if key in known and value is not None and self.rng.random() < 0.9:
                table[key] = value
        return table

    def _easy(self) -> dict[str, Any]:
        usual = ({"name": "moons", "samples": 40}, {"name": "friedman1", "samples": 40}, {"name": "iris"})
        some = [*usual, {"name": "csv", "path": self.files.get("csv"), "target": "y"}, {"name": "digits"}]
        made = some[int(self.rng.integers(len(some)))]
        faults = {"name": "subset", "rows": 90}
        own = self.definitions[f"data.{made['name']}"]["properties"]
        more = {key: self.value(own[key], 3, key) for key in own if key not in made and self.rng.random() < 0.15}
        return {**more, **made, **({"faults": [faults]} if made["name"] == "digits" else {})}

    def value(self, schema: Schema, depth: int, key: str = "") -> Any:
        """A value of a schema, or now and then one that does not fit."""
        if self.rng.random() < self.wildness:
            return self.wild()
        if "default" in schema and (depth > _DEEPEST or self.rng.random() < 0.3):
            return schema["default"]
        if "allOf" in schema:
            return self.value(schema["allOf"][0], depth, key)
        if "$ref" in schema:
            return self.value(self.definitions[schema["$ref"].rpartition("/")[2]], depth + 1, key)
        if "anyOf" in schema:
            options = schema["anyOf"]
            if depth > _DEEPEST:
                flat = [o for o in options if "$ref" not in o and o.get("type") not in ("array", "object")]
                options = flat or options
            return self.value(options[int(self.rng.integers(len(options)))], depth, key)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][int(self.rng.integers(len(schema["enum"])))]
        return self._plain(schema, depth, key)

    def wild(self) -> Any:
        """A value that does not fit."""
        some = _WILD_NUMBERS if self.rng.random() < 0.5 else _WILD
        return some[int(self.rng.integers(len(some)))]

    def _plain(self, schema: Schema, depth: int, key: str) -> Any:
        match schema.get("type"):
            case "integer":
                return self._within(schema, _SMALL[int(self.rng.integers(len(_SMALL)))])
            case "number":
                return self._within(schema, _SHARES[int(self.rng.integers(len(_SHARES)))])
            case "boolean":
                return bool(self.rng.integers(2))
            case "string":
                if key in ("off", "stop_on"):
                    return str(self.rng.choice(sorted(self.definitions["Monitoring"]["properties"])))
                return str(self.rng.choice(["a", "y", "b", "val_loss", "val_f1", "optimizer.lr", "yes", key or "x"]))
            case "array":
                most = min(schema.get("maxItems", 4), 4)
                size = int(self.rng.integers(min(schema.get("minItems", 0), most), most + 1))
                return [self.value(schema.get("items", {}), depth + 1, key) for _ in range(size if depth < 12 else 0)]
            case "object":
                return self._table(schema, depth)
            case "null":
                return None
        return self.wild()

    def _table(self, schema: Schema, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        required = schema.get("required", [])
        for key, inner in schema.get("properties", {}).items():
            if key in required or self.rng.random() < 0.25:
                made[key] = self.value(inner, depth + 1, key)
        free = schema.get("additionalProperties")
        if isinstance(free, dict):
            paths = ("optimizer.lr", "model.hidden", "data.seed", "seed", "train.batch_size", "a", "model.dropout")
            for path in self.rng.choice(paths, int(self.rng.integers(3)), replace=False):
                made[str(path)] = self.value(free, depth + 1, str(path))
        return made

    @staticmethod
    def _within(schema: Schema, value: Any) -> Any:
        low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
        if low is not None and value < low:
            value = low
        if value == schema.get("exclusiveMinimum"):
            value = value + (1 if schema["type"] == "integer" else 0.1)
        high = schema.get("exclusiveMaximum", high)
        if high is not None and value >= high and value != schema.get("maximum"):
            value = high / 2 if schema["type"] == "number" else high
        return value

    @staticmethod
    def _tame(value: Any) -> bool:
        """Whether a number is one that a machine could wait for."""
        return (isinstance(value, int | float) and 1 < value <= 1e9) or value in (0, 1, "auto")


def schema_of(path: Path) -> Schema:
    """The schema in a file."""
    return json.loads(path.read_text(encoding="utf-8"))
