"""Regions' shares and insertion and deletion curves as plotly figures; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures import legend_below
from dashboard.looks import Look
from fer_core.face_regions import REGIONS
from fer_core.saliency_checks import Curves

EVEN = "rgba(122,127,138,0.9)"


def region_bars(table: pd.DataFrame, styles: Mapping[str, Look], ids: Sequence[str]) -> go.Figure:
    """A bar a map and region, grouped by region, in the model's colour; the regions' own sizes as lines across.

    `table` as `explain_facts.region_table`; `ids`: each map's model.
    """
    figure = go.Figure()
    several = table["method"].iloc[:-1].nunique() > 1
    methods = list(dict.fromkeys(table["method"].iloc[:-1]))
    for row, id in zip(table.iloc[:-1].to_dict("records"), ids, strict=True):
        name = f"{row['model']}, {row['method']}" if several else row["model"]
        faint = 1 - 0.6 * methods.index(row["method"]) / max(1, len(methods) - 1) if several else 1.0
        figure.add_bar(
            x=list(REGIONS), y=[row[region] for region in REGIONS], name=name, opacity=faint,
            marker={"color": styles[id].colour, "pattern": {"shape": styles[id].hatch, "solidity": 0.35}},
            hovertemplate="%{x}: %{y:.1%}<extra>" + name + "</extra>",
        )  # fmt: skip
    sizes = table.iloc[-1]
    for place, region in enumerate(REGIONS):
        figure.add_shape(type="line", x0=place - 0.45, x1=place + 0.45, y0=sizes[region], y1=sizes[region],
                         line={"color": EVEN, "dash": "dot", "width": 2})  # fmt: skip
    figure.update_yaxes(title_text="share of the map", tickformat=".0%", rangemode="tozero", fixedrange=True)
    figure.update_xaxes(fixedrange=True)
    figure.update_layout(barmode="group", bargap=0.25)
    return legend_below(figure, len(ids), 184)


def hiding_curves(curves: Mapping[str, tuple[str, Curves]], styles: Mapping[str, Look]) -> go.Figure:
    """Insertion and deletion side by side: the target's probability against the share of pixels shown or hidden.

    `curves` by name of the map: its model's id, and the curves.
    """
    figure = make_subplots(rows=1, cols=2, subplot_titles=("Insertion", "Deletion"), shared_yaxes=True,
                           horizontal_spacing=0.05)  # fmt: skip
    dashes = ("solid", "dot", "dash", "dashdot", "longdash")
    seen: dict[str, int] = {}
    for name, (id, curve) in curves.items():
        seen[id] = seen.get(id, -1) + 1
        for column, values in enumerate((curve.insertion, curve.deletion), start=1):
            figure.add_scatter(
                row=1, col=column, x=curve.fractions, y=values, mode="lines", name=name,
                legendgroup=name, showlegend=column == 1,
                line={"color": styles[id].colour, "dash": dashes[seen[id] % len(dashes)], "width": 2.2},
                hovertemplate="%{x:.0%} of the pixels: %{y:.1%}<extra>" + name + "</extra>",
            )  # fmt: skip
    figure.update_xaxes(title_text="share of the pixels", tickformat=".0%", fixedrange=True, title_standoff=6)
    figure.update_yaxes(tickformat=".0%", fixedrange=True, rangemode="tozero")
    figure.update_yaxes(title_text="probability of the target", col=1)
    return legend_below(figure, len(curves), 232).update_layout(margin_t=34)  # room for the two titles
