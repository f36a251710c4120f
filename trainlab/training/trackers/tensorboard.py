"""TensorBoard: event files, which `tensorboard --logdir runs` shows."""

import logging
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.core.dotted import flat
from trainlab.core.dump import dump
from trainlab.diagnose.finding import Finding
from trainlab.training.tracker import TrackedRun, Tracker, TrackerRun

_OURS = "events.out.tfevents.*"


class TensorBoard(Tracker, name="tensorboard"):
    """Event files in the run folder, or in a folder of your own: see them with `tensorboard --logdir runs`.

    The config and the findings are texts; config and final scores also fill the HParams page. TensorBoard keeps no
    models: the text `model` names the checkpoint. Needs tensorboardX: pip install 'trainlab[tensorboard]'.

    Source: the format of TensorFlow's event files, as tensorboardX writes it.
    """

    extra: ClassVar[str] = "tensorboard"
    package: ClassVar[str] = "tensorboardX"

    folder: str | None = setting(None, "write to FOLDER/NAME-N instead of `tensorboard` in the run folder")

    def open(self, run: TrackedRun) -> TrackerRun:
        """Event files that hold this run alone: those of an earlier export are replaced."""
        folder = run.folder / "tensorboard"
        if self.folder is not None:
            folder = run.home / self.folder / run.name
        if run.going_on is None:
            for old in folder.glob(_OURS):
                old.unlink()
        return _TensorBoardRun(run, str(folder))


class _TensorBoardRun(TrackerRun):
    def __init__(self, run: TrackedRun, folder: str) -> None:
        self._run, self.where = run, folder
        self._step = run.going_on or 0
        board: Any = import_module("tensorboardX")
        logging.getLogger("tensorboardX.x2num").setLevel(logging.ERROR)  # it reports each NaN, which findings do
        again = None if run.going_on is None else run.going_on + 1  # an earlier session may have logged more
        suffix = "" if again is None else f".{again}"  # two files of one second would have one name
        self._writer = board.SummaryWriter(folder, purge_step=again, filename_suffix=suffix)
        self._writer.add_text("config", f"```yaml\n{dump(dict(run.config))}\n```", self._step)

    def scalars(self, step: int, values: Mapping[str, float], time: float) -> None:
        self._step = max(self._step, step)
        for name, value in values.items():
            self._writer.add_scalar(name, value, step, time)

    def histogram(self, step: int, name: str, shares: Sequence[float], edges: Sequence[float], time: float) -> None:
        middles = [(a + b) / 2 for a, b in pairwise(edges)]
        total, squares = (sum(s * m**p for s, m in zip(shares, middles, strict=True)) for p in (1, 2))
        whole = sum(shares)
        self._writer.add_histogram_raw(
            name, edges[0], edges[-1], whole, total, squares, edges[1:], shares, step, walltime=time
        )

    def finding(self, finding: Finding, text: str) -> None:
        self._writer.add_text(f"finding/{finding.code}", text, finding.step)

    def finish(self, state: str, scores: Mapping[str, float], tags: Mapping[str, str], text: str) -> None:
        write, step = self._writer, self._step
        for name, value in scores.items():
            write.add_scalar(name, value, step)
        write.add_text("findings", text or "none", step)
        write.add_text("tags", "\n".join(f"- {name}: {value}" for name, value in tags.items()), step)
        write.add_text("model", f"`{self._run.folder / 'checkpoints' / 'best.safetensors'}`", step)
        summary: Any = import_module("tensorboardX.summary")
        plain = {k: v if isinstance(v, bool | int | float) else str(v) for k, v in flat(dict(self._run.config)).items()}
        for part in summary.hparams(plain, dict(scores)):  # what `add_hparams` does, but into the run's own folder
            write.file_writer.add_summary(part)
        write.close()

    def flush(self) -> None:
        self._writer.flush()
