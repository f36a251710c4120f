"""Checkpoints: the best weights, snapshots, and all that a run needs to continue bit for bit where it was.

The state of a run is its arrays, the states of its random generators, the sums of the epoch, and how long each file of
its folder was. A run that was killed is cut back to its last checkpoint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

from trainlab.core.component import plain
from trainlab.core.dotted import flat
from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder
from trainlab.store.forms import Environment
from trainlab.store.json_file import read_json
from trainlab.store.status import Status, read_status
from trainlab.store.writing import write_together
from trainlab.training.callbacks import Callback, StepInfo
from trainlab.training.experiment import Experiment
from trainlab.training.logger import RunLogger
from trainlab.training.saved import Ended, Saved
from trainlab.training.session import TrainingSession
from trainlab.training.setup import TrainingSetup

BACKEND_SETTINGS = ("train.engine", "train.device", "train.compile", "train.dtype")  # may change in a resume

_DATA = "data."  # before the names of what preprocessors have learned
_SAVE_EVERY = 1.0  # seconds: a checkpoint that is due waits until the last one is at least this old,
_SHARE = 0.02  # and until saving takes no more than this share of the time,
_LONGEST = 30.0  # but no longer than this


class Checkpointer(Callback):
    """Saves the state of a session, and puts a session back into it."""

    def __init__(self, folder: RunFolder, session: TrainingSession, logger: RunLogger) -> None:
        self.folder, self.session, self.logger = folder, session, logger
        self.settings = session.setup.experiment.train.checkpoint
        self.best = folder.checkpoints / "best.safetensors"
        self.last = folder.checkpoints / "last.safetensors"
        self.ended: Ended | None = None  # how the run ended that the checkpoint resumed from is the last one of
        self._best_epoch = -1  # of the weights in `best`
        self._saved, self._wait = monotonic(), _SAVE_EVERY

    def on_step_end(self, info: StepInfo) -> None:
        """Saves the weights where the schedule has annealed: a member for `trainlab ensemble --snapshots`."""
        session = self.session
        if info.step in session.snapshots and not session.trainer.broken:
            arrays, meta = self._common()
            meta |= {"epoch": session.trainer.epoch, "step": info.step}
            path = checkpoint.snapshot(self.folder.checkpoints, session.snapshots[info.step])
            checkpoint.save(path, session.setup.net.params | arrays, meta)

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """Saves the state as often as the config says, but rarely where epochs are short."""
        if row["step"] and self.due(row["epoch"]):
            began = monotonic()
            self.save(self.logger.written(), self.logger.paths)
            if self.settings.keep:
                checkpoint.also(self.last, checkpoint.numbered(self.folder.checkpoints, row["epoch"]))
                checkpoint.prune(self.folder.checkpoints, self.settings.keep)
            self.saved(began)

    def due(self, epoch: int) -> bool:
        """Whether to save after this epoch."""
        every = epoch % self.settings.every == 0
        return every and (bool(self.settings.keep) or monotonic() - self._saved >= self._wait)

    def saved(self, began: float) -> None:
        """Set the time until the next checkpoint after one that was begun at this moment (of `time.monotonic`)."""
        self._saved = monotonic()
        self._wait = max(_SAVE_EVERY, min(_LONGEST, (self._saved - began) / _SHARE))

    def save(
        self,
        written: dict[str, dict[str, int]],
        needs: Sequence[Path],
        *,
        durable: bool = True,
        ended: Ended | None = None,
    ) -> None:
        """The best weights if they are new, then everything that the future depends on.

        written: that of the logger: of each growing file · needs: files that must be on the disk before the checkpoints
        are · durable: wait for the disk · ended: how the run ended, in its last checkpoint.
        """
        files: dict[Path, bytes] = {}
        common, common_meta = self._common()
        trainer, metrics = self.session.trainer, self.session.metrics
        best = metrics.best
        if best.best is not None and best.epoch != self._best_epoch:
            meta = common_meta | asdict(best.best)
            files[self.best] = checkpoint.packed(best.weights | common, meta)
        arrays, state = trainer.state()
        meta = common_meta | {
            "epoch": trainer.epoch,
            "seconds": metrics.clock.seconds,
            "trainer": state,
            "leader": best.state(),
            **written,
        }
        if ended is not None and ended.ending.state != "interrupted":
            meta["ended"] = ended.as_dict()
        recent = {"steps.recent": self.session.inspector.steps.recent}
        files[self.last] = checkpoint.packed(arrays | common | recent, meta)
        write_together(files, durable=durable, needs=needs)
        self._best_epoch = best.epoch

    def resume(self, saved: Saved | None) -> None:
        """Put session and files back to the last checkpoint, or to the start if there is none."""
        if saved is None:
            self.logger.cut({})
            return
        session, meta, self.ended = self.session, saved.meta, saved.ended
        if self.ended is not None and self.ended.earlier is not None:  # the file may have got its final order since
            self.logger.replace_findings(self.ended.earlier)
        self.logger.cut(meta["files"])
        session.trainer.restore(saved.arrays, meta["trainer"])
        session.metrics.restore(saved.rows, meta["seconds"])
        session.metrics.best.restore(meta["leader"], saved.best)
        self._best_epoch = session.metrics.best.epoch
        session.inspector.resume(saved.steps, saved.arrays["steps.recent"], session.trainer.step)
        session.monitors.resume(saved.findings)

    def _common(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """What every checkpoint holds beside weights: how to prepare rows and to read the outputs."""
        setup = self.session.setup
        arrays = {f"{_DATA}{name}": a for name, a in setup.parts.fitted.items()}
        meta = {"shape": list(setup.parts.shape), "task": asdict(setup.parts.task), "encoding": setup.parts.encoding}
        meta["loss"] = plain(setup.config.loss)  # with what it has learned of the training targets
        return arrays, meta


def status_of(folder: RunFolder) -> Status:
    """The status that the last session left; a run that was killed before it wrote one has only begun."""
    if folder.status.exists():
        return read_status(folder.status)
    if not folder.config.exists():
        raise UserError(f"{folder.path}: this run was stopped before its config was written: start a new run")
    return Status.begin(folder.name, None)


def environment_of(folder: RunFolder) -> dict[str, Any]:
    """The environment in which the run started; empty where that was not written."""
    return read_json(folder.environment, Environment) if folder.environment.exists() else {}


def fitted_of(folder: RunFolder) -> dict[str, Array] | None:
    """What the preprocessors of a run learned when it began; None if it has no checkpoint yet.

    Rows are prepared with it again: a run keeps its inputs where a later version of trainlab would learn others.
    """
    for name in ("last", "best"):
        path = folder.checkpoints / f"{name}.safetensors"
        if path.exists():
            return checkpoint.load_some(path, _DATA)
    return None


def changed_backend(own: Experiment, given: Experiment, folder: RunFolder) -> dict[str, Any]:
    """The settings of a config, by their paths, that choose another backend than the run's own do.

    Raises UserError if more differs than these, name, description and epochs.
    """
    free = {"name", "description", "train.epochs"}
    backend = set(BACKEND_SETTINGS)
    if own.train.arrays != given.train.arrays:
        backend.remove("train.dtype")  # bfloat16 instead of float32 leaves the weights as they are, float64 does not
    one, two = (flat(plain(e)) for e in (own, given))
    differing = [k for k in one | two if one.get(k) != two.get(k) and k not in free]
    if set(differing) - backend:
        differing = [k for k in differing if k not in backend]
        raise UserError(
            f"{folder.path}: the config differs from this run's own in {', '.join(sorted(differing))}; leave it out "
            "to resume the run as it was, or start a new run"
        )
    return {key: two[key] for key in differing}


def require_same_data(setup: TrainingSetup, folder: RunFolder) -> None:
    """Raises UserError if the data changed since the run started."""
    before: dict[str, Any] = environment_of(folder).get("data") or {}
    if before.get("fingerprint", setup.parts.fingerprint) != setup.parts.fingerprint:
        raise UserError(
            f"{folder.path}: the data changed since this run started: restore the original data or start a new run"
        )
