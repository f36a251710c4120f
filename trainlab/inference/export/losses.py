"""Which losses the exported files know: what the network's outputs mean is written once more in each format."""

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Task
from trainlab.nn.loss import Loss

KNOWN = (
    "softmax_cross_entropy",
    "kl_divergence",
    "binary_cross_entropy",
    "ordinal",
    "poisson",
    "msle",
    "pinball",
)


def require_known(loss: Loss, task: Task) -> None:
    """Raises UserError for a loss that turns outputs into predictions in a way that the files do not know.

    Other losses than `KNOWN`, of plugins too, must predict the outputs themselves, or the class of the largest one.
    """
    if loss.name in KNOWN:
        return
    y = np.random.default_rng(0).normal(size=(32, loss.units(task))) * 3
    plain = y if task.kind == "regression" else y.argmax(axis=1)
    same = task.kind != "multilabel" and np.array_equal(loss.predict(y, task), plain)
    if not same or loss.probabilities(y) is not None or loss.quantiles_of(y, task) is not None:
        raise UserError(f"the loss `{loss.name}` makes predictions of the outputs that cannot be exported")
