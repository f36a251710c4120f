"""Records of a JSON log: trainer_state.json of Hugging Face, a list of records, columns of values, or JSON lines."""

import json
from collections.abc import Mapping
from typing import Any, cast


def records(text: str) -> list[Mapping[str, Any]]:
    """The records of the text; lines and values that are no records are left out."""
    try:
        read: Any = json.loads(text)
    except (ValueError, RecursionError):
        lines: list[Any] = []
        for line in text.splitlines():
            try:
                lines.append(json.loads(line))
            except (ValueError, RecursionError):
                continue
        read = lines
    if isinstance(read, dict):
        table = cast("dict[str, Any]", read)
        if isinstance(table.get("log_history"), list):
            read = table["log_history"]
        elif table and all(isinstance(v, list) for v in table.values()):  # columns: Keras' History.history
            columns = cast("dict[str, list[Any]]", table)
            longest = max(map(len, columns.values()))
            read = [{k: v[i] for k, v in columns.items() if i < len(v)} for i in range(longest)]
        else:
            read = [table]
    records = [cast("dict[str, Any]", r) for r in cast("list[Any]", read) if isinstance(r, dict)]
    return [r for r in records if "train_runtime" not in r]  # Hugging Face's last record sums the run up
