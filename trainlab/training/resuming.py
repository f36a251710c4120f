"""Whether a run can go on: its own config, the data it began with, the engine it began on."""

from typing import Any

from trainlab.core.component import plain
from trainlab.core.dotted import flat
from trainlab.core.errors import UserError
from trainlab.engine.selection import Engine
from trainlab.store.folder import RunFolder
from trainlab.store.status import Status, read_status
from trainlab.store.strict_json import loads
from trainlab.training.experiment import Experiment
from trainlab.training.setup import TrainingSetup


def left_behind(folder: RunFolder) -> Status:
    """The status that the last session left; a run that was killed before it wrote one has only begun."""
    if folder.status.exists():
        return read_status(folder.status)
    if not folder.config.exists():
        raise UserError(f"{folder.path}: this run was stopped before it had a config; start it anew")
    return Status.begin(folder.name, None)


def same_config(own: Experiment, given: Experiment, folder: RunFolder) -> None:
    """Refuse a config that is not the run's own; name, description and epochs may differ."""
    free = {"name", "description"}
    one, two = (flat(plain(e)) for e in (own, given))
    differing = [k for k in one | two if one.get(k) != two.get(k) and k not in free and k != "train.epochs"]
    if differing:
        raise UserError(
            f"{folder.path}: the config is not this run's own, it differs in {', '.join(sorted(differing))}; leave it "
            "out to go on with the run as it was, or start a new run"
        )


def same_data(setup: TrainingSetup, folder: RunFolder) -> None:
    """Refuse to go on with a run on other rows than it began with."""
    before: dict[str, Any] = environment(folder).get("data") or {}
    if before.get("fingerprint", setup.parts.fingerprint) != setup.parts.fingerprint:
        raise UserError(f"{folder.path}: the data are not what this run began with; bring them back, or start anew")


def environment(folder: RunFolder) -> dict[str, Any]:
    """What the run began with; empty where that was not written."""
    return loads(folder.environment.read_bytes()) if folder.environment.exists() else {}


def engine_of(experiment: Experiment) -> tuple[Engine, str]:
    """The settings that choose the engine."""
    return experiment.train.engine, experiment.train.dtype
