"""What each step says to people: a title, a verdict and sentences, which the journal keeps beside the numbers."""

from collections.abc import Callable, Mapping
from typing import Any

from trainlab.core.metric_names import lower_is_better
from trainlab.tuning.budget import Budget, spelled_time
from trainlab.tuning.plan import epochs_of

Step = Mapping[str, Any]
_MOST = 8  # changed settings that are listed


def told(name: str, found: Step, steps: Mapping[str, Step]) -> dict[str, Any]:
    """The step with its texts. steps: those before it."""
    kind = name.partition("-")[0]
    title, verdict, text = _TELL[kind](found, steps)
    return {"title": title, "verdict": verdict, "text": [line for line in text if line], **found}


Told = tuple[str, str, list[str]]


def _plan(found: Step, _: Mapping[str, Step]) -> Told:
    budget = Budget(found["budget"]["amount"], found["budget"]["unit"])
    made = "made from the experiment" if found["auto"] else "from the config"
    lines = [f"budget {budget}; trials are compared by {found['metric']}"]
    lines.append(f"{len(found['space'])} settings are searched ({made}): {', '.join(found['space'])}")
    if found.get("unused"):
        by = found["strategy"]["name"]
        listed = ", ".join(found["unused"])
        lines.append(f"of the config's block `sweep` this is not used: {listed}; the budget decides, {by} proposes")
    if found["prior"]:
        lines.append(f"starts from {found['prior_trials']} trials of {found['prior']}")
    return "Plan", "", lines


def _check(found: Step, steps: Mapping[str, Step]) -> Told:
    codes = [finding["code"] for finding in found["found"]]
    left = [finding["code"] for finding in found["left"]]
    rows = "{} rows to train, {} to validate, {} to test".format(*found["rows"])
    lines = [f"{rows}; {found['task']}"]
    if found["failed"]:
        lines += [f"{one['code']}: {one['message']} {one['advice']}" for one in found["failed"]]
        return "Check", "failed", lines
    if found["patch"]:
        lines.append(f"fixed {', '.join(c for c in codes if c not in left)} by {spelled(found['patch'])}")
    searched = found.get("searched", ())
    if curable := [code for code in dict.fromkeys(left) if code in searched]:
        lines.append(f"still there, the search may fix it: {', '.join(curable)}")
    if others := [code for code in dict.fromkeys(left) if code not in searched]:
        how = "" if steps["plan"]["fix"] else "; --fix applies the patches of such findings"
        lines.append(f"still there, not searched: {', '.join(others)}{how}")
    return "Check", "cured" if found["patch"] else "warning" if left else "ok", lines


def _range(found: Step, _: Mapping[str, Step]) -> Told:
    lines: list[str] = []
    for test in found["tests"]:
        said = "the loss does not fall" if test["steepest"] is None else f"suggests {test['suggestion']:.2g}"
        blow = "" if test["blow_up"] is None else f", blows up at {test['blow_up']:.2g}"
        network = f" with {spelled(test['network'])}" if test["network"] else ""
        lines.append(f"{test['rule']}{network}: {said}{blow}")
    if found["range"]:
        low, high = found["range"]
        return "Learning rate", "ok", [*lines, f"rates from {low:.2g} to {high:.2g} are worth a trial"]
    return "Learning rate", "unknown", [*lines, "the range of the learning rate stays as it is"]


def _baselines(found: Step, _: Mapping[str, Step]) -> Told:
    lines: list[str] = []
    for name, of in found.get("scores", {}).items():
        if val := of.get("val"):
            column, value = next(iter(val.items()))
            lines.append(f"{name}: {column} {value:.4g} on the validation rows")
    return "Baselines", "" if lines else "skipped", lines or ["none: the rows are no table with one target"]


def _budget(found: Step, _: Mapping[str, Step]) -> Told:
    why = "" if found["epochs"] == found["base"] else f", instead of {found['base']}, so that enough trials fit"
    lines = [f"first trials of {epochs_of(found['coarse'])}, then full ones of {found['epochs']}{why}"]
    return "Division", "", [*lines, f"at the end the best three are compared over {found['seeds']} seeds"]


def _search(found: Step, steps: Mapping[str, Step]) -> Told:
    metric, number = steps["plan"]["metric"], sum(name.startswith("search-") for name in steps)
    states = ", ".join(f"{count} {state}" for state, count in found["states"].items()) or "none"
    lines = [f"{found['trials']} trials of {epochs_of(found['epochs'])}: {states}"]
    if found["results"]:
        best = (min if lower_is_better(metric) else max)(found["results"], key=lambda result: result["score"])
        lines.append(f"best {metric} {best['score']:.4g} in {best['trial']}: {spelled(best['values'])}")
    return "Refine" if number else "Coarse search", "ok" if found["results"] else "nothing finished", lines


def _spread(found: Step, _: Mapping[str, Step]) -> Told:
    if found["spread"] is None:
        return "Spread over seeds", "unknown", ["no further run of the best trial has finished"]
    listed = ", ".join(f"{score:.4g}" for score in found["scores"])
    return (
        "Spread over seeds",
        "",
        [f"{found['trial']} with {len(found['scores'])} seeds: {listed}; standard deviation {found['spread']:.2g}"],
    )


def _decide(found: Step, steps: Mapping[str, Step]) -> Told:
    lines = list(found["reasons"])
    if not found["stop"]:
        return (
            "Decision",
            "continue",
            lines or ["nothing in the curves of the best trials asks for a change: search on"],
        )
    if found["left"]:
        spread = steps["spread"]["spread"]
        gain, left = found["gain"], found["left"]
        lines.append(f"further trials are expected to gain {gain:.2g}, less than the spread over seeds, {spread:.2g}")
        lines.append(f"the rest of the budget would have taken {spelled_time(left['seconds'])} more")
    return "Decision", "stop", [*lines, found["stop"]]


def _confirm(found: Step, steps: Mapping[str, Step]) -> Told:
    metric, lines = steps["plan"]["metric"], list[str]()
    for row in found["candidates"]:
        if row["mean"] is None:
            lines.append(f"{row['trial']}: no run has finished")
            continue
        around = "" if row["low"] is None else f" ({row['low']:.4g} to {row['high']:.4g})"
        against = row.get("against")
        told = ""
        if against:
            how = "worse" if against["clear"] else "not told apart from the first"
            told = f"; {how}: difference {against['difference']:+.2g} ({against['low']:+.2g} to {against['high']:+.2g})"
        count = len(row["scores"])
        lines.append(f"{row['trial']}: {metric} {row['mean']:.4g}{around} over {count} seed{'s' * (count > 1)}{told}")
    if found["winner"] is None:
        return "Confirm the winner", "failed", lines or ["no trial has finished"]
    return "Confirm the winner", "ok", [*lines, f"the winner is {found['winner']['trial']}"]


def _test(found: Step, steps: Mapping[str, Step]) -> Told:
    if not found["scores"]:
        return "Test rows", "skipped", ["there are no test rows" if not found["rows"] else "there is no winner"]
    lines: list[str] = []
    for name in found["shown"]:
        one = found["scores"][name]
        around = "" if one["low"] is None else f" ({one['low']:.4g} to {one['high']:.4g})"
        lines.append(f"{name} {one['mean']:.4g}{around} on {found['rows']} test rows, mean of {found['runs']} runs")
    name = found["shown"][0]
    own, verdict = found["scores"][name]["mean"], "ok"
    known = {who: of[name] for who, of in found["baselines"].items() if name in of}
    if known:
        falls = lower_is_better(name)
        ahead = (min if falls else max)(known, key=lambda who: known[who])
        listed = ", ".join(f"{who} {value:.4g}" for who, value in known.items())
        lines.append(f"on the same rows: {listed}")
        better = own < known[ahead] if falls else own > known[ahead]
        verdict = "ahead" if better else "behind"
        worth = "the network is ahead of all of them" if better else f"{ahead} is at least as good, and cheaper"
        told = f"{own:.4g}" != f"{known[ahead]:.4g}"  # a gap that the numbers above do not show is none
        lines.append(worth + (f" ({abs(own - known[ahead]):.2g})" if told else ""))
    return "Test rows", verdict, lines


def _end(found: Step, _: Mapping[str, Step]) -> Told:
    if found["winner"] is None:
        return "End", "failed", ["no network was found: look at the failed trials of the rounds"]
    changes = {change["setting"]: change["winner"] for change in found["changes"]}
    lines = [f"changed from the given config: {spelled(changes)}"] if changes else ["the given config is the winner"]
    return "End", "ok", lines


def spelled(values: Mapping[str, Any]) -> str:
    """Settings in one line: `optimizer.lr=0.01, model.hidden=[64, 64]`."""
    listed = [f"{path}={_short(value)}" for path, value in values.items()]
    return ", ".join([*listed[:_MOST], *([f"and {len(listed) - _MOST} more"] if len(listed) > _MOST else [])])


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


_TELL: Mapping[str, Callable[[Step, Mapping[str, Step]], Told]] = {
    "plan": _plan,
    "check": _check,
    "range": _range,
    "baselines": _baselines,
    "budget": _budget,
    "search": _search,
    "spread": _spread,
    "decide": _decide,
    "confirm": _confirm,
    "test": _test,
    "end": _end,
}
