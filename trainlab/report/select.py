"""`--where key=value`: which runs a report is about, by config keys, status fields, metrics and diagnoses."""

import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, cast

from trainlab.core.dotted import flat
from trainlab.core.errors import UserError
from trainlab.core.problem import nearest
from trainlab.report.rows import row_of, tested_value
from trainlab.store.plain_yaml import read_value
from trainlab.store.reading import RunRecord
from trainlab.store.status import Status

_OF_STATUS = tuple(f.name for f in fields(Status) if f.name not in ("name", "best", "test", "diagnoses"))
_RULE = re.compile(r"\s*([^=<>!\s]+)\s*(<=|>=|!=|==|=|<|>)\s*(.*?)\s*", re.DOTALL)


def is_rule(text: str) -> bool:
    """Whether a text is a rule as `selected` reads it, rather than a plain word.

    >>> is_rule("optimizer.lr<1e-2"), is_rule("adam")
    (True, False)
    """
    return _RULE.fullmatch(text) is not None


def selected(records: Sequence[RunRecord], rules: Sequence[str]) -> list[RunRecord]:
    """The records that fulfil every rule: `optimizer.lr<1e-2`, `status=finished`, `val_accuracy>=0.9`,
    `diagnosis=overfitting`, `model.name!=cnn`.

    Raises UserError if a rule cannot be read, or no run knows its key.
    """
    left = list(records)
    for rule in rules:
        match = _RULE.fullmatch(rule)
        if match is None:
            raise UserError(f"--where {rule}: expected KEY=VALUE, or KEY with one of != < > <= >=")
        key, sign, text = match[1], match[2], match[3]
        wanted = read_value(text)
        found: list[tuple[RunRecord, list[Any]]] = []
        for record in left:
            found.append((record, values_of(record, key)))
            record.forget()
        if left and not any(values for _, values in found):
            _unknown(rule, key, left)
        left = [record for record, values in found if _holds(values, sign, wanted, text)]
    return left


def values_of(record: RunRecord, key: str) -> list[Any]:
    """What a key stands for in a run; several values where it has several meanings, none where it has none."""
    row = row_of(record, brief=True)
    if key in ("status", "state"):
        return [row.status]
    if key in ("diagnosis", "diagnoses"):
        return [f["code"] for f in row.findings] or ["none"]
    if key == "name":
        return [v for v in (record.name, record.config.get("name")) if v is not None]
    if key.startswith(("test_", "test.")):
        value = tested_value(row, key)
        return [] if value is None else [value]
    if key in ("epoch", "seconds", "started", "epochs"):
        value = getattr(row, key)
        return [] if value in (None, "") else [value]
    if key in _OF_STATUS and record.status:
        return [getattr(record.status, key)]
    if "." in key and (found := _at(record.config, key)):
        return found
    if key in record.scores:
        best = record.scores[key][0]
        return [] if best is None else [best]
    return _at(record.config, key)


def _at(config: Any, key: str) -> list[Any]:
    """The value at a dotted key; a component counts by its name as well."""
    for part in key.split("."):
        if isinstance(config, list):
            items = cast("list[Any]", config)
            config = dict(enumerate(items)).get(int(part)) if part.isdecimal() and len(part) < 9 else None
        elif isinstance(config, dict) and part in config:
            config = cast("dict[str, Any]", config)[part]
        else:
            return []
    if isinstance(config, dict):
        return [v for v in [cast("dict[str, Any]", config).get("name")] if isinstance(v, str)]
    return [config]


def _holds(values: list[Any], sign: str, wanted: Any, text: str) -> bool:
    if sign == "!=":
        return bool(values) and not any(_equal(v, wanted, text) for v in values)
    if sign in ("=", "=="):
        return any(_equal(v, wanted, text) for v in values)
    return any(_ordered(v, sign, wanted, text) for v in values)


def _equal(value: Any, wanted: Any, text: str) -> bool:
    return (value == wanted and isinstance(value, bool) == isinstance(wanted, bool)) or value == text


def _ordered(value: Any, sign: str, wanted: Any, text: str) -> bool:
    if _is_number(value) and _is_number(wanted):
        low, high = value, wanted
    elif isinstance(value, str):
        low, high = value, text
    else:
        return False
    return {"<": low < high, ">": low > high, "<=": low <= high, ">=": low >= high}[sign]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unknown(rule: str, key: str, records: Sequence[RunRecord]) -> None:
    """Raises the error for a key that no run knows."""
    known = {"status", "diagnosis", "name", "started", "host", "reason", "exit_code"}
    for record in records:
        known |= {*flat(record.config), *record.last, *(f"test_{m}" for m in row_of(record, brief=True).test)}
    near = nearest(key, sorted(known))
    raise UserError(f"--where {rule}: no run has `{key}`" + (f"; did you mean `{near}`?" if near else ""))
