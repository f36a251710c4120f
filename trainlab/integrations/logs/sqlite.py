"""Reads the SQLite databases of trackers, without changing them."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError


def query(path: Path, told: str) -> list[tuple[Any, ...]]:
    """The rows that a query gives. Raises UserError if the database is broken or locked."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(told).fetchall()
    except sqlite3.Error as error:
        raise UserError(f"{path}: cannot read this database: {error}") from None


def tables_of(path: Path) -> set[str]:
    """The names of its tables."""
    return {str(name) for (name,) in query(path, "SELECT name FROM sqlite_master WHERE type = 'table'")}


def columns_of(path: Path, table: str) -> set[str]:
    """The names of the columns of a table; empty if there is no such table."""
    found = query(
        path, "SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table'"
    )
    return {str(column) for name, column in found if name == table}
