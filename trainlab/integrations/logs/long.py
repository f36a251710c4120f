"""Long tables as wide ones: rows of metric and value, and rows that a column assigns to a split."""

from collections.abc import Mapping, Sequence
from typing import Any

from trainlab.core.errors import UserError
from trainlab.integrations.logs.cells import is_missing, number_of
from trainlab.integrations.logs.names import ALONE, meaning, split_of, split_words

_NAMES = {"metric", "tag", "key", "name", "variable", "measure", "metric_name", "scalar_name", "series", "metrics"}
_VALUES = {"value", "values", "metric_value", "scalar", "scalar_value"}
_SPLITS = {
    "phase",
    "set",
    "mode",
    "split",
    "stage",
    "dataset",
    "data",
    "subset",
    "partition",
    "prefix",
    "type",
    "state",
}
_RUNS = {"run", "run_id", "run_uuid", "run_name", "fold", "cv_fold", "seed", "trial", "trial_id", "experiment"}
Records = Sequence[Mapping[str, Any]]


def widened(path: object, records: Records) -> Records:
    """The records with a column for each split and metric. Raises UserError if they are of several runs."""
    names = list(dict.fromkeys(key for record in records for key in record))
    for run in (n for n in names if _key(n) in _RUNS):
        values = list(dict.fromkeys(str(c) for r in records if not is_missing(c := r.get(run))))
        if len(values) > 1:
            few = ", ".join(f"`{v}`" for v in values[:4]) + (", ..." if len(values) > 4 else "")
            raise UserError(
                f"{path}: it holds {len(values)} runs, told apart by `{run}` ({few}); write the rows of one of "
                "them to a file and diagnose that"
            )
    split = next((n for n in names if _is_split(records, n, least=1 if _key(n) in _SPLITS else 2)), None)
    metric = next((n for n in names if _key(n) in _NAMES and _is_text(records, n)), None)
    value = next((n for n in names if _key(n) in _VALUES), None)
    if metric is not None and value is not None:
        return _pivoted(records, metric, value, split)
    return [_prefixed(record, split) for record in records] if split is not None else records


def _pivoted(records: Records, metric: str, value: str, split: str | None) -> Records:
    """A record for each place (epoch, step) of the log, or for each time that a metric comes back."""
    made: list[dict[str, Any]] = []
    at: dict[tuple[Any, ...], dict[str, Any]] = {}
    for record in records:
        name, cell = str(record.get(metric) or ""), record.get(value)
        if split is not None and not is_missing(record.get(split)):
            name = f"{_split_name(record[split])}/{name}"
        place = {k: v for k, v in record.items() if meaning(k) in ("epoch", "step") and k != metric}
        key = tuple(str(v) for v in place.values())
        row = at.get(key)
        if row is None or (name in row and not key) or (key and name in row):
            row = dict(place)
            made.append(row)
            at[key] = row
        row[name] = cell
    return made


def _prefixed(record: Mapping[str, Any], split: str) -> Mapping[str, Any]:
    """The record with its split in front of the names of its metrics."""
    own = record.get(split)
    if is_missing(own):
        return {k: v for k, v in record.items() if k != split}
    front = _split_name(own)
    return {(k if meaning(k) in ALONE else f"{front}/{k}"): v for k, v in record.items() if k != split}


def _split_name(value: object) -> str:
    """The split's own name, so that `val` comes before `test`; `train` for names that only a column explains."""
    own = str(value)
    return own if meaning(f"{own}/loss") else (split_of(own) or own)


def _is_split(records: Records, name: str, least: int) -> bool:
    """Whether the cells name splits, at least so many."""
    cells = {c if isinstance(c, str) else "" for r in records if not is_missing(c := r.get(name))}
    return least <= len(cells) <= 12 and all(split_of(c) for c in cells)


def _is_text(records: Records, name: str) -> bool:
    cells = [c for r in records[:500] if not is_missing(c := r.get(name))]
    return bool(cells) and sum(number_of(c) is not None for c in cells) == 0 and len(set(map(str, cells))) < len(cells)


def _key(name: str) -> str:
    return "_".join(split_words(name)) if name else ""
