"""The growing files of a run folder: rows and findings as they happen, and how long each file was at a checkpoint."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from trainlab.core.types import Array
from trainlab.diagnose.finding import Finding
from trainlab.engine.trainer import RECORDS
from trainlab.store.appending import Appender
from trainlab.store.columns import LAYER_COLUMNS, STEP_COLUMNS, metric_columns
from trainlab.store.findings import FindingWriter
from trainlab.store.folder import RunFolder
from trainlab.store.rows import RowWriter, kept_steps

_HELD = 0.25  # seconds that rows are held back

Lines = Callable[[], bytes]  # spells rows that are held back: many in a row take less time than each on its own

if TYPE_CHECKING:
    from trainlab.engine.compiled.library import Library


class RunLogger:
    """Appends to metrics.csv, steps.csv, layers.csv and diagnoses.jsonl of one run folder.

    library: the kernels that write numbers as the same text in a twentieth of the time, where there are some. Rows of
    steps and layers that come within a quarter of a second are then written together: the looks at a tiny network come
    faster than the system takes them.
    """

    def __init__(self, folder: RunFolder, task: str, library: "Library | None" = None) -> None:
        self._library = library
        self._metrics = RowWriter(folder.metrics, metric_columns(task))
        self._steps = RowWriter(folder.steps, STEP_COLUMNS)
        self._layers = RowWriter(folder.layers, LAYER_COLUMNS)
        self._findings = FindingWriter(folder.diagnoses)
        self._held: dict[RowWriter, list[Lines]] = {self._steps: [], self._layers: []}
        self._wrote = monotonic()
        self._known: dict[tuple[tuple[str, str], ...], tuple[bytes, Array]] = {}
        self._files: dict[str, RowWriter | FindingWriter] = {
            "metrics": self._metrics,
            "steps": self._steps,
            "layers": self._layers,
            "diagnoses": self._findings,
        }

    def epoch(self, row: Mapping[str, Any]) -> None:
        """A row of metrics.csv."""
        self._metrics.write(row)

    def steps(self, last: int, records: Array) -> None:
        """Rows of steps.csv for the steps that end with number `last`; long runs keep fewer."""
        first = last - len(records) + 1
        kept = kept_steps(first, last)
        steps, records = np.arange(first, last + 1)[kept], records[kept]
        if len(steps) and self._library is not None:
            self._hold(self._steps, partial(self._library.lines, steps, records.copy()))
        elif len(steps):
            self._steps.write_many({"step": steps} | {name: records[:, i] for i, name in enumerate(RECORDS)})

    def layers(self, step: int, names: Sequence[tuple[str, str]], values: Array) -> None:
        """Rows of layers.csv: for each name, (layer, quantity), the value at this step."""
        if self._library is not None:
            texts, ends = self._labels(tuple(names))
            self._hold(self._layers, partial(self._library.labelled, step, texts, ends, values.copy()))
            return
        layers, quantities = zip(*names, strict=True)
        steps = np.full(len(names), step)
        self._layers.write_many({"step": steps, "layer": layers, "quantity": quantities, "value": values})

    def _labels(self, names: tuple[tuple[str, str], ...]) -> tuple[bytes, Array]:
        """What stands between step and value in each of these rows, one after the other, and where each ends."""
        found = self._known.get(names)
        if found is None:
            texts = [f",{layer},{quantity},".encode() for layer, quantity in names]
            found = self._known[names] = b"".join(texts), np.cumsum([len(text) for text in texts], dtype=np.int64)
        return found

    def _hold(self, file: RowWriter, lines: Lines) -> None:
        self._held[file].append(lines)
        if monotonic() - self._wrote >= _HELD:
            self._write()

    def _write(self) -> None:
        """Everything that is held back."""
        for file, lines in self._held.items():
            if lines:
                file.append(b"".join([write() for write in lines]))
                lines.clear()
        self._wrote = monotonic()

    def finding(self, diagnosis: Finding) -> None:
        """A line of diagnoses.jsonl."""
        self._findings.write(diagnosis.as_dict())

    @property
    def files(self) -> list[Appender]:
        """The files; a checkpoint that counts on their rows is written together with them."""
        return list(self._files.values())

    def positions(self) -> dict[str, int]:
        """How long each file is: what a checkpoint counts on."""
        self._write()
        return {name: file.tell() for name, file in self._files.items()}

    def cut(self, positions: Mapping[str, int]) -> None:
        """Drop what was written after these positions."""
        for name, file in self._files.items():
            file.truncate(positions[name])

    def close(self) -> None:
        """Close the files, when all is written."""
        try:
            self._write()
        finally:
            self._close()

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
