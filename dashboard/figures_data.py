"""Class counts and taggers' agreement as plotly figures; no streamlit here."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import MODEL_COLOURS
from fer_core.types import EMOTIONS

SPLIT_COLOURS = {
    "Training": MODEL_COLOURS[0],
    "PublicTest": MODEL_COLOURS[1],
    "PrivateTest": MODEL_COLOURS[2],
    "Test": MODEL_COLOURS[6],
}


def class_counts(counts: pd.DataFrame, shares: bool) -> go.Figure:
    """Bars of how many images each label has, a colour a split; `counts` as from `data_facts.counts`."""
    figure = go.Figure()
    for name, part in counts.groupby("split", sort=False):
        split = str(name)
        figure.add_bar(
            name=split, x=part["label"], y=part["share" if shares else "images"], marker_color=SPLIT_COLOURS[split],
            customdata=part[["images", "share"]],
            hovertemplate="%{x}: %{customdata[0]:,} images, %{customdata[1]:.1%}<extra>" + split + "</extra>",
        )  # fmt: skip
    figure.update_xaxes(categoryorder="array", categoryarray=EMOTIONS, fixedrange=True)
    figure.update_yaxes(
        title_text="share of the split" if shares else "images", tickformat=".0%" if shares else ",", fixedrange=True
    )
    return figure.update_layout(
        barmode="group", bargap=0.25, height=380, margin={"l": 4, "r": 8, "t": 30, "b": 4}, showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    )  # fmt: skip


def agreement(found: pd.DataFrame) -> go.Figure:
    """Bars of how many images have how many votes for their most frequent answer."""
    figure = go.Figure()
    figure.add_bar(x=found["votes"], y=found["images"], customdata=found["share"], marker_color=MODEL_COLOURS[0],
                   hovertemplate="%{x} votes: %{y:,} images, %{customdata:.1%}<extra></extra>")  # fmt: skip
    figure.update_xaxes(title_text="votes for the most frequent answer", dtick=1, fixedrange=True, title_standoff=8)
    figure.update_yaxes(title_text="images", tickformat=",", fixedrange=True)
    return figure.update_layout(height=280, margin={"l": 4, "r": 8, "t": 8, "b": 44}, bargap=0.2, showlegend=False)
