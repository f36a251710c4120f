"""The members of an ensemble: the networks of several runs, or snapshots of one run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainlab.core.errors import UserError
from trainlab.inference.model import TrainedNetwork
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder


@dataclass(frozen=True, slots=True)
class Member:
    """One network of an ensemble: its name, the folder of its run, the checkpoint with its weights."""

    name: str
    folder: RunFolder
    checkpoint: Path
    network: TrainedNetwork


def from_runs(given: Sequence[Path | str], runs: Path, *, inside: Path | None = None) -> list[Member]:
    """The best network of each run; `inside`: a member's name is its path in this folder instead of its own name.

    Raises UserError for a run that is missing, has no checkpoint, or comes twice.
    """
    members: list[Member] = []
    for one in given:
        folder = RunFolder.open(one, runs)
        if any(folder.path.resolve() == m.folder.path.resolve() for m in members):
            raise UserError(f"{folder.path}: given twice; the members of an ensemble are different runs")
        name = folder.name if inside is None else folder.path.relative_to(inside).as_posix()
        members.append(Member(name, folder, folder.checkpoints / "best.safetensors", TrainedNetwork.load(folder)))
    return members


def from_snapshots(given: Path | str, runs: Path) -> list[Member]:
    """Earlier networks of one run: the snapshots of its schedule if it has some, else its numbered checkpoints.

    Raises UserError if there are fewer than two.
    """
    folder = RunFolder.open(given, runs)
    found = checkpoint.snapshots(folder.checkpoints) or checkpoint.kept(folder.checkpoints)
    if len(found) < 2:
        raise UserError(
            f"{folder.path}: has {len(found)} snapshots, and an ensemble takes two or more; train with "
            "schedule.name=cosine_restarts, or with train.checkpoint.keep=5"
        )
    paths = [path for _, path in sorted(found.items())]
    return [Member(path.stem, folder, path, TrainedNetwork.from_checkpoint(folder, path)) for path in paths]


def beside_snapshots(folder: RunFolder) -> list[Member]:
    """For comparison with snapshots: the last weights of their run, and their moving average if it keeps one."""
    path = folder.checkpoints / "last.safetensors"
    if not path.exists():
        return []
    members = [Member("last", folder, path, TrainedNetwork.from_checkpoint(folder, path))]
    if members[0].network.experiment.train.average is not None:
        members.append(Member("average", folder, path, TrainedNetwork.from_checkpoint(folder, path, average=True)))
    return members
