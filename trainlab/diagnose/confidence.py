"""How often a finding names the fault: counted on the zoo, code by code.

A finding without an earlier cause among the others counts apart from one that another finding led to. `calibration.py`
has the counts; `docs/zoo.py` writes it.
"""

from trainlab.diagnose.calibration import LED, ROOT


def counted(code: str) -> str:
    """The counts behind the confidence, in a sentence; empty if the zoo never reported this code as a warning."""
    parts = [
        f"{counts[0]} of {counts[1]} runs in which {how}"
        for counts, how in ((ROOT.get(code), "it came first"), (LED.get(code), "another finding had caused it"))
        if counts
    ]
    zoo = "In the zoo, trainlab's collection of runs with known faults,"
    return f"{zoo} it named the fault in {' and in '.join(parts)}." if parts else ""


def confidence(code: str, *, led: bool = False) -> float | None:
    """The share of the zoo's runs with this warning in which it was a right one; None if there were none.

    (right + 1) / (reported + 2), so that few runs make no certainty. led: another finding led to it.
    """
    counts = (LED if led else ROOT).get(code)
    return round((counts[0] + 1) / (counts[1] + 2), 2) if counts else None
