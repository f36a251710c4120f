"""A small model with every sort of setting, for tests that must not change when trainlab gets a new component."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from trainlab.core.component import Component, Settings, setting
from trainlab.core.errors import ShapeError

Count = Annotated[int, Field(ge=1)]


class Toy(Component, kind="toy", rooms=("toyshop.toys",)):
    """Something to play with. Of any kind."""

    colour: Literal["red", "green", "blue"] = setting("red", "what it is painted with")


class Tool(Component, kind="tool", rooms=("toyshop.tools",)):
    """Something to work with."""


class Box(Settings):
    """Where the toys are kept."""

    width: float = setting(1.0, "in metres", gt=0, le=2)
    label: str = setting("", "what is written on it")
    lid: bool = setting(True, "whether it can be closed")
    sizes: list[Count] = setting([1], "of the compartments", min_length=1)

    @field_validator("label")
    @classmethod
    def _short(cls, label: str) -> str:
        if len(label) > 12:
            raise ValueError(f"a label of {len(label)} letters does not fit on the box; at most 12 do")
        return label


class Room(Settings):
    """A nursery."""

    name: str = setting("", "what it is called")
    children: int = setting("how many play", ge=0)
    box: Box = setting(Box(), "where toys are kept")
    spare: Box | None = setting(None, "a second box")
    toys: list[Toy] = setting([], "all of them")
    best: Toy | Literal["any"] = setting("any", "the one that is never shared")
    doll: Toy | None = setting(None, "the one that sleeps in the bed")
    shelf: Literal["empty"] | list[Toy] = setting("empty", "what stands on it")
    hand: Toy | Tool | None = setting(None, "what the eldest child holds")
    volume: Count | Literal["off"] = setting("off", "of the radio")
    prices: dict[str, float] = setting({}, "of the toys, by shop")

    @model_validator(mode="after")
    def _fits(self) -> "Room":
        if self.children > 100:
            raise ShapeError(f"{self.children} children do not fit\n  into the room")
        return self
