"""ARFF: Weka's and OpenML's tables."""

import re
from collections.abc import Collection
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from trainlab.core.errors import DataError
from trainlab.data.notation import parse_number
from trainlab.data.opening import read_text
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import Table, column_of, unique_names

# liac-arff cuts the decimals of INTEGER columns off, and knows no dates: they are read as numbers and as texts
_INTEGER = re.compile(r"^(\s*@attribute\s+(?:'[^']*'|\"[^\"]*\"|\S+)\s+)integer\s*$", re.IGNORECASE | re.MULTILINE)
_DATE = re.compile(r"^(\s*@attribute\s+(?:'[^']*'|\"[^\"]*\"|\S+)\s+)date\b.*$", re.IGNORECASE | re.MULTILINE)


class Arff(Tabular, name="arff"):
    """Rows of an ARFF file of Weka, MEKA or OpenML, dense or sparse.

    A nominal attribute is a column of categories, or the classes of a target, also where its values are numbers. `?` is
    a missing cell. Needs liac-arff: pip install "trainlab[arff]".
    """

    endings: ClassVar[tuple[str, ...]] = (".arff",)

    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The table in this file; `lines` are row numbers, from 1."""
        try:
            arff: Any = import_module("arff")
        except ImportError:
            raise DataError(f'{path}: ARFF files need liac-arff: pip install "trainlab[arff]"') from None
        written = read_text(path)
        try:
            found = arff.loads(_DATE.sub(r"\1string", _INTEGER.sub(r"\1numeric", written)))
        except (arff.ArffException, ValueError) as error:
            line = int(getattr(error, "line", -1))
            where = f"{path}:{line}" if line > 0 else path
            raise DataError(f"{where}: cannot be read as ARFF; correct this line, or save the table as CSV") from error
        attributes: list[tuple[str, str | list[str]]] = found["attributes"]
        rows: list[list[Any]] = found["data"]
        names = [name for name, _ in attributes]
        unique_names(path, names)
        cells = list(zip(*rows, strict=True)) or [()] * len(names)
        columns = {name: column_of(cells[i], as_text=name in text) for i, name in enumerate(names)}
        declared = frozenset(name for name, kind in attributes if isinstance(kind, list) and _numbers(kind))
        return Table(path, columns, np.arange(1, len(rows) + 1), path, declared=declared)


def _numbers(values: Collection[str]) -> bool:
    """Whether all values of a nominal attribute are numbers: those alone could be taken for a scale."""
    return all(parse_number(value) is not None for value in values)
