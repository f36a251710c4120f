"""Precision, recall and F1 of the positive class at every threshold, and the threshold in use."""

from collections.abc import Mapping
from typing import Any

from trainlab.report.json_fields import number, table
from trainlab.report.pictures._kit import altair, layered, moment, values
from trainlab.report.pictures._ratings import HEIGHT, Rating, numbers_of, ratings, unit, where
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture
from trainlab.store.reading import RunRecord

_STYLES = {"precision": "train", "recall": "val", "f1": "third"}


def pictures(record: RunRecord) -> list[Picture]:
    """The curves of the best network, and the threshold in the run's decision.json."""
    return drawn(record.mistakes | {"decision": record.decision})


def drawn(facts: Mapping[str, Any]) -> list[Picture]:
    """Three lines for two classes with probabilities. facts: see `roc.drawn`, and `decision`."""
    curves = table(facts, "curves")
    found = ratings(curves)
    if len(found) != 1 or curves.get("measure") != "probability":
        return []
    one, alt = found[0], altair()
    chosen = table(table(facts, "decision"), "threshold")
    used, positive = number(chosen, "value"), str(chosen.get("positive"))
    used = 0.5 if used is None else used if positive == one.name else 1 - used
    pairs = list(zip(one.precision, one.recall, strict=True))
    columns = {"precision": one.precision, "recall": one.recall, "f1": [_f1(p, r) for p, r in pairs]}
    x = alt.X(**unit("x", f"threshold: {one.name} from this probability on"))
    rows = [{"x": t, **{k: v[i] for k, v in columns.items()}} for i, t in enumerate(one.threshold)]
    data = alt.Chart(values(rows))
    charts = moment(used, f"in use: {readable(used)}")
    for line, (name, style) in enumerate(_STYLES.items()):
        y = alt.Y(**{**unit("y", ""), "shorthand": f"{name}:Q", "title": None})
        charts.append(data.mark_line(style=style).encode(x=x, y=y))
        label = alt.Chart(values([{"text": "F1" if name == "f1" else name}]))
        place = {"x": alt.value("width"), "y": alt.value(8 + 15 * line), "text": "text:N"}
        charts.append(label.mark_text(align="left", dx=6, style=f"{style}-label").encode(**place))
    tips = [alt.Tooltip("x:Q", title="threshold", format=".3~g")]
    tips += [alt.Tooltip(f"{name}:Q", format=".3~g") for name in columns]
    charts.append(data.mark_rule(opacity=0, strokeWidth=6).encode(x=x, tooltip=tips))
    return [
        Picture(
            "threshold", "Threshold", layered(*charts, height=HEIGHT), _sentence(facts, one, used), numbers_of(found)
        )
    ]


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _sentence(facts: Mapping[str, Any], one: Rating, used: float) -> str:
    at = min(range(len(one.threshold)), key=lambda i: abs(one.threshold[i] - used))
    text = f"On {where(facts)}, at the threshold in use ({readable(used)}): precision {readable(one.precision[at])}, "
    text += (
        f"recall {readable(one.recall[at])}. A lower one finds more rows that are {one.name}, and is wrong more often. "
    )
    return text + "`trainlab evaluate --threshold` chooses one on the validation rows."
