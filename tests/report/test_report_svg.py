"""The chart as SVG: well-formed, everything inside, numbers where they belong."""

import math
import re
from xml.etree import ElementTree

from trainlab.report.svg import log_chart


def test_a_chart():
    """Ticks stand at powers of ten, marks at their places, and text is escaped."""
    x = [10.0**i for i in range(-3, 1)]
    text = log_chart("a < b & c", x, [4, 3, 2, 1], behind=[[4, 3]], marks={"here": 0.01}, x_name="lr", y_name="loss")
    root = ElementTree.fromstring(text)  # noqa: S314 - our own text
    texts = {t.text: float(t.get("x", "nan")) for t in root.findall("{*}text")}
    assert "a < b & c" in texts
    step = texts["1e-2"] - texts["1e-3"]
    assert abs(texts["1e0"] - texts["1e-3"] - 3 * step) < 0.2
    assert abs(texts["here 0.01"] - texts["1e-2"]) < 10
    assert len(root.findall("{*}path")) == 2


def test_broken_values_leave_gaps():
    """nan and infinities are left out, also where nothing else is there."""
    for values in ([1.0, math.nan, 3.0, math.inf], [math.nan] * 4, [1e308, 1.0, 2.0, 3.0], [2.0] * 4):
        text = log_chart("t", [1e-3, 1e-2, 1e-1, 1.0], values)
        ElementTree.fromstring(text)  # noqa: S314 - our own text
        assert not re.search(r"nan|inf\b", text)
