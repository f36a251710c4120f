"""Settings by dotted keys, as overrides, comparisons and selections name them."""

from typing import Any, cast


def flat(config: dict[str, Any]) -> dict[str, Any]:
    """A config by dotted keys; a list of scalars is one value, a list of tables is not.

    >>> flat({"model": {"hidden": [64, 32], "layers": [{"name": "relu"}]}, "seed": 0})
    {'model.hidden': [64, 32], 'model.layers.0.name': 'relu', 'seed': 0}
    """
    made: dict[str, Any] = {}
    for key, value in config.items():
        made.update({f"{key}.{k}": v for k, v in flat(inner).items()} if (inner := _table(value)) else {key: value})
    return made


def _table(value: Any) -> dict[str, Any]:
    """What has dotted keys below it: a table, or a list with a table in it."""
    if isinstance(value, list) and any(isinstance(v, dict | list) for v in cast("list[Any]", value)):
        return {str(i): v for i, v in enumerate(cast("list[Any]", value))}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
