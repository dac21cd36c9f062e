"""Results in, plotly figures out; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from dashboard import looks
from fer_core.reading import FaceAnswers
from fer_core.types import EMOTIONS

MODEL_COLOURS = (*looks.MODEL_COLOURS, "#6E7683")
"""Colours for what is no model: parts of the data, curves of training; the last is quiet."""


def probability_bars(one: FaceAnswers, titles: Mapping[str, str]) -> go.Figure:
    """Grouped horizontal bars of one face: an emotion a row, a model a colour, percent along x."""
    shades = looks.looks(titles)
    figure = go.Figure()
    for id, prediction in one.predictions.items():
        figure.add_bar(
            name=titles[id],
            orientation="h",
            y=list(prediction.labels),
            x=[100 * float(p) for p in prediction.probabilities],
            marker_color=shades[id].colour,
            marker_pattern={"shape": shades[id].hatch, "solidity": 0.35},
            hovertemplate="%{y}: %{x:.1f} %<extra>" + titles[id] + "</extra>",
        )
    figure.update_layout(
        barmode="group", bargap=0.28, bargroupgap=0.06, height=330, margin={"l": 4, "r": 12, "t": 8, "b": 4},
        legend={"orientation": "h", "y": -0.14, "x": 0, "traceorder": "normal"}, hovermode="closest",
    )  # fmt: skip
    figure.update_yaxes(
        categoryorder="array", categoryarray=EMOTIONS, autorange="reversed", ticksuffix="  ", fixedrange=True
    )
    figure.update_xaxes(range=[0, 100], ticksuffix=" %", dtick=25, fixedrange=True)
    return figure


def describe(one: FaceAnswers, titles: Mapping[str, str]) -> str:
    """What the bars show, in words, for those who cannot see them."""
    said = [f"{titles[id]}: {p.label} {p.confidence:.0%}" for id, p in one.predictions.items()]
    return f"Probabilities of face {one.number}. " + "; ".join(said) + "."
