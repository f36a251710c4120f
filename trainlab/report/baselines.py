"""How a run compares with the simpler models that were fitted on its training rows (`baselines: true`)."""

from collections.abc import Mapping
from typing import Any

from trainlab.core.metric_names import lower_is_better
from trainlab.report.json_fields import number, table
from trainlab.report.text import number as readable

_SPLITS = {"test": "test rows", "val": "validation rows"}


def beside(facts: Mapping[str, Any], test: Mapping[str, float] | None, best: Mapping[str, float]) -> str:
    """The baselines' scores on the rows that the run was scored on, the best first, and who is ahead.

    facts: of data.json · test: the run's scores on the test rows, if there are any · best: its best scores on the
    validation rows by metric, `val_accuracy`. Empty where there are no baselines.

    >>> scores = {"linear model": {"test": {"accuracy": 0.8}}, "HistGradientBoosting": {"test": {"accuracy": 0.9}}}
    >>> beside({"baselines": {"scores": scores}}, {"accuracy": 0.85}, {})
    'accuracy on the same test rows: HistGradientBoosting 0.9, linear model 0.8. HistGradientBoosting is ahead by 0.05'
    """
    scores = table(table(facts, "baselines"), "scores")
    split = "test" if test else "val"
    own = dict(test or {name.removeprefix("val_"): value for name, value in best.items()})
    for metric in {name: None for of in scores.values() for name in table(of, split)}:
        found = {name: number(table(of, split), metric) for name, of in scores.items()}
        known = {name: value for name, value in found.items() if value is not None}
        falls = lower_is_better(metric)
        order = sorted(known, key=lambda name: known[name], reverse=not falls)
        if not order:
            continue
        listed = ", ".join(f"{name} {readable(known[name])}" for name in order)
        text = f"{metric} on the same {_SPLITS[split]}: {listed}"
        if metric not in own:
            return text
        lead = (known[order[0]] - own[metric]) if falls else (own[metric] - known[order[0]])
        ahead = "the network" if lead > 0 else order[0]
        return f"{text}. {ahead[0].upper()}{ahead[1:]} is ahead by {readable(abs(lead))}" if lead else text
    return ""
