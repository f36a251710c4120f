"""The growing files of a run folder: rows and findings as they happen, and how long each file was at a checkpoint."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.diagnose.finding import Finding
from trainlab.engine.backend import RECORDS
from trainlab.store.columns import LAYER_COLUMNS, STEP_COLUMNS, metric_columns
from trainlab.store.findings import FindingWriter
from trainlab.store.folder import RunFolder
from trainlab.store.rows import RowWriter, kept_steps


class RunLogger:
    """Appends to metrics.csv, steps.csv, layers.csv and diagnoses.jsonl of one run folder."""

    def __init__(self, folder: RunFolder, task: str) -> None:
        self._metrics = RowWriter(folder.metrics, metric_columns(task))
        self._steps = RowWriter(folder.steps, STEP_COLUMNS)
        self._layers = RowWriter(folder.layers, LAYER_COLUMNS)
        self._findings = FindingWriter(folder.diagnoses)
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
        if len(steps):
            self._steps.write_many({"step": steps} | {name: records[:, i] for i, name in enumerate(RECORDS)})

    def layers(self, step: int, names: Sequence[tuple[str, str]], values: Array) -> None:
        """Rows of layers.csv: for each name, (layer, quantity), the value at this step."""
        layers, quantities = zip(*names, strict=True)
        steps = np.full(len(names), step)
        self._layers.write_many({"step": steps, "layer": layers, "quantity": quantities, "value": values})

    def finding(self, diagnosis: Finding) -> None:
        """A line of diagnoses.jsonl."""
        self._findings.write(diagnosis.as_dict())

    def positions(self) -> dict[str, int]:
        """How long each file is: what a checkpoint counts on."""
        return {name: file.tell() for name, file in self._files.items()}

    @property
    def paths(self) -> list[Path]:
        """The files."""
        return [file.path for file in self._files.values()]

    def cut(self, positions: Mapping[str, int]) -> None:
        """Drop what was written after these positions."""
        for name, file in self._files.items():
            file.truncate(positions[name])

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
