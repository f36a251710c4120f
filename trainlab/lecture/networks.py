"""What a config's network does before it is trained, and after: outputs of its layers, decisions, prepared rows."""

from pathlib import Path

import numpy as np

from trainlab.core.config import Document
from trainlab.core.streams import Streams
from trainlab.core.types import Array
from trainlab.data.prepare import prepare
from trainlab.engine.network import Net
from trainlab.inference.model import TrainedNetwork
from trainlab.lecture.running import Results
from trainlab.optim.optimizer import Optimizer, OptimizerState
from trainlab.report.pictures.regions import Answers, Plane
from trainlab.search.experiment import SweepExperiment
from trainlab.store.folder import RunFolder
from trainlab.training.setup import build

_ROWS = 256


def settings_of(results: Results, run: str) -> Document[SweepExperiment]:
    """The config of a run of the chapter."""
    return results.documents[run]


def activations(document: Document[SweepExperiment]) -> dict[str, Array]:
    """The outputs of every layer for some training rows before the first step, by the layer's name."""
    setup = build(document)
    rows = np.asarray(setup.parts.train.x[:_ROWS])
    work = setup.net.workspace(len(rows), train=True)
    work.x[...] = rows
    work.forward()
    return {name: slot.y.copy() for name, slot in work.slots.items()}


def prepared(document: Document[SweepExperiment]) -> tuple[Array, Array]:
    """The training rows of a config after preprocessing, and their targets."""
    parts = prepare(document.value.data, streams=Streams(document.value.seed))
    return np.asarray(parts.train.x), parts.train.y


def decisions(run: Path, checkpoint: Path | None = None, side: int = 80) -> tuple[Answers, Plane]:
    """What a run with two inputs decides around its training rows. checkpoint: of another epoch than the best."""
    folder = RunFolder(run)
    model = TrainedNetwork.load(folder) if checkpoint is None else TrainedNetwork.from_checkpoint(folder, checkpoint)
    x, y = model.rows("train")
    x = np.asarray(x, np.float64)
    low, high = x.min(axis=0), x.max(axis=0)
    margin = 0.08 * (high - low)
    left, bottom, right, top = (float(v) for v in (*(low - margin), *(high + margin)))
    across, up = np.linspace(left, right, side), np.linspace(bottom, top, side)
    grid = np.stack([np.tile(across, side), np.repeat(up, side)], axis=1).astype(model.net.dtype)
    outputs = model.outputs(grid)
    found = model.answers(outputs).astype(np.int64)
    sure, kind = model.certainty(outputs)
    chosen = np.take_along_axis(sure, found[:, None], axis=1).reshape(side, side)
    count = max(2, sure.shape[1])
    certain = (chosen - 1 / count) / (1 - 1 / count) if kind == "probability" else None
    plane = Plane(("x1", "x2"), (left, right, bottom, top), x, y, model.classes)
    return Answers(found.reshape(side, side), certain), plane


def walk(rule: Optimizer, slope: Array, start: Array, steps: int) -> Array:
    """The path (steps + 1, 2) of an optimizer on the bowl 0.5 sum(slope w^2) from a start, without noise."""
    theta, g, step = start.copy(), np.zeros(2), np.zeros(2)
    state = OptimizerState(theta, g, step, {name: np.zeros(2) for name in rule.buffers}, rule.lr, 0, 2)
    path = [theta.copy()]
    with np.errstate(all="ignore"):
        for t in range(1, steps + 1):
            g[...] = slope * theta
            state.t = t
            rule.take(state)
            theta += step
            path.append(theta.copy())
    return np.array(path)


def first_weights(run: Path) -> Array:
    """The weights (height, width, filters) of the first convolution of a run, of its first channel."""
    net: Net = TrainedNetwork.load(RunFolder(run)).net
    return net.params["conv1.W"][:, :, 0, :]
