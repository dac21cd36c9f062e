"""Results in, plotly figures out; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard import looks
from dashboard.words import percent
from fer_core.reading import FaceAnswers
from fer_core.types import EMOTIONS, Interval

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
    figure.update_layout(barmode="group", bargap=0.28, bargroupgap=0.06)
    figure.update_yaxes(
        categoryorder="array", categoryarray=EMOTIONS, autorange="reversed", ticksuffix="  ", fixedrange=True
    )
    figure.update_xaxes(range=[0, 100], ticksuffix=" %", dtick=25, fixedrange=True)
    models = len(one.predictions)
    return legend_below(figure, models, len(EMOTIONS) * max(32, 6 * models + 12), gap=32)


def legend_below(figure: go.Figure, entries: int, plot: int, gap: int = 54) -> go.Figure:
    """The figure with a legend under it, as `below` lays it out."""
    return figure.update_layout(below(entries, plot, gap))


def below(entries: int, plot: int, gap: int = 54) -> dict[str, Any]:
    """A layout with a legend under the plot, a line an entry, as high as it takes; `plot` and `gap` in pixels.

    `gap` is what the x axis takes under the plot itself.
    """
    legend = {"orientation": "v", "x": 0, "xanchor": "left", "y": -gap / plot, "yanchor": "top", "font": {"size": 13},
              "itemsizing": "constant", "itemwidth": 56, "traceorder": "normal",
              "maxheight": 20 * entries + 24}  # wide enough to tell one dash from another  # fmt: skip
    margin = {"l": 4, "r": 16, "t": 10, "b": gap + 12 + 20 * entries}
    height = plot + margin["t"] + margin["b"]
    return {"height": height, "margin": margin, "legend": legend, "showlegend": entries > 0, "hovermode": "closest"}


def interval_bars(found: Sequence[Interval], colour: str) -> dict[str, object]:
    """Error bars from one end of each interval to the other."""
    return {"type": "data", "symmetric": False, "array": [one.high - one.value for one in found], "thickness": 1.5,
            "arrayminus": [one.value - one.low for one in found], "width": 3, "color": colour}  # fmt: skip


def describe(one: FaceAnswers, titles: Mapping[str, str]) -> str:
    """What the bars show, in words, for those who cannot see them."""
    said = [f"{titles[id]}: {p.label} {percent(p.confidence)}" for id, p in one.predictions.items()]
    return f"Probabilities of face {one.number}. " + "; ".join(said) + "."
