"""`space: auto`: a search space made from the experiment itself, of the settings that matter in most trainings.

Learning rate, weight decay, dropout, width and depth, schedule, update rule, batch size; activation, norm and init of a
model that has them. The ranges are those that the settings' classes declare; the experiment's own choice is always one
of the options.
"""

from collections.abc import Sequence
from typing import Any

from trainlab.core.component import Component, Settings, brief, find, keys
from trainlab.nn.activations.relu import ReLU
from trainlab.nn.model import Model
from trainlab.optim.optimizer import Optimizer
from trainlab.training.experiment import Experiment

_ADAPTIVE = ("adam", "adamw", "nadam", "adamax", "rmsprop")  # their rates are about the same
_SCHEDULES = ("cosine", "constant")
_WIDTHS, _DEPTHS = (64, 128, 256), (1, 2, 3)
_MOST_DROPOUT = 0.5
_OFF = 0.25  # share of the trials without a penalty

Space = dict[str, dict[str, Any]]


def auto_space(experiment: Experiment) -> Space:
    """The range of each setting by dotted path, spelled as in a config."""
    optimizer, model = experiment.optimizer, experiment.model
    space: Space = {}
    if not optimizer.full_batch:
        rules = [optimizer.name, "momentum" if optimizer.name in _ADAPTIVE else "adam"]
        space["optimizer.lr"] = _rates(rules)
        space["optimizer.name"] = {"choice": rules}
        space["schedule.name"] = _choice([experiment.schedule.name, *_SCHEDULES])
        space["train.batch_size"] = _declared(experiment.train, "batch_size")
    space["regularization.l2"] = {**_declared(experiment.regularization, "l2"), "zero": _OFF}
    return space | _of_model(model)


def _of_model(model: Model) -> Space:
    """The settings of the model that it has: those of a list of layers have no common name."""
    space: Space = {}
    given = {key: getattr(model, name) for name, key in keys(type(model)).items()}
    if isinstance(given.get("dropout"), int | float):
        space["model.dropout"] = {"uniform": [0.0, _MOST_DROPOUT]}
    if isinstance(hidden := given.get("hidden"), list) and hidden:
        sizes = [[width] * depth for depth in _DEPTHS for width in _WIDTHS]
        space["model.hidden"] = _choice([hidden, *sizes])
    if isinstance(activation := given.get("activation"), Component):
        space["model.activation"] = _choice([_short(activation), ReLU.name])
    if "norm" in given:
        space["model.norm"] = _choice([given["norm"], "none", "batch"])
    if isinstance(given["init"], Component):
        space["model.init"] = _choice([_short(given["init"]), "auto"])
    return {path: found for path, found in space.items() if "choice" not in found or len(found["choice"]) > 1}


def _rates(rules: Sequence[str]) -> dict[str, Any]:
    """The learning rates of all these update rules."""
    ends = [_of_class(cls, "lr")["log"] for cls in (find(Optimizer, rule) for rule in rules) if cls is not None]
    return {"log": [min(low for low, _ in ends), max(high for _, high in ends)]}


def _declared(settings: Settings, name: str) -> dict[str, Any]:
    return _of_class(type(settings), name)


def _of_class(cls: type[Settings], name: str) -> dict[str, Any]:
    """The search range that a class declares for a setting."""
    extra: Any = cls.model_fields[name].json_schema_extra
    return dict(extra["search"])


def _choice(options: Sequence[Any]) -> dict[str, Any]:
    """Each option once, in order."""
    found: list[Any] = []
    for option in options:
        if option not in found:
            found.append(option)
    return {"choice": found}


def _short(component: Component) -> Any:
    """A component as a user would write it: its name alone, where it has no settings of its own."""
    spelled = brief(component)
    return component.name if list(spelled) == ["name"] else spelled
