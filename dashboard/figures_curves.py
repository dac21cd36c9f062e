"""ROC curves, reliability, risk against coverage and distance from the votes, as plotly figures; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard import looks
from dashboard.curve_facts import Confidences, Distance
from dashboard.figures import below
from dashboard.figures_confusion import wrapped
from fer_core.curves import RocCurve
from fer_core.evidence import Rater

POINTS = 300
"""Points drawn of one curve: as many as a chart of half a screen has pixels to show, few enough for twenty models."""
FEW = 10
"""Images in a bin below which its point stands alone: chance would throw a line through it across the diagram."""
GUIDE = {"type": "scatter", "x": [0, 1], "y": [0, 1], "mode": "lines", "showlegend": False, "hoverinfo": "skip",
         "line": {"color": "rgba(128,128,128,0.55)", "dash": "dot", "width": 1.5}}  # fmt: skip
"""The diagonal: chance, or perfect calibration."""
Line = dict[str, object]


def lines(raters: Sequence[Rater]) -> dict[str, Line]:
    """How each rater is drawn, whichever of them are chosen: models by colour, then by dash; people grey and dotted."""
    found = looks.looks((rater.id for rater in raters), (rater.id for rater in raters if rater.kind == "model"))
    return {id: {"color": look.colour, "dash": look.dash, "width": 2.3} for id, look in found.items()}


def thin(n: int, points: int = POINTS) -> np.ndarray:
    """The places of at most `points` of n points, first and last among them, intp."""
    return np.unique(np.linspace(0, n - 1, min(n, points)).round().astype(np.intp)) if n else np.empty(0, np.intp)


def roc(curves: Mapping[str, RocCurve], titles: Mapping[str, str], styles: Mapping[str, Line]) -> go.Figure:
    """The raters' ROC curves of one label or average, the area of each in the legend."""
    drawn: list[dict[str, object]] = [GUIDE]
    for id, curve in curves.items():
        at = thin(len(curve.false_positive_rate))
        drawn.append({
            "type": "scatter", "mode": "lines", "line": styles[id], "showlegend": True,
            "x": curve.false_positive_rate[at], "y": curve.true_positive_rate[at],
            "name": f"{titles[id]}: AUC {curve.area:.3f}",
            "hovertemplate": "found %{y:.1%}, false alarms %{x:.1%}<extra>" + titles[id] + "</extra>",
        })  # fmt: skip
    axes = {"xaxis": _axis("false positive rate"), "yaxis": _axis("true positive rate")}
    return go.Figure(drawn, axes | below(len(curves), 296))  # in one go: plotly checks each later change anew


def roc_table(curves: Mapping[str, RocCurve], titles: Mapping[str, str]) -> pd.DataFrame:
    """The points of those curves, a row a point."""
    parts = []
    for id, curve in curves.items():
        at = thin(len(curve.false_positive_rate))
        parts.append(pd.DataFrame({"rater": titles[id], "false positive rate": curve.false_positive_rate[at],
                                   "true positive rate": curve.true_positive_rate[at], "AUC": curve.area}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def reliability(
    found: Mapping[str, Confidences], titles: Mapping[str, str], styles: Mapping[str, Line], unit: str, entries: int
) -> go.Figure:
    """Accuracy against confidence in bins, the number of images in each below; room for `entries` in the legend."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.74, 0.26], vertical_spacing=0.05)
    figure.add_trace(GUIDE, row=1, col=1)
    for id, one in found.items():
        bins = one.reliability
        used, middles = bins.counts > 0, (bins.edges[:-1] + bins.edges[1:]) / 2
        few = ~used | (bins.counts < FEW)
        figure.add_scatter(
            x=bins.confidence[used & few], y=bins.accuracy[used & few], customdata=bins.counts[used & few], row=1,
            col=1, mode="markers", marker={"size": 5, "color": styles[id]["color"]}, legendgroup=id, showlegend=False,
            hovertemplate=_says(titles[id]),
        )  # fmt: skip
        figure.add_scatter(
            x=bins.confidence[~few], y=bins.accuracy[~few], customdata=bins.counts[~few], line=styles[id],
            mode="lines+markers", marker={"size": 4 + 7 * np.sqrt(bins.counts[~few] / bins.counts.max())},
            name=f"{titles[id]}: ECE {bins.ece:.3f}", legendgroup=id, row=1, col=1,
            hovertemplate=_says(titles[id]),
        )  # fmt: skip
        figure.add_scatter(x=middles, y=bins.counts, line={**styles[id], "shape": "hvh"}, mode="lines", legendgroup=id,
                           showlegend=False, row=2, col=1, name=titles[id],
                           hovertemplate="%{y:,} images<extra>" + titles[id] + "</extra>")  # fmt: skip
    figure.update_xaxes(_axis(""), row=1, col=1)
    figure.update_xaxes(_axis(f"{unit} of the answer"), row=2, col=1)
    figure.update_yaxes(_axis("share that is right"), row=1, col=1)
    figure.update_yaxes({"title": {"text": "images"}, "tickformat": ",", "rangemode": "tozero", "nticks": 4,
                         "fixedrange": True}, row=2, col=1)  # fmt: skip
    return figure.update_layout(below(entries, 416))


def _says(title: str) -> str:
    """What a point of a reliability diagram says under the pointer."""
    return "says %{x:.1%}, right %{y:.1%} of %{customdata:,} images<extra>" + title + "</extra>"


def reliability_table(found: Mapping[str, Confidences], titles: Mapping[str, str], unit: str) -> pd.DataFrame:
    """The bins of those diagrams, a row a bin; blank where a bin is empty."""
    return pd.concat([
        pd.DataFrame({"rater": titles[id], "from": one.reliability.edges[:-1], "to": one.reliability.edges[1:],
                      "images": one.reliability.counts, f"mean {unit}": one.reliability.confidence,
                      "share right": one.reliability.accuracy})
        for id, one in found.items()
    ], ignore_index=True)  # fmt: skip


def risk(found: Mapping[str, Confidences], titles: Mapping[str, str], styles: Mapping[str, Line]) -> go.Figure:
    """The share of errors among the most confident images, for every share of images answered."""
    drawn: list[dict[str, object]] = []
    for id, one in found.items():
        at = thin(len(one.risk.coverage))
        drawn.append({
            "type": "scatter", "mode": "lines", "line": styles[id], "showlegend": True,
            "x": one.risk.coverage[at], "y": one.risk.risk[at], "name": f"{titles[id]}: AURC {one.risk.area:.3f}",
            "hovertemplate": "answers %{x:.0%}, wrong on %{y:.1%}<extra>" + titles[id] + "</extra>",
        })  # fmt: skip
    errors = _axis("wrong answers among them") | {"range": None, "tickvals": None, "rangemode": "tozero"}
    axes = {"xaxis": _axis("images answered, the most confident first"), "yaxis": errors}
    return go.Figure(drawn, axes | below(len(found), 336))


def risk_table(found: Mapping[str, Confidences], titles: Mapping[str, str]) -> pd.DataFrame:
    """The points of those curves, a row a point."""
    parts = []
    for id, one in found.items():
        at = thin(len(one.risk.coverage))
        parts.append(pd.DataFrame({"rater": titles[id], "coverage": one.risk.coverage[at], "risk": one.risk.risk[at]}))
    return pd.concat(parts, ignore_index=True)


def distances(found: Sequence[Distance], models: Sequence[str]) -> go.Figure:
    """A point a rater with its interval, looking as among `models`: 0 is the voters' own, 1 shares nothing with it."""
    figure, shades = go.Figure(), looks.looks((one.id for one in found), models)
    for one in reversed(found):
        figure.add_scatter(
            x=[one.mean.value], y=[wrapped(one.title, 22)], mode="markers", showlegend=False,
            marker={"size": 9, "color": shades[one.id].colour, "symbol": shades[one.id].symbol},
            error_x={"type": "data", "symmetric": False, "array": [one.mean.high - one.mean.value], "thickness": 2,
                     "arrayminus": [one.mean.value - one.mean.low]},
            hovertemplate=f"%{{x:.3f}} ({one.mean.low:.3f} to {one.mean.high:.3f})<extra>{one.title}</extra>",
        )  # fmt: skip
    figure.update_xaxes(
        range=[0, 1.15 * max((one.mean.high for one in found), default=1.0)],
        title_text="mean divergence, bits",
        nticks=6,
        fixedrange=True,
        title_standoff=10,
    )
    figure.update_yaxes(automargin=True, fixedrange=True, ticksuffix="  ")
    return figure.update_layout(height=110 + 38 * len(found), margin={"l": 4, "r": 16, "t": 8, "b": 44})


def _axis(title: str) -> dict[str, object]:
    """An axis of that name from 0 to 100 %."""
    return {"title": {"text": title, "standoff": 8}, "range": [-0.01, 1.01], "tickformat": ".0%",
            "tickvals": [0, 0.25, 0.5, 0.75, 1], "fixedrange": True}  # fmt: skip
