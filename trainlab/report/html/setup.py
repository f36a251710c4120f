"""The setup of a run on its page: network, data, config with the changed settings marked, environment."""

import shlex
from math import prod
from typing import Any, cast

from trainlab.core.dotted import flat
from trainlab.report.compare import shown
from trainlab.report.html.findings import command
from trainlab.report.html.numbers import cells
from trainlab.report.html.numbers import table as html_table
from trainlab.report.html.tags import Html, prose, tag
from trainlab.report.json_fields import number, table, tables, texts, whole
from trainlab.report.pictures.numbers import readable
from trainlab.store.reading import RunRecord

_CLASSES = 40  # classes that are listed


def network(record: RunRecord) -> list[Html]:
    """The layers as a table."""
    layers = tables(record.network, "layers")
    if not layers:
        return []
    sums = [number(record.network, key) for key in ("parameters", "multiply_adds")]
    shape = _shape(whole(record.network, "input"))
    text = f"From {shape} to {_shape(whole(record.network, 'output'))}, {readable(sums[0])} parameters, "
    text += f"{readable(sums[1])} multiply-adds for one row."
    rows = [
        [
            tag("span", str(layer.get("name", "?")), class_=f"indent-{min(int(number(layer, 'depth') or 0), 2)}"),
            f"{layer.get('kind', '')}{' (frozen)' if layer.get('frozen') else ''}",
            _shape(whole(layer, "output")),
            number(layer, "parameters"),
            number(layer, "multiply_adds"),
            ", ".join(f"{k} {shown(v)}" for k, v in table(layer, "settings").items()),
        ]
        for layer in layers
    ]
    titles = ["layer", "kind", "output", "parameters", "multiply-adds", "settings"]
    return [tag("div", tag("p", text), html_table(titles, rows, caption="The layers"), class_="card")]


def data(record: RunRecord) -> list[Html]:
    """The number of rows, what was guessed about them or left out, the classes or targets, and the columns."""
    facts = record.data
    if not facts:
        return []
    parts = table(facts, "rows")
    rows = ", ".join(f"{readable(number(parts, n))} {label}" for n, label in _PARTS if n in parts)
    shape = whole(facts, "shape")
    text = f"{facts.get('source', '?')}: {rows} rows, each {_shape(shape)}" + (
        f" ({readable(prod(shape))} numbers)." if len(shape) > 1 else "."
    )
    guess = table(facts, "chance")
    chance = ", ".join(f"{name} {readable(number(guess, name))}" for name in guess)
    more = [tag("p", f"Chance level on the validation split: {chance}.")] if chance else []
    notes = [tag("li", prose(note)) for note in texts(facts, "notes")]
    guessed = [tag("p", "Guessed or left out:"), tag("ul", *notes)] if notes else []
    parts = [*more, *_baselines(record), *guessed, *_classes(record), *_columns(record)]
    return [tag("div", tag("p", text), *parts, class_="card")]


def config(record: RunRecord) -> list[Html]:
    """Every setting, the changed ones marked."""
    settings = flat(record.config)
    if not settings:
        return []
    defaults = record.defaults
    rows = [_setting(key, value, _default(key, defaults)) for key, value in settings.items()]
    marked = sum(row[0] for row in rows)
    text = f"{marked} of {len(rows)} settings differ from their defaults (marked)." if defaults else ""
    changed = [tag("tr", *cells(row), class_="changed" if mark else None) for mark, row in rows]
    head = tag("tr", *(tag("th", title, scope="col") for title in ("setting", "value", "default")))
    inside = tag("table", tag("thead", head), tag("tbody", *changed))
    box = tag("div", inside, class_="scroll", tabindex="0", role="region", aria_label="The config")
    return [tag("div", tag("p", text) if text else None, box, class_="card")]


def environment(record: RunRecord) -> list[Html]:
    """The commands to run it again, and the environment of the run."""
    facts = record.environment
    again = [f"trainlab train {shlex.quote(str(record.path / 'config.yaml'))}"]
    if record.state in ("interrupted", "killed"):
        again.insert(0, f"trainlab train --resume {shlex.quote(str(record.path))}")
    git = table(facts, "git")
    blas = tables(facts, "blas")
    rows: list[list[Any]] = [
        ["command", str(facts.get("command", ""))],
        ["folder", str(facts.get("folder", ""))],
        ["started", str(facts.get("time", ""))],
        ["trainlab", str(facts.get("trainlab", ""))],
        ["git", f"{git.get('commit', '')}{' with changes' if git.get('dirty') else ''}" if git else ""],
        ["python", str(facts.get("python", ""))],
        ["packages", ", ".join(f"{k} {v}" for k, v in table(facts, "packages").items())],
        ["platform", f"{facts.get('platform', '')}, {facts.get('cpus', '?')} processors" if facts else ""],
        [
            "BLAS",
            "; ".join(f"{b.get('internal_api')} {b.get('version')}, {b.get('num_threads')} threads" for b in blas),
        ],
        ["data", str(table(facts, "data").get("fingerprint", ""))],
    ]
    known = [row for row in rows if row[1]]
    made = [tag("h3", "Run it again"), *(command(text) for text in again)]
    return [tag("div", *made, html_table(["what", "value"], known, caption="The environment"), class_="card")]


_PARTS = (("train", "training"), ("val", "validation"), ("test", "test"))


def _baselines(record: RunRecord) -> list[Html]:
    """The scores of simpler models on the same splits."""
    facts = table(record.data, "baselines")
    scores = table(facts, "scores")
    splits = [(name, label) for name, label in _PARTS if any(table(of, name) for of in scores.values())]
    metrics = {metric: None for of in scores.values() for name, _ in splits for metric in table(of, name)}
    if not metrics:
        return []
    titles = ["baseline", *(f"{metric}, {label}" for metric in metrics for _, label in splits)]
    rows = [
        [name, *(number(table(of, split), metric) for metric in metrics for split, _ in splits)]
        for name, of in scores.items()
    ]
    caption = f"Simpler models, fitted on {readable(number(facts, 'rows'))} training rows"
    return [html_table(titles, rows, caption=caption)]


def _classes(record: RunRecord) -> list[Html]:
    names, counts = texts(record.data, "classes"), table(record.data, "counts")
    parts = [(label, whole(counts, n)) for n, label in _PARTS if n in counts]
    if names and parts:
        rows = [[name, *(found[i] if i < len(found) else None for _, found in parts)] for i, name in enumerate(names)]
        rest = len(rows) - _CLASSES
        more = [tag("p", f"and {rest} more classes")] if rest > 0 else []
        return [html_table(["class", *(p for p, _ in parts)], rows[:_CLASSES], caption="Rows of each class"), *more]
    return _spreads("Targets", tables(record.data, "targets"))


def _columns(record: RunRecord) -> list[Html]:
    return _spreads("Columns, before preprocessing", tables(record.data, "columns"))


def _spreads(title: str, found: list[dict[str, Any]]) -> list[Html]:
    if not found:
        return []
    keys = ("min", "max", "mean", "std")
    rows = [[str(one.get("name", "")), *(number(one, key) for key in keys)] for one in found]
    inside = html_table(["name", "min", "max", "mean", "std"], rows, caption=title)
    return [tag("details", tag("summary", f"{title} ({len(rows)})"), inside, open=len(rows) <= 12)]


def _setting(key: str, value: Any, default: tuple[bool, Any]) -> tuple[bool, list[Any]]:
    changed, was = default
    return changed, [key, shown(value), ("none" if was is None else shown(was)) if changed else ""]


def _default(key: str, defaults: dict[str, Any]) -> tuple[bool, Any]:
    """Whether a setting was changed, and its default; a setting inside a list counts as the list."""
    if key in defaults:
        return True, defaults[key]
    parts = key.split(".")
    above = next((".".join(parts[:i]) for i in range(len(parts) - 1, 0, -1) if ".".join(parts[:i]) in defaults), None)
    if above is None:
        return False, None
    inside: Any = defaults[above]
    for part in parts[above.count(".") + 1 :]:
        inside = cast("dict[str, Any]", inside).get(part) if isinstance(inside, dict) else None
    return True, inside


def _shape(shape: list[int]) -> str:
    return " × ".join(map(str, shape)) if shape else "?"
