"""The suggested patches of findings, in the order in which they are worth a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.core import config
from trainlab.core.component import plain
from trainlab.core.errors import UserError
from trainlab.diagnose.finding import Finding
from trainlab.training.experiment import Experiment

Patch = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A patch (dotted overrides) and the code of the finding that suggests it."""

    patch: Patch
    code: str


def warnings(findings: Sequence[Finding]) -> list[Finding]:
    """The warnings and errors, root causes first, otherwise in order."""
    serious = [finding for finding in findings if finding.severity != "info"]
    return sorted(serious, key=lambda finding: bool(finding.because))


def suggestions(findings: Sequence[Finding], raw: Mapping[str, Any]) -> list[Suggestion]:
    """The patches that are valid for this config and change it, each once.

    Root causes come first: the first patch of each finding, then the second ones. An error that no config can fix
    (constant inputs, for example) and its consequences are not worth a run.
    """
    serious = warnings(findings)
    not_fixable = {finding.code for finding in serious if finding.severity == "error" and not finding.patches}
    for finding in serious:
        if any(cause.partition("@")[0] in not_fixable for cause in finding.because):
            not_fixable.add(finding.code)
    ranked = [
        (number + 2 * bool(finding.because), place, Suggestion(patch, finding.code))
        for place, finding in enumerate(serious)
        if finding.code not in not_fixable
        for number, patch in enumerate(finding.patches)
    ]
    chosen: list[Suggestion] = []
    for _, _, one in sorted(ranked, key=lambda entry: entry[:2]):
        patch = effective(one.patch, raw)
        if patch and all(patch != other.patch for other in chosen):
            chosen.append(Suggestion(patch, one.code))
    return chosen


def together(findings: Sequence[Finding], raw: Mapping[str, Any]) -> list[Suggestion]:
    """The first valid patch of each cause, to be tried at once; where two change one setting, the first one counts.

    None if something cannot be fixed. A finding with a cause among the others is no cause.
    """
    causes = [finding for finding in warnings(findings) if not finding.because]
    if any(finding.severity == "error" and not finding.patches for finding in causes):
        return []
    merged: Patch = {}
    parts: list[Suggestion] = []
    for finding in causes:
        first = next((patch for p in finding.patches if (patch := effective(p, raw))), dict[str, Any]())
        more = {key: value for key, value in first.items() if not any(_overlap(key, known) for known in merged)}
        if more and effective(joined(merged, more), raw):
            merged = joined(merged, more)
            parts.append(Suggestion(more, finding.code))
    return parts


def _overlap(one: str, other: str) -> bool:
    """Whether one key is the other or a part of it."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def effective(patch: Patch, raw: Mapping[str, Any]) -> Patch:
    """The parts of a patch that change this config; none if the patched config is not valid."""
    try:
        now = resolved(raw)
        if resolved(raw, patch) == now:
            return {}
        return {key: value for key, value in patch.items() if len(patch) == 1 or resolved(raw, {key: value}) != now}
    except UserError:
        return {}


def resolved(raw: Mapping[str, Any], patch: Patch | None = None) -> dict[str, Any]:
    """The patched config with every default written out. Raises ConfigError."""
    return plain(config.read_plain(Experiment, raw, "config", dict(patch or {})).value)


def joined(patch: Patch, more: Patch) -> dict[str, Any]:
    """Both patches in one; the second one wins, and a whole block replaces earlier patches of its parts.

    >>> joined({"optimizer.lr": 1, "seed": 0}, {"optimizer": {"name": "sgd"}})
    {'seed': 0, 'optimizer': {'name': 'sgd'}}
    """
    kept = {k: v for k, v in patch.items() if k not in more and not any(k.startswith(f"{new}.") for new in more)}
    return {**kept, **more}
