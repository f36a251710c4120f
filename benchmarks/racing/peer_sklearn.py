"""scikit-learn's MLPClassifier, where it can say the workload: no batch norm, no dropout, no convolution.

It draws its own order of batches, so its losses are not compared; a run is whole epochs.
"""

import warnings
from pathlib import Path

import numpy as np
from racing.workloads import read
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits


class Contender:
    """Epochs by scikit-learn."""

    compared = False

    def __init__(self, folder: Path, name: str, variant: str, threads: int, *, dropout: bool) -> None:
        del variant
        threadpool_limits(threads)
        warnings.simplefilter("ignore")
        m = read(folder, name, dropout=dropout)
        w = m.workload
        if any(layer.kind not in ("dense", "relu") for layer in m.layers):
            raise ValueError("MLPClassifier has dense layers only")
        self.x, self.t, self.epoch = m.x, m.t, w.steps
        dense = [layer.weights for layer in m.layers if layer.kind == "dense"]
        self.model = MLPClassifier(
            [d["W"].shape[1] for d in dense[:-1]],
            solver="adam" if w.optimizer["name"] == "adam" else "sgd",
            alpha=w.l2 * w.batch,  # it divides by the rows of a batch
            batch_size=w.batch,
            learning_rate_init=w.optimizer["lr"],
            momentum=0.9,
            nesterovs_momentum=False,
        )
        self.model.partial_fit(self.x[: w.batch], self.t[: w.batch], classes=np.arange(10))
        for i, d in enumerate(dense):
            self.model.coefs_[i][...] = d["W"]
            self.model.intercepts_[i][...] = d["b"]

    def run(self, steps: int) -> np.ndarray:
        """Losses of at least so many steps: one an epoch, repeated for each of its steps."""
        losses = []
        for _ in range(-(-steps // self.epoch)):
            self.model.partial_fit(self.x, self.t)
            losses += [self.model.loss_] * self.epoch
        return np.array(losses)
