"""The checkpoints of a run: the best weights, all that its future depends on, and snapshots on the way."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

from trainlab.core.component import plain
from trainlab.core.types import Array
from trainlab.store import checkpoint
from trainlab.store.writing import write_together
from trainlab.training.epochs import BestTracker, Course
from trainlab.training.setup import TrainingSetup

_SAVE_EVERY = 1.0  # seconds: a checkpoint that is due waits until the last one is at least this old,
_SHARE = 0.02  # and until saving takes no more than this share of the time,
_LONGEST = 30.0  # but no longer than this


class Checkpointer:
    """Writes the checkpoints of a run into a folder, and knows when the next one is due."""

    def __init__(self, folder: Path, setup: TrainingSetup, course: Course) -> None:
        self.folder, self.setup, self.course = folder, setup, course
        self.settings = setup.experiment.train.checkpoint
        marks = setup.config.schedule.snapshots(setup.experiment.train.epochs)
        epoch = course.trainer.steps_per_epoch
        self.marks = {round(end * epoch): number for number, end in enumerate(marks, start=1)}
        self._saved, self._wait = monotonic(), _SAVE_EVERY

    @property
    def best(self) -> Path:
        """The file of the best weights."""
        return self.folder / "best.safetensors"

    @property
    def last(self) -> Path:
        """The file from which the run goes on."""
        return self.folder / "last.safetensors"

    def due(self) -> bool:
        """Whether to save after this epoch: as often as the config says, but rarely where epochs are short."""
        every = self.course.trainer.epoch % self.settings.every == 0
        return every and (bool(self.settings.keep) or monotonic() - self._saved >= self._wait)

    def save(self, files: dict[str, int], recent: Array, needs: Sequence[Path]) -> None:
        """The best weights if they are new, then everything that the future depends on.

        files: how long each file of the run folder was · recent: the last rows of steps · needs: files that must be on
        the disk before the checkpoints are.
        """
        saved: dict[Path, bytes] = {}
        fixed, common = self._fixed()
        course, trainer, leader = self.course, self.course.trainer, self.course.leader
        if leader.arrays:
            meta = common | {"epoch": leader.epoch, "metric": leader.metric, "value": leader.value}
            saved[self.best] = checkpoint.packed(leader.arrays | fixed, meta)
            leader.arrays = {}
        arrays, state = trainer.state()
        meta = common | {
            "epoch": trainer.epoch,
            "seconds": course.seconds,
            "trainer": state,
            "leader": {"metric": leader.metric, "value": leader.value, "epoch": leader.epoch, "tie": leader.tie},
            "files": files,
        }
        saved[self.last] = checkpoint.packed(arrays | fixed | {"steps.recent": recent}, meta)
        write_together(saved, needs=needs)

    def saved(self, began: float) -> None:
        """A checkpoint that was begun at this moment (of `time.monotonic`) is on the disk."""
        self._saved = monotonic()
        self._wait = max(_SAVE_EVERY, min(_LONGEST, (self._saved - began) / _SHARE))

    def keep(self) -> None:
        """Keep the last checkpoint under its epoch's number, as many of these as the config says."""
        if self.settings.keep:
            checkpoint.also(self.last, checkpoint.numbered(self.folder, self.course.trainer.epoch))
            checkpoint.prune(self.folder, self.settings.keep)

    def save_snapshot(self) -> None:
        """The weights at a moment when the schedule has annealed: a member for `trainlab ensemble --snapshots`."""
        trainer = self.course.trainer
        fixed, common = self._fixed()
        meta = common | {"epoch": trainer.epoch, "step": trainer.step}
        path = checkpoint.snapshot(self.folder, self.marks[trainer.step])
        checkpoint.save(path, dict(self.setup.net.params) | fixed, meta)

    def go_on(self) -> tuple[dict[str, int], Array]:
        """Put trainer and course into the state of the last checkpoint; how long each file was, the last steps."""
        arrays, meta = checkpoint.load(self.last)
        self.course.trainer.restore(arrays, meta["trainer"])
        self.course.earlier = meta["seconds"]
        self.course.leader = BestTracker(**meta["leader"])
        return meta["files"], arrays["steps.recent"]

    def take_best(self, file: Path) -> int:
        """Give the network the best weights, which are in this file; the epoch that they are of."""
        arrays, meta = checkpoint.load(file)
        self.setup.net.load_params(arrays)
        return meta["epoch"]

    def _fixed(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """What every checkpoint holds beside weights: what rows need before they are put into the network."""
        data = self.setup.parts
        fixed = {f"data.{name}": a for name, a in data.fitted.items()}
        common = {"shape": list(data.shape), "task": asdict(data.task), "encoding": data.encoding}
        common["loss"] = plain(self.setup.config.loss)  # with what it has learned of the training targets
        return fixed, common
