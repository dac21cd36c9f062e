"""Accuracy against face size and what detection finds, as plotly figures and tables; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import interval_bars, legend_below
from dashboard.looks import Look
from dashboard.words import points
from fer_core.face_size import Size, Study
from fer_core.types import Interval

COUNTED = {"found": "of the faces found", "all": "of all faces"}
"""What accuracy may be counted of: with all faces, one that detection missed is a wrong answer."""
LOST = "lost at trusted size"
"""The column that says what a model loses at the smallest size at which it is trusted."""
DETECTION_COLOUR = "#7A7F8A"


def accuracy_of(size: Size, counted: str) -> Interval:
    """The accuracy at that size, by a key of `COUNTED`."""
    return size.accuracy if counted == "found" else size.of_all


def accuracy(
    studies: Mapping[str, Study], titles: Mapping[str, str], styles: Mapping[str, Look], counted: str
) -> go.Figure:
    """A curve a model with the intervals as bars; a thin line at its accuracy on FER2013's own pictures."""
    figure = go.Figure()
    for place, (id, study) in enumerate(studies.items()):
        sides, found = [size.side for size in study.sizes], [accuracy_of(size, counted) for size in study.sizes]
        values = [one.value for one in found]
        spread = 1 + 0.006 * (place - (len(studies) - 1) / 2)  # side by side, so that no bar hides another
        figure.add_scatter(
            x=[side * spread for side in sides], y=values, mode="lines+markers", name=titles[id], legendgroup=id,
            line={"color": styles[id].colour, "dash": styles[id].dash, "width": 2.3}, customdata=sides,
            marker={"symbol": styles[id].symbol, "size": 8}, error_y=interval_bars(found, styles[id].colour),
            hovertemplate="%{customdata} pixels: %{y:.1%}<extra>" + titles[id] + "</extra>",
        )  # fmt: skip
        figure.add_scatter(
            x=[sides[0], sides[-1]], y=[study.original.value] * 2, mode="lines", legendgroup=id, showlegend=False,
            line={"color": styles[id].colour, "dash": "dot", "width": 1}, hoverinfo="skip",
        )  # fmt: skip
    _axes(figure, next(iter(studies.values())), f"accuracy {COUNTED[counted]}")
    return legend_below(figure, len(studies), 304)


def detection(study: Study) -> go.Figure:
    """The share of the pasted faces that detection finds, by size."""
    shares = [size.found / size.pasted for size in study.sizes]
    figure = go.Figure()
    figure.add_scatter(
        x=[size.side for size in study.sizes], y=shares, mode="lines+markers", showlegend=False,
        line={"color": DETECTION_COLOUR, "width": 2.3}, marker={"size": 8},
        customdata=[(size.found, size.pasted) for size in study.sizes],
        hovertemplate="%{x} pixels: %{y:.1%}, %{customdata[0]:,} of %{customdata[1]:,} faces<extra></extra>",
    )  # fmt: skip
    _axes(figure, study, "faces found")
    figure.update_yaxes(range=[0, 1.02])
    return legend_below(figure, 0, 184)


def size_table(studies: Mapping[str, Study], titles: Mapping[str, str]) -> pd.DataFrame:
    """Every figure of the studies, a row a model and size; shares 0..1."""
    rows = []
    for id, study in studies.items():
        for size in study.sizes:
            row: dict[str, object] = {"model": titles[id], "pixels": size.side, "faces": size.pasted}
            row |= {"found": size.found, "found share": size.found / size.pasted}
            for name, one in (("accuracy", size.accuracy), ("lost", size.loss), ("accuracy of all", size.of_all)):
                row |= {name: one.value, f"{name}, low": one.low, f"{name}, high": one.high}
            row["accuracy on missed"] = size.missed.value if size.missed else None
            rows.append(row | {"false boxes": size.false})
    return pd.DataFrame(rows)


def verdicts(studies: Mapping[str, Study], titles: Mapping[str, str]) -> pd.DataFrame:
    """From which size on each model is to be trusted, its accuracies by size and on FER2013's own pictures; percent.

    Last, in points and with its interval, what it loses at the smallest trusted size. A row a model, the most accurate
    first.
    """
    rows = []
    for id, study in sorted(studies.items(), key=lambda pair: -pair[1].original.value):
        at = {size.side: size for size in study.sizes}
        row: dict[str, object] = {"model": titles[id], "trusted from, pixels": study.smallest}
        row |= {"FER2013's own 48": 100 * study.original.value}
        row |= {f"{side} px": 100 * size.accuracy.value for side, size in at.items()}
        lost = at[study.smallest].loss if study.smallest else None
        value, low, high = (points(share) for share in (lost.value, lost.low, lost.high)) if lost else ("", "", "")
        rows.append(row | {LOST: f"{value} ({low} to {high})" if lost else None})
    return pd.DataFrame(rows)


def rule_table(found: Mapping[str, Any], titles: Mapping[str, str], weights: Mapping[str, str]) -> pd.DataFrame:
    """The crop rules that were compared, a row a rule: errors of the frame, and each model's accuracy in percent.

    `weights` has the sha256 of each model's weights: one that was trained anew since is left out.
    """
    rows = []
    for name, errors in found["errors"].items():
        row: dict[str, object] = {"rule": name, "overlap (IoU)": errors["iou"][0], "centre, sides": errors["centre"]}
        for id, by_set in found["accuracy"].items():
            if found["weights"].get(id) != weights.get(id):
                continue
            for kind, by_rule in by_set.items():
                of = titles.get(id, id) + (", tilted" if kind == "tilted" else "")
                value, low, high = (points(v, True) for v in by_rule[name]["above_old"])
                row[f"{of}, %"] = 100 * by_rule[name]["accuracy"][0]
                row[f"{of}, against the old rule"] = f"{value} ({low} to {high})"
        rows.append(row)
    return pd.DataFrame(rows)


def _axes(figure: go.Figure, study: Study, y: str) -> None:
    sides = [size.side for size in study.sizes]
    figure.update_xaxes(title_text="width of the face in the photo, pixels", title_standoff=8, type="log",
                        tickvals=sides, ticktext=[str(side) for side in sides], fixedrange=True)  # fmt: skip
    figure.update_yaxes(title_text=y, title_standoff=8, tickformat=".0%", fixedrange=True)
