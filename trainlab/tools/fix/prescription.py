"""From diagnoses to what may cure them: patches in the order in which they are worth a run."""

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
class Prescription:
    """A patch, dotted overrides, and the code of the diagnosis that prescribes it."""

    patch: Patch
    code: str


def alarms(diagnoses: Sequence[Finding]) -> list[Finding]:
    """What is more than advice, root causes first, each in the order in which it was found."""
    found = [d for d in diagnoses if d.severity != "info"]
    return sorted(found, key=lambda d: bool(d.because))


def prescriptions(diagnoses: Sequence[Finding], raw: Mapping[str, Any]) -> list[Prescription]:
    """What is worth trying on this config: valid, and changing something; each change once.

    A root cause's patches come first, the best of each first; its second-best ones after the best of other causes.
    What comes of an error that no config can cure (inputs that are all the same, say) is not worth a run.
    """
    found = alarms(diagnoses)
    hopeless = {d.code for d in found if d.severity == "error" and not d.patches}
    for d in found:
        if any(cause.partition("@")[0] in hopeless for cause in d.because):
            hopeless.add(d.code)
    found = [d for d in found if d.code not in hopeless]
    ranked = [
        (number + 2 * bool(d.because), place, Prescription(patch, d.code))
        for place, d in enumerate(found)
        for number, patch in enumerate(d.patches)
    ]
    chosen: list[Prescription] = []
    for _, _, one in sorted(ranked, key=lambda entry: entry[:2]):
        patch = effective(one.patch, raw)
        if patch and all(patch != other.patch for other in chosen):
            chosen.append(Prescription(patch, one.code))
    return chosen


def effective(patch: Patch, raw: Mapping[str, Any]) -> Patch:
    """The parts of a patch that change this config; none if the config would not be valid with it."""
    try:
        now = resolved(raw)
        if resolved(raw, patch) == now:
            return {}
        return {key: value for key, value in patch.items() if len(patch) == 1 or resolved(raw, {key: value}) != now}
    except UserError:
        return {}


def resolved(raw: Mapping[str, Any], patch: Patch | None = None) -> dict[str, Any]:
    """The whole config with the patch in it, every default written out. Raises ConfigError."""
    return plain(config.read_plain(Experiment, raw, "config", dict(patch or {})).value)


def joined(patch: Patch, more: Patch) -> dict[str, Any]:
    """Both patches; a whole block replaces what was said of its parts before, and the later word counts.

    >>> joined({"optimizer.lr": 1, "seed": 0}, {"optimizer": {"name": "sgd"}})
    {'seed': 0, 'optimizer': {'name': 'sgd'}}
    """
    kept = {k: v for k, v in patch.items() if k not in more and not any(k.startswith(f"{new}.") for new in more)}
    return {**kept, **more}
