"""Loads a trained model, one network or an ensemble, by the path or the name of its folder."""

from pathlib import Path

from trainlab.core.errors import UserError
from trainlab.inference.ensemble.ensemble import Ensemble, is_ensemble
from trainlab.inference.model import TrainedNetwork, Weights
from trainlab.store.folder import RunFolder


def load_model(given: Path | str, runs: Path, weights: Weights = "best") -> tuple[str, TrainedNetwork | Ensemble]:
    """The name and the model of a folder, or of the folder of this name inside `runs`.

    Raises UserError if there is none, or it has no such weights.
    """
    for path in (Path(given), runs / given):
        if is_ensemble(path):
            if weights != "best":
                raise UserError(f"{path}: an ensemble has the weights of its members; leave out --weights")
            return path.resolve().name, Ensemble.load(path)
    folder = RunFolder.open(given, runs)
    return folder.name, TrainedNetwork.load(folder, weights)
