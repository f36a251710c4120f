"""The learning-rate range test: a short training with a rising rate shows where it learns and where it diverges.

The rate grows by the same factor at every step. The smoothed loss falls fastest where the rate is about right, and
climbs where steps overshoot. The median over several seeds counts. The result is a rate to start with, not the best
one: a schedule that decays can begin higher.

Source: Smith 2017, "Cyclical learning rates for training neural networks", section 3.3; the exponential ramp, the
smoothed loss and stopping at four times the best are fastai's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from trainlab.core.component import setting
from trainlab.core.config import Document
from trainlab.core.errors import UserError
from trainlab.core.streams import Streams
from trainlab.core.types import Array
from trainlab.engine.backend import RECORDS
from trainlab.engine.blas import pinned
from trainlab.engine.sampler import steps_per_epoch
from trainlab.engine.trainer import Trainer
from trainlab.optim.schedule import Schedule
from trainlab.training.experiment import Experiment
from trainlab.training.setup import TrainingSetup, build, refuse_threads, start

_BLOWN = 4.0  # times the best loss: there the test stops
_BLOWN_SHARE = 0.1  # of the first loss: the least rise, because near zero noise is many times the best loss
_MEMORY = 0.9  # of the moving average
_SPIKE = 5  # steps whose median is taken first, so that a single odd batch does not count
_WIDTH = 0.05  # share of the ramp over which a slope is measured
_FALL = 0.1  # of the first loss: the least fall that counts as learning


class Ramp(Schedule, name="ramp"):
    """lr from `low` to `high` over `steps` steps, by the same factor at each; the optimizer's own lr is 1.

    It is in none of the folders of schedules, so no config can choose it.
    """

    low: float = setting("the first rate", gt=0)
    high: float = setting("the last rate", gt=0)
    steps: int = setting("number of steps from low to high", ge=1)
    steps_per_epoch: int = setting("steps per epoch", ge=1)

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """The rate at this step."""
        share = round(epoch * self.steps_per_epoch) / max(1, self.steps - 1)
        return self.low * (self.high / self.low) ** min(1.0, share)


@dataclass(frozen=True, slots=True)
class LrRange:
    """The result of the test, over the steps that at least half of the seeds took.

    lr, smoothed: the rate and the median smoothed loss at each step · losses: the losses of each seed, shorter if it
    stopped earlier · steepest: the rate at which the loss falls fastest, None if it does not fall · best: the rate at
    its minimum · blow_up: the rate at which it has climbed to four times the minimum, None if it never does.
    """

    name: str
    optimizer: str
    seeds: Sequence[int]
    lr: Array
    smoothed: Array
    losses: Sequence[Array] = field(repr=False)
    start: float
    steepest: float | None
    best: float | None
    blow_up: float | None
    suggestion: float | None
    why: str

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        arrays = {"lr": self.lr.tolist(), "smoothed": self.smoothed.tolist()}
        names = ("name", "optimizer", "seeds", "start", "steepest", "best", "blow_up", "suggestion", "why")
        return {k: getattr(self, k) for k in names} | arrays | {"losses": [a.tolist() for a in self.losses]}


def lr_range(
    document: Document[Experiment],
    *,
    low: float = 1e-7,
    high: float = 10.0,
    steps: int = 300,
    repeats: int = 3,
) -> LrRange:
    """Run the test on an experiment, with another lr and schedule, over `repeats` seeds from its own on.

    Raises UserError if the ramp makes no sense, ConfigError or DataError if the experiment cannot be built.
    """
    if not 0 < low < high < math.inf:
        raise UserError(f"the rate must climb: from {low:g} to {high:g} it does not; give 0 < --from < --to")
    if document.value.optimizer.full_batch:
        raise UserError(
            f"{document.value.optimizer.name} chooses the length of each step itself: there is no lr to find"
        )
    refuse_threads(document)
    train = document.value.train
    with pinned(train.threads, torch=train.engine == "torch"):
        setup = build(document)
        seed = setup.experiment.seed
        runs = [_climb(setup, Streams(seed + i), low, high, steps) for i in range(repeats)]
    lr = low * (high / low) ** (np.arange(steps) / max(1, steps - 1))
    smoothed = _median([smooth(losses) for losses in runs], steps)
    calmed = _median([calm(losses) for losses in runs], steps)
    found = _read(lr[: len(smoothed)], smoothed, calmed, stopped=len(smoothed) < steps)
    name, optimizer = setup.experiment.name, setup.experiment.optimizer.name
    return replace(found, name=name, optimizer=optimizer, seeds=[seed + i for i in range(repeats)], losses=runs)


def as_csv(found: LrRange) -> str:
    """CSV with a row per step: step, lr, median smoothed loss, loss of each seed (empty after a seed stopped)."""
    lines = [",".join(["step", "lr", "smoothed", *(f"seed_{seed}" for seed in found.seeds)])]
    for i, (lr, smoothed) in enumerate(zip(found.lr.tolist(), found.smoothed.tolist(), strict=True)):
        losses = [repr(float(run[i])) if i < len(run) else "" for run in found.losses]
        lines.append(",".join([str(i + 1), repr(lr), repr(smoothed), *losses]))
    return "\n".join(lines) + "\n"


def smooth(losses: Array) -> Array:
    """The losses without single spikes (a running median), smoothed by a bias-corrected exponential moving average.

    >>> smooth(np.array([2.0, 2.0, 90.0, 2.0, 2.0])).round(3).tolist()
    [2.0, 2.0, 2.0, 2.0, 2.0]
    """
    mean, made = 0.0, np.empty(len(losses))
    for i, value in enumerate(calm(losses)):
        mean = _MEMORY * mean + (1 - _MEMORY) * float(value)
        made[i] = mean / (1 - _MEMORY ** (i + 1))
    return made


def calm(losses: Array) -> Array:
    """The lower median of each loss and the four before it: removes single spikes with little delay."""
    windows = [np.sort(losses[max(0, i - _SPIKE + 1) : i + 1]) for i in range(len(losses))]
    return np.array([window[(len(window) - 1) // 2] for window in windows])


def _climb(setup: TrainingSetup, streams: Streams, low: float, high: float, steps: int) -> Array:
    """The loss of each step of one seed until it blows up; a loss that is not finite becomes infinite."""
    net, experiment = setup.net, setup.experiment
    start(net, experiment, setup.parts, streams, setup.taken)
    per_epoch = steps_per_epoch(len(setup.t_train), setup.config.batch_size)
    ramp = Ramp(low=low, high=high, steps=steps, steps_per_epoch=per_epoch)
    epochs = -(-steps // per_epoch)
    own = setup.config.optimizer.model_copy(update={"lr": 1.0})
    recipe = replace(setup.config, optimizer=own, schedule=ramp, epochs=epochs, average=None)
    trainer = Trainer(net, recipe, setup.parts.train.x, setup.t_train, streams)
    losses: list[float] = []
    best = math.inf
    with np.errstate(all="ignore"):
        while len(losses) < steps:
            done = trainer.advance(min(_SPIKE, steps - len(losses)))
            losses += trainer.records[:done, RECORDS.index("loss")].tolist()
            if trainer.broken or not math.isfinite(losses[-1]):
                return np.array([*[v if math.isfinite(v) else math.inf for v in losses]])
            taken = np.array(losses)
            best = min(best, float(smooth(taken)[-1]))
            if len(losses) > 2 * _SPIKE and _blown(float(calm(taken)[-1]), best, losses[0]):
                break
    return np.array(losses)


def _blown(loss: float, best: float, start: float) -> bool:
    """Whether a loss is far above the best so far."""
    return not loss <= max(_BLOWN * best, best + _BLOWN_SHARE * abs(start))


def _median(runs: Sequence[Array], steps: int) -> Array:
    """The median over the seeds while at least half of them run; a stopped one counts as infinite."""
    table = np.full((len(runs), steps), np.inf)
    for row, values in zip(table, runs, strict=True):
        row[: len(values)] = values
    middle = np.sort(table, axis=0)[(len(runs) - 1) // 2]
    ends = np.flatnonzero(~np.isfinite(middle))
    return middle[: ends[0]] if len(ends) else middle


def _read(lr: Array, smoothed: Array, calmed: Array, *, stopped: bool) -> LrRange:
    """Read the curves. Smoothing delays the blow-up, so that is read from the running median."""
    n = len(smoothed)
    first = float(np.median(smoothed[: max(1, n // 10)])) if n else math.nan
    lowest = int(smoothed.argmin()) if n else 0
    found = LrRange("", "", (), lr, smoothed, (), first, None, None, None, None, "")
    worst = next((i for i in range(lowest, n) if _blown(float(calmed[i]), float(smoothed[lowest]), first)), None)
    blow_up = float(lr[worst]) if worst is not None else float(lr[-1]) if stopped and n else None
    if n < 3 * _SPIKE or not smoothed[lowest] < first - _FALL * abs(first):
        tenth = _rounded(blow_up / 10) if blow_up else None
        why = "the loss does not fall at any rate" + (
            "; this is a tenth of the rate where it blows up" if tenth else " and does not blow up"
        )
        return replace(found, blow_up=blow_up, suggestion=tenth, why=why)
    steepest = float(lr[_steepest(lr[: lowest + 1], smoothed[: lowest + 1], first)])
    found = replace(found, steepest=steepest, best=float(lr[lowest]), blow_up=blow_up)
    if blow_up is None:
        why = "the loss falls fastest there; it does not blow up in this range, so a higher rate may work"
        return replace(found, suggestion=_rounded(steepest), why=why)
    tenth = blow_up / 10
    if steepest >= tenth:
        return replace(
            found, suggestion=_rounded(tenth), why="a tenth of the rate where the loss blows up; it falls until then"
        )
    why = (
        f"between the rate where the loss falls fastest ({steepest:.2g}) and a tenth of where it blows up ({tenth:.2g})"
    )
    return replace(found, suggestion=_rounded(math.sqrt(steepest * tenth)), why=why)


def _steepest(lr: Array, smoothed: Array, first: float) -> int:
    """Index where the loss falls fastest over log lr (least squares in windows), after its last rise to the start."""
    half, x, last = max(2, round(_WIDTH * len(lr))), np.log(lr), len(lr) - 1
    if last < 2:  # no slope through fewer than three points
        return last
    high = np.flatnonzero(smoothed > first - 0.1 * (first - smoothed[-1]))
    begin = max(half, int(high[-1])) if len(high) else half
    places = range(min(begin, max(half, last - half)), max(half, last - half) + 1)
    windows = [slice(i - half, min(last, i + half) + 1) for i in places]
    slopes = [float(np.polyfit(x[w], smoothed[w], 1)[0]) for w in windows]
    return min(last, places[int(np.argmin(slopes))])


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")
