"""The weights of each unit of the first layer as an image, of the best network."""

from math import prod

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.report.json_fields import tables, whole
from trainlab.report.pictures._kit import altair
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.png import address, larger, sheet
from trainlab.store import checkpoint
from trainlab.store.reading import RunRecord

_UNITS, _WIDTH = 100, 560


def pictures(record: RunRecord) -> list[Picture]:
    """A sheet of images, one per unit: orange for positive weights, blue for negative ones."""
    found = _first(record)
    if found is None:
        return []
    name, weights = found
    units = np.moveaxis(weights, -1, 0)[:_UNITS]
    images = [_colored(unit) for unit in units]
    across = max(1, min(len(images), round((len(images) * 1.8) ** 0.5)))
    small = sheet(images, across)
    made = larger(small, max(1, _WIDTH // small.shape[1]))
    height, width = made.shape[:2]
    alt = altair()
    data = alt.Data(values=[{"url": address(made), "x": 0, "y": 0}])
    none = alt.Scale(domain=[0, 1])
    image = alt.Chart(data).mark_image(width=width, height=height, align="left", baseline="top").encode(
        x=alt.X("x:Q", axis=None, scale=none),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[1, 0])),
        url=alt.Url("url:N"),
    )  # fmt: skip
    norms = np.sqrt((units.reshape(len(units), -1).astype(np.float64) ** 2).sum(axis=1))
    kind = "filters" if whole(record.network, "input")[:2] != list(weights.shape[:2]) else "units"
    text = f"The weights of {len(units)} of the {weights.shape[-1]} {kind} of {name}, each scaled to its largest: "
    text += "orange is positive, blue negative, gray near zero. Noise everywhere means that the layer learns little."
    order = np.argsort(-norms)[:20].tolist()
    table = Table(["unit", "length of its weights"], [[i + 1, readable(float(norms[i]))] for i in order])
    chart = image.properties(width=width, height=height)
    return [Picture("first-weights", "First layer's weights", chart, text, table)]


def _first(record: RunRecord) -> tuple[str, Array] | None:
    """The first layer's weights (height, width, channels, units), if they belong to the pixels of an image."""
    shape, layers = whole(record.network, "input"), tables(record.network, "layers")
    if len(shape) != 3 or shape[2] not in (1, 3):
        return None
    name = next((str(layer.get("name")) for layer in layers if layer.get("kind") in ("dense", "conv")), None)
    path = record.folder.checkpoints / "best.safetensors"
    if name is None or not path.exists():
        return None
    try:
        weights = checkpoint.load(path)[0].get(f"{name}.W")
    except UserError:
        return None
    if weights is None or not np.isfinite(weights).all():
        return None
    if weights.ndim == 2 and weights.shape[0] == prod(shape):
        return name, weights.reshape(*shape, -1)
    return (name, weights) if weights.ndim == 4 and weights.shape[2] == shape[2] else None


def _colored(unit: Array) -> Array:
    """Weights as colors; of three channels each is its own color."""
    scaled = unit / (float(np.abs(unit).max()) or 1.0)
    if unit.shape[-1] == 3:
        return (127.5 + 127.5 * scaled).astype(np.uint8)
    plus, minus = np.clip(scaled[..., 0], 0, 1), np.clip(-scaled[..., 0], 0, 1)
    colors = np.full((*plus.shape, 3), 236.0)
    for ground, part in (((217, 95, 2), plus), ((0, 84, 158), minus)):
        colors += part[..., None] * (np.array(ground) - 236.0)
    return colors.astype(np.uint8)
