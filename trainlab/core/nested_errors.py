"""Errors of settings that another validator reads: moved to the place where they stand in a config."""

from typing import LiteralString, cast

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError


def moved(error: ValidationError, *place: str) -> list[InitErrorDetails]:
    """The errors of a nested part, as errors of the part at `place`."""
    return [
        InitErrorDetails(
            type=PydanticCustomError(
                _literal(e["type"]), _literal(e["msg"].replace("{", "{{").replace("}", "}}")), e.get("ctx")
            ),
            loc=(*place, *e["loc"]),
            input=e["input"],
        )
        for e in error.errors(include_url=False)
    ]


def _literal(text: str) -> LiteralString:
    return cast(LiteralString, text)  # pydantic asks for literals, but these were its own
