"""Early stopping: the run ends when a metric has not improved for a while."""

from collections.abc import Sequence
from math import inf

from trainlab.core.component import Settings, setting
from trainlab.core.types import Count
from trainlab.optim.history import fold


class EarlyStopping(Settings):
    """Stops after `patience` epochs in which the metric did not improve on its best value by more than `min_delta`.

    The cheapest regularizer. The best checkpoint stays, so only the epochs after it are lost.

    Source: Prechelt 1998, "Early Stopping - But When?"; Keras's EarlyStopping counts in the same way.

    >>> losses = [0.9, 0.7, 0.8, 0.75, 0.8]
    >>> [EarlyStopping(patience=3).should_stop(losses[:n], lower_is_better=True) for n in range(6)]
    [False, False, False, False, False, True]
    """

    metric: str = setting(
        "best",
        "a column of metrics.csv; best: the one that decides which epoch is the best, which is val_loss here unless "
        "train.best names another or classes are imbalanced",
    )
    patience: Count = setting(10, "epochs without improvement after which the run ends")
    min_delta: float = setting(0.0, "minimum improvement", ge=0)
    start_epoch: int = setting(0, "the first epoch that counts: earlier ones neither improve nor fail to", ge=0)

    def should_stop(self, history: Sequence[float], lower_is_better: bool) -> bool:
        """Whether the run ends now; history is the metric after each finished epoch, the first entry after epoch 1.

        nan is no improvement.
        """
        start = (inf, 0, 0)
        _, since, _ = fold(self._after_lower if lower_is_better else self._after_higher, start, history)
        return since >= self.patience

    def _after_lower(self, state: tuple[float, int, int], cost: float) -> tuple[float, int, int]:
        """The best cost, the epochs since it and all epochs, after one more."""
        best, since, epochs = state
        if epochs < self.start_epoch - 1:
            return best, since, epochs + 1
        return (cost, 0, epochs + 1) if cost < best - self.min_delta else (best, since + 1, epochs + 1)

    def _after_higher(self, state: tuple[float, int, int], value: float) -> tuple[float, int, int]:
        return self._after_lower(state, -value)
