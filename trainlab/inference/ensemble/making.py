"""Makes an ensemble: checks that its members fit together, sets their weights, scores and saves it."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.errors import DataError, UserError
from trainlab.core.types import Array
from trainlab.data.new_files import encode_new
from trainlab.data.preprocessing import scale
from trainlab.inference.ensemble.combining import Method, agreement, combine, fitted_weights
from trainlab.inference.ensemble.ensemble import INDEX, Ensemble, rescaled
from trainlab.inference.ensemble.members import Member, beside_snapshots
from trainlab.inference.ensemble.rows import OtherRowsError, shared_rows
from trainlab.inference.evaluate import of_outputs
from trainlab.inference.model import NoRowsError, Split, TrainedNetwork
from trainlab.store.columns import METRICS_OF
from trainlab.store.decision import write_decision
from trainlab.store.folder import RunFolder, next_free, safe_name
from trainlab.store.plugins import copy_plugins
from trainlab.store.reading import RunRecord
from trainlab.store.strict_json import dumps
from trainlab.store.writing import named_errors, write_atomic

Scores = Mapping[str, float]
_SPLITS: dict[str, Split] = {"val": "val", "test": "test"}


@dataclass(frozen=True, slots=True)
class Scored:
    """One network, or the ensemble: its name, the epoch of its weights, its weight, its scores by split."""

    name: str
    epoch: int | None
    weight: float | None
    scores: Mapping[str, Scores]

    def as_dict(self) -> dict[str, Any]:
        """As JSON would have it."""
        scores = {part: dict(found) for part, found in self.scores.items()}
        return {"name": self.name, "epoch": self.epoch, "weight": self.weight, "scores": scores}


@dataclass(frozen=True, slots=True)
class Made:
    """An ensemble and its scores.

    `beside`: networks to compare snapshots with, the last weights of their run and their moving average.
    `agreement` (members, members): the share of rows on which two agree, or their correlation in a regression, on the
    last of `parts`.
    """

    folder: Path | None
    method: Method
    metric: str
    lower_is_better: bool
    parts: Sequence[str]
    members: Sequence[Scored]
    beside: Sequence[Scored]
    together: Scored
    agreement: Array

    @property
    def best(self) -> Scored:
        """The best member on the last of `parts`, by which no weights were chosen."""
        scores = [member.scores[self.parts[-1]].get(self.metric) for member in self.members]
        sign = 1.0 if self.lower_is_better else -1.0
        ranks = [float("inf") if score is None else sign * score for score in scores]
        return self.members[ranks.index(min(ranks))]

    @property
    def mean_agreement(self) -> float:
        """The mean agreement over all pairs of members."""
        n = len(self.agreement)
        return float((self.agreement.sum() - np.trace(self.agreement)) / (n * (n - 1)))

    def as_dict(self) -> dict[str, Any]:
        """As JSON would have it."""
        return {
            "folder": str(self.folder) if self.folder else None,
            "method": self.method,
            "metric": self.metric,
            "members": [m.as_dict() for m in self.members],
            "beside": [m.as_dict() for m in self.beside],
            "ensemble": self.together.as_dict(),
            "agreement": self.agreement.tolist(),
        }


def make_ensemble(
    members: Sequence[Member],
    *,
    method: Method = "probabilities",
    fit: bool = False,
    data: Path | str | None = None,
    snapshots: bool = False,
    name: str | None = None,
    runs: Path = Path("runs"),
    save: bool = True,
) -> Made:
    """Combine the members, score everything on rows that none was trained on, and save the ensemble in a new folder
    `runs/NAME-ensemble-N`.

    `fit`: weights with the least loss on the validation rows instead of equal ones. `data`: a file with targets to
    score on instead of the runs' own validation and test rows. `snapshots`: the members are snapshots of one run.
    Raises UserError or DataError if members do not fit together, or there are no rows to score them on.
    """
    _belong_together(members)
    rest = beside_snapshots(members[0].folder) if snapshots else []
    everyone = [*members, *rest]
    networks = [member.network for member in everyone]
    count, first = len(members), networks[0]
    if fit and method == "vote":
        raise UserError("weights cannot be fitted to a vote; use --by probabilities or --by logits")

    def outputs(part: str) -> tuple[list[Array], Array]:
        """The outputs of each network for the rows of a part, in the first one's units, and the targets."""
        x, y = _rows(everyone, part, data if part == str(data) else None)
        own = [network.outputs(rows) for network, rows in zip(networks, x, strict=True)]
        return [rescaled(o, n.fitted, first.fitted) for n, o in zip(networks, own, strict=True)], y

    weights = np.full(count, 1 / count)
    if fit:
        each, y = outputs("val")
        weights = fitted_weights(method, each[:count], y, first.loss, first.task)
    ensemble = Ensemble.of(networks[:count], method, weights)
    parts = [str(data)] if data is not None else _parts(members)
    alone: list[dict[str, Scores]] = [{} for _ in everyone]
    together: dict[str, Scores] = {}
    agreed = np.eye(count)
    for part in parts:
        each, y = outputs(part)
        judges = [first if first.task.kind == "regression" else network for network in networks]  # by their own units
        for found, judge, one in zip(alone, judges, each, strict=True):
            found[part] = of_outputs(judge, one, y, run="", data=part).scores
        chosen = [judge.answers(o) for judge, o in zip(judges, each, strict=True)][:count]
        combined = combine(method, each[:count], weights, first.loss, first.task, chosen)
        together[part] = of_outputs(ensemble, combined, y, run="", data=part).scores
        agreed = agreement(chosen, first.task.kind)
    shares = [*map(float, weights), *(None for _ in rest)]
    every = [
        Scored(m.name, m.network.epoch, share, found) for m, share, found in zip(everyone, shares, alone, strict=True)
    ]
    metric, lower = _deciding(members[0])
    whole = Scored("ensemble", None, None, together)
    made = Made(None, method, metric, lower, parts, every[:count], every[count:], whole, agreed)
    return _saved(made, members, name or f"{first.experiment.name}-ensemble", runs) if save else made


def _deciding(member: Member) -> tuple[str, bool]:
    """The metric that decided in the member's run, and whether less of it is better; the task's score for a loss."""
    record = RunRecord(member.folder.path, member.name)
    column = record.status.best.metric if record.status and record.status.best else ""
    name = column.partition("_")[2]
    if name in {metric.column for metric in member.network.metrics}:
        return name, record.falls(column)
    return METRICS_OF[member.network.task.kind], False


def _belong_together(members: Sequence[Member]) -> None:
    """Raises UserError unless all were trained for the same task, on the same columns, with the same loss."""
    if len(members) < 2:
        raise UserError("an ensemble takes two or more networks; name another run")
    first = members[0]
    for member in members[1:]:
        one, two = first.network, member.network
        pairs = {
            "task": (_task(one), _task(two)),
            "classes": (list(one.classes), list(two.classes)),
            "targets": (list(one.targets), list(two.targets)),
            "columns": (_columns(one), _columns(two)),
            "loss": (one.loss.name, two.loss.name),
        }
        for what, (mine, yours) in pairs.items():
            if mine != yours:
                both = f"{_short(yours)} and {_short(mine)}"
                raise UserError(f"{member.name} cannot be combined with {first.name}: they differ in {what}, {both}")


def _task(network: TrainedNetwork) -> str:
    return f"{network.task.word} with {network.task.outputs} outputs"


def _columns(network: TrainedNetwork) -> list[Any]:
    return [network.encoding.get("shape"), *(dict(column) for column in network.encoding.get("columns", []))]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _rows(everyone: Sequence[Member], part: str, data: Path | str | None) -> tuple[Sequence[Any], Array]:
    """Prepared x for each, and the targets as the first one scales them."""
    first = everyone[0].network
    if data is None:
        return shared_rows([member.folder for member in everyone], _SPLITS[part])
    raw, y, _ = encode_new(dict(first.encoding), str(data))
    if y is None:
        names = " and ".join(f"`{name}`" for name in first.targets)
        raise DataError(f"{data}: to score the members the column {names} is needed")
    return [member.network.prepared(raw) for member in everyone], scale(y, first.fitted)


def _parts(members: Sequence[Member]) -> list[str]:
    """The splits to score the members on: validation rows, unless they differ (as those of folds do), and test rows.

    Raises UserError if there are neither.
    """
    found: list[str] = []
    differ: UserError | None = None
    for part in _SPLITS:
        try:
            shared_rows([member.folder for member in members], _SPLITS[part])
        except NoRowsError:
            continue
        except OtherRowsError as error:
            if part == "test":
                raise
            differ = error
        else:
            found.append(part)
    if not found:
        raise differ or UserError(
            f"{members[0].folder.path}: has no validation and no test rows; score on a --data file"
        )
    return found


def _saved(made: Made, members: Sequence[Member], name: str, runs: Path) -> Made:
    """Save the ensemble in a folder of its own, with copies of its members."""
    folder = next_free(runs, safe_name(name))
    made = replace(made, folder=folder)
    for number, member in enumerate(members, start=1):
        own = RunFolder(folder / "members" / str(number))
        with named_errors(own.path, "write"):
            own.checkpoints.mkdir(parents=True)
            shutil.copyfile(member.checkpoint, own.checkpoints / "best.safetensors")
            shutil.copyfile(member.folder.config, own.config)
            write_decision(own.decision, member.network.decision)
            if member.folder.environment.exists():
                shutil.copyfile(member.folder.environment, own.environment)
        copy_plugins(member.folder.path, own.path)
    listed = [
        {"run": str(m.folder.path), "checkpoint": m.checkpoint.name, **s.as_dict()}
        for m, s in zip(members, made.members, strict=True)
    ]
    write_atomic(folder / INDEX, dumps(made.as_dict() | {"members": listed}).encode())
    return made
