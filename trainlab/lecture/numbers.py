"""Functions that claims and texts call for a number of a run, of a sweep, or of a network before its first step.

A run that diverged has no value where it broke down: its loss counts as infinite, its score as 0.
"""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.metric_names import lower_is_better
from trainlab.core.problem import nearest
from trainlab.core.types import Array
from trainlab.inference.ensemble.making import make_ensemble
from trainlab.inference.ensemble.members import from_runs, from_snapshots
from trainlab.lecture.networks import activations, settings_of
from trainlab.lecture.running import Results
from trainlab.report.sweep_record import SweepRecord, TrialRow
from trainlab.store import checkpoint
from trainlab.store.reading import RunRecord


class Numbers:
    """The functions, for the results of one chapter: every public method is one."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def functions(self) -> dict[str, Callable[..., Any]]:
        """The functions by name."""
        return {name: getattr(self, name) for name in dir(self) if name[0] != "_" and name != "functions"}

    # ------------------------------------------------------------------ curves

    def best(self, run: str, column: str) -> float:
        """The best value of a column of metrics.csv after the first step."""
        values = [v for v in self._column(run, column)[1:] if math.isfinite(v)]
        return _worst(column) if not values else (min if lower_is_better(column) else max)(values)

    def first(self, run: str, column: str) -> float:
        """The value before the first step."""
        return self._column(run, column)[0]

    def last(self, run: str, column: str) -> float:
        """The value of the last epoch; infinite or 0 for a run that diverged."""
        if self._run(run).state == "diverged":
            return _worst(column)
        return self._column(run, column)[-1]

    def at(self, run: str, column: str, epoch: int) -> float:
        """The value after an epoch, or of the last epoch if the run is shorter."""
        values = self._column(run, column)
        return values[min(int(epoch), len(values) - 1)]

    def until(self, run: str, column: str, level: float) -> float:
        """The first epoch whose value is as good as this; infinite if there is none."""
        falls = lower_is_better(column)
        for epoch, value in enumerate(self._column(run, column)):
            if value <= level if falls else value >= level:
                return epoch
        return math.inf

    def epochs(self, run: str) -> int:
        """How many epochs were trained."""
        return len(self._column(run, "epoch")) - 1

    def seconds(self, run: str) -> float:
        """Seconds of training."""
        status = self._run(run).status
        return status.seconds if status is not None else math.nan

    def test(self, run: str, metric: str = "accuracy") -> float:
        """A score of the best weights on the test rows."""
        status = self._run(run).status
        return float((status.test if status is not None and status.test else {}).get(metric, 0.0))

    def state(self, run: str) -> str:
        """How the run ended."""
        return self._run(run).state

    def found(self, run: str, code: str) -> bool:
        """Whether the run has a finding of this code."""
        return any(known == code for known, _ in self._run(run).codes)

    def findings(self, run: str) -> str:
        """The codes of its warnings and errors."""
        return ", ".join(c for c, severity in self._run(run).codes if severity != "info") or "none"

    def step(self, run: str, column: str, when: str = "median") -> float:
        """A number of steps.csv: its median, largest, first or last value."""
        values = [float(v) for v in self._run(run).steps[column] if v is not None]
        made = {"median": float(np.median(values)), "largest": max(values), "first": values[0], "last": values[-1]}
        return made[when]

    # ------------------------------------------------------------------ layers and weights

    def layer(self, run: str, layer: str, quantity: str, when: str = "last") -> float:
        """A statistic of a layer (layers.csv): its first, last or largest value. Raises UserError if it has none."""
        table = self._run(run).layers
        rows = zip(table["layer"], table["quantity"], table["value"], strict=True)
        values = [float(v) for name, what, v in rows if (name, what) == (layer, quantity) and v is not None]
        if not values:
            raise UserError(f"run {run}: layers.csv has no `{quantity}` of `{layer}`")
        return {"first": values[0], "last": values[-1], "largest": max(values)}[when]

    def initial(self, run: str, layer: str, what: str = "std") -> float:
        """A statistic of a layer's outputs before the first step: std, mean, dead (share), saturated (beyond 0.95)."""
        y = self._initial(run)[layer].astype(np.float64)
        flat = y.reshape(len(y), -1)
        made: dict[str, Callable[[], Any]] = {
            "std": y.std,
            "mean": y.mean,
            "dead": lambda: (flat == 0).all(axis=0).mean(),
            "saturated": lambda: (np.abs(y) > 0.95).mean(),
        }
        return float(made[what]())

    def parameters(self, run: str, layer: str = "") -> int:
        """Parameters of a layer, or of the whole network."""
        network = self._run(run).network
        return network["parameters"] if not layer else self._layer(run, layer)["parameters"]

    def shape(self, run: str, layer: str) -> str:
        """The shape of a layer's output."""
        return " x ".join(map(str, self._layer(run, layer)["output"]))

    def work(self, run: str) -> int:
        """Multiplications of the forward pass of a row."""
        return self._run(run).network["multiply_adds"]

    def weight(self, run: str, what: str = "norm", layer: str = "") -> float:
        """Of the best weights (of one layer): norm, zero (share below a thousandth of the largest), or the longest
        row of weights into a unit (`unit`).
        """
        found = self._weights(run, layer)
        everything = np.concatenate([a.ravel() for a in found])
        if what == "norm":
            return float(np.linalg.norm(everything))
        if what == "zero":
            return float((np.abs(everything) < 1e-3 * np.abs(everything).max()).mean())
        return float(max(np.linalg.norm(a.reshape(-1, a.shape[-1]), axis=0).max() for a in found))

    def moved(self, run: str, other: str, layer: str) -> float:
        """How far the weights of a layer are from those of another run, relative to their norm."""
        (a,), (b,) = self._weights(run, layer), self._weights(other, layer)
        return float(np.linalg.norm(a - b) / np.linalg.norm(b))

    # ------------------------------------------------------------------ sweeps and ensembles

    def score(self, sweep: str) -> float:
        """The best score of a sweep."""
        return self._ranked(sweep)[0].score or 0.0

    def trials(self, sweep: str) -> int:
        """How many trials a sweep has."""
        return len(self._sweep(sweep).trials)

    def winner(self, sweep: str, setting: str) -> Any:
        """The value of a setting in the best trial."""
        return self._ranked(sweep)[0].values[setting]

    def distinct(self, sweep: str, setting: str) -> int:
        """How many values of a setting were tried."""
        return len({str(trial.values.get(setting)) for trial in self._sweep(sweep).trials})

    def share_above(self, sweep: str, level: float) -> float:
        """The share of the trials that score at least so much."""
        trials = self._sweep(sweep).trials
        return sum((trial.score or 0.0) >= level for trial in trials) / len(trials)

    def spread(self, sweep: str, setting: str) -> float:
        """From the smallest to the largest value of a setting in the best quarter of the trials, as a ratio."""
        ranked = self._ranked(sweep)
        values = [float(t.values[setting]) for t in ranked[: max(2, len(ranked) // 4)]]
        return max(values) / min(values)

    def fold(self, sweep: str, which: str = "lowest") -> float:
        """The lowest or highest score, or the standard deviation, of the folds of the best trial."""
        scores = [float(v) for v in json.loads(self._ranked(sweep)[0].facts["scores"])]
        return {"lowest": min(scores), "highest": max(scores), "deviation": float(np.std(scores, ddof=1))}[which]

    def trial(self, sweep: str, number: int) -> float:
        """The score of a trial."""
        return next(t.score for t in self._sweep(sweep).trials if t.number == number) or 0.0

    def noticed(self, sweep: str, code: str) -> bool:
        """Whether a trial of the sweep has a finding of this code."""
        return any(code in str(t.facts.get("diagnoses") or "").split() for t in self._sweep(sweep).trials)

    def epochs_of(self, sweep: str) -> int:
        """The epochs of all trials together."""
        return sum(int(trial.facts.get("epochs") or 0) for trial in self._sweep(sweep).trials)

    def tuned(self, tune: str, metric: str = "accuracy", what: str = "mean") -> float:
        """A score of a tune's winner on the test rows, the mean over seeds; what: its 95 % interval's low or high."""
        return float(_known(self._results.tunes, tune, "tune").steps["test"]["scores"][metric][what])

    def beside(self, tune: str, model: str, metric: str = "accuracy") -> float:
        """The score of a simpler model on the same test rows: 'linear model', 'HistGradientBoosting'."""
        return float(_known(self._results.tunes[tune].steps["test"]["baselines"], model, "simpler model")[metric])

    def story(self, tune: str) -> str:
        """A table of the steps of a tune and what each of them said."""
        steps = _known(self._results.tunes, tune, "tune").steps.values()
        told = [(s["title"], s["verdict"], "; ".join(s["text"]).replace("|", "/")) for s in steps if s.get("text")]
        return "\n".join(
            ["| step | verdict | what it says |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in told)]
        )

    def ensemble(self, runs: Sequence[str], metric: str = "accuracy", split: str = "test") -> float:
        """A score of the averaged probabilities of several runs."""
        return self._ensemble(runs, "", split)[metric]

    def snapshots(self, run: str, metric: str = "accuracy", split: str = "test") -> float:
        """A score of the averaged probabilities of a run's snapshots."""
        return self._ensemble([], run, split)[metric]

    # ------------------------------------------------------------------ what is behind them

    def _ensemble(self, runs: Sequence[str], snapshots: str, split: str) -> dict[str, float]:
        key = f"ensemble {runs} {snapshots}"
        if key not in self._results.kept:
            place = self._results.folder
            members = from_snapshots(snapshots, place) if snapshots else from_runs(runs, place)
            made = make_ensemble(members, save=False, runs=place)
            self._results.kept[key] = made.together.scores
        return self._results.kept[key][split]

    def _run(self, name: str) -> RunRecord:
        return _known(self._results.runs, name, "run")

    def _sweep(self, name: str) -> SweepRecord:
        return _known(self._results.sweeps, name, "sweep")

    def _ranked(self, name: str) -> Sequence[TrialRow]:
        sweep = self._sweep(name)
        if not sweep.ranked:
            reason = next((str(t.facts["reason"]) for t in sweep.trials if t.facts.get("reason")), "")
            raise UserError(f"{sweep.path}: no trial has a score{f'; {reason}' if reason else ''}")
        return sweep.ranked

    def _column(self, run: str, column: str) -> list[float]:
        table = self._run(run).metrics
        values = _known(table, column, f"column of metrics.csv in run {run}")
        return [_worst(column) if v is None or math.isnan(v) else float(v) for v in values]

    def _layer(self, run: str, layer: str) -> dict[str, Any]:
        return _known({one["name"]: one for one in self._run(run).network["layers"]}, layer, f"layer in run {run}")

    def _initial(self, run: str) -> dict[str, Array]:
        key = f"initial {run}"
        if key not in self._results.kept:
            self._results.kept[key] = activations(settings_of(self._results, run))
        return self._results.kept[key]

    def _weights(self, run: str, layer: str) -> list[Array]:
        arrays = checkpoint.load(self._run(run).folder.checkpoints / "best.safetensors")[0]
        found = [
            a for name, a in arrays.items() if name.endswith(".W") and name.startswith(f"{layer}." if layer else "")
        ]
        if not found:
            raise UserError(f"run {run}: no weights of `{layer}`")
        return found


def _known(table: dict[str, Any], name: str, what: str) -> Any:
    if name not in table:
        near = nearest(name, list(table))
        raise UserError(
            f"there is no {what} called `{name}`; {f'did you mean `{near}`?' if near else ', '.join(table)}"
        )
    return table[name]


def _worst(column: str) -> float:
    return math.inf if lower_is_better(column) else 0.0
