"""Facts about the training that the user passes to `watch`."""

from dataclasses import dataclass
from math import inf

from trainlab.core.errors import UserError
from trainlab.store.columns import METRICS_OF


@dataclass(frozen=True, slots=True)
class TrainingInfo:
    """What is trained: the task (None: from the loss), how many classes (None: not known yet), the loss at chance
    (None: to be found out), how long (0: not known), and whether its loss is expected to fall (None: unless another
    watched training takes turns with it).
    """

    task: str | None = None
    classes: int | None = None
    chance: float | None = None
    epochs: int = 0
    val_rows: int = 0
    loss_falls: bool | None = None

    def __post_init__(self) -> None:
        if self.task is not None and self.task not in METRICS_OF:
            raise UserError(f"watch: task: unknown `{self.task}`; allowed are {', '.join(METRICS_OF)}")
        if self.classes is not None and self.classes < 2:
            raise UserError(f"watch: classes: {self.classes} is too few; allowed are numbers from 2 on")
        if self.chance is not None and not 0 < self.chance < inf:
            raise UserError(f"watch: chance: {self.chance} is no loss; allowed are numbers above 0")
