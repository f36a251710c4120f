"""Tree-structured Parzen estimators, by Optuna."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.search.distribution import BELOW_ONE, Distribution
from trainlab.search.distributions.choice import Choice
from trainlab.search.strategy import Budget, Cohort, PastTrial, SampleRequest, Strategy, at_random, generations

_WORST = 1e300  # the score of a trial without one: TPE then avoids its region


class Tpe(Strategy, name="tpe"):
    """Optuna's TPE: draws from regions that have many good trials and few bad ones.

    The first `startup` trials are random; trials of an earlier sweep replace them. Then trials are drawn in
    generations, each from the results of all earlier ones. A generation is drawn as a whole, so the number of workers
    does not change the trials: workers beyond `generation` wait. Needs the extra `trainlab[tpe]`.

    Source: Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"; Optuna's TPESampler.
    """

    startup: Count = setting(10, "random trials at the start")
    generation: Count = setting(4, "trials that are drawn together, from the same earlier results")

    @model_validator(mode="after")
    def _installed(self) -> Self:
        if find_spec("optuna") is None:
            raise PydanticCustomError("extra", "`tpe` needs Optuna; install it with: pip install 'trainlab[tpe]'")
        return self

    def cohorts(self, budget: Budget) -> list[Cohort]:
        """The random start, then the generations."""
        return generations(budget, self.startup, self.generation)

    def points(self, request: SampleRequest) -> Iterator[Sequence[float]]:
        """TPE's proposals; random at the start and if the configs of the proposals are invalid."""
        if request.past or request.prior:
            for attempt in range(_PROPOSALS):
                yield _proposed(request, attempt)
        yield from at_random(request)


_PROPOSALS = 5  # tried before a random point


def _proposed(request: SampleRequest, attempt: int) -> list[float]:
    """A point that Optuna proposes, from a new study of the earlier trials."""
    optuna: Any = import_module("optuna")  # an extra without types
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sides = {path: _side(optuna, found) for path, found in request.ranges.items()}
    seed = (request.seed * 1_000_003 + request.trial * _PROPOSALS + attempt) % 2**32
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=0)
    study = optuna.create_study(sampler=sampler, storage=optuna.storages.InMemoryStorage())
    for known in (*(prior for prior in request.prior if _fits(prior, request.ranges)), *request.past):
        study.add_trial(_optuna_trial(optuna, known, request.ranges, sides))
    proposed: dict[str, Any] = study.ask(sides).params
    return [_unit(found, proposed[path]) for path, found in request.ranges.items()]


def _unit(found: Distribution, proposed: float) -> float:
    """The point in [0, 1) of a proposed value; for a choice, Optuna proposes the index of an option."""
    return (proposed + 0.5) / len(found.options) if isinstance(found, Choice) else min(proposed, BELOW_ONE)


def _optuna_trial(optuna: Any, known: PastTrial, ranges: Mapping[str, Distribution], sides: dict[str, Any]) -> Any:
    """An earlier trial in Optuna's form."""
    params: dict[str, Any] = {}
    for path, value in known.values.items():
        found = ranges[path]
        if isinstance(found, Choice):
            params[path] = found.options.index(value)
        else:
            params[path] = found.share(value)
    score = _WORST if known.score is None else known.score
    drawn = {path: sides[path] for path in params}
    return optuna.trial.create_trial(params=params, distributions=drawn, value=score)


def _fits(known: PastTrial, ranges: Mapping[str, Distribution]) -> bool:
    """Whether a trial of an earlier sweep has options only that this one has, too."""
    chosen = ((ranges[path], value) for path, value in known.values.items())
    return all(value in found.options for found, value in chosen if isinstance(found, Choice))


def _side(optuna: Any, found: Distribution) -> Any:
    """A range in Optuna's form: the unit interval, or the indices of the options."""
    if isinstance(found, Choice):
        return optuna.distributions.CategoricalDistribution(list(range(len(found.options))))
    return optuna.distributions.FloatDistribution(0.0, 1.0)
