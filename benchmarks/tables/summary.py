"""The table of the benchmark: loss against a baseline, ranks and CPU time, with errors by bootstrap over the sets."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

BASELINE = "HistGradientBoosting"
_DRAWS = 2000

Scores = Mapping[str, Mapping[str, float]]


def table(scores: Scores, methods: Sequence[str]) -> str:
    """Markdown: a row per method, the best first, then its ratio on each set.

    scores: `METHOD/SET/SPLIT` -> loss and seconds. A set counts once, however many splits of it were measured. Methods
    that lack splits which others have are compared with the baseline on theirs, and get no rank.
    """
    base = _of(scores, BASELINE)
    own = {method: {split: row for split, row in _of(scores, method).items() if split in base} for method in methods}
    most = max(len(rows) for rows in own.values())
    complete = [method for method in methods if len(own[method]) == most]
    ranks = _ranks([own[method] for method in complete])
    names = sorted({split.split("/")[0] for rows in own.values() for split in rows})
    ratios = {m: _by_set({s: np.log(row["loss"] / base[s]["loss"]) for s, row in own[m].items()}) for m in methods}
    lines = [
        f"{len(names)} sets, {most} splits of them; the rank is among the {len(complete)} that have all splits",
        "",
        f"| | loss / {BASELINE} | 95 % over sets | mean rank | CPU s a fit |",
        "|---|---|---|---|---|",
    ]
    order = sorted((m for m in methods if ratios[m]), key=lambda m: np.mean([*ratios[m].values()]))
    for method in order:
        known = np.array([*ratios[method].values()])
        draws = known[np.random.default_rng(0).integers(len(known), size=(_DRAWS, len(known)))].mean(axis=1)
        low, high = np.exp(np.percentile(draws, [2.5, 97.5]))
        rank = np.mean([*ranks[complete.index(method)].values()]) if method in complete else None
        spent = np.mean([*_by_set({split: row["seconds"] for split, row in own[method].items()}).values()])
        told = f"{rank:.1f}" if rank is not None else f"({len(own[method])} splits)"
        lines.append(f"| {method} | {np.exp(known.mean()):.3f} | {low:.3f} to {high:.3f} | {told} | {spent:.2f} |")
    lines += ["", "| set | " + " | ".join(order) + " |", "|---" * (len(order) + 1) + "|"]
    for name in names:
        cells = (f"{np.exp(ratios[m][name]):.2f}" if name in ratios[m] else "" for m in order)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _of(scores: Scores, method: str) -> dict[str, Mapping[str, float]]:
    """The rows of one method by `SET/SPLIT`."""
    return {key.split("/", 1)[1]: row for key, row in scores.items() if key.split("/")[0] == method}


def _by_set(values: Mapping[str, float]) -> dict[str, float]:
    """The mean over the splits of each set."""
    found: dict[str, list[float]] = {}
    for split, value in values.items():
        found.setdefault(split.split("/")[0], []).append(value)
    return {name: float(np.mean(several)) for name, several in found.items()}


def _ranks(rows: Sequence[Mapping[str, Mapping[str, float]]]) -> list[dict[str, float]]:
    """For each method its mean rank on each set: 1 is the lowest loss of a split, equal losses share their ranks."""
    splits = [*rows[0]]
    losses: Any = np.array([[of[split]["loss"] for split in splits] for of in rows])
    below = (losses[None] < losses[:, None]).sum(axis=1)
    equal = (losses[None] == losses[:, None]).sum(axis=1)
    return [_by_set(dict(zip(splits, ranks, strict=True))) for ranks in below + (equal + 1) / 2]
