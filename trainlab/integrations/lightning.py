"""`trainlab.LightningWatch`: monitors for a Lightning `Trainer`, as a callback.

trainer = lightning.Trainer(max_epochs=10, callbacks=[trainlab.LightningWatch(name="mine")])
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from trainlab.core.errors import UserError
from trainlab.integrations.framework_callback import Watching, scores_of

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")  # two names of one library; a user imports one of them


def LightningWatch(  # noqa: N802 - it makes an instance of a class that depends on the user's package
    *, optimizer: int | None = None, **settings: Any
) -> "LightningWatching":
    """A Lightning callback that watches a training; leaves a run folder `runs/NAME-N` behind.

    optimizer: which of the module's optimizers, where it has several (a GAN): one callback for each · settings: as of
    `trainlab.watch`. Validation scores are taken from what the module logs: `val_loss`, `val_acc` and similar names. A
    finding of `monitors.stop_on` stops the trainer.

    Raises UserError without Lightning.
    """
    there = [name for name in _PACKAGES if name in sys.modules] or list(_PACKAGES)
    for name in there:
        try:
            base: Any = import_module(f"{name}.callbacks").Callback
        except ImportError:
            continue
        made: Any = type("LightningWatch", (LightningWatching, base), {})
        return made(optimizer, settings)
    raise UserError("LightningWatch: Lightning is not installed; `pip install lightning`")


class LightningWatching(Watching):
    """The callback, but for its base class. Lightning calls the hooks."""

    def __init__(self, optimizer: int | None, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._which = optimizer
        self._last: Any = None  # the loss of the last backward pass
        self._own: Any = None  # the one before our optimizer's step

    def on_train_start(self, trainer: Any, module: Any) -> None:
        """A new run folder; the optimizers exist by now."""
        optimizers = list(trainer.optimizers)
        if self._which is None and len(optimizers) > 1:
            raise UserError(
                f"LightningWatch: the module has {len(optimizers)} optimizers; add one callback for each: "
                "LightningWatch(optimizer=0), LightningWatch(optimizer=1)"
            )
        self._optimizer = optimizers[self._which or 0]
        self._last = self._own = None
        self.begin(module, self._optimizer, epochs=max(0, trainer.max_epochs or 0))

    def on_before_backward(self, trainer: Any, module: Any, loss: Any) -> None:
        """The loss with its graph, which names it; Lightning has divided it where it accumulates gradients."""
        self._last = loss * trainer.accumulate_grad_batches if trainer.accumulate_grad_batches > 1 else loss

    def on_before_optimizer_step(self, trainer: Any, module: Any, optimizer: Any) -> None:
        """Gradients come during the optimizer's step, from a closure: only here they can be measured."""
        if optimizer is self._optimizer and self.watch is not None:
            self._own = self._last
            self.watch.measure_gradients()

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """A step, or a part of one."""
        alone = len(trainer.optimizers) == 1  # a backward pass without a step of the optimizer is a part of its step
        loss = self._last if alone else self._own
        if self.watch is not None and loss is not None:
            self.watch.step(loss)
            self._last = self._own = None
            trainer.should_stop = trainer.should_stop or self.watch.stop

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        """The epoch's scores; validation has ended by now."""
        if self.watch is not None:
            self.watch.epoch(**scores_of(trainer.callback_metrics, self.watch))
            trainer.should_stop = trainer.should_stop or self.watch.stop

    def on_train_end(self, trainer: Any, module: Any) -> None:
        """End the run as finished."""
        self.end()

    def on_exception(self, trainer: Any, module: Any, exception: BaseException) -> None:
        """End the run as failed or interrupted."""
        self.end(exception)
