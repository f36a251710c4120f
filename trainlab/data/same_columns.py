"""Whether a new file has the columns of the training file."""

from typing import Any

from trainlab.core.errors import DataError
from trainlab.data.paths import did_you_mean
from trainlab.data.table import Table
from trainlab.data.target_columns import listed


def refuse_other_order(table: Table, encoding: dict[str, Any]) -> None:
    """Raises DataError where `columns` names columns by place, and the file's own names are not those of training."""
    if list(table.written) != encoding.get("written", list(table.written)):
        raise DataError(
            f"{table.header}: the columns are called {listed(list(table.written))}, in the training file "
            f"{listed(encoding['written'])}; data.columns names them by their place, so this must be the same"
        )


def same_columns(table: Table, wanted: list[str], allowed: list[str]) -> None:
    """Raises DataError naming columns of the training file that are missing, and others that it does not have."""
    missing = [name for name in wanted if name not in table.columns]
    unknown = [name for name in table.columns if name not in wanted and name not in allowed]
    said = [f"column `{name}` is missing{did_you_mean(name, unknown)}" for name in missing]
    said += [f"column `{name}` is unknown" for name in unknown if not any(f"`{name}`?" in s for s in said)]
    if said:
        raise DataError("\n".join(f"{table.header}: {s}" for s in said))
