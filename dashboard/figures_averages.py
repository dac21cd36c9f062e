"""How much of the mean maps lies on a region of the face, as a plotly figure; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from dashboard.figures import legend_below
from dashboard.looks import Look
from fer_core.types import EMOTIONS, Interval


def region_dots(
    shares: Mapping[str, Mapping[str, Interval]], titles: Mapping[str, str], styles: Mapping[str, Look], size: float
) -> go.Figure:
    """A dot a model and emotion with its 95 % interval; a line at the region's own size."""
    figure = go.Figure()
    for place, (id, by_label) in enumerate(shares.items()):
        aside = min(0.13, 0.8 / len(shares)) * (place - (len(shares) - 1) / 2)
        found, look = list(by_label.values()), styles[id]
        figure.add_scatter(
            x=[EMOTIONS.index(label) + aside for label in by_label], y=[one.value for one in found], mode="markers",
            name=titles[id], marker={"color": look.colour, "symbol": look.symbol, "size": 9}, customdata=list(by_label),
            error_y={"type": "data", "symmetric": False, "array": [one.high - one.value for one in found],
                     "arrayminus": [one.value - one.low for one in found], "color": look.colour, "width": 3},
            hovertemplate="says %{customdata}: %{y:.1%}<extra>" + titles[id] + "</extra>",
        )  # fmt: skip
    figure.add_hline(y=size, line={"color": "#7A7F8A", "dash": "dot", "width": 1.5})
    figure.update_xaxes(tickvals=list(range(len(EMOTIONS))), ticktext=list(EMOTIONS), fixedrange=True, zeroline=False,
                        range=[-0.6, len(EMOTIONS) - 0.4])  # fmt: skip
    figure.update_yaxes(title_text="share of the map", tickformat=".0%", rangemode="tozero", fixedrange=True)
    return legend_below(figure, len(shares), 224)
