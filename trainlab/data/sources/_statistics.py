"""What the sources of statistics programs share: pyreadstat reads the file, labelled codes become their labels."""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import replace
from importlib import import_module
from typing import Any, ClassVar

from trainlab.core.errors import DataError
from trainlab.data.frame import table_of
from trainlab.data.opening import parsing
from trainlab.data.paths import existing_file
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import Numbers, Table, Texts, as_texts, text_of


class Statistics(Tabular):
    """A file of Stata, SPSS or SAS."""

    program: ClassVar[str] = ""

    @abstractmethod
    def reader(self, ending: str) -> str:
        """The name of pyreadstat's function for files with this ending."""

    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The table in this file; `lines` are row numbers, from 1."""
        file = existing_file(path)
        try:
            pyreadstat: Any = import_module("pyreadstat")
        except ImportError:
            needs = f'{self.program} files need pyreadstat: pip install "trainlab[statistics]"'
            raise DataError(f"{path}: {needs}") from None
        read: Any = getattr(pyreadstat, self.reader(file.suffix.lower()))
        with parsing(path, f"not a {self.program} file, or a damaged one"):
            frame, facts = read(str(file))
        table = replace(table_of(frame, text=text), path=path, header=path)
        labels: dict[str, dict[Any, str]] = facts.variable_value_labels
        columns, notes = dict(table.columns), list[str]()
        for name, named in labels.items():
            column = columns.get(name)
            found = None if column is None else _labelled(column, named)
            if found is not None:
                columns[name] = found
                notes.append(f"column `{name}`: its codes are read as their labels, such as `{found.known[0]}`")
        return replace(table, columns=columns, notes=tuple(notes))


def _labelled(column: Numbers | Texts, labels: dict[Any, str]) -> Texts | None:
    """The column with the label of each code, None where codes without a label make it a scale of numbers."""
    known = as_texts(column)
    named = {text_of(code): label.strip() for code, label in labels.items()}
    if not known.known or any(text not in named for text in known.known):
        return None
    return known.renamed([named[text] for text in known.known])
