"""The first steps: check the experiment, cure it if asked to, and find the range of its learning rate."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from time import perf_counter
from typing import Any, cast

from trainlab.core.config import Document
from trainlab.core.errors import UserError
from trainlab.diagnose.finding import Finding
from trainlab.search.experiment import SweepExperiment, read_plain
from trainlab.tools.check import check
from trainlab.tools.fix.suggestion import joined, together, warnings
from trainlab.tools.lr_range import LrRange, lr_range

_CURES = 3  # times that patches are applied, at most
_STEPS, _SEEDS, _LOW, _HIGH = 150, 2, 1e-6, 10.0  # of the range test
_BELOW, _ABOVE = 30.0, 3.0  # times the suggestion, where the loss falls fastest: the ends of the range
_SIGNALS = ("model.activation", "model.norm", "model.init")
_BELOW_BLOW_UP = 0.5  # of the rate where the loss blows up: higher ones are not tried

Step = dict[str, Any]


def checked(config: Mapping[str, Any], space: Sequence[str], *, cure: bool) -> Step:
    """The findings of `check`, and the patch that fixed some if `cure`. failed: the findings that end the tune.

    An error ends it unless its patches concern settings of the space: the search then looks for better values itself.
    """
    patch: dict[str, Any] = {}
    looked = check(read_plain(config))
    found = first = looked.diagnoses
    for _ in range(_CURES if cure else 0):
        now = dict(read_plain(config, patch).raw) if patch else dict(config)
        parts = together(found, {key: value for key, value in now.items() if key != "sweep"})
        if not parts:
            break
        for part in parts:
            patch = joined(patch, part.patch)
        found = check(read_plain(config, patch)).diagnoses
    failed = [one for one in warnings(found) if one.severity == "error" and not _searched(one, space)]
    return {
        "found": [one.as_dict() for one in warnings(first)],
        "left": [one.as_dict() for one in warnings(found)],
        "failed": [one.as_dict() for one in failed],
        "searched": [one.code for one in warnings(found) if _searched(one, space)],
        "patch": patch,
        "train_rows": looked.rows[0],
        "name": looked.name,
        "task": looked.task,
        "rows": list(looked.rows),
    }


def rate_range(config: Mapping[str, Any], rules: Sequence[str], space: Mapping[str, Any], rows: int) -> Step:
    """The range test of each update rule, and the range of the learning rate that follows; None if the tests say
    nothing. Where the space has choices that change the network's signals, another network with the last options is
    tested, too. pace: the seconds of an epoch of so many training rows, for each worker, as far as the tests tell.
    """
    tests: list[Step] = []
    own = read_plain(config).value
    began, steps = perf_counter(), 0
    other = {path: space[path]["choice"][-1] for path in _SIGNALS if "choice" in space.get(path, {})}
    for rule, network in product(rules, [{}, other] if other else [{}]):
        changes = {"optimizer.name": rule} if rule != own.optimizer.name else {}
        found = _tested(read_plain(config, {**changes, **network}))
        if found is not None:
            steps += sum(len(losses) for losses in found.losses)
            measured = {"suggestion": found.suggestion, "blow_up": found.blow_up, "steepest": found.steepest}
            tests.append({"rule": rule, "network": network, **measured})
    per_epoch = math.ceil(rows / own.train.batch_size)
    pace = (perf_counter() - began) / max(1, steps) * per_epoch
    known = [test for test in tests if test["suggestion"] is not None and test["steepest"] is not None]
    rates: list[float] | None = None
    if known:
        low = min(float(test["suggestion"]) for test in known) / _BELOW
        high = max(_highest(float(test["suggestion"]), test["blow_up"]) for test in known)
        rates = [float(f"{low:.1e}"), float(f"{max(high, 10 * low):.1e}")]
    return {"tests": tests, "range": rates, "pace": pace}


def _highest(suggestion: float, blow_up: float | None) -> float:
    """The highest rate that is worth a trial."""
    return min(_ABOVE * suggestion, math.inf if blow_up is None else _BELOW_BLOW_UP * blow_up)


def with_rates(space: Mapping[str, Any], rates: Sequence[float] | None, *, declared: bool) -> dict[str, Any]:
    """The space with the range of the learning rate that the tests suggest. A range that the config declares itself is
    only narrowed, and stays if less than a decade of it would remain.

    >>> with_rates({"optimizer.lr": {"log": [1e-5, 1.0]}}, [1e-3, 10.0], declared=True)
    {'optimizer.lr': {'log': [0.001, 1.0]}}
    """
    found = space.get("optimizer.lr")
    if rates is None or not isinstance(found, dict) or "log" not in found:
        return dict(space)
    own = cast("dict[str, Any]", found)
    low, high = rates
    if declared:
        low, high = max(low, float(own["log"][0])), min(high, float(own["log"][1]))
    return {**space, "optimizer.lr": {**own, "log": [low, high]}} if high >= 10 * low else dict(space)


def first_trials(space: Mapping[str, Any], tests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the first trials of the search try: for each update rule the rate that its test suggests, with the network
    that was tested, and a rate that falls. All else is drawn: a start that is spread evenly serves the model best.
    """
    found: list[dict[str, Any]] = []
    for test in tests:
        if test["suggestion"] is None or test["steepest"] is None:
            continue
        values = {"optimizer.lr": test["suggestion"], "optimizer.name": test["rule"], **test["network"]}
        if "cosine" in space.get("schedule.name", {}).get("choice", ()):
            values["schedule.name"] = "cosine"
        found = [other for other in found if other["optimizer.name"] != test["rule"]]  # the network tested last
        found.append(values)
    return [{path: value for path, value in values.items() if path in space} for values in found]


def _tested(document: Document[SweepExperiment]) -> LrRange | None:
    try:
        return lr_range(document, low=_LOW, high=_HIGH, steps=_STEPS, repeats=_SEEDS)
    except UserError:  # it has no learning rate
        return None


def _searched(finding: Finding, space: Sequence[str]) -> bool:
    """Whether a patch of the finding concerns settings of the space only."""
    return any(all(_within(key, space) for key in patch) for patch in finding.patches)


def _within(key: str, space: Sequence[str]) -> bool:
    return any(path == key or path.startswith(f"{key}.") or key.startswith(f"{path}.") for path in space)
