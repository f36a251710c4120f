"""A regularizer keeps weights small: by a penalty on the loss, or by a constraint after each step.

Only weights are regularized, never biases, scales and shifts. To add one, write one class in one file of
`trainlab/optim/regularizers` and a field of its name in `Regularization`; a plugin needs no field.
"""

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from trainlab.core.component import Component, Settings, find, names, setting
from trainlab.core.nested_errors import moved
from trainlab.core.types import Array
from trainlab.optim.schedule import Schedule

Strength = Annotated[float, Field(ge=0)]


class Regularizer(Component, kind="regularizer", rooms=("trainlab.optim.regularizers",)):
    """A penalty on the flat vector of all weights, or a constraint on each weight array after the step."""

    penalizes: ClassVar[bool] = False  # `penalty` and `add_gradient` do something
    constrains: ClassVar[bool] = False  # `constrain` does something

    @abstractmethod
    def penalty(self, w: Array) -> float:
        """The term that it adds to the loss, for the flat vector of all weights."""

    @abstractmethod
    def add_gradient(self, w: Array, g: Array) -> None:
        """g += dpenalty/dw, in place."""

    @abstractmethod
    def constrain(self, W: Array) -> None:
        """After a step: move one weight array (inputs first, units on the last axis) back into the allowed set."""

    def torch_gradient(self, torch: Any, w: Any, g: Any) -> None:
        """`add_gradient` in PyTorch. Raises NotImplementedError if a penalty has no such form."""
        raise NotImplementedError(self.name)

    def torch_constrain(self, torch: Any, W: Any) -> None:
        """`constrain` in PyTorch. Raises NotImplementedError if a constraint has no such form."""
        raise NotImplementedError(self.name)


class Regularization(Settings):
    """The `regularization` block: one number per regularizer, 0 or null for none; those of plugins, too.

    Dropout and weight decay are settings of their layers and of the optimizer; their schedules are here.
    """

    model_config = ConfigDict(extra="allow")
    by_name: ClassVar[type[Regularizer]] = Regularizer

    l2: float = setting(0.0, "strength of 0.5 * l2 * |w|^2", ge=0, search={"log": [1e-7, 1e-1]})
    l1: float = setting(0.0, "strength of l1 * sum |w|; with l2: elastic net", ge=0, search={"log": [1e-7, 1e-2]})
    max_norm: float | None = setting(None, "maximum norm of the weights that feed one unit", gt=0)
    dropout_schedule: Schedule | None = setting(
        None, "factor on the `drop` of every dropout layer over the run, such as `flat_cos`; null: always 1"
    )
    weight_decay_schedule: Schedule | None = setting(
        None, "factor on the optimizer's `weight_decay` over the run, beside that of the learning rate; null: always 1"
    )
    l2_by_layer: dict[str, Strength] = setting({}, "further l2 of single layers by their name, `{dense1: 0.01}`")
    l1_by_layer: dict[str, Strength] = setting({}, "further l1 of single layers by their name")

    @model_validator(mode="wrap")
    @classmethod
    def _by_name(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Read each further key as the name of a plugin's regularizer."""
        if not isinstance(value, dict):
            return handler(value)
        table, problems = dict(cast("dict[str, Any]", value)), list[InitErrorDetails]()
        for key in [k for k in table if k not in cls.model_fields]:
            found, given = find(Regularizer, key), table[key]
            if found is None:
                allowed = sorted({*cls.model_fields, *names(Regularizer)})
                error = PydanticCustomError("unknown_key", "unknown key", {"allowed": allowed})
                problems.append(InitErrorDetails(type=error, loc=(key,), input=table.pop(key)))
            elif given is None:
                table.pop(key)
            elif not isinstance(given, Regularizer):
                try:
                    table[key] = found.model_validate(given if isinstance(given, dict) else {found.first: given})
                except ValidationError as error:
                    problems += moved(error, key)
                    table.pop(key)
        try:
            made = handler(table)
        except ValidationError as error:
            raise ValidationError.from_exception_data(cls.__name__, [*problems, *moved(error)]) from None
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return made

    def parts(self) -> list[Regularizer]:
        """The regularizers of all weights that are on."""
        known = names(Regularizer)
        chosen = {
            name: getattr(self, name) for name in type(self).model_fields if name in known and getattr(self, name)
        }
        found = ((find(Regularizer, name), value) for name, value in chosen.items())
        own = [cls.model_validate({cls.first: value}) for cls, value in found if cls is not None]
        return [*own, *cast("dict[str, Regularizer]", self.model_extra or {}).values()]
