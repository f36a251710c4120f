"""Ball."""

from pydantic import model_validator
from toybox import Toy

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError


class Ball(Toy, name="ball"):
    """Rolls and bounces.

    Over the whole floor.

    >>> 1
    1
    """

    size: float = setting(0.2, "its diameter", gt=0, search={"log": [0.1, 1.0]})
    bounce: int | None = setting(None, "how often", ge=0)

    @model_validator(mode="after")
    def _fits(self) -> "Ball":
        if self.size > 10:
            raise ShapeError(f"a ball of {self.size} m does not fit through the door")
        return self
