"""The outputs, weights and gradients of each layer as histograms: before the first step, and then step by step."""

from trainlab.report.pictures._histograms import moments
from trainlab.report.pictures.histograms import histograms
from trainlab.report.pictures.picture import Picture
from trainlab.report.pictures.thinning import at_most
from trainlab.store.reading import RunRecord

_MOMENTS = 16


def pictures(record: RunRecord) -> list[Picture]:
    """One picture each, as far as they were counted."""
    made: list[Picture] = []
    for what, found in moments(record).items():
        shown = {_when(epoch): found[epoch] for epoch in at_most(list(found), _MOMENTS)}
        made.append(histograms(f"histograms-{what}", f"{what.capitalize()} of each layer", shown, what=what))
    return made


def _when(epoch: float) -> str:
    return f"epoch {round(epoch, 2):g}" if epoch else "before the first step"
