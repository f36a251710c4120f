"""Opens what was trained, one network or several that answer as one, by the path or the name of its folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.inference.ensemble.ensemble import is_ensemble, member_folders, open_ensemble
from trainlab.inference.ensemble.rows import shared_rows
from trainlab.inference.model import Weights, open_run
from trainlab.inference.own_rows import Part, own_rows
from trainlab.inference.predictor import Predictor
from trainlab.store.folder import RunFolder


@dataclass(frozen=True, slots=True)
class Opened:
    """A network, or an ensemble, and the folders of the runs that it comes from."""

    name: str
    network: Predictor
    folders: list[RunFolder]
    several: bool

    def rows(self, part: Part) -> tuple[Any, Array]:
        """Prepared x and targets of a part of its own data. Raises UserError if there is none."""
        if self.several:
            return shared_rows(self.folders, part)
        rows = own_rows(self.folders[0], part)
        return rows.x, rows.y


def open_trained(given: Path | str, runs: Path, weights: Weights = "best") -> Opened:
    """What was trained in a folder, or in the folder of this name inside `runs`.

    Raises UserError if there is none, or it has no such weights.
    """
    for path in (Path(given), runs / given):
        if is_ensemble(path):
            if weights != "best":
                raise UserError(f"{path}: an ensemble has the weights of its members; leave out --weights")
            return Opened(path.resolve().name, open_ensemble(path), member_folders(path), several=True)
    folder = RunFolder.open(given, runs)
    return Opened(folder.name, open_run(folder, weights), [folder], several=False)
