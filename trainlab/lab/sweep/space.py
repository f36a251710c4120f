"""What is searched: which setting is drawn from what, and what it makes of the config.

Everything is checked before the first trial: a path that leads nowhere, an end of a range that its setting refuses.
What only some combinations make impossible is drawn anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from trainlab.core.component import Settings, plain
from trainlab.core.config import Document, override, read_plain
from trainlab.core.problem import ConfigError, Problem
from trainlab.lab.building import check
from trainlab.lab.experiment import Experiment
from trainlab.lab.sweep.distribution import Distribution
from trainlab.lab.sweep.settings import SweepSettings

_MOST_DRAWS = 100  # of one trial, before the space is called impossible


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: its number (from 1), its values by path, its whole config, and why earlier draws were refused."""

    number: int
    values: Mapping[str, Any]
    experiment: Experiment
    refused: tuple[str, ...] = ()


class Space:
    """The space of a sweep's config. Raises ConfigError, located in the `sweep` block, if it cannot be searched."""

    def __init__(self, document: Document[Experiment]) -> None:
        sweep = document.value.sweep
        if sweep is None:
            raise document.error((), "there is no `sweep` block in this config; `trainlab new sweep` shows one")
        check(document)
        self._document = document
        self.sweep: SweepSettings = sweep
        self.config = resolved(document)
        self._base = {key: value for key, value in self.config.items() if key != "sweep"}
        problems = _metric_problems(document, sweep)
        self.distributions = _ranges(document, sweep, problems)
        problems += self._end_problems()
        if problems:
            raise ConfigError(problems)

    def trial(self, number: int) -> Trial:
        """The trial with this number: a function of the config and the number alone.

        Raises ConfigError if a hundred draws make no valid config.
        """
        paths = sorted(self.distributions)  # the order in which they are written changes nothing
        points = self.sweep.strategy.points(self._document.value.seed, number, len(paths))
        first: ConfigError | None = None
        refused: list[str] = []
        for _ in range(_MOST_DRAWS):
            drawn = {p: self.distributions[p].at(u) for p, u in zip(paths, next(points), strict=True)}
            values = {path: drawn[path] for path in self.distributions}
            try:
                return Trial(number, values, self.made(values), tuple(refused))
            except ConfigError as error:
                first = first or error
                refused += [f"{p.path}: {p.message}" for p in error.problems]
        raise ConfigError([self._at_space(p) for p in first.problems]) if first else LookupError(number)

    def made(self, values: Mapping[str, Any]) -> Experiment:
        """The experiment with these values. Raises ConfigError if it is not valid."""
        ordered = sorted(values, key=lambda path: (path.count("."), not path.endswith("name")))
        document = read_plain(
            Experiment, override(self._base, {p: values[p] for p in ordered}, Experiment), "sampled config"
        )
        check(document)
        return document.value

    def allows(self, path: str, value: object, others: Mapping[str, Any]) -> bool:
        """Whether a value is possible for this setting beside these of the others."""
        return not self._wrong(path, value, others)

    def _end_problems(self) -> list[Problem]:
        """What the ends of every range, and every option, make of a valid draw, or of the bare config without one."""
        values: Mapping[str, Any] = {}
        problems: list[Problem] = []
        try:
            values = self.trial(1).values
        except ConfigError as error:
            problems += error.problems
        for path, distribution in self.distributions.items():
            wrong = [p for value in distribution.ends() for p in self._wrong(path, value, values)]
            problems += [self._at_space(p) for p in wrong[:1]]
        return list({p.path: p for p in problems}.values())

    def _wrong(self, path: str, value: object, others: Mapping[str, Any]) -> list[Problem]:
        """What is wrong with this setting itself when it has this value."""
        try:
            self.made({**others, path: value})
        except ConfigError as error:
            return [p for p in error.problems if _is_of(p.path, path)]
        return []

    def _at_space(self, problem: Problem) -> Problem:
        """A problem of a sampled config, at the line of the space that it came from."""
        owner = max((path for path in self.distributions if _is_of(problem.path, path)), key=len, default=None)
        if owner is None:
            message = f"no draw makes a valid config; {problem.path}: {problem.message}"
            return self._document.problem(("sweep", "space"), message, key=True)
        itself = owner in (problem.path, f"{problem.path}.name")
        message = problem.message if itself else f"{problem.path}: {problem.message}"
        return self._document.problem(
            ("sweep", "space", owner), message, allowed=problem.allowed, nearest=problem.nearest, key=True
        )


def resolved(document: Document[Experiment]) -> dict[str, Any]:
    """The config with every default written out, but for components whose name is searched.

    These keep what the user wrote: `nesterov` in the place of `adam` starts from its own defaults, not from adam's.
    """
    config: dict[str, Any] = plain(document.value)
    searched = document.value.sweep.space if document.value.sweep else {}
    for path in searched:
        *above, last = path.split(".")
        if last == "name" and above:
            _copy(document.raw, config, above)
    return config


def _copy(written: Any, into: Any, path: list[str]) -> None:
    """Replace what is at the path by what was written there, or by nothing."""
    key, rest = path[0], path[1:]
    if not isinstance(into, dict) or not isinstance(written, dict):
        return
    source, target = cast("dict[str, Any]", written), cast("dict[str, Any]", into)
    if rest and key in source and key in target:
        _copy(source[key], target[key], rest)
    elif key in source:
        target[key] = source[key]
    else:
        target.pop(key, None)


def _ranges(document: Document[Experiment], sweep: SweepSettings, problems: list[Problem]) -> dict[str, Distribution]:
    """What each setting is drawn from; `auto` is looked up."""
    ranges: dict[str, Distribution] = {}
    for path, given in sweep.space.items():
        found = given if isinstance(given, Distribution) else _own_range(document.value, path.split("."))
        if found is None:
            message = f"`{path}` has no search range of its own; write one, for example {{log: [1e-4, 1]}}"
            problems.append(document.problem(("sweep", "space", path), message))
        else:
            ranges[path] = found
    return ranges


def _own_range(settings: Any, path: list[str]) -> Distribution | None:
    """The search range of the setting at a path, as its class declares it."""
    for key in path[:-1]:
        if isinstance(settings, list):
            items = cast("list[Any]", settings)
            settings = items[int(key)] if key.isdecimal() and int(key) < len(items) else None
        else:
            settings = getattr(settings, key, None) if isinstance(settings, Settings) else None
    field = type(settings).model_fields.get(path[-1]) if isinstance(settings, Settings) else None
    extra = cast("dict[str, Any]", field.json_schema_extra) if field and field.json_schema_extra else {}
    return _read(extra["search"]) if "search" in extra else None


def _read(spelled: dict[str, Any]) -> Distribution:
    """A distribution from its spelling in a class: `{"int": [16, 256], "log": True}`."""
    found = read_plain(SweepSettings, {"space": {"it": spelled}}, "search").value.space["it"]
    if not isinstance(found, Distribution):
        raise TypeError(f"a search range cannot be {found}")
    return found


def _metric_problems(document: Document[Experiment], sweep: SweepSettings) -> list[Problem]:
    """What keeps the metric from being measured."""
    known = document.value.data.known()
    wrong = {"classification": "r2", "regression": "accuracy"}[known[1].kind] if known else ""
    part, _, score = sweep.metric.partition("_")
    path = ("sweep", "metric")
    if known and score == wrong:
        right = f"{part}_{'accuracy' if wrong == 'r2' else 'r2'}"
        message = f"{document.value.data.name} is a {known[1].kind}, which has no {score}; did you mean `{right}`?"
        return [document.problem(path, message, nearest=right)]
    if part == "val" and document.value.data.split.val == 0:
        return [document.problem(path, f"{sweep.metric} needs validation rows, but data.split.val is 0")]
    return []


def _is_of(found: str, path: str) -> bool:
    """Whether what was found wrong at one path is about the setting at another: inside it, or on the way to it."""
    return f"{found}.".startswith(f"{path}.") or f"{path}.".startswith(f"{found}.")


def summed(trials: Iterable[Trial]) -> dict[str, int]:
    """How often each reason made a draw invalid."""
    counts: dict[str, int] = {}
    for trial in trials:
        for reason in trial.refused:
            counts[reason] = counts.get(reason, 0) + 1
    return counts
