"""Several networks that answer as one, in memory and in a folder.

runs/NAME-ensemble-N/
ensemble.json               how they are combined, where each comes from, how they scored
members/1/config.yaml       a member: its config, its environment, its checkpoint, so that the folder is whole
members/1/checkpoints/best.safetensors
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.inference.ensemble.combining import Method, combine
from trainlab.inference.model import Trained, class_names, mean_loss, open_run
from trainlab.nn.loss import Loss
from trainlab.store.folder import RunFolder
from trainlab.store.strict_json import loads
from trainlab.store.writing import named_errors

INDEX = "ensemble.json"


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Networks for one task, how their outputs are combined, and the weight of each; weights sum to 1.

    Prepared rows are a list of the rows as each member takes them. Outputs of a regression are in units of the first
    member's scaled targets, so that its loss applies.
    """

    members: Sequence[Trained]
    method: Method
    weights: Array

    @property
    def task(self) -> Task:
        """What all members were trained for."""
        return self.members[0].task

    @property
    def loss(self) -> Loss:
        """The loss that scores the combination: the first member's."""
        return self.members[0].loss

    @property
    def fitted(self) -> Mapping[str, Array]:
        """The scale of the first member's targets, if they are scaled."""
        return self.members[0].fitted

    @property
    def encoding(self) -> Mapping[str, Any]:
        """How the columns of a file become numbers, the same for all members."""
        return self.members[0].encoding

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; empty for a regression."""
        return class_names(self.task)

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the target columns."""
        return self.members[0].targets

    @property
    def epoch(self) -> None:
        """None: each member has its own."""
        return

    def prepared(self, x: Array) -> list[Array]:
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

    def answers(self, y: Array) -> Array:
        """Class indices (n,), or numbers (n, k) in the target's own units, for combined outputs."""
        return self.members[0].answers(y)

    def cost(self, y: Array, targets: Array) -> float | None:
        """The mean loss of combined outputs; None for a vote, which has no loss."""
        voted = self.method == "vote" and self.task.kind == "classification"
        return None if voted else mean_loss(self.loss, y, targets, self.task)

    def certainty(self, y: Array) -> tuple[Array, str]:
        """Probabilities of the classes; for a vote each class's share of the votes; scores where neither is known."""
        if self.method != "vote":
            return self.members[0].certainty(y)
        votes = y if y.shape[1] == self.task.outputs else np.concatenate([(1 - y) / 2, (1 + y) / 2], axis=1)
        return votes, "votes"


def rescaled(y: Array, own: Mapping[str, Array], common: Mapping[str, Array]) -> Array:
    """Numbers in units of one scaled target in units of another."""
    if "target.mean" in own:
        y = y * own["target.std"] + own["target.mean"]
    return (y - common["target.mean"]) / common["target.std"] if "target.mean" in common else y


def is_ensemble(path: Path) -> bool:
    """Whether a folder holds an ensemble."""
    return (path / INDEX).is_file()


def open_ensemble(path: Path) -> Ensemble:
    """The ensemble in a folder. Raises UserError if it is damaged."""
    file = path / INDEX
    with named_errors(file, "read"):
        data = file.read_bytes()
    try:
        index: dict[str, Any] = loads(data)
        weights = np.array([float(member["weight"]) for member in index["members"]])
        method: Method = index["method"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file}: not an ensemble's index") from error
    return Ensemble([open_run(member) for member in member_folders(path)], method, weights)


def member_folders(path: Path) -> list[RunFolder]:
    """The folders of an ensemble's members, in their order."""
    with named_errors(path / "members", "read"):
        there = sorted((path / "members").iterdir(), key=lambda p: int(p.name) if p.name.isdecimal() else 0)
    return [RunFolder(p) for p in there if p.name.isdecimal()]
