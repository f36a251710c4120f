"""Several networks whose outputs are combined into one prediction, in memory and in a folder.

runs/NAME-ensemble-N/
ensemble.json               how they are combined, where each comes from, and their scores
decision.json               the threshold of its labels, once one is chosen
members/1/config.yaml       a member: its config, environment and checkpoint, so the folder is complete
members/1/checkpoints/best.safetensors
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessing import scale, unscale
from trainlab.inference.ensemble.combining import Method, combine
from trainlab.inference.ensemble.rows import shared_rows
from trainlab.inference.model import Model, Split, TrainedNetwork, decided
from trainlab.nn.metric import Metric
from trainlab.store.folder import ENSEMBLE, RunFolder
from trainlab.store.json_file import read_json
from trainlab.store.writing import named_errors

INDEX = ENSEMBLE


@dataclass(frozen=True)
class Ensemble(Model):
    """Networks for one task, how their outputs are combined, and the weight of each; weights sum to 1.

    Prepared rows are a list of the rows as each member takes them. Outputs of a regression are in units of the first
    member's scaled targets, so that its loss applies.
    """

    members: Sequence[TrainedNetwork]
    method: Method
    weights: Array

    @classmethod
    def of(cls, members: Sequence[TrainedNetwork], method: Method, weights: Array) -> "Ensemble":
        """An ensemble of networks, with the task, loss, columns and target scale of the first one."""
        first = members[0]
        return cls(first.task, first.loss, first.fitted, first.encoding, None, members, method, weights)

    @classmethod
    def load(cls, path: Path) -> "Ensemble":
        """The ensemble in a folder. Raises UserError if it is damaged."""
        try:
            index: dict[str, Any] = read_json(path / INDEX)
            weights = np.array([float(member["weight"]) for member in index["members"]])
            method: Method = index["method"]
        except (ValueError, KeyError, TypeError):
            raise UserError(f"{path / INDEX}: not an ensemble's index") from None
        found = cls.of([TrainedNetwork.load(member) for member in member_folders(path)], method, weights)
        return decided(found, decision_file(path))

    @property
    def metrics(self) -> Sequence[Metric]:
        """Those of the first member."""
        return self.members[0].metrics

    def prepared(self, x: Array) -> list[Array | LazyRows]:
        """Raw rows, preprocessed for each member as its training rows were."""
        return [member.prepared(x) for member in self.members]

    def outputs(self, x: Sequence[Any]) -> Array:
        """The combined outputs (rows, units) in float64. Raises DataError if one of a member's is not finite."""
        return self.combined([member.outputs(rows) for member, rows in zip(self.members, x, strict=True)])

    def combined(self, outputs: Sequence[Array]) -> Array:
        """The combination of outputs that the members gave, each in its own units."""
        if self.task.kind == "regression":
            outputs = [rescaled(y, m.fitted, self.fitted) for m, y in zip(self.members, outputs, strict=True)]
            return combine(self.method, outputs, self.weights, self.loss, self.task)
        chosen = [member.answers(y) for member, y in zip(self.members, outputs, strict=True)]
        return combine(self.method, outputs, self.weights, self.loss, self.task, chosen)

    def rows(self, split: Split) -> tuple[list[Any], Array]:
        """Prepared x of a split for each member, and the targets as the first one scales them."""
        return shared_rows([member.folder for member in self.members if member.folder is not None], split)

    def cost(self, y: Array, targets: Array) -> float | None:
        """The mean loss of combined outputs; None for a vote, which has no loss."""
        voted = self.method == "vote" and self.task.kind == "classification"
        return None if voted else super().cost(y, targets)

    def certainty(self, y: Array) -> tuple[Array, str]:
        """As for one network; for a vote each class's share of the votes."""
        if self.method != "vote":
            return super().certainty(y)
        votes = y if y.shape[1] == self.task.outputs else np.concatenate([(1 - y) / 2, (1 + y) / 2], axis=1)
        return votes, "votes"


def rescaled(y: Array, own: Mapping[str, Array], common: Mapping[str, Array]) -> Array:
    """Outputs (n, units) in units of one scaled target in those of another; a target may have several."""
    for fitted, change in ((own, unscale), (common, scale)):
        if "target.mean" in fitted:
            each = y.reshape(len(y), fitted["target.mean"].size, -1)
            y = change(each.swapaxes(1, 2), fitted).swapaxes(1, 2).reshape(y.shape)
    return y


def is_ensemble(path: Path) -> bool:
    """Whether a folder holds an ensemble."""
    return (path / INDEX).is_file()


def decision_file(path: Path) -> Path:
    """The threshold of an ensemble's labels, in the format of a run's; the members have temperatures of their own."""
    return RunFolder(path).decision


def member_folders(path: Path) -> list[RunFolder]:
    """The folders of an ensemble's members, in their order."""
    with named_errors(path / "members", "read"):
        there = sorted((path / "members").iterdir(), key=lambda p: int(p.name) if p.name.isdecimal() else 0)
    return [RunFolder(p) for p in there if p.name.isdecimal()]
