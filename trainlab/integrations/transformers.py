"""`trainlab.TransformersWatch`: monitors for a Hugging Face `Trainer`, as a callback.

trainer = transformers.Trainer(model, args, train_dataset=data, callbacks=[trainlab.TransformersWatch(name="mine")])
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from trainlab.core.errors import UserError
from trainlab.integrations.framework_callback import Watching, scores_of


def TransformersWatch(**settings: Any) -> "TransformersWatching":  # noqa: N802 - it makes an instance of a class made here
    """A `TrainerCallback` that watches a training; leaves a run folder `runs/NAME-N` behind.

    settings: as of `trainlab.watch`. The loss of a step is the `loss` of the model's output, so the model needs its
    labels. Validation scores are those of `evaluate`: `eval_loss`, `eval_accuracy`. A finding of `monitors.stop_on`
    stops the trainer.

    Raises UserError without transformers.
    """
    try:
        base: Any = import_module("transformers").TrainerCallback
    except ImportError as error:
        raise UserError("TransformersWatch: transformers is not installed; `pip install transformers`") from error
    made: Any = type("TransformersWatch", (TransformersWatching, base), {})
    return made(settings)


class TransformersWatching(Watching):
    """The callback, but for its base class. The trainer calls the hooks."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._loss: Any = None
        self._hook: Any = None
        self._due = False  # an epoch has ended, and its evaluation may follow

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """A new run folder."""
        model, optimizer = given["model"], given["optimizer"]
        optimizer = getattr(optimizer, "optimizer", optimizer)  # Accelerate wraps it
        self._steps = args.gradient_accumulation_steps
        self.begin(model, optimizer, epochs=int(state.num_train_epochs or 0))
        self._hook = model.register_forward_hook(self._keep, with_kwargs=True)

    def on_substep_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A part of a step, where gradients are accumulated."""
        self._step(control)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A step."""
        self._step(control)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The epoch is over; an evaluation follows, if there is one."""
        self._due = True

    def on_evaluate(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """The scores of the epoch that has just ended; an evaluation within an epoch is left out."""
        if self._due:
            self._epoch(given.get("metrics") or {})
            self._stop_if_asked(control)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End the run as finished."""
        if self._due:
            self._epoch({})
        self.end()

    def end(self, error: BaseException | None = None) -> None:
        """Take the hook off, too."""
        if self._hook is not None:
            self._hook.remove()
            self._hook = None
        super().end(error)

    def _keep(self, module: Any, args: Any, given: Mapping[str, Any], output: Any) -> None:
        """The loss of a forward pass in training."""
        table: Any = output
        loss = table.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
        if module.training and loss is not None:
            shared = given.get("num_items_in_batch") is not None  # a sum over the labels of all parts of the step
            self._loss = loss * self._steps if shared and self._steps > 1 else loss

    def _step(self, control: Any) -> None:
        if self._due:
            self._epoch({})
        if self.watch is None:
            return
        if self._loss is None:
            raise UserError(
                "TransformersWatch: the model's output has no `loss`: give it labels, or record the loop with "
                "trainlab.record"
            )
        self.watch.step(self._loss)
        self._loss = None
        self._stop_if_asked(control)

    def _epoch(self, metrics: Mapping[str, Any]) -> None:
        self._due = False
        if self.watch is not None:
            self.watch.epoch(**scores_of(metrics, self.watch))

    def _stop_if_asked(self, control: Any) -> None:
        if self.watch is not None and self.watch.stop:
            control.should_training_stop = True
