"""SQLite: a table or a query of a database file."""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from typing import Any, ClassVar
from urllib.parse import quote

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.data.paths import did_you_mean, existing_file
from trainlab.data.sources._rows import table_of_rows
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import Table

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, 33}  # 33: SQLITE_RECURSIVE


class Sqlite(Tabular, name="sqlite"):
    """Rows of a table in an SQLite database, or of a query. The database is opened for reading only.

    A NULL is a missing cell. SQLite lets a column hold any type: it is judged by its cells, as in CSV.
    """

    endings: ClassVar[tuple[str, ...]] = (".sqlite", ".sqlite3", ".db")
    remembers: ClassVar[tuple[str, ...]] = ("table", "query")

    table: str | None = setting(None, "name of the table or view; null: the only one")
    query: str | None = setting(None, "a SELECT instead of a table, e.g. one that joins two tables")

    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The rows of the table or query; `lines` are their numbers, from 1."""
        file = existing_file(path)
        if self.table is not None and self.query is not None:
            raise DataError("data.query: name a table or write a query, not both")
        names, rows, where = list[str](), list[tuple[Any, ...]](), "the query"
        try:
            with closing(sqlite3.connect(f"file:{quote(str(file.resolve()))}?mode=ro", uri=True)) as database:
                query = self.query
                if query is None:
                    name = self._table(path, database)
                    query, where = f"SELECT * FROM {_quoted(name)}", f"table `{name}`"  # noqa: S608 - a name in quotes
                database.set_authorizer(_only_reading)
                cursor = database.execute(query)
                names, rows = [column[0] for column in cursor.description or ()], cursor.fetchall()
        except (sqlite3.Error, sqlite3.Warning, UnicodeError) as error:
            if self.query is None:
                raise DataError(f"{path}: not an SQLite database, or a damaged one") from error
            raise DataError(f"{path}: data.query is not one SELECT that fits the tables of this database") from error
        kept = [i for i, name in enumerate(names) if name not in self.drop]
        picked = [[row[i] for i in kept] for row in rows]
        header = f"{path}: {where}"
        return table_of_rows(path, header, [names[i] for i in kept], picked, range(1, len(rows) + 1), text)

    def _table(self, path: str, database: sqlite3.Connection) -> str:
        listed = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        names = sorted(name for (name,) in database.execute(listed))
        if self.table is not None and self.table in names:
            return self.table
        have = f"it has {', '.join(f'`{name}`' for name in names[:20])}" if names else "it has none"
        if self.table is not None:
            near = did_you_mean(self.table, names) or f"; {have}"
            raise DataError(f"{path}: has no table `{self.table}` (data.table){near}")
        if len(names) != 1:
            raise DataError(f"{path}: which table? Set `data.table` or `data.query`; {have}")
        return names[0]


def _only_reading(action: int, *_: object) -> int:
    """Allow SQLite to read the tables of this file, and nothing else."""
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
