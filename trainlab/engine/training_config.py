"""How a network is trained: the settings that do not change during a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.data.augmentation import Augmentation
from trainlab.nn.loss import Loss
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.regularizer import Regularizer
from trainlab.optim.schedule import Schedule


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Loss, optimizer, schedule and the rules around a step.

    dropout_schedule, weight_decay_schedule: factors on the rates of dropout and on weight decay; None for always 1 ·
    clip_norm: maximum norm of the gradient · average: decay of the moving average of the weights; None for none ·
    regression: targets are numbers, so squared errors are counted instead of hits.
    """

    loss: Loss
    optimizer: Optimizer
    schedule: Schedule
    dropout_schedule: Schedule | None = None
    weight_decay_schedule: Schedule | None = None
    regularizers: Sequence[Regularizer] = ()
    augment: Sequence[Augmentation] = ()
    epochs: int = 1
    batch_size: int = 64
    shuffle: bool = True
    clip_norm: float | None = None
    average: float | None = None
    regression: bool = False
