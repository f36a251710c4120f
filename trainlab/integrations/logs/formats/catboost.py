"""catboost: catboost_training.json, learn_error.tsv, test_error.tsv, and the folder catboost_info."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from trainlab.core.errors import UserError
from trainlab.integrations.logs.cells import number_of
from trainlab.integrations.logs.delimited import grid_of
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.source import Source

_PRINTED = re.compile(r"(?P<round>\d+):\s+learn: (?P<learn>\S+)(?:\s+test: (?P<test>\S+))?\s")


class Catboost(LogFormat, name="catboost"):
    """CatBoost's `catboost_training.json`, its `learn_error.tsv` with `test_error.tsv`, or what it prints.

    A round counts as an epoch. The losses are Logloss, MultiClass, CrossEntropy, RMSE, MAE and others.
    """

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """The two keys of the JSON file, a table that begins with `iter`, or the folder's files."""
        if source.is_folder:
            return (source.path / "catboost_training.json").is_file() or (source.path / "learn_error.tsv").is_file()
        printed = sum(_PRINTED.match(line) is not None for line in source.lines[:50])
        return {"meta", "iterations"} <= source.keys or source.header.startswith("iter\t") or printed > 1

    def table(self, source: Source) -> Table:
        """A record for each round."""
        if source.is_folder:
            whole = source.path / "catboost_training.json"
            source = Source(whole if whole.is_file() else source.path / "learn_error.tsv")
        if source.json is not None:
            return _of_json(cast("dict[str, Any]", source.json))
        if printed := [m for line in source.lines if (m := _PRINTED.match(line))]:
            return _of_lines(source, printed)
        is_test = source.path.name.startswith("test") or "test_error" in source.path.name
        learn = source.path.with_name(source.path.name.replace("test_error", "learn_error"))
        test = source.path.with_name(source.path.name.replace("learn_error", "test_error"))
        sets = {"learn": learn, "test": test} if {learn, test} - {source.path} else {}
        found = {name: Source(path) for name, path in sets.items() if path.is_file()}
        found = found or {"test" if is_test else "learn": source}
        records: list[dict[str, Any]] = []
        for name, file in found.items():
            grid = grid_of(file.text)
            for row in grid.records if grid is not None else []:
                records.append({"step": row.get("iter"), **{f"{name}/{k}": v for k, v in row.items() if k != "iter"}})
        return Table(records, unit="epoch")


def _of_json(table: dict[str, Any]) -> Table:
    """Lists of values by the order of the metrics in `meta`."""
    meta = table["meta"]
    named = {"learn": meta.get("learn_metrics", []), "test": meta.get("test_metrics", [])}
    metrics = {kind: [str(m["name"]) for m in found] for kind, found in named.items()}
    records: list[dict[str, Any]] = []
    for row in table["iterations"]:
        record: dict[str, Any] = {"step": row.get("iteration")}
        for key, values in row.items():
            kind = "learn" if key.startswith("learn") else "test" if key.startswith("test") else ""
            if kind and isinstance(values, list):
                record |= {
                    f"{key}/{name}": v for name, v in zip(metrics[kind], cast("list[Any]", values), strict=False)
                }
        records.append(record)
    return Table(records, unit="epoch")


def _of_lines(source: Source, printed: Sequence[re.Match[str]]) -> Table:
    """What CatBoost prints: the evaluation metric without its name. Raises UserError if it looks like a score."""
    records = [{"step": m["round"], "learn/loss": m["learn"], "test/loss": m["test"]} for m in printed]
    known = [v for m in printed if (v := number_of(m["learn"])) is not None]
    if known and min(known) >= 0 and max(known) <= 1 and known[-1] > known[0]:
        raise UserError(f"{source.path}: the printed metric grows as a score does; give catboost_info/learn_error.tsv")
    return Table(records, unit="epoch")
