"""The colors of pictures, light and dark: distinguishable with any color vision, and readable on their background.

A chart names what a mark means (`style="train"`, `style="healthy"`); the theme defines its look. So one spec serves
both themes, a page and a file. Colors: Okabe & Ito 2008, "Color Universal Design", darkened or lightened until each
has a contrast of 3 to 1 and more with its background.
"""

from typing import Any, Literal

Theme = Literal["light", "dark"]

_COLORS: dict[Theme, dict[str, str]] = {
    "light": {
        "background": "#ffffff",
        "text": "#1f2630",
        "quiet": "#5b6572",
        "grid": "#e6e9ee",
        "first": "#0072b2",
        "second": "#c4520a",
        "third": "#00805c",
        "good": "#00805c",
        "bad": "#b3261e",
        "grey": "#808a98",
        "on-dense": "#ffffff",
    },
    "dark": {
        "background": "#171b22",
        "text": "#e4e8ee",
        "quiet": "#a2acb9",
        "grid": "#2c333d",
        "first": "#56b4e9",
        "second": "#f39b4a",
        "third": "#3ccb9c",
        "good": "#3ccb9c",
        "bad": "#ff8a80",
        "grey": "#7b8592",
        "on-dense": "#0d1116",
    },
}
_CATEGORY: dict[Theme, list[str]] = {
    "light": ["#0072b2", "#c4520a", "#00805c", "#a8437f", "#7a6000", "#3f51b5", "#00838f", "#795548", "#5b6572"],
    "dark": ["#56b4e9", "#f39b4a", "#3ccb9c", "#e58fc0", "#f0e442", "#9fa8da", "#4dd0e1", "#bcaaa4", "#a2acb9"],
}
CLASSES = [  # of points and the grounds below them, in both themes
    *("#2f7fb8", "#d9691e", "#159570", "#b8578f", "#94781a", "#5c6bc0", "#1f93a0", "#8d6e63"),
]
_RAMP: dict[Theme, list[str]] = {
    "light": ["#f4f7fb", "#c3dbee", "#6ea8d5", "#2272ae", "#08365f"],
    "dark": ["#1c222b", "#1f4a6b", "#2f7fb4", "#7cc0e8", "#e8f5fd"],
}
_ALARM: dict[Theme, list[str]] = {
    "light": ["#f5f5f2", "#f6d9b8", "#e89a57", "#c4520a", "#6b2400"],
    "dark": ["#1f2328", "#5a3413", "#a85a17", "#f39b4a", "#ffe7cd"],
}


def colors(theme: Theme) -> dict[str, str]:
    """The colors of a theme by what they are for."""
    return _COLORS[theme]


def config(theme: Theme) -> dict[str, Any]:
    """The Vega-Lite config of a theme."""
    c = _COLORS[theme]
    font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
    return {
        "background": c["background"],
        "font": font,
        "padding": 6,
        "title": {"color": c["text"], "fontSize": 14, "fontWeight": 600, "offset": 12},
        "view": {"stroke": None},
        "axis": {
            "labelColor": c["quiet"],
            "titleColor": c["quiet"],
            "gridColor": c["grid"],
            "domainColor": c["grid"],
            "tickColor": c["grid"],
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "labelLimit": 160,
        },
        "legend": {"labelColor": c["text"], "titleColor": c["quiet"], "titleFontWeight": "normal", "orient": "top"},
        "header": {"labelColor": c["text"], "titleColor": c["quiet"]},
        "text": {"color": c["text"], "fontSize": 11},
        "mark": {"color": c["first"]},
        "rule": {"color": c["quiet"]},
        "range": {
            "category": _CATEGORY[theme],
            "ramp": _RAMP[theme],
            "ordinal": _RAMP[theme][2:],
            "heatmap": _ALARM[theme],
        },
        "style": _styles(c),
    }


def _styles(c: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What marks mean, and how that looks."""
    return {
        "train": {"color": c["first"], "strokeWidth": 2},
        "train-band": {"color": c["first"], "fillOpacity": 0.18, "strokeOpacity": 0},
        "val": {"color": c["second"], "strokeWidth": 2, "strokeDash": [6, 3]},
        "third": {"color": c["third"], "strokeWidth": 2, "strokeDash": [2, 2]},
        "train-label": {"color": c["first"], "fontWeight": 600, "fontSize": 11},
        "val-label": {"color": c["second"], "fontWeight": 600, "fontSize": 11},
        "third-label": {"color": c["third"], "fontWeight": 600, "fontSize": 11},
        "chance": {"color": c["quiet"], "strokeDash": [2, 4], "strokeWidth": 1.2},
        "quiet": {"color": c["quiet"], "fontSize": 11},
        "faint": {"color": c["grey"], "strokeWidth": 1, "strokeOpacity": 0.55},
        "faint-band": {"color": c["grey"], "fillOpacity": 0.14, "strokeOpacity": 0},
        "faint-point": {"color": c["grey"], "filled": True, "opacity": 0.7},
        "healthy": {"color": c["good"], "fillOpacity": 0.13, "strokeOpacity": 0},
        "moment": {"color": c["bad"], "strokeWidth": 1.5, "strokeDash": [5, 3]},
        "moment-line": {"color": c["bad"], "strokeWidth": 2},
        "moment-label": {"color": c["bad"], "fontWeight": 600, "fontSize": 11},
        "best": {"color": c["first"], "strokeWidth": 2.4},
        "point": {"color": c["first"], "filled": True, "opacity": 0.85},
        "bad-point": {"color": c["bad"], "filled": False, "strokeWidth": 1.6},
        "best-point": {"color": c["second"], "filled": True, "opacity": 1},
        "bar": {"color": c["first"]},
        "whisker": {"color": c["text"], "strokeWidth": 1.2},
        "halo": {"color": c["background"], "stroke": c["background"], "strokeWidth": 4, "fontSize": 11},
        "label": {"color": c["text"], "fontSize": 11},
        "on-dense": {"color": c["on-dense"], "fontSize": 11},
        "on-thin": {"color": c["text"], "fontSize": 11},
    }
