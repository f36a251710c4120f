"""`trainlab.SkorchWatch`: monitors for a skorch net, as a callback.

net = skorch.NeuralNetClassifier(Module, callbacks=[trainlab.SkorchWatch(name="mine")])
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from trainlab.core.errors import UserError
from trainlab.integrations.framework_callback import Watching, scores_of


def SkorchWatch(**settings: Any) -> "SkorchWatching":  # noqa: N802 - it makes an instance of a class made here
    """A skorch callback that watches a training; leaves a run folder `runs/NAME-N` behind.

    settings: as of `trainlab.watch`. Validation scores are those of skorch's history: `valid_loss`, `valid_acc`. A
    finding of `monitors.stop_on` ends `fit`.

    Raises UserError without skorch.
    """
    try:
        base: Any = import_module("skorch.callbacks").Callback
    except ImportError as error:
        raise UserError("SkorchWatch: skorch is not installed; `pip install skorch`") from error
    made: Any = type("SkorchWatch", (SkorchWatching, base), {})
    return made(settings)


class SkorchWatching(Watching):
    """The callback, but for its base class. skorch calls the hooks."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)

    def initialize(self) -> "SkorchWatching":
        """Nothing to make before the training."""
        return self

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:
        """A new run folder."""
        self.begin(net.module_, net.optimizer_, epochs=int(net.max_epochs))

    def on_grad_computed(self, net: Any, named_parameters: Any, **_: Any) -> None:
        """Gradients come during the optimizer's step, from a closure: only here they can be measured."""
        if self.watch is not None:
            self.watch.measure_gradients()

    def on_batch_end(self, net: Any, batch: Any = None, training: bool = False, loss: Any = None, **_: Any) -> None:
        """A step; batches of the validation are left out."""
        if self.watch is not None and training:
            self.watch.step(loss)
            self._stop_if_asked()

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        """The epoch's scores."""
        if self.watch is not None:
            row = {name: value for name, value in net.history[-1].items() if isinstance(value, int | float)}
            self.watch.epoch(**scores_of(row, self.watch))
            self._stop_if_asked()

    def on_train_end(self, net: Any, **_: Any) -> None:
        """End the run as finished."""
        self.end()

    def _stop_if_asked(self) -> None:
        """skorch ends a training with the exception of Ctrl-C, which it catches itself."""
        if self.watch is not None and self.watch.stop:
            raise KeyboardInterrupt
