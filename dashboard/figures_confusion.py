"""Figures of the Confusion and Distribution pages: matrices, differences, one face's answers, occurrences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale, unlabel_rgb

from dashboard import looks
from fer_core.types import EMOTIONS

SEQUENTIAL = {False: ("#F3F1FB", "#B9B1EC", "#5B4BC4", "#251B70"), True: ("#23243A", "#4A3FA3", "#8F82F0", "#E4E0FF")}
"""From nothing to most, on a light and on a dark (True) page."""
DIVERGING = {False: ("#A64B00", "#F0B98A", "#F5F3EE", "#A79DE8", "#3B2FA0"),
             True: ("#FFB26B", "#96571E", "#262833", "#5A4EC0", "#C3BBFF")}  # fmt: skip
"""From the second rater more often, over no difference, to the first more often."""
INKS = ("#000000", "#FFFFFF")
"""Nothing between: on a middle tone only these two have a contrast of 4.5 (WCAG 2.2)."""
MARK = "#E0851C"
"""The frame of the chosen cell: seen on every colour of the scales."""
MOST_BARS = 6
"""Raters beside each other whose bars are wide enough to be told apart."""


def shown(values: np.ndarray, share: bool, signed: bool = False) -> list[list[str]]:
    """The texts in the cells: whole numbers, percent without its sign for shares; nothing for NaN."""
    scaled = values * 100 if share else values
    sign = "+" if signed else ""
    return [["" if np.isnan(v) else _whole(float(v), sign) for v in row] for row in scaled]


def _whole(value: float, sign: str) -> str:
    text = f"{value:{sign},.0f}"
    return "0" if text in ("+0", "-0") else text.replace("-", "−")


def confusion(values: np.ndarray, labels: Sequence[str], titles: tuple[str, str], *, share: bool, top: float,
              dark: bool = False, chosen: tuple[str, str] | None = None) -> go.Figure:  # fmt: skip
    """A matrix, rows down and columns across, on the colour scale 0..`top`; a click on a cell gives (row, column).

    `titles` name the two raters, `chosen` is the cell to mark.
    """
    texts = shown(values, share)
    drawn = cells(values, labels, labels, texts, SEQUENTIAL[dark], (0.0, top))
    layout = _square(labels, titles) | colour_scale(SEQUENTIAL[dark], (0.0, top), share)
    if chosen and chosen[0] in labels and chosen[1] in labels:
        layout["shapes"] = [_mark(labels.index(chosen[0]), labels.index(chosen[1]))]
    return go.Figure([*drawn, _points(labels, texts, titles, "percent" if share else "images")], layout)


def difference(values: np.ndarray, labels: Sequence[str], titles: tuple[str, str], *, share: bool,
               dark: bool = False) -> go.Figure:  # fmt: skip
    """The first of two matrices less the second, on a diverging scale with nothing in its middle."""
    top = float(np.nanmax(np.abs(values))) if not np.isnan(values).all() else 1.0
    ends = (-(top or 1.0), top or 1.0)
    texts = shown(values, share, signed=True)
    drawn = cells(values, labels, labels, texts, DIVERGING[dark], ends)
    layout = _square(labels, titles) | colour_scale(DIVERGING[dark], ends, share)
    return go.Figure([*drawn, _points(labels, texts, titles, "percentage points" if share else "images")], layout)


def answers(table: pd.DataFrame, dark: bool = False) -> go.Figure:
    """One face: a row a rater of `table`, a column an emotion, percent in the cells, on the matrices' colours."""
    values = table[list(EMOTIONS)].to_numpy(np.float64)
    names = [wrapped(title) for title in table["rater"]]
    drawn = cells(values, EMOTIONS, names, shown(values, True), SEQUENTIAL[dark], (0.0, 1.0))
    for heatmap in drawn:
        heatmap |= {"hoverinfo": None, "hovertemplate": "%{y}<br>%{x}: %{text} %<extra></extra>"}
    layout = colour_scale(SEQUENTIAL[dark], (0.0, 1.0), True) | _strip(names)
    layout["coloraxis"]["showscale"] = False
    return go.Figure(drawn, layout)


def occurrences(table: pd.DataFrame, titles: Mapping[str, str], *, share: bool, dark: bool = False) -> go.Figure:
    """How often each rater (a column) gave each label (a row): bars, or of more raters than those can show a matrix."""
    if len(table.columns) > MOST_BARS:
        return occurrence_matrix(table, titles, share=share, dark=dark)
    return occurrence_bars(table, titles, share=share)


def occurrence_bars(table: pd.DataFrame, titles: Mapping[str, str], *, share: bool) -> go.Figure:
    """Grouped bars: a group a label (the table's rows), a bar a rater (its columns), counts or shares as percent."""
    figure = go.Figure()
    shades = looks.looks([str(id) for id in table.columns])
    for id in table.columns:
        values = table[id].to_numpy(np.float64) * (100 if share else 1)
        hover = "%{x}: %{y:,.1f} %" if share else "%{x}: %{y:,.0f}"
        figure.add_bar(
            name=titles[id], x=list(table.index), y=values, marker_color=shades[id].colour,
            marker_pattern={"shape": shades[id].hatch, "solidity": 0.35},
            hovertemplate=f"{hover}<extra>{titles[id]}</extra>",
        )  # fmt: skip
    below = 20 * len(table.columns)
    figure.update_layout(
        barmode="group", bargap=0.22, bargroupgap=0.04, height=380 + below,
        margin={"l": 4, "r": 4, "t": 8, "b": 60 + below}, hovermode="closest",
        legend={"orientation": "v", "y": -60 / 312, "yanchor": "top", "x": 0, "traceorder": "normal",
                "itemsizing": "constant"},
    )  # fmt: skip
    figure.update_xaxes(fixedrange=True, tickangle=-40)
    figure.update_yaxes(fixedrange=True, rangemode="tozero", ticksuffix=" %" if share else "", tickformat=",")
    return figure


def occurrence_matrix(table: pd.DataFrame, titles: Mapping[str, str], *, share: bool, dark: bool = False) -> go.Figure:
    """The same for more raters than bars can show: a row a rater, a column a label, the figures in the cells."""
    values = table.to_numpy(np.float64).T
    names = [wrapped(titles[str(id)], 15) for id in table.columns]
    top = largest(values)
    drawn = cells(values, list(table.index), names, shown(values, share), SEQUENTIAL[dark], (0.0, top))
    for heatmap in drawn:
        heatmap |= {"hoverinfo": None, "hovertemplate": "%{y}<br>%{x}: %{text}<extra></extra>"}
        heatmap["textfont"]["size"] = 11  # four digits and a comma in an eighth of a phone
    layout = colour_scale(SEQUENTIAL[dark], (0.0, top), share) | _strip(names)
    layout["coloraxis"]["showscale"] = False
    layout["xaxis"]["tickangle"] = -90
    return go.Figure(drawn, layout)


def largest(values: np.ndarray) -> float:
    """The largest finite value, for a colour scale; 1 where there is none."""
    return float(np.nanmax(values, initial=0.0)) or 1.0


def _strip(names: Sequence[str]) -> dict[str, Any]:
    """The layout of a matrix with a row a rater, high enough for its name's lines, and a column a label."""
    lines = max(name.count("<br>") + 1 for name in names)
    return {
        "xaxis": {"side": "top", "fixedrange": True, "tickangle": -40, "showgrid": False},
        "yaxis": {"autorange": "reversed", "fixedrange": True, "showgrid": False, "ticksuffix": "  "},
        "height": 90 + max(42, 16 * lines + 6) * len(names), "margin": {"l": 4, "r": 4, "t": 8, "b": 4},
    }  # fmt: skip


def ink(value: float, scale: Sequence[str], ends: tuple[float, float]) -> str:
    """The text colour, near black or white, with more contrast on the scale's colour for a value (WCAG 2.2)."""
    place = min(max((value - ends[0]) / (ends[1] - ends[0]), 0.0), 1.0)
    ground = _luminance(unlabel_rgb(sample_colorscale(list(scale), [place])[0]))
    return INKS[0] if (ground + 0.05) / 0.05 > 1.05 / (ground + 0.05) else INKS[1]


def _luminance(rgb: Sequence[float]) -> float:
    """Relative luminance 0..1 of a colour with channels 0..255."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def cells(values: np.ndarray, columns: Sequence[str], rows: Sequence[str], texts: list[list[str]],
           scale: Sequence[str], ends: tuple[float, float]) -> list[dict[str, Any]]:  # fmt: skip
    """The coloured cells. A heatmap has one text colour, so dark and light ink are a heatmap each."""
    inks = np.array([[ink(float(v), scale, ends) if not np.isnan(v) else "" for v in row] for row in values])
    return [
        {"type": "heatmap", "x": list(columns), "y": list(rows), "z": np.where(inks == colour, values, np.nan),
         "text": np.where(inks == colour, texts, ""), "texttemplate": "%{text}", "coloraxis": "coloraxis",
         "textfont": {"color": colour, "size": 13}, "xgap": 2, "ygap": 2, "hoverongaps": False, "hoverinfo": "skip"}
        for colour in INKS
    ]  # fmt: skip


def colour_scale(scale: Sequence[str], ends: tuple[float, float], share: bool) -> dict[str, Any]:
    """The layout's part that gives both inks' cells one colour scale, with its bar on top."""
    bar = {"orientation": "h", "thickness": 8, "y": 1.0, "yanchor": "bottom", "len": 1.0, "outlinewidth": 0,
           "nticks": 5, "tickformat": ".0%" if share else ","}  # fmt: skip
    return {"coloraxis": {"colorscale": list(scale), "cmin": ends[0], "cmax": ends[1], "colorbar": bar}}


def _points(labels: Sequence[str], texts: list[list[str]], titles: tuple[str, str], unit: str) -> dict[str, Any]:
    """An invisible point on every cell: Streamlit reports clicks on points, not on heatmaps."""
    unseen = {"marker": {"opacity": 0}}
    y, x = zip(*product(labels, labels), strict=True)
    hover = f"{titles[0]}: %{{y}}<br>{titles[1]}: %{{x}}<br>%{{text}} {unit}<extra></extra>"
    return {"type": "scatter", "x": x, "y": y, "text": [text for row in texts for text in row], "mode": "markers",
            "marker": {"opacity": 0, "size": 24}, "selected": unseen, "unselected": unseen, "hovertemplate": hover,
            "showlegend": False}  # fmt: skip


def _square(labels: Sequence[str], titles: tuple[str, str]) -> dict[str, Any]:
    """The layout with every label once on both axes, the first row on top; any place in a cell is its point's."""
    edges = [-0.5, len(labels) - 0.5]
    axis = {
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "categoryorder": "array",
        "categoryarray": list(labels),
    }
    return {
        "xaxis": axis | {"title": {"text": titles[1]}, "tickangle": -40, "range": edges},
        "yaxis": axis | {"title": {"text": titles[0]}, "range": edges[::-1]},
        "height": 430, "margin": {"l": 4, "r": 4, "t": 30, "b": 4},
        "hovermode": "closest", "hoverdistance": -1, "dragmode": False,
    }  # fmt: skip


def _mark(row: int, column: int) -> dict[str, Any]:
    """The frame of a cell."""
    return {"type": "rect", "x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5,
            "line": {"color": MARK, "width": 4}}  # fmt: skip


def wrapped(title: str, width: int = 15) -> str:
    """A rater's title in lines short enough for a phone."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)
