"""How models fare against each disturbance, as plotly figures; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from dashboard.figures import legend_below
from dashboard.looks import Look
from dashboard.what_if_facts import MEASURES, measured
from fer_core.disturbances import DISTURBANCES
from fer_core.what_if import Study


def curves(
    studies: Mapping[str, Study], titles: Mapping[str, str], styles: Mapping[str, Look], disturbance: str, measure: str,
    now: float | None = None,
) -> go.Figure:  # fmt: skip
    """A curve a model over the strength with its 95 % intervals as bars; `now` marks the strength of the slider."""
    figure, one = go.Figure(), DISTURBANCES[disturbance]
    width = max(one.tried) - min(0, *one.tried)
    for place, (id, study) in enumerate(studies.items()):
        points, look = study.curve(disturbance), styles[id]
        found = [measured(point, measure) for point in points]
        aside = 0.004 * width * (place - (len(studies) - 1) / 2)  # side by side, so that no bar hides another
        bars = {"type": "data", "symmetric": False, "array": [f.high - f.value for f in found], "width": 3,
                "arrayminus": [f.value - f.low for f in found], "thickness": 1.5, "color": look.colour}  # fmt: skip
        figure.add_scatter(
            x=[point.strength + aside for point in points], y=[f.value for f in found], mode="lines+markers",
            name=titles[id], line={"color": look.colour, "dash": look.dash, "width": 2.3}, error_y=bars,
            marker={"symbol": look.symbol, "size": 8}, customdata=[point.strength for point in points],
            hovertemplate="%{customdata:g}: %{y:.1%}<extra>" + titles[id] + "</extra>",
        )  # fmt: skip
    if now is not None:
        figure.add_vline(x=now, line={"color": "#7A7F8A", "dash": "dot", "width": 1.5})
    figure.update_xaxes(title_text=f"{one.title}, {one.unit}", title_standoff=8, fixedrange=True, zeroline=False)
    figure.update_yaxes(title_text=MEASURES[measure].lower(), tickformat=".0%", fixedrange=True, rangemode="tozero")
    return legend_below(figure, len(studies), 244)
