"""overfitting: the network memorizes its training rows."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count
from trainlab.diagnose._patches import dropout
from trainlab.diagnose._quantiles import median
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class Overfitting(Monitor, name="overfitting"):
    """The validation loss has risen for several epochs while the training loss kept falling.

    Measured on several epochs, never on one. The validation loss of each of the last `patience` epochs lies above
    `rise` times its best, and by more than `margin` of the loss at chance. The training loss has fallen since that
    best epoch. In all of these epochs the training score is ahead of the validation score by `gap`, for classes by
    one standard error more. A network that only becomes more confident, with the same score, does not overfit in a
    way that matters.

    It is also reported without a rise if, in all of these epochs, the training rows were memorized (loss below a
    twentieth of chance, score above 0.95), while the validation loss stayed above a quarter of chance and the
    validation score `apart` behind: there are too few rows for this network.

    Where no training score is known, as in many logs of other tools, the losses decide: the validation loss has
    risen by `climb` of the loss at chance, too, the training loss has fallen by a tenth since, and the validation
    score, if it is known, has lost more than a standard error; half of the rise is enough if it has lost three.
    Without a rise: the training loss is below a twentieth of chance, the validation loss above a quarter, and the
    validation score more than `apart` and a twentieth below 1. Of a cross-entropy, no more than loss / ln 2 of the rows
    can be wrong: a watched loop that gives no training score is judged by that.

    Do: Stop earlier (`train.early_stopping`), collect or create more data (augmentation), raise l2 or dropout, or
    use a smaller network.

    Picture:

        loss
         |'.            ..''  validation: rises
         |  '.    ..--''
         |    '-.'
         |       '--.______   training: falls
         +------------------- epoch

    Source: CS231n, "Train/val accuracy": the gap between the curves; Prechelt 1998, "Early Stopping - But When?".
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("epoch", "end")
    of_progress: ClassVar[bool] = True
    causes: ClassVar[tuple[str, ...]] = ("tiny-split", "corrupt-labels", "split-mismatch", "class-imbalance")

    patience: Count = setting(5, "epochs over which the validation loss must stay high")
    rise: float = setting(1.3, "how many times the best validation loss is a rise", gt=1)
    margin: float = setting(0.05, "the least rise that counts, as a share of the loss at chance", ge=0)
    gap: float = setting(0.08, "least lead of the training score", ge=0)
    climb: float = setting(0.1, "least rise, as a share of the loss at chance, if no training score is known", ge=0)
    apart: float = setting(0.15, "the same if the validation loss has not risen", ge=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After each epoch and at the end."""
        curves = view.curves
        val, train = curves["val_loss"], curves["train_loss"]
        if len(val) < self.patience + 2 or not np.isfinite(val[1:]).any():
            return
        score, val_score = view.train_scores, curves[f"val_{curves.score}"]
        if not np.isfinite(score[1:]).any():
            yield from self._by_losses(view, val, train, val_score)
            return
        if not score[-1] - val_score[-1] > min(self.gap, self.apart):  # the usual case, decided fast
            return
        best_epoch = int(np.nanargmin(val))
        best, since = float(val[best_epoch]), len(val) - 1 - best_epoch
        recent = slice(-self.patience, None)
        gap = float((score - val_score)[recent].min())
        ahead = gap - _error(view, float(val_score[-1]))
        enough = since >= self.patience and best_epoch > 0 and train[-1] < train[best_epoch] and ahead > self.gap
        risen = bool(np.all(val[recent] > max(self.rise * best, best + self.margin * view.chance)))
        known = float(train[recent].max()) < 0.05 * view.chance and float(score[recent].min()) > 0.95
        behind = float(val[recent].min()) > 0.25 * view.chance and ahead > self.apart
        if enough and risen:
            message = (
                f"The validation loss was best in epoch {best_epoch} ({best:.3g}) and has risen to {val[-1]:.3g} "
                f"since, while the training loss fell to {train[-1]:.3g}: the network memorizes the training rows."
            )
        elif known and behind:
            message = (
                f"The training rows are memorized (loss {train[-1]:.2g}, score {score[-1]:.3g}), but validation is "
                f"far behind (loss {val[-1]:.3g}, score {gap:.2g} lower)."
            )
        else:
            return
        yield self._found(view, message, best_epoch, {"score_gap": gap})

    def _by_losses(self, view: View, val: Array, train: Array, val_score: Array) -> Iterable[Finding]:
        """The same where no training score was measured."""
        best_epoch = int(np.nanargmin(val))
        best, recent = float(val[best_epoch]), slice(-self.patience, None)
        late = best_epoch > 0 and len(val) - 1 - best_epoch >= self.patience
        fallen = float(train[best_epoch] - train[-1])
        fell = fallen > 0.1 * abs(float(train[best_epoch])) or not view.train_measured
        before, after = float(val_score[best_epoch]), float(median(val_score[recent]))
        known, error = np.isfinite(before) and np.isfinite(after), _error(view, before)
        kept, lost = known and after > before - error, known and after < before - 3 * error
        rise = 1 + (self.rise - 1) / 2 if lost else self.rise  # a score that falls as well needs less of a rise
        risen = bool(np.all(val[recent] > max(rise * best, best + self.climb * view.chance)))
        known_by_heart = float(train[recent].max()) < 0.05 * view.chance and view.train_measured
        score = val_score[recent]
        far = np.isfinite(score).all() and float(score.max()) < 0.95 - self.apart - error
        if known_by_heart and far and float(val[recent].min()) > 0.25 * view.chance and view.task.kind != "regression":
            message = (
                f"The training rows are memorized (loss {train[-1]:.2g}), but validation is far behind (loss "
                f"{val[-1]:.3g}, score {score[-1]:.3g})."
            )
            yield self._found(view, message, best_epoch, {})
        elif late and fell and risen and not kept:
            rest = f", while the training loss fell to {train[-1]:.3g}" if view.train_measured else ""
            message = (
                f"The validation loss was best in epoch {best_epoch} ({best:.3g}) and has risen to {val[-1]:.3g} "
                f"since{rest}: the network memorizes the training rows."
            )
            yield self._found(view, message, best_epoch, {})

    def _found(self, view: View, message: str, best_epoch: int, measured: dict[str, float]) -> Finding:
        val, train = view.curves["val_loss"], view.curves["train_loss"]
        return self.finding(
            view,
            message,
            "Stop early, regularize more (l2, dropout, augmentation), use a smaller network, or collect more data.",
            evidence={
                "best_epoch": best_epoch,
                "best_val_loss": float(val[best_epoch]),
                "val_loss": float(val[-1]),
                "train_loss": float(train[-1]),
                **measured,
                "threshold": self.rise,
            },
            patches=[
                {"train.early_stopping": {"metric": "val_loss", "patience": 5}},
                {"regularization.l2": max(1e-3, 10 * _l2(view))},
                *dropout(view, 0.5),
            ],
        )


def _error(view: View, score: float) -> float:
    """The standard error of a validation accuracy; 0 for a regression or an unknown number of rows."""
    if view.task.kind == "regression" or not view.val_rows or not 0 <= score <= 1:
        return 0.0
    return (score * (1 - score) / view.val_rows) ** 0.5


def _l2(view: View) -> float:
    return float(view.settings.get("regularization", {}).get("l2") or 0.0)
