"""Standings and training runs in, plotly figures with their tables and their words out; no streamlit here."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.entries import Entry
from dashboard.figures import MODEL_COLOURS
from dashboard.words import percent
from fer_core.types import EMOTIONS

KINDS: Mapping[str, dict[str, str]] = {
    "Model": {"symbol": "circle", "color": MODEL_COLOURS[0]},
    "Model with fewer labels": {"symbol": "circle-open", "color": MODEL_COLOURS[0]},
    "People": {"symbol": "diamond", "color": MODEL_COLOURS[1]},
}
"""Mark of each kind of entry: shape and colour both tell them apart."""

PARTS = {"Training": ("train", MODEL_COLOURS[1], "dash"), "PublicTest": ("public", MODEL_COLOURS[0], "solid")}
"""Which column of the curves shows which images, in which colour and line."""


def kind(entry: Entry) -> str:
    """The kind of an entry, one of `KINDS`."""
    if entry.card is None:
        return "People"
    return "Model" if len(entry.labels) == len(EMOTIONS) else "Model with fewer labels"


def accuracy_dots(entries: Sequence[Entry], always: tuple[str, float] | None = None) -> go.Figure:
    """A dot with its 95 % interval for each entry that has an accuracy, the first at the top, percent along x.

    `always` is the commonest label and the accuracy of answering nothing else: a dotted line.
    """
    shown = [entry for entry in entries if entry.metric("accuracy")]
    figure = go.Figure()
    for name, mark in KINDS.items():
        _dots(figure, [(row, entry) for row, entry in enumerate(shown) if kind(entry) == name], name, mark)
    figure.update_layout(
        height=110 + 44 * len(shown), margin={"l": 4, "r": 24, "t": 40, "b": 4}, hovermode="closest",
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
    )  # fmt: skip
    names = ["<br>".join(textwrap.wrap(entry.title, 25)) for entry in shown]
    figure.update_yaxes(tickvals=list(range(len(shown))), ticktext=names, range=[len(shown) - 0.5, -0.6],
                        zeroline=False, fixedrange=True, ticksuffix="  ", showgrid=True)  # fmt: skip
    figure.update_xaxes(ticksuffix=" %", fixedrange=True, zeroline=False)
    if always:
        _line(figure, *always)
    return figure


def _dots(figure: go.Figure, rows: Sequence[tuple[int, Entry]], name: str, mark: dict[str, str]) -> None:
    values = [(row, entry.title, found) for row, entry in rows if (found := entry.metric("accuracy"))]
    if not values:
        return
    figure.add_scatter(
        name=name,
        mode="markers+text",
        x=[100 * v.value for _, _, v in values],
        y=[row for row, _, _ in values],
        text=[f"{100 * v.value:.1f} %" for _, _, v in values],
        textposition="top center",
        marker={"size": 12, "line": {"width": 2}, **mark},
        error_x={"type": "data", "array": [100 * (v.high - v.value) for _, _, v in values], "symmetric": False,
                 "arrayminus": [100 * (v.value - v.low) for _, _, v in values], "thickness": 2,
                 "width": 5, "color": mark["color"]},
        customdata=[[title, 100 * v.low, 100 * v.high] for _, title, v in values],
        hovertemplate="%{customdata[0]}: %{x:.1f} %<br>"
        "95 % interval %{customdata[1]:.1f} to %{customdata[2]:.1f} %<extra></extra>",
    )  # fmt: skip


def _line(figure: go.Figure, label: str, share: float) -> None:
    figure.add_vline(x=100 * share, line={"dash": "dot", "width": 1.5, "color": MODEL_COLOURS[6]}, layer="below")
    figure.add_annotation(x=100 * share, y=0, yref="paper", text=f"always “{label}”", showarrow=False,
                          xanchor="left", yanchor="bottom", xshift=3)  # fmt: skip


def accuracy_table(entries: Sequence[Entry]) -> pd.DataFrame:
    """The dots as numbers, shares 0..1."""
    rows = [
        {"name": e.title, "kind": kind(e), "accuracy": v.value, "low": v.low, "high": v.high, "images": e.report.n}
        for e in entries
        if e.report and (v := e.metric("accuracy"))
    ]
    return pd.DataFrame(rows, columns=["name", "kind", "accuracy", "low", "high", "images"])


def describe_accuracy(entries: Sequence[Entry], images: str) -> str:
    """What the dots show, in words."""
    said = [
        f"{e.title} {percent(v.value, 1)} ({percent(v.low, 1)} to {percent(v.high, 1)})"
        for e in entries
        if (v := e.metric("accuracy"))
    ]
    return f"Accuracy with 95 % interval on {images}. " + "; ".join(said) + "."


def training_curves(rows: Sequence[Mapping[str, float]], best_epoch: int) -> go.Figure:
    """Loss, accuracy and learning rate over the epochs, one above the other; the kept epoch is marked."""
    figure = make_subplots(
        3, 1, shared_xaxes=True, vertical_spacing=0.07, row_heights=[0.38, 0.38, 0.24],
        subplot_titles=("Loss, nats", "Accuracy", "Learning rate"),
    )  # fmt: skip
    for part, (column, shade, dash) in PARTS.items():
        _curve(figure, rows, f"{column}_loss", 1, part, shade, dash)
        _curve(figure, rows, f"{column}_accuracy", 2, part, shade, dash, percent=True)
    _curve(figure, rows, "learning_rate", 3, "Learning rate", MODEL_COLOURS[6], "solid")
    figure.add_vline(x=best_epoch, line={"dash": "dot", "width": 1.5, "color": MODEL_COLOURS[2]})
    _mark_best(figure, rows, best_epoch)
    figure.update_layout(
        height=620, margin={"l": 4, "r": 12, "t": 64, "b": 4}, hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.06, "yanchor": "bottom"},
    )  # fmt: skip
    figure.update_annotations(x=0, xanchor="left", font={"size": 14})
    figure.update_xaxes(
        fixedrange=True, tickformat="d", dtick=max(1, round(len(rows) / 10)), range=[0.5, len(rows) + 0.5]
    )
    figure.update_xaxes(title="Epoch", row=3)
    figure.update_yaxes(fixedrange=True, nticks=6)
    figure.update_yaxes(ticksuffix=" %", row=2)
    figure.update_yaxes(rangemode="tozero", nticks=4, exponentformat="e", row=3)
    return figure


def _curve(figure: go.Figure, rows: Sequence[Mapping[str, float]], column: str, row: int, name: str, shade: str,
           dash: str, percent: bool = False) -> None:  # fmt: skip
    points = [(r["epoch"], r[column] * (100 if percent else 1)) for r in rows if column in r]
    shape = "%{y:.1f} %" if percent else "%{y:.3g}"
    figure.add_scatter(
        x=[x for x, _ in points], y=[y for _, y in points], name=name, legendgroup=name, showlegend=row == 1,
        mode="lines+markers", line={"color": shade, "dash": dash, "width": 2}, marker={"size": 5},
        hovertemplate=shape + f"<extra>{name}</extra>", row=row, col=1,
    )  # fmt: skip


def _mark_best(figure: go.Figure, rows: Sequence[Mapping[str, float]], best_epoch: int) -> None:
    best = [r["public_accuracy"] for r in rows if r["epoch"] == best_epoch and "public_accuracy" in r]
    if best:
        figure.add_scatter(
            x=[best_epoch], y=[100 * best[0]], mode="markers", name=f"Epoch {best_epoch}, kept",
            marker={"symbol": "star", "size": 15, "color": MODEL_COLOURS[2]}, hoverinfo="skip", row=2, col=1,
        )  # fmt: skip


def describe_curves(rows: Sequence[Mapping[str, float]], best_epoch: int) -> str:
    """What the curves show, in words."""
    first, last = rows[0], rows[-1]
    said = [
        f"{name} from {first[key]:.3g} to {last[key]:.3g}"
        for name, key in (("Training loss", "train_loss"), ("PublicTest loss", "public_loss"),
                          ("Training accuracy", "train_accuracy"), ("PublicTest accuracy", "public_accuracy"))
        if key in first and key in last
    ]  # fmt: skip
    return (
        f"Training over {len(rows)} epoch{'s' * (len(rows) != 1)}; epoch {best_epoch} was kept. "
        + "; ".join(said)
        + "."
    )
