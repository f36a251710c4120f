"""The search space: the range of each setting, and the configs that its values make.

Everything is checked before the first trial: an unknown path, an end of a range that the setting does not allow, a
condition that never holds. If only a combination of values is invalid, the trial is drawn again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, cast

from trainlab.core.component import Settings, plain
from trainlab.core.config import Document, amended, nodes, override, read_plain, variant
from trainlab.core.problem import ConfigError, Problem, clipped
from trainlab.core.types import Task
from trainlab.search.auto_space import auto_space
from trainlab.search.condition import Conditions
from trainlab.search.distribution import Distribution
from trainlab.search.distributions.choice import Choice
from trainlab.search.experiment import SweepExperiment
from trainlab.search.settings import SweepSettings
from trainlab.search.strategy import Budget, PastTrial, SampleRequest
from trainlab.training.best import AUTO, BEST, measured_columns, unmeasured
from trainlab.training.completion import completed_by_data
from trainlab.training.monitor_settings import ERROR
from trainlab.training.setup import check

_TASKS = (  # that a file may turn out to hold
    Task("classification", 2, ordered=True),
    Task("multilabel", 2),
    Task("regression", 1),
)
_MOST_DRAWS = 100  # of one trial, before the space counts as impossible
_FEWEST = 3  # values that a range is narrowed to, at least


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: its number (from 1), its values by path, its whole config, and why earlier draws were invalid.

    A setting whose condition does not hold has no value: it keeps the config's.
    """

    number: int
    values: Mapping[str, Any]
    experiment: SweepExperiment
    refused: tuple[str, ...] = ()


class SearchSpace:
    """The search space of a config. Raises ConfigError, located in the `sweep` block, if it is invalid.

    prior: the trials of an earlier sweep of the same settings, which the strategy starts from.
    """

    def __init__(self, document: Document[SweepExperiment], prior: Sequence[PastTrial] = ()) -> None:
        sweep = document.value.sweep
        if sweep is None:
            message = (
                "there is no `sweep` block in this config; `trainlab new sweep` shows one, `trainlab tune` needs none"
            )
            raise document.error((), message)
        check(document)
        document = completed_by_data(document)  # the epochs are the sweep's budget
        if sweep.space == "auto":
            document = amended(document, {"sweep.space": auto_space(document.value)})
            sweep = cast("SweepSettings", document.value.sweep)
        self._document = document
        self.sweep: SweepSettings = sweep
        self.prior = prior
        self.monitors = document.value.monitors
        budget = Budget(sweep.trials, document.value.train.epochs, sweep.stages, len(prior))
        self.cohorts = sweep.strategy.cohorts(budget)
        self.config = resolved(document)
        if sweep.strategy.sets_epochs and any(cohort.waits for cohort in self.cohorts):
            self.config["sweep"]["stages"] = [
                {"trials": len(c.trials), "epochs": c.epochs, "zoom": c.zoom, "keep": c.keep} for c in self.cohorts
            ]
        self._base = {key: value for key, value in self.config.items() if key != "sweep"}
        problems = _metric_problems(document, sweep)
        if not problems:  # or each draw would be refused for the same mistake
            _pin(self._base, document.value, sweep.metric)
        self._nodes = nodes(SweepExperiment, self._base, "sampled config")
        problems += [*_epoch_problems(document, sweep), *_first_problems(document, sweep)]
        self.distributions = _ranges(document, sweep, problems)
        self._conditions = Conditions(self.distributions, plain(document.value))
        self._ranges: list[Mapping[str, Distribution]] = [self.distributions]
        problems += [self._at(path, message) for path, message in self._conditions.problems()]
        problems += self._end_problems()
        if problems:
            raise ConfigError(problems)

    def compare_by(self, metric: str) -> None:
        """Compare the trials by this metric, where the config names none."""
        self.sweep = self.sweep.model_copy(update={"metric": metric})
        self.config["sweep"]["metric"] = metric
        _pin(self._base, self._document.value, metric)
        self._nodes = nodes(SweepExperiment, self._base, "sampled config")

    def trial(self, number: int, past: Sequence[PastTrial] = ()) -> Trial:
        """The trial with this number: a function of the config, the number and, if its cohort waits, the past.

        past: all trials of earlier cohorts. Raises ConfigError if a hundred draws make no valid config.
        """
        cohort = self.cohorts[self.cohort_of(number)]
        draws = self._draws(number, past if cohort.waits else ())
        first: ConfigError | None = None
        refused: list[str] = []
        for _ in range(_MOST_DRAWS):
            try:
                values = self._active(next(draws))
                return Trial(number, values, self.made(values, cohort.epochs), tuple(refused))
            except ConfigError as error:
                first = first or error
                refused += [f"{p.path}: {p.message}" for p in error.problems]
        raise ConfigError([self._at_space(p) for p in first.problems]) if first else LookupError(number)

    def cohort_of(self, number: int) -> int:
        """The index of the trial's cohort."""
        return next(i for i, cohort in enumerate(self.cohorts) if number in cohort.trials)

    def ranges(self, index: int, past: Sequence[PastTrial]) -> Mapping[str, Distribution]:
        """The ranges of a cohort, narrowed around the best earlier trials if the cohort zooms."""
        while len(self._ranges) <= index:
            last, cohort = self._ranges[-1], self.cohorts[len(self._ranges)]
            best: Sequence[PastTrial] = self._best_before(len(self._ranges), past) if cohort.zoom < 1 else ()
            self._ranges.append(self._narrowed(last, best) if best else last)
        return self._ranges[index]

    def made(self, values: Mapping[str, Any], epochs: int | None = None) -> SweepExperiment:
        """The experiment with these values. Raises ConfigError if it is not valid."""
        changes = _ordered(values if epochs is None else {**values, "train.epochs": epochs})
        document = variant(SweepExperiment, self._nodes, changes)
        check(document)
        return document.value

    def runs(self, experiment: SweepExperiment, *, rescued: bool = False) -> list[SweepExperiment]:
        """The experiment of each run folder of a trial, repeat by repeat, and fold by fold within a repeat.

        A `rescued` run is not stopped for a bad score.
        """
        sweep, data, monitors = self.sweep, experiment.data, experiment.monitors
        if sweep.stop_bad_trials and not rescued and ERROR not in monitors.stop_on:
            monitors = monitors.model_copy(update={"stop_on": [*monitors.stop_on, ERROR]})
        folds = [data.split.model_copy(update={"folds": sweep.folds, "fold": k + 1}) for k in range(sweep.folds or 0)]
        return [
            experiment.model_copy(
                update={
                    "seed": experiment.seed + repeat,
                    "monitors": monitors,
                    "data": data.model_copy(update={"split": split}),
                }
            )
            for repeat in range(sweep.repeats)
            for split in (folds or [data.split])
        ]

    def allows(self, path: str, value: object, others: Mapping[str, Any]) -> bool:
        """Whether the setting can have this value together with these values of the others."""
        return not self._wrong(path, value, others)

    def _draws(self, number: int, past: Sequence[PastTrial]) -> Iterator[dict[str, Any]]:
        """Values of all settings, whether or not their conditions hold; the next ones if a config is invalid."""
        index = self.cohort_of(number)
        cohort, ranges = self.cohorts[index], self.ranges(index, past)
        paths = sorted(ranges)  # so the order in the file changes nothing
        chosen = {path: ranges[path] for path in paths}
        seed, trials = self._document.value.seed, self.sweep.trials
        request = SampleRequest(seed, number, trials, chosen, past, cohort.drawn, self.prior)
        place = number - cohort.trials.start
        best: Sequence[PastTrial] = self._best_before(index, past) if place < cohort.keep else ()
        kept: Mapping[str, Any] = best[place].values if place < len(best) else {}
        kept = {**kept, **self.sweep.first[number - 1]} if number <= len(self.sweep.first) else kept
        for point in self.sweep.strategy.points(request):
            drawn = {path: ranges[path].at(u) for path, u in zip(paths, point, strict=True)}
            yield {path: kept.get(path, drawn[path]) for path in self.distributions}
            kept = {}

    def _active(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """The values whose conditions hold, in the order of the space."""
        values = self._conditions.met(drawn, self._overridden) if self._conditions else dict(drawn)
        return {path: values[path] for path in self.distributions if path in values}

    def _overridden(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return override(self._base, _ordered(values), SweepExperiment)

    def _best_before(self, index: int, past: Sequence[PastTrial]) -> Sequence[PastTrial]:
        """The best share (`zoom`) of the earlier trials with as many epochs as the cohort before."""
        cohort, epochs = self.cohorts[index], self.cohorts[index - 1].epochs
        alike = {n for c in self.cohorts[:index] if c.epochs == epochs for n in c.trials}
        known = [k for k in past if k.trial in alike and k.score is not None]
        ranked = sorted(known, key=lambda k: (k.score, k.trial))
        return ranked[: max(_FEWEST, ceil(len(ranked) * cohort.zoom))]

    def _narrowed(self, ranges: Mapping[str, Distribution], best: Sequence[PastTrial]) -> Mapping[str, Distribution]:
        """The ranges around these trials; `best[0]` is the best one."""
        found: dict[str, Distribution] = {}
        for path, distribution in ranges.items():
            values = [k.values[path] for k in best if path in k.values]
            if len(values) < _FEWEST:
                found[path] = distribution
                continue
            grown = distribution.around(values, grow=True)
            allowed = all(self.allows(path, end, best[0].values) for end in grown.ends())
            found[path] = grown if allowed else distribution.around(values, grow=False)
        return found

    def _end_problems(self) -> list[Problem]:
        """Check the ends of every range, and every option, within a valid draw, or within the config without one."""
        drawn: Mapping[str, Any] = {}
        problems: list[Problem] = []
        try:
            drawn = self._first_valid()
        except ConfigError as error:
            problems += error.problems
        for path, distribution in self.distributions.items():
            values: Mapping[str, Any] = {}
            if drawn:
                values = self._active(self._conditions.forced(path, drawn))
                if path not in values:
                    continue  # its problems are known already
            wrong = [p for value in distribution.ends() for p in self._wrong(path, value, values)]
            problems += [self._at_space(p) for p in wrong[:1]]
        return list({p.path: p for p in problems}.values())

    def _first_valid(self) -> Mapping[str, Any]:
        """All values of the first trial, also those whose condition does not hold."""
        values = self.trial(1).values
        return next(drawn for drawn in self._draws(1, ()) if self._is(drawn, values))

    def _is(self, drawn: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
        try:
            return self._active(drawn) == values
        except ConfigError:
            return False

    def _wrong(self, path: str, value: object, others: Mapping[str, Any]) -> list[Problem]:
        """The problems of this setting itself with this value."""
        try:
            self.made({**others, path: value})
        except ConfigError as error:
            return [p for p in error.problems if _is_of(p.path, path)]
        return []

    def _at(self, path: str, message: str) -> Problem:
        return self._document.problem(("sweep", "space", path), message, key=True)

    def _at_space(self, problem: Problem) -> Problem:
        """A problem of a drawn config, located at its line of the space."""
        owner = max((path for path in self.distributions if _is_of(problem.path, path)), key=len, default=None)
        if owner is None:
            message = f"no draw makes a valid config; {problem.path}: {problem.message}"
            return self._document.problem(("sweep", "space"), message, key=True)
        itself = owner in (problem.path, f"{problem.path}.name")
        message = problem.message if itself else f"{problem.path}: {problem.message}"
        only = self.distributions[owner].ends()[0]
        if itself and isinstance(only, list):
            message += f"; to search among several values, write {{choice: {clipped(str(cast('list[Any]', only)))}}}"
        return self._document.problem(
            ("sweep", "space", owner), message, allowed=problem.allowed, nearest=problem.nearest, key=True
        )


def resolved(document: Document[SweepExperiment]) -> dict[str, Any]:
    """The config with all defaults, except for components whose name is searched.

    These keep what the user wrote: `nesterov` instead of `adam` starts from its own defaults, not from adam's.
    """
    config: dict[str, Any] = plain(document.value)
    searched = document.value.sweep.settings if document.value.sweep else {}
    for path in searched:
        *above, last = path.split(".")
        if last == "name" and above:
            _copy(document.raw, config, above)
    return config


def _ordered(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in the order in which they are set: a component before its parts, its name before its settings."""
    paths = sorted(values, key=lambda path: (path.count("."), not path.endswith("name")))
    return {path: values[path] for path in paths}


def _copy(written: Any, into: Any, path: list[str]) -> None:
    """Replace the value at the path by the user's, or remove it if the user wrote none."""
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


def _ranges(
    document: Document[SweepExperiment], sweep: SweepSettings, problems: list[Problem]
) -> dict[str, Distribution]:
    """The range of each setting; `auto` is looked up in its class."""
    ranges: dict[str, Distribution] = {}
    for path, given in sweep.settings.items():
        found = _own_range(document.value, path.split(".")) if given == "auto" else given
        if given != "auto" and not isinstance(found, Distribution):
            found = Choice(options=[found])
        if found is None:
            message = f"`{path}` has no search range of its own; write one, for example {{log: [1e-4, 1]}}"
            problems.append(document.problem(("sweep", "space", path), message))
        else:
            ranges[path] = cast("Distribution", found)
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
    found = read_plain(SweepSettings, {"space": {"it": spelled}}, "search").value.settings["it"]
    if not isinstance(found, Distribution):
        raise TypeError(f"a search range cannot be {found}")
    return found


def _metric_problems(document: Document[SweepExperiment], sweep: SweepSettings) -> list[Problem]:
    """Reasons why the metric cannot be measured."""
    experiment, known = document.value, document.value.data.known()
    wrong = "" if not known else "accuracy" if known[1].kind == "regression" else "r2"
    part, _, score = sweep.metric.partition("_")
    path = ("sweep", "metric")
    if known and score == wrong:
        right = f"{part}_{'accuracy' if wrong == 'r2' else 'r2'}"
        message = f"{experiment.data.name} is a {known[1].kind}, which has no {score}; did you mean `{right}`?"
        return [document.problem(path, message, nearest=right)]
    tasks = [known[1]] if known else _TASKS
    columns = [BEST, *(column for task in tasks for column in measured_columns(experiment, task))]
    if sweep.metric not in columns:
        message, near = unmeasured(sweep.metric, experiment, tasks)
        return [document.problem(path, message, allowed=columns, nearest=near)]
    if part == "val" and not (experiment.data.split.validates or sweep.folds):
        return [document.problem(path, f"{sweep.metric} needs validation rows, but data.split.val is 0")]
    return []


def _pin(base: dict[str, Any], experiment: SweepExperiment, metric: str) -> None:
    """Let the trials keep their best epoch by the sweep's metric, unless the config names another one for that."""
    rule = experiment.train.early_stopping
    if metric != BEST and experiment.train.best == AUTO and (rule is None or rule.metric == BEST):
        base["train"] = {**base["train"], "best": metric}


def _epoch_problems(document: Document[SweepExperiment], sweep: SweepSettings) -> list[Problem]:
    """The problem that both the strategy and the space set the epochs."""
    if sweep.strategy.sets_epochs and "train.epochs" in sweep.settings:
        message = f"`{sweep.strategy.name}` sets the epochs of each trial; remove `train.epochs` from the space"
        return [document.problem(("sweep", "space", "train.epochs"), message, key=True)]
    return []


def _first_problems(document: Document[SweepExperiment], sweep: SweepSettings) -> list[Problem]:
    """The settings of the first trials that are not in the space."""
    pairs = [(i, path) for i, values in enumerate(sweep.first) for path in values if path not in sweep.settings]
    message = "this setting is not in the space: put it there, or leave it out here"
    return [document.problem(("sweep", "first", str(i), path), message, key=True) for i, path in pairs]


def _is_of(found: str, path: str) -> bool:
    """Whether a problem at one path concerns the setting at another: one path is a prefix of the other."""
    return f"{found}.".startswith(f"{path}.") or f"{path}.".startswith(f"{found}.")


def summed(refused: Iterable[Iterable[str]]) -> dict[str, int]:
    """How often each reason made a draw invalid, from the reasons of each trial."""
    return dict(Counter(reason for reasons in refused for reason in reasons))
