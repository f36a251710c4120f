"""How often a finding names the fault: counted on the zoo, code by code.

A finding without an earlier cause among the others counts apart from one that another finding led to. `calibration.py`
has the counts; `docs/zoo.py` writes it.
"""

from trainlab.diagnose.calibration import LED, ROOT


def confidence(code: str, *, led: bool = False) -> float | None:
    """The share of the zoo's runs with this warning in which it was a right one; None if there were none.

    (right + 1) / (reported + 2), so that few runs make no certainty. led: another finding led to it.
    """
    counts = (LED if led else ROOT).get(code)
    return round((counts[0] + 1) / (counts[1] + 2), 2) if counts else None
