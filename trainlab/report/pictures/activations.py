"""How the outputs of each activation layer are distributed over time, from the histograms in layers.csv."""

from trainlab.report.pictures._kit import altair, axis_x, spans, values
from trainlab.report.pictures._layers import measured
from trainlab.report.pictures.numbers import readable, share
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.thinning import at_most
from trainlab.store.reading import RunRecord

_EDGE, _MOMENTS, _LAYERS = 4.0, 40, 24


def pictures(record: RunRecord) -> list[Picture]:
    """A heat map a layer: a column a moment, a row a bin of outputs, darker where more outputs lie."""
    bins = {name: layers for name, layers in measured(record).items() if name.startswith("bin") and name[3:].isdigit()}
    if not bins:
        return []
    names = sorted(bins)
    layers: list[str] = at_most(list(bins[names[0]]), _LAYERS)
    return [_picture(layer, [bins[name].get(layer, ([], [])) for name in names]) for layer in layers]


def _picture(layer: str, bins: list[tuple[list[float], list[float]]]) -> Picture:
    alt = altair()
    width = 2 * _EDGE / len(bins)
    epochs = bins[0][0]
    shown: list[int] = at_most(range(len(epochs)), _MOMENTS)
    columns = zip(shown, spans([epochs[i] for i in shown]), strict=True)
    lows = [-_EDGE + b * width for b in range(len(bins))]
    rows = [
        {"x": epochs[i], "from": start, "to": end, "low": low, "high": low + width, "share": ys[i]}
        for i, (start, end) in columns
        for low, (_, ys) in zip(lows, bins, strict=True)
        if i < len(ys) and ys[i] > 0
    ]
    y = alt.Y("low:Q", title="output", scale=alt.Scale(domain=[-_EDGE, _EDGE]), axis=alt.Axis(grid=False, tickCount=5))
    color = alt.Color("share:Q", legend=None, scale=alt.Scale(range="ramp", type="sqrt", domain=[0, 1]))
    tips = [
        alt.Tooltip("x:Q", title="epoch", format=".3~g"),
        alt.Tooltip("low:Q", title="from", format=".2~g"),
        alt.Tooltip("high:Q", title="to", format=".2~g"),
        alt.Tooltip("share:Q", title="share", format=".1%"),
    ]
    rect = alt.Chart(values(rows)).mark_rect(stroke=None)
    rect = rect.encode(x=axis_x("from"), x2=alt.X2("to:Q"), y=y, y2=alt.Y2("high:Q"), tooltip=tips)
    chart = rect.encode(color=color).properties(width="container", height=130)
    last = [ys[-1] if ys else 0.0 for _, ys in bins]
    middle = sum((-_EDGE + (b + 0.5) * width) * s for b, s in enumerate(last))
    outer = last[0] + last[-1]
    text = f"At the end the outputs of {layer} are near {readable(round(middle, 2))}; {share(outer)} in the outer bins."
    table = Table(
        ["output", "first inspection", "last inspection"],
        [[f"{width * b - _EDGE:g} to {width * (b + 1) - _EDGE:g}", *_ends(ys)] for b, (_, ys) in enumerate(bins)],
    )
    return Picture(f"activations-{layer}", f"Outputs of {layer}", chart, text, table, group="activations")


def _ends(ys: list[float]) -> list[str]:
    return [share(ys[0]), share(ys[-1])] if ys else ["", ""]
