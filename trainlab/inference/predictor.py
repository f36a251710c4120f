"""What evaluation and prediction need of a trained network, or of several that answer as one."""

from collections.abc import Mapping
from typing import Any, Protocol

from trainlab.core.types import Array, Task


class Predictor(Protocol):
    """Something trained that answers for new rows. `epoch`: of its weights; None where there are several."""

    @property
    def task(self) -> Task:
        """What it was trained for."""
        ...

    @property
    def fitted(self) -> Mapping[str, Array]:
        """The scale of its targets, if they are scaled."""
        ...

    @property
    def encoding(self) -> Mapping[str, Any]:
        """How the columns of a file become numbers."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; empty for a regression."""
        ...

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the target columns."""
        ...

    @property
    def epoch(self) -> int | None:
        """The epoch of its weights, None where there are several networks."""
        ...

    def prepared(self, x: Array) -> Any:
        """Raw rows in the form that `outputs` takes."""
        ...

    def outputs(self, x: Any) -> Array:
        """Outputs (rows, units) for prepared rows."""
        ...

    def answers(self, y: Array) -> Array:
        """Class indices (n,), or numbers (n, k) in the target's own units, for outputs."""
        ...

    def cost(self, y: Array, targets: Array) -> float | None:
        """The mean loss of outputs y against targets as the data give them; None where there is none."""
        ...

    def certainty(self, y: Array) -> tuple[Array, str]:
        """A number for each class (rows, classes), and what it is: `probability`, `score` or `votes`."""
        ...
