"""The evidence of a finding as a picture: its curve or layer, with the moment marked."""

import math
from typing import Any

from trainlab.report.findings import FindingGroup
from trainlab.report.json_fields import number, table, texts, whole
from trainlab.report.pictures._curves import chance, in_epochs, known, last_epoch, metric, score_name
from trainlab.report.pictures._kit import (
    altair,
    axis_x,
    axis_y,
    end_label,
    is_log,
    layered,
    level,
    moment,
    placed,
    values,
)
from trainlab.report.pictures._layers import measured
from trainlab.report.pictures.numbers import listing, readable
from trainlab.report.pictures.picture import Chart, Picture, Table
from trainlab.report.pictures.thinning import at_most, band
from trainlab.report.roof import roof_of_run
from trainlab.store.reading import RunRecord

_HEIGHT = 190
_LAYER = {  # the quantity of layers.csv to draw
    "dead-relu": "dead",
    "saturated-activation": "saturated",
    "vanishing-gradient": "grad_norm",
    "unchanging-weights": "update_ratio",
    "symmetric-init": "std",
    "signal-collapse": "std",
    "signal-explosion": "std",
}
_STEP = {  # the column of steps.csv to draw
    "exploding-gradient": ("grad_norm", "gradient norm"),
    "update-ratio-high": ("update_ratio", "update : weight"),
    "update-ratio-low": ("update_ratio", "update : weight"),
    "lr-too-low": ("update_ratio", "update : weight"),
    "bad-schedule": ("lr", "learning rate"),
}
_CURVE = {
    "diverged", "exploding-loss", "loss-not-decreasing", "plateau", "oscillating-loss", "lr-too-high", "noisy-loss",
    "momentum-too-high", "over-regularized", "overfitting", "overtraining", "underfitting", "corrupt-labels",
    "train-eval-mismatch", "not-converged", "noisy-eval", "initial-loss", "split-mismatch", "leaked-rows", "unshuffled",
}  # fmt: skip
_SCORE = {"corrupt-labels", "noisy-eval", "underfitting"}  # the score shows it better than the loss
_BARS = {"counts": "rows", "spreads": "spread", "baselines": "score", "gradients": "gradient", "errors": "error"}


def picture(record: RunRecord, found: FindingGroup) -> Picture | None:
    """The picture of a finding, None where there is nothing to draw."""
    layer = _LAYER.get(found.code)
    made = None
    if layer and found.code != "symmetric-init":
        made = _of_layers(record, found, layer)
    if made is None and found.code in _STEP:
        made = _of_steps(record, found, *_STEP[found.code])
    if made is None:
        made = _of_bars(record, found)
    if made is None and (found.code in _CURVE or layer):
        made = _of_curves(record, found)
    return made


def _at(record: RunRecord, found: FindingGroup) -> float | None:
    """The epoch to mark: the best epoch if the finding is about the epochs after it."""
    best = number(table(found.first, "evidence"), "best_epoch")
    if best is not None:
        return best
    if found.step is not None:
        return in_epochs(record, [found.step])[0]
    return float(found.epoch) if found.epoch is not None else None


def _marked(record: RunRecord, found: FindingGroup) -> list[Chart]:
    at = _at(record, found)
    if at is None:
        return []
    name = "best epoch" if "best_epoch" in table(found.first, "evidence") else "found here"
    return moment(at, name, last_epoch(record, [at]))


def _of_curves(record: RunRecord, found: FindingGroup) -> Picture | None:
    """Training and validation curve."""
    name = score_name(record)
    score = found.code in _SCORE and bool(name)
    what = name if score else "loss"
    train, val = metric(record, f"train_{what}"), metric(record, f"val_{what}")
    if not score and record.steps.get("loss"):
        thin = band(in_epochs(record, record.steps["step"]), record.steps["loss"], 160)
        train = list(zip(thin["x"], thin["smooth"], strict=True)) or train
    if not train and not val:
        return None
    most = max(y for _, y in [*train, *val])
    log = not score and is_log(y for _, y in [*train, *val])
    top = math.inf if score else roof_of_run([y for _, y in train], [y for _, y in val])
    train, val = ([(x, min(y, top)) for x, y in points] for points in (train, val))
    drawn = [y for _, y in [*train, *val]]
    axis = axis_y({"loss": "loss", "accuracy": "accuracy", "r2": "R²"}[what], drawn, log=log)
    guess = chance(record, what)
    charts: list[Chart] = []
    if guess is not None and min(drawn) <= guess <= 1.5 * max(drawn):
        charts += level(guess, f"chance: {readable(guess)}")
    series = {"train": train, "val": val}
    ends = [(key, points[-1][1]) for key, points in series.items() if points]
    moved = placed([*ends, ("", max(drawn)), ("", min(drawn))], _HEIGHT, log=log)
    for key, points in series.items():
        if points:
            charts += _line([(x, y) for x, y in points if not log or y > 0], key, axis)
            label = {"train": "train", "val": "validation"}[key]
            charts.append(end_label(*points[-1], label, f"{key}-label", axis, moved.get(key, 0.0)))
    rows = [[x, y, dict(val).get(x)] for x, y in at_most(metric(record, f"train_{what}"), 20)]
    more = f" Above {readable(top)} they leave the picture; the highest is {readable(most)}." if most > top else ""
    return _made(record, found, charts, Table(["epoch", f"train {what}", f"validation {what}"], rows), more)


def _of_steps(record: RunRecord, found: FindingGroup, column: str, title: str) -> Picture | None:
    steps = record.steps
    points = known(in_epochs(record, steps["step"]), steps[column]) if steps.get(column) else metric(record, column)
    thin = band([x for x, _ in points], [y for _, y in points], 160)
    if not thin["x"]:
        return None
    log = column != "lr"
    rows = list(zip(thin["x"], thin["smooth"], strict=True))
    shown = [(x, y) for x, y in rows if y > 0] if log else rows
    if not shown:
        return None
    threshold = _threshold(found)
    limits = [threshold] if threshold is not None and column == "update_ratio" and threshold > 0 else []
    axis = axis_y(title, [*(y for _, y in shown), *limits], log=log)
    charts = [c for v in limits for c in level(v, f"limit: {readable(v)}")] + _line(shown, "train", axis)
    return _made(record, found, charts, Table(["epoch", title], at_most([list(r) for r in rows], 20)))


def _of_layers(record: RunRecord, found: FindingGroup, quantity: str) -> Picture | None:
    """The layer's line, with the other layers in gray."""
    layers = measured(record).get(quantity, {})
    chosen = [name for name in (found.layers or tuple(layers)) if name in layers]
    log = quantity in ("grad_norm", "update_ratio", "std")
    thin = {name: band(*series, 120) for name, series in layers.items()}
    points = {n: [p for p in zip(t["x"], t["smooth"], strict=True) if p[1] > 0 or not log] for n, t in thin.items()}
    points = {n: p for n, p in points.items() if p}
    chosen = [n for n in chosen if n in points]
    if not chosen:
        return None
    drawn = [y for p in points.values() for _, y in p]
    threshold = _threshold(found)
    limits = [threshold] if threshold is not None and quantity in ("dead", "saturated") else []
    title = {"grad_norm": "gradient norm", "update_ratio": "update : weight", "std": "spread of the outputs"}
    axis = axis_y(title.get(quantity, f"{quantity} share"), [*drawn, *limits], log=log, zero=not log)
    charts = [c for v in limits for c in level(v, f"limit: {readable(v)}")]
    for name, p in points.items():
        charts += _line(p, "moment-line" if name in chosen else "faint", axis, name)
    ends = [(n, points[n][-1][1]) for n in chosen]
    moved = placed([*ends, ("", min(drawn)), ("", max(drawn))], _HEIGHT, log=log)
    charts += [end_label(*points[n][-1], n, "moment-label", axis, moved.get(n, 0.0)) for n in chosen[:8]]
    rows = [[n, p[0][1], p[len(p) // 2][1], p[-1][1]] for n, p in points.items()]
    return _made(record, found, charts, Table(["layer", "first", "middle", "last"], rows))


def _of_bars(record: RunRecord, found: FindingGroup) -> Picture | None:
    """The numbers by name in the evidence: rows of classes, spreads of layers, scores of baselines."""
    evidence = table(found.first, "evidence")
    key = next((k for k in _BARS if isinstance(evidence.get(k), dict | list) and evidence[k]), None)
    if key is None:
        return None
    given = table(evidence, key)
    if not given:
        names = texts(record.data, "classes")
        given = {names[i] if i < len(names) else str(i): v for i, v in enumerate(whole(evidence, key))}
    bars = [(str(n), float(v)) for n, v in given.items() if isinstance(v, int | float) and math.isfinite(v)]
    own = number(evidence, "score") if key == "baselines" else None
    bars += [("this network", own)] if own is not None else []
    if not bars:
        return None
    alt = altair()
    bars = bars[:40]
    log = key in ("spreads", "gradients", "errors") and is_log(v for _, v in bars)
    axis = axis_y(_BARS[key], [v for _, v in bars], log=log, zero=not log)
    x = alt.X("name:N", sort=[n for n, _ in bars], title=None, axis=alt.Axis(labelAngle=-35, labelLimit=150))
    tips = [alt.Tooltip("name:N"), alt.Tooltip("v:Q", title=_BARS[key], format=".4~g")]
    data = alt.Chart(values([{"name": n, "v": v} for n, v in bars]))
    mark = data.mark_point(style="point", size=70) if log else data.mark_bar(style="bar")
    chart = mark.encode(x=x, y=axis("v"), tooltip=tips)
    behind = Table(["name", _BARS[key]], [list(b) for b in bars])
    sentence = f"{_BARS[key].capitalize()}: {listing([f'{n} {readable(v)}' for n, v in bars], most=8)}."
    return Picture(*_named(found), layered(chart, height=_HEIGHT), sentence, behind)


def _line(points: list[tuple[float, float]], style: str, axis: Any, name: str = "") -> list[Chart]:
    alt = altair()
    base = alt.Chart(values([{"x": x, "y": y, "name": name} for x, y in points]))
    tips = [alt.Tooltip("x:Q", title="epoch", format=".3~g"), alt.Tooltip("y:Q", title="value", format=".4~g")]
    tips += [alt.Tooltip("name:N", title="layer")] if name else []
    return [base.mark_line(style=style).encode(x=axis_x(), y=axis("y"), tooltip=tips)]


def _made(record: RunRecord, found: FindingGroup, charts: list[Chart], behind: Table, more: str = "") -> Picture:
    at = _at(record, found)
    of_layers = behind.titles[0] == "layer"
    where = f"; the moment is marked at epoch {readable(round(at, 1))}" if at is not None else ""
    where += f", {listing(list(found.layers))} in red" if of_layers and found.layers else ""
    what = f"The {_LAYER[found.code].replace('_', ' ')} value of each layer" if of_layers else ""
    sentence = f"{what or ' and '.join(behind.titles[1:])} over the epochs{where}.{more}"
    chart = layered(*charts, *_marked(record, found), height=_HEIGHT)
    return Picture(*_named(found), chart, sentence[:1].upper() + sentence[1:], behind)


def _named(found: FindingGroup) -> tuple[str, str]:
    """Name and title of a finding's picture."""
    return f"evidence-{found.code}", f"Evidence of {found.code}"


def _threshold(found: FindingGroup) -> float | None:
    value = number(table(found.first, "evidence"), "threshold")
    return value if value is not None and math.isfinite(value) else None
