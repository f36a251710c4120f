"""Functions that texts call for a picture: of the runs of a chapter, or of a small computation of their own."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trainlab.core.component import make, registered
from trainlab.core.metric_names import lower_is_better
from trainlab.core.types import Array
from trainlab.engine.histograms import histogram
from trainlab.lecture.networks import activations, decisions, first_weights, prepared, settings_of, walk
from trainlab.lecture.numbers import Numbers
from trainlab.lecture.running import Results
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.schedule import Schedule
from trainlab.report.pictures import gallery, lr_range
from trainlab.report.pictures._histograms import Histogram
from trainlab.report.pictures.clouds import clouds
from trainlab.report.pictures.comparison import Line, compared
from trainlab.report.pictures.histograms import histograms
from trainlab.report.pictures.images import images
from trainlab.report.pictures.paths import paths
from trainlab.report.pictures.picture import Picture
from trainlab.report.pictures.regions import regions
from trainlab.report.pictures.searched import Trials, searched
from trainlab.report.pictures.slopes import slopes
from trainlab.store import checkpoint
from trainlab.store.columns import histogram_of
from trainlab.tools.lr_range import lr_range as climb

_RAVINE = np.array([1.0, 30.0])  # slopes of the bowl that the rules walk through
_START, _WALK = np.array([-1.8, 0.9]), 60


class Figures:
    """The functions, for the results of one chapter: every public method is one."""

    def __init__(self, results: Results) -> None:
        self._results, self._numbers = results, Numbers(results)

    def functions(self) -> dict[str, Callable[..., Any]]:
        """The functions by name."""
        return {name: getattr(self, name) for name in dir(self) if name[0] != "_" and name != "functions"}

    def curves(
        self, *runs: str, y: str = "train_loss", title: str = "", upto: float = math.inf, labels: Sequence[str] = ()
    ) -> Picture:
        """A column of metrics.csv over the epochs, a line for each run. labels: of the runs, else their names."""
        lines: dict[str, Line] = {}
        for run, label in zip(runs, labels or [run.replace("_", " ") for run in runs], strict=True):
            table = self._results.runs[run].metrics
            pairs = [(e, v) for e, v in zip(table["epoch"], table[y], strict=True) if e <= upto]
            lines[label] = [e for e, _ in pairs], [v for _, v in pairs]
        words = y.replace("_", " ")
        name, falls = f"curves-{y}-{'-'.join(runs)}", lower_is_better(y)
        when = f"in epoch {upto:g}" if upto < math.inf else "at the end"
        return compared(name, title or words.capitalize(), lines, y=words, falls=falls, when=when)

    def gap(self, run: str, title: str = "") -> Picture:
        """Training and validation accuracy of a run."""
        table = self._results.runs[run].metrics
        lines = {part: (table["epoch"], table[f"{part}_accuracy"]) for part in ("train", "val")}
        return compared(f"gap-{run}", title or f"Training and validation accuracy: {run}", lines, y="accuracy")

    def steps(self, *runs: str, y: str = "update_ratio", title: str = "") -> Picture:
        """A column of steps.csv over the steps, a line for each run."""
        tables = {run.replace("_", " "): self._results.runs[run].steps for run in runs}
        lines = {name: _calm(table["step"], table[y]) for name, table in tables.items()}
        return compared(
            f"steps-{y}-{'-'.join(runs)}", title or y.replace("_", " "), lines, y=y.replace("_", " "), x="step"
        )

    def picture(self, run: str, name: str) -> Picture:
        """A picture of the run's own page."""
        return next(p for p in gallery.of_run(self._results.runs[run]) if p.name == name)

    def sweep(self, sweep: str, name: str) -> Picture:
        """A picture of the sweep's own page."""
        return next(p for p in gallery.of_sweep(self._results.sweeps[sweep]) if p.name == name)

    def activations(self, *names: str) -> Picture:
        """Values and slopes of activation functions; `maxout` is the larger of two lines."""
        x = np.linspace(-5, 5, 201)
        found = {name: _two_lines(x) if name == "maxout" else _curve(name, x) for name in names}
        return slopes("functions", "Activation functions: value and slope", x, found)

    def start(self, run: str, title: str = "", kind: str = "") -> Picture:
        """Histograms of the outputs of a run's layers before the first step. kind: only layers of this kind."""
        found = activations(settings_of(self._results, run))
        last = list(found)[-1]
        shown = [
            made
            for name, y in found.items()
            if name != last and (not kind or name.rstrip("0123456789") == kind)
            if (made := _histogram(name, y)) is not None
        ]
        heading = title or f"Before the first step: {run.replace('_', ' ')}"
        return histograms(f"start-{run}", heading, {"before the first step": shown})

    def clouds(self, *runs: str, columns: Sequence[int] = (0, 1), names: Sequence[str] = ("x1", "x2")) -> Picture:
        """Two columns of the training rows of runs that differ in their preprocessing (the last one, if some lack)."""
        stages = {run.replace("_", " "): prepared(settings_of(self._results, run))[0] for run in runs}
        flat = {name: x.reshape(len(x), -1) for name, x in stages.items()}
        picked = {name: x[:, [min(c, x.shape[1] - 1) for c in columns]] for name, x in flat.items()}
        return clouds("clouds", "The same rows after each step", picked, (names[0], names[1]))

    def covariances(self, *runs: str) -> Picture:
        """The covariance matrices of the training rows of these runs."""
        stages = {run.replace("_", " "): prepared(settings_of(self._results, run))[0] for run in runs}
        made = {name: np.cov(x.reshape(len(x), -1).T) for name, x in stages.items()}
        text = "Covariance of each pair of columns: gray is zero, orange positive, blue negative."
        return images("covariances", "Covariance matrices", made, text, signed=True)

    def mean_image(self, run: str) -> Picture:
        """The mean of the training images, and one image before and after its subtraction."""
        x, _ = prepared(settings_of(self._results, run))
        flat = x[..., 0].astype(np.float64)
        mean = flat.mean(axis=0)
        made = {"mean image": mean, "an image": flat[0], "minus the mean image": flat[0] - mean}
        return images("mean-image", "The mean image", made, "Each image has a range of its own, from black to white.")

    def filters(self, run: str) -> Picture:
        """The filters of the first convolution."""
        W = first_weights(self._results.runs[run].path)
        made = {f"filter {i + 1}": W[:, :, i] for i in range(min(10, W.shape[-1]))}
        text = "The first layer's filters: orange is positive, blue negative, gray near zero."
        return images(f"filters-{run}", "Filters of the first convolution", made, text, signed=True)

    def regions(self, *runs: str) -> Picture:
        """The decision regions of runs with two inputs."""
        found = {run.replace("_", " "): decisions(self._results.runs[run].path) for run in runs}
        _, plane = next(iter(found.values()))
        return regions(f"regions-{'-'.join(runs)}", "Decision regions", {k: a for k, (a, _) in found.items()}, plane)

    def growth(self, run: str, *epochs: int) -> Picture:
        """The decision regions of a run after some of its epochs, whose checkpoints it kept."""
        record = self._results.runs[run]
        kept = checkpoint.kept(record.folder.checkpoints)
        best = {self._numbers.epochs(run): record.folder.checkpoints / "best.safetensors"}
        chosen = {e: kept[e] for e in epochs if e in kept} or kept or best
        found = {f"epoch {epoch}": decisions(record.path, path) for epoch, path in chosen.items()}
        _, plane = next(iter(found.values()))
        maps = {name: answers for name, (answers, _) in found.items()}
        return regions(f"growth-{run}", "Decision regions while it learns", maps, plane)

    def ravine(self, *rules: str, rates: Sequence[float] = ()) -> Picture:
        """The paths of update rules through a ravine: 0.5 (w1^2 + 30 w2^2)."""
        walks = {name: walk(_rule(name, lr), _RAVINE, _START, _WALK) for name, lr in zip(rules, rates, strict=True)}
        a, b = np.meshgrid(np.linspace(-2, 0.6, 190), np.linspace(-1.1, 1.1, 100))
        loss = 0.5 * (_RAVINE[0] * a**2 + _RAVINE[1] * b**2)
        ends = {name: float(0.5 * (_RAVINE * path[-1] ** 2).sum()) for name, path in walks.items()}
        return paths("ravine", "Update rules in a ravine", loss, (-2, 0.6, -1.1, 1.1), walks, ends)

    def schedules(self, *names: str, epochs: int = 40) -> Picture:
        """Learning rates over the epochs, relative to `optimizer.lr`."""
        x = np.linspace(0, epochs, 201)
        lines: dict[str, Line] = {}
        for name in names:
            rule = make(Schedule, name, **_SCHEDULES.get(name, {}))
            lines[name] = (x.tolist(), [rule.at(float(e), epochs, ()) for e in x])
        return compared("schedules", "Schedules", lines, y="share of lr", log=False)

    def range_test(self, run: str) -> Picture:
        """The range test of a run's config."""
        steps = 60 if self._results.short else 200
        found = climb(
            settings_of(self._results, run), low=1e-5, high=10.0, steps=steps, repeats=1 if steps < 100 else 3
        )
        self._results.kept["suggested"] = found.suggestion
        marks = {"suggestion": found.suggestion} if found.suggestion else {}
        losses = [np.asarray(one).tolist() for one in found.losses]
        return lr_range.picture("Range test", found.lr.tolist(), found.smoothed.tolist(), losses, marks)

    def searches(self, *sweeps: str, x: str, y: str) -> Picture:
        """The trials of sweeps as points over two settings."""
        found: dict[str, Trials] = {}
        for sweep in sweeps:
            record = self._results.sweeps[sweep]
            rows = [t for t in record.trials if t.score is not None]
            found[sweep] = [(float(t.values[x]), float(t.values[y]), float(t.score or 0.0)) for t in rows]
        metric = next(iter(self._results.sweeps.values())).metric
        return searched(f"searches-{'-'.join(sweeps)}", "Where the trials are", found, (x, y), metric)


_SCHEDULES: dict[str, dict[str, Any]] = {
    "step": {"every": 10, "decay": 0.3},
    "cosine": {"warmup": 3},
    "cosine_restarts": {"period": 10, "growth": 1},
}


def _rule(name: str, lr: float) -> Optimizer:
    return make(Optimizer, name, lr=lr)


def _histogram(layer: str, y: Array) -> Histogram | None:
    """The outputs of a layer as a picture shows them."""
    found = histogram(y)
    if found is None:
        return None
    low, high, shares = found
    edges, counted = histogram_of({"low": low, "high": high} | {f"bin{i:02d}": s for i, s in enumerate(shares)})
    known = y[np.isfinite(y)].astype(np.float64)
    kinds = {cls.name: cls.output_range for cls in registered(Activation)}
    bounds = kinds.get(layer.rpartition(".")[2].rstrip("0123456789"), (-math.inf, math.inf))
    return Histogram(layer, edges, counted, float(known.mean()), float(known.std()), bounds=bounds)


def _curve(name: str, x: Array) -> tuple[Array, Array]:
    """Value and slope of an activation; the slope is what its backward pass gives for dy = 1."""
    layer = make(Activation, name)
    p = {key: np.full(param.shape, param.fill) for key, param in layer.params((1,)).items()}
    rows = x[:, None]
    tmp = {
        key: np.zeros((len(x), *scratch.shape) if scratch.per_row else scratch.shape)
        for key, scratch in layer.scratch((1,)).items()
    }
    grads = {key: np.zeros_like(a) for key, a in p.items()}
    slot = Slot(rows.copy(), np.empty_like(rows), np.ones_like(rows), np.empty_like(rows), p, grads, tmp,
                np.random.default_rng(0), train=True)  # fmt: skip
    layer.forward(slot)
    layer.backward(slot)
    return slot.y[:, 0], slot.dx[:, 0] if slot.dx is not None else rows[:, 0]


def _two_lines(x: Array) -> tuple[Array, Array]:
    """Value and slope of a maxout unit of two pieces, -(x + 1) / 2 and 0.8 x, as it may have learned them."""
    left = -(x + 1) / 2 > 0.8 * x
    return np.where(left, -(x + 1) / 2, 0.8 * x), np.where(left, -0.5, 0.8)


def _calm(steps: Sequence[float], values: Sequence[float | None]) -> tuple[list[float], list[float]]:
    """Means of up to 120 equal pieces of a noisy line."""
    y = np.array([math.nan if v is None else v for v in values], np.float64)
    x = np.asarray(steps, np.float64)
    pieces = np.array_split(np.arange(len(x)), min(120, len(x)))
    return [float(x[p].mean()) for p in pieces], [float(y[p].mean()) for p in pieces]
