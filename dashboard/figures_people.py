"""People and models on one axis, as a plotly figure with its words; no streamlit here."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.looks import MODEL_COLOURS
from dashboard.words import counted, percent
from fer_core.human.scores import Sureness
from fer_core.human.versus import Standing
from fer_core.types import EMOTIONS

KINDS: Mapping[str, tuple[str, str, str]] = {
    "person": ("A person", "circle", MODEL_COLOURS[1]),
    "people": ("People as a group", "diamond", MODEL_COLOURS[1]),
    "model": ("Model", "square", MODEL_COLOURS[0]),
}
"""What each kind of rater is called, its mark and its colour: shape and colour both tell them apart."""
YOU = "You"
LEVELS = {1: "1, a guess", 2: "2", 3: "3", 4: "4", 5: "5, certain"}
"""What people choose from where they are asked how sure they are."""
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
        height=150 + int(heights.sum()), margin={"l": 4, "r": 20, "t": 44, "b": 24}, hovermode="closest",
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=[y for y, _ in named], ticktext=["<br>".join(textwrap.wrap(one.title, 24)) for _, one in named],
        range=[int(heights.sum()) + 4, -6], zeroline=False, fixedrange=True, ticksuffix="  ", showgrid=True,
    )  # fmt: skip
    figure.update_xaxes(title="accuracy", ticksuffix=" %", fixedrange=True, zeroline=False, rangemode="normal")
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


def sureness(found: Sequence[Sureness]) -> go.Figure:
    """A mark with its 95 % interval for each level of sureness, percent right along y; a line where guessing lies."""
    rights = [one.right for one in found]
    figure = go.Figure()
    figure.add_scatter(
        x=[one.level for one in found], y=[100 * right.value for right in rights], mode="lines+markers",
        line={"color": MODEL_COLOURS[1], "width": 1.4}, marker={"size": 10}, showlegend=False,
        error_y={"type": "data", "array": [100 * (right.high - right.value) for right in rights],
                 "arrayminus": [100 * (right.value - right.low) for right in rights], "thickness": 1.4, "width": 0},
        customdata=[one.n for one in found], hovertemplate="%{y:.0f} % of %{customdata} answers right<extra></extra>",
    )  # fmt: skip
    figure.add_hline(100 / len(EMOTIONS), line={"color": "rgba(128,128,128,0.7)", "dash": "dot", "width": 1.2},
                     annotation_text="guessing", annotation_position="bottom right")  # fmt: skip
    figure.update_xaxes(title="how sure", tickvals=list(LEVELS), ticktext=[LEVELS[n] for n in LEVELS], range=[0.7, 5.3],
                        fixedrange=True, zeroline=False)  # fmt: skip
    figure.update_yaxes(title="right", ticksuffix=" %", range=[0, 104], fixedrange=True, zeroline=False)
    return figure.update_layout(height=300, margin={"l": 4, "r": 10, "t": 10, "b": 4})


def describe(found: Sequence[Standing]) -> str:
    """What the chart shows, in words."""
    named = [one for one in found if one.kind != "person" or one.title == YOU]
    people = counted(len([one for one in found if one.kind == "person"]), "person", "people")
    said = "; ".join(f"{one.title} {percent(one.accuracy.value)}" for one in named)
    return f"Accuracy of {people} and of models with 95 % intervals, the best first. {said}."
