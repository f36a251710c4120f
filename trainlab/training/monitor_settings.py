"""The `monitors` block of a config: when to inspect, what to silence, what stops a run, settings of monitors."""

from functools import cache
from typing import Any, ClassVar, Literal, cast

from pydantic import ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from trainlab.core.component import Settings, find, names, registered, setting
from trainlab.core.nested_errors import moved
from trainlab.core.types import Count
from trainlab.diagnose.monitor import Monitor
from trainlab.training.inspection_schedule import SOON

ERROR = "error"  # in `stop_on`: any finding of this severity


class Monitoring(Settings):
    """When the network is inspected, which findings are silenced and which stop the run.

    Further keys are codes of monitors, with their settings: `overfitting: {patience: 8}`.
    """

    model_config = ConfigDict(extra="allow")
    by_name: ClassVar[type[Monitor]] = Monitor  # further keys are names of this kind, with that component's settings

    every: Count | Literal["auto"] = setting(
        "auto",
        "steps between inspections of the layers; auto: 20, later more where a step is cheaper than an inspection",
    )
    off: list[str] = setting([], "codes to silence")
    stop_on: list[str] = setting(["diverged"], "codes that stop the run at once; `error`: any finding of that severity")

    @model_validator(mode="wrap")
    @classmethod
    def _by_code(cls, value: Any, handler: ModelWrapValidatorHandler["Monitoring"]) -> "Monitoring":
        """Read each further key as a monitor's code; report the errors of all of them together."""
        if not isinstance(value, dict):
            return handler(value)
        table = dict(cast("dict[str, Any]", value))
        problems: list[InitErrorDetails] = []
        for key in [k for k in table if k not in cls.model_fields]:
            found = find(Monitor, key)
            try:
                if found is None:
                    allowed = [*cls.model_fields, *names(Monitor)]
                    error = PydanticCustomError("unknown_key", "unknown key", {"allowed": allowed})
                    problems.append(InitErrorDetails(type=error, loc=(key,), input=table[key]))
                    table.pop(key)
                elif not isinstance(table[key], Monitor):
                    table[key] = found.model_validate({} if table[key] is None else table[key])
            except ValidationError as error:
                problems += moved(error, key)
                table.pop(key)
        for key in ("off", "stop_on"):
            for index, code in enumerate(cast("list[Any]", table[key]) if isinstance(table.get(key), list) else []):
                known = (key == "stop_on" and code == ERROR) or not isinstance(code, str) or find(Monitor, code)
                if not known:
                    error = PydanticCustomError(
                        "unknown_component",
                        "unknown {kind} `{found}`",
                        {"kind": "monitor", "found": code, "allowed": names(Monitor)},
                    )
                    problems.append(InitErrorDetails(type=error, loc=(key, index), input=code))
        try:
            made = handler(table)
        except ValidationError as error:
            problems += moved(error)
            made = None
        if made is None or problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return made

    @property
    def interval(self) -> int:
        """Inspection interval in steps when the model size is unknown."""
        return SOON if self.every == "auto" else self.every

    def active(self) -> list[Monitor]:
        """All monitors that are not silenced, with their settings from the config."""
        own = cast("dict[str, Monitor]", self.model_extra or {})
        return [own.get(cls.name) or _with_defaults(cls) for cls in registered(Monitor) if cls.name not in self.off]


@cache
def _with_defaults(cls: type[Monitor]) -> Monitor:
    """The monitor of this class with its default settings; it has no state, so that all runs share it."""
    return cls.model_construct()
