"""Every pair of raters as a triangle of differences; no streamlit here."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.figures_confusion import DIVERGING, cells, colour_scale, wrapped
from dashboard.pair_facts import Pairs, certain, differences, shown
from dashboard.words import points

WITH_TEXT = 12
"""Up to so many raters a cell has room for its figure on a screen; with more, colour and pointer tell it."""
A_ROW = 40


def triangle(of: Pairs, titles: dict[str, str], dark: bool = False) -> go.Figure:
    """A row and a column a rater, the most accurate first: points by which the row is behind the column.

    Differences that may be chance are in brackets; where there is no room for figures, the others have a dot. A click
    on a cell gives the two places from 1, row and column.
    """
    values, sure = differences(of)[1:, :-1], certain(of)[1:, :-1]
    rows = [wrapped(line, 24) for line in shown(of.ids, of.accuracy, titles)][1:]
    columns = [str(place) for place in range(1, len(of.ids))]
    texts = [
        [_text(value, bool(ok)) for value, ok in zip(*pair, strict=True)] for pair in zip(values, sure, strict=True)
    ]
    top = float(np.nanmax(np.abs(values))) or 1.0
    written = texts if has_text(of) else [["•" if ok else "" for ok in row] for row in sure]
    drawn = cells(values, columns, rows, written, DIVERGING[dark], (-top, top))
    layout = colour_scale(DIVERGING[dark], (-top, top), True) | _axes(rows, columns)
    layout["coloraxis"]["showscale"] = False
    return go.Figure([*drawn, _points(of, titles, rows, texts)], layout)


def has_text(of: Pairs) -> bool:
    """Whether the cells hold figures."""
    return len(of.ids) <= WITH_TEXT


def _text(value: float, sure: bool) -> str:
    if np.isnan(value):
        return ""
    text = points(value)
    return text if sure else f"({text})"


def _axes(rows: list[str], columns: list[str]) -> dict[str, Any]:
    axis = {"fixedrange": True, "showgrid": False, "zeroline": False, "type": "category"}
    n = len(rows)
    return {
        "xaxis": axis | {"side": "top", "categoryarray": columns, "range": [-0.5, n - 0.5]},
        "yaxis": axis | {"categoryarray": rows, "range": [n - 0.5, -0.5], "ticksuffix": "  ", "automargin": True},
        "height": 60 + A_ROW * n, "margin": {"l": 4, "r": 4, "t": 28, "b": 4},
        "hovermode": "closest", "hoverdistance": -1, "dragmode": False,
    }  # fmt: skip


def _points(of: Pairs, titles: dict[str, str], rows: list[str], texts: list[list[str]]) -> dict[str, Any]:
    """An invisible point on every cell of the triangle: Streamlit reports clicks on points, not on heatmaps."""
    x, y, about, places = [], [], [], []
    for i in range(1, len(of.ids)):
        for j in range(i):
            worse, better = of.ids[i], of.ids[j]
            one = of.found[better, worse]
            x.append(str(j + 1))
            y.append(rows[i - 1])
            places.append([i + 1, j + 1])
            low, high = (points(-end) for end in (one.difference.high, one.difference.low))
            about.append(f"{titles[worse]}<br>less {titles[better]}<br>{texts[i - 1][j]} points ({low} to {high})"
                         f"<br>p (Holm) {one.p_adjusted:.3g}, κ {one.kappa:.3f}")  # fmt: skip
    unseen = {"marker": {"opacity": 0}}
    return {"type": "scatter", "x": x, "y": y, "text": about, "customdata": places, "mode": "markers",
            "marker": {"opacity": 0, "size": 24}, "selected": unseen, "unselected": unseen,
            "hovertemplate": "%{text}<extra></extra>", "showlegend": False}  # fmt: skip
