"""People and models on one axis, as a plotly figure with its words; no streamlit here."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.looks import MODEL_COLOURS
from fer_core.human.versus import Standing

KINDS: Mapping[str, tuple[str, str, str]] = {
    "person": ("A person", "circle", MODEL_COLOURS[1]),
    "people": ("People as a group", "diamond", MODEL_COLOURS[1]),
    "model": ("Model", "square", MODEL_COLOURS[0]),
}
"""What each kind of rater is called, its mark and its colour: shape and colour both tell them apart."""
YOU = "You"
SHORT = 14
"""Persons beyond this number have no names on the axis: a class of a hundred stays readable."""


def standings(found: Sequence[Standing]) -> go.Figure:
    """A mark with its 95 % interval for each rater, the best at the top, percent along x."""
    figure = go.Figure()
    many = sum(one.kind == "person" for one in found) > SHORT
    nameless = [many and one.kind == "person" and one.title != YOU for one in found]
    heights = np.where(nameless, 14, 36)
    places = np.cumsum(heights) - heights / 2
    for kind, (title, symbol, colour) in KINDS.items():
        rows = [(place, one) for place, one in zip(places.tolist(), found, strict=True) if one.kind == kind]
        if rows:
            figure.add_scatter(**_marks(rows, title, symbol, colour))
    named = [(y, one) for y, one, no in zip(places.tolist(), found, nameless, strict=True) if not no]
    figure.update_layout(
        height=130 + int(heights.sum()), margin={"l": 4, "r": 20, "t": 44, "b": 4}, hovermode="closest",
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=[y for y, _ in named], ticktext=["<br>".join(textwrap.wrap(one.title, 24)) for _, one in named],
        range=[int(heights.sum()) + 4, -6], zeroline=False, fixedrange=True, ticksuffix="  ", showgrid=True,
    )  # fmt: skip
    figure.update_xaxes(ticksuffix=" %", fixedrange=True, zeroline=False, rangemode="normal")
    return figure


def _marks(rows: Sequence[tuple[int, Standing]], title: str, symbol: str, colour: str) -> dict:
    """One trace: raters of one kind; a person who is looking at the page has a larger mark."""
    values = [one.accuracy for _, one in rows]
    return {
        "x": [100 * v.value for v in values], "y": [place for place, _ in rows], "mode": "markers", "name": title,
        "marker": {"symbol": symbol, "color": colour, "size": [17 if one.title == YOU else 10 for _, one in rows],
                   "line": {"width": 1, "color": "white"}},
        "error_x": {"type": "data", "array": [100 * (v.high - v.value) for v in values],
                    "arrayminus": [100 * (v.value - v.low) for v in values], "thickness": 1.4, "width": 0},
        "customdata": [[one.title, one.n, 100 * one.accuracy.low, 100 * one.accuracy.high] for _, one in rows],
        "hovertemplate": "%{customdata[0]}: %{x:.1f} %<br>95 % interval %{customdata[2]:.1f} to %{customdata[3]:.1f} %"
                         "<br>%{customdata[1]} faces<extra></extra>",
    }  # fmt: skip


def describe(found: Sequence[Standing]) -> str:
    """What the chart shows, in words."""
    named = [one for one in found if one.kind != "person" or one.title == YOU]
    people = len([one for one in found if one.kind == "person"])
    said = "; ".join(f"{one.title} {one.accuracy.value:.0%}" for one in named)
    return f"Accuracy of {people} people and of models with 95 % intervals, the best first. {said}."
