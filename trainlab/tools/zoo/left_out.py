"""How well the findings hold on a data set that nothing was chosen on: each data set of the zoo is left out once.

What is chosen: the confidence of each finding, counted on the other data sets (how many of the runs with it are
faulty), and the least confidence that counts as an alarm, which separates the other data sets' faulty and healthy runs
best. The data set that was left out is then judged with both. The gap to the same choice on all data sets tells how
much the choice owes to the data that it was made on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.tools.zoo.result import Result, Verdict

FEWEST = 3  # faulty and healthy runs of a data set that is left out
Rule = tuple[str, bool, bool]  # code, whether its severity is info, whether another finding led to it
Labelled = Sequence[tuple[Verdict, bool]]


@dataclass(frozen=True, slots=True)
class Share:
    """Of one data set: the mean of the shares of faulty runs detected and of healthy runs left in peace, and the share
    of faults that were named; with everything chosen on all data sets (`inside`) and on the others (`outside`).
    """

    data: str
    faulty: int
    healthy: int
    inside: float
    outside: float
    named_inside: float
    named_outside: float


def left_out(result: Result) -> list[Share]:
    """The shares of each data set that has enough runs, the largest gap first."""
    good, bad = result.judged()
    runs = [(v, True) for v in [*result.of("fault"), *bad]] + [(v, False) for v in [*result.of("healthy"), *good]]
    whole = _chosen(runs)
    shares: list[Share] = []
    for data in sorted({_data(v) for v, _ in runs}):
        own = [(v, sick) for v, sick in runs if _data(v) == data]
        sick = sum(sick for _, sick in own)
        if min(sick, len(own) - sick) >= FEWEST:
            others = _chosen([(v, sick) for v, sick in runs if _data(v) != data])
            inside, outside = (_balanced(own, *chosen) for chosen in (whole, others))
            names = [_named(own, known) for known in (whole[0], others[0])]
            shares.append(Share(data, sick, len(own) - sick, inside, outside, *names))
    return sorted(shares, key=lambda share: share.outside - share.inside)


def gap(shares: Sequence[Share]) -> float:
    """The mean of inside minus outside over the data sets."""
    return sum(s.inside - s.outside for s in shares) / len(shares) if shares else float("nan")


def as_data(shares: Sequence[Share]) -> dict[str, Any]:
    """The shares and their mean gaps as plain data."""
    rows = [{name: getattr(s, name) for name in Share.__slots__} for s in shares]
    named = sum(s.named_inside - s.named_outside for s in shares) / len(shares) if shares else float("nan")
    return {"data_sets": rows, "gap": gap(shares), "named_gap": named}


def _data(verdict: Verdict) -> str:
    return str(verdict.case.raw["data"]["name"])


def _rules(verdict: Verdict) -> list[Rule]:
    return list(dict.fromkeys((code, severity == "info", code in verdict.led) for code, severity, _ in verdict.found))


def _chosen(runs: Labelled) -> tuple[Mapping[Rule, float], float]:
    """The confidence of each rule, and the least one that is an alarm."""
    counts: dict[Rule, list[int]] = {}
    for verdict, sick in runs:
        for rule in _rules(verdict):
            count = counts.setdefault(rule, [0, 0])
            count[0] += sick
            count[1] += 1
    known = {rule: (right + 1) / (said + 2) for rule, (right, said) in counts.items()}
    levels = sorted({round(c, 3) for c in known.values()} | {0.5, 1.0})
    # of equally good levels the middle one: it is the farthest from both kinds of mistakes
    best = max(_balanced(runs, known, level) for level in levels)
    equal = [level for level in levels if _balanced(runs, known, level) == best]
    return known, equal[len(equal) // 2]


def _balanced(runs: Labelled, known: Mapping[Rule, float], least: float) -> float:
    """The mean of the shares of faulty runs with an alarm and of healthy runs without one."""
    alarms = [(any(_confidence(rule, known) >= least for rule in _rules(v)), sick) for v, sick in runs]
    sick, sound = [a for a, s in alarms if s], [a for a, s in alarms if not s]
    return (sum(sick) / max(1, len(sick)) + 1 - sum(sound) / max(1, len(sound))) / 2


def _confidence(rule: Rule, known: Mapping[Rule, float]) -> float:
    """Of a rule; one that was never seen counts as its severity says."""
    return known.get(rule, 0.25 if rule[1] else 0.75)


def _named(runs: Labelled, known: Mapping[Rule, float]) -> float:
    """The share of faults for which a right code is among the first two warnings in the order of these confidences."""
    faults = [v for v, _ in runs if v.case.kind == "fault"]
    right = 0
    for verdict in faults:
        codes = [rule for rule in _rules(verdict) if not rule[1]]
        codes.sort(key=lambda rule: (rule[2], -round(_confidence(rule, known), 1)))
        right += any(code in verdict.case.expect for code, _, _ in codes[:2])
    return right / len(faults) if faults else 1.0
