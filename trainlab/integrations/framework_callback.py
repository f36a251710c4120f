"""What the callbacks for other frameworks' trainers share: a watch for each training, and their scores in our names."""

from collections.abc import Mapping, Sequence
from inspect import signature
from types import TracebackType
from typing import Any, Self

from trainlab.core.errors import UserError
from trainlab.diagnose.finding import Finding
from trainlab.integrations.logs.names import meaning
from trainlab.integrations.run import Run
from trainlab.integrations.torch import watch
from trainlab.integrations.watching import Watch


class Watching:
    """What the callbacks of other frameworks share: a `Watch` for each training. settings: of `trainlab.watch`."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self._settings = dict(settings)
        self.watch: Watch | None = None
        known = list(signature(watch).parameters)[2:]  # without model and optimizer
        unknown = [name for name in settings if name not in known]
        if unknown:
            raise UserError(f"{type(self).__name__}: unknown setting {unknown[0]}; allowed are {', '.join(known)}")

    def begin(self, model: Any, optimizer: Any, *, epochs: int) -> None:
        """Watch a training that begins. epochs: as many as it will have, unless the settings say so."""
        settings: dict[str, Any] = {"epochs": epochs, **self._settings}
        self.watch = watch(model, optimizer, **settings)

    def end(self, error: BaseException | None = None) -> None:
        """End the run, by this exception if there is one."""
        if self.watch is not None:
            self.watch.__exit__(type(error) if error else None, error, None)

    @property
    def diagnoses(self) -> Sequence[Finding]:
        """The findings so far, in the order in which they came."""
        return self.watch.diagnoses if self.watch is not None else ()

    @property
    def run(self) -> Run:
        """The last run, as `trainlab.load` gives it. Raises LookupError before a training began."""
        if self.watch is None:
            raise LookupError("there is no run yet: train with this callback")
        return self.watch.run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.end(error)


def scores_of(metrics: Mapping[str, Any], watch: Watch) -> dict[str, Any]:
    """The arguments of `Watch.epoch`, from a framework's metrics by the names that trainings give them."""
    found: dict[str, Any] = {}
    for column, value in metrics.items():
        what = meaning(column)
        if what in ("val_loss", f"val_{watch.score}", f"train_{watch.score}"):
            found.setdefault(what, value)
    return found
