"""The whole config: an experiment together with its `sweep` block. Commands read configs with this class."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainlab.core.component import setting
from trainlab.core.config import Document
from trainlab.search.settings import SweepSettings
from trainlab.training import experiment
from trainlab.training.experiment import Experiment


class SweepExperiment(Experiment):
    """One experiment, as written in a YAML file."""

    sweep: SweepSettings | None = setting(
        None, "for `trainlab sweep`: search space and strategy; `trainlab train` reads its metric"
    )


def read(
    file: Path | str, overrides: Sequence[str] | Mapping[str, Any] = (), *, own: bool = False
) -> Document[SweepExperiment]:
    """The experiment in a file with its `sweep` block checked: see `trainlab.training.experiment.read`."""
    return experiment.read(file, overrides, own=own, model=SweepExperiment)


def read_plain(
    data: Mapping[str, Any], overrides: Mapping[str, Any] | None = None, source: str = "config"
) -> Document[SweepExperiment]:
    """The experiment in plain data with its `sweep` block checked: see `trainlab.training.experiment.read_plain`."""
    return experiment.read_plain(data, overrides, source, model=SweepExperiment)
