"""decision.json: how the outputs of the best weights become probabilities and labels, fitted after training.

Without the file, probabilities are what the loss makes of the outputs, and the label is the most probable class.
"""

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from trainlab.core.errors import UserError
from trainlab.store.json_file import read_json, write_json

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Temperature:
    """The outputs are divided by `value`: above 1 the network was too sure of itself, below 1 not sure enough.

    rows: how many validation rows it was fitted on · log_loss: on these rows, without and with it · reason: why it
    stays 1, if no temperature could be fitted.
    """

    value: Positive
    rows: int
    log_loss: tuple[Finite, Finite] | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A row is of the class `positive` from this probability on, else of the other one.

    metric: what it maximizes; empty if it was given as a number · rows: how many validation rows it was chosen on, 0
    if given · score: the metric on these rows, at a threshold of 0.5 and at this one.
    """

    value: Share
    positive: str
    metric: str = ""
    rows: int = 0
    score: tuple[Finite, Finite] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Both, for the best weights, which are those of `epoch` (None: of an ensemble)."""

    temperature: Temperature | None = None
    threshold: Threshold | None = None
    epoch: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON would have it, without what there is not."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {key: value for key, value in found.items() if value is not None}


PLAIN = Decision()


def read_decision(path: Path) -> Decision:
    """The decision in a file; PLAIN if there is no file. Raises UserError if the file is damaged."""
    if not path.exists():
        return PLAIN
    table = read_json(path)
    try:
        return _adapter().validate_json(json.dumps(table), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: `{place}`: {first['msg']}; delete the file to do without it") from None


def write_decision(path: Path, decision: Decision) -> None:
    """Writes the file, or removes it where there is nothing to keep. Raises UserError if the disk refuses."""
    if decision.temperature is None and decision.threshold is None:
        path.unlink(missing_ok=True)
    else:
        write_json(path, decision.as_dict(), indent=2)


@cache
def _adapter() -> TypeAdapter[Decision]:
    return TypeAdapter(Decision)
