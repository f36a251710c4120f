"""How long the gradient of each layer's weights is."""

from statistics import median

from trainlab.report.pictures._layers import above_zero, left, lines, measured, table
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture
from trainlab.store.reading import RunRecord


def pictures(record: RunRecord) -> list[Picture]:
    """The gradient norm of each layer over time."""
    found = above_zero(measured(record).get("grad_norm", {}))
    if not found:
        return []
    middles = {layer: median(ys) for layer, (_, ys) in found.items()}
    least, most = (pick(middles, key=lambda n: middles[n]) for pick in (min, max))
    text = f"The gradient is longest in {most} ({readable(middles[most])} in the middle of the run)"
    text += f" and shortest in {least} ({readable(middles[least])})." if least != most else "."
    text += left(found)
    return [Picture("gradient-norm", "Gradient norm", lines(record, found, "gradient norm"), text, table(found))]
