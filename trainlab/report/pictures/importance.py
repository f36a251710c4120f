"""The importance of each searched setting for the score."""

from trainlab.report.insights import setting_importance
from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures._sweep import short
from trainlab.report.pictures.numbers import readable, share
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.sweep_record import SweepRecord


def pictures(sweep: SweepRecord) -> list[Picture]:
    """A bar per parameter with its standard error; no picture where the importance is unknown."""
    found = setting_importance(sweep)
    if not found.shares:
        return []
    alt = altair()
    rows = [
        {"name": short(name), "path": name, "share": v, "low": max(0.0, v - error), "high": min(1.0, v + error)}
        for name, v in found.shares.items()
        for error in [found.errors[name]]
    ]
    y = alt.Y("name:N", sort=[r["name"] for r in rows], title=None, axis=alt.Axis(ticks=False, domain=False))
    x = alt.X("share:Q", title="importance", axis=alt.Axis(format="%", grid=True, tickCount=5))
    tips = [alt.Tooltip("path:N", title="setting"), alt.Tooltip("share:Q", format=".1%")]
    base = alt.Chart(values(rows)).encode(y=y)
    charts = [
        base.mark_bar(style="bar", height={"band": 0.6}).encode(x=x, tooltip=tips),
        base.mark_rule(style="whisker").encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")),
    ]
    chart = alt.layer(*charts).properties(width="container", height=max(110, 34 * len(rows)))
    first = next(iter(found.shares.items()))
    text = f"{first[0]} matters most, with {share(first[1])}. Measured by {found.method}, over {found.trials} trials; "
    text += f"the model explains {share(max(found.fit, 0.0))} of the held-out variance. Lines are standard errors."
    text += f" Note: {found.note}." if found.note else ""
    table = Table(
        ["setting", "share", "standard error"], [[n, v, readable(found.errors[n])] for n, v in found.shares.items()]
    )
    return [Picture("importance", "Importance of the settings", chart, text, table)]
