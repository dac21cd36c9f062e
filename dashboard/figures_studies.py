"""Studies of recipes and the projects' figures beside ours, as plotly figures and tables; no streamlit here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.looks import DASHES, MODEL_COLOURS
from fer_core.seeds import Compared
from fer_core.studies import Study
from fer_core.types import Interval

MEASURES = {
    "public_accuracy": "PublicTest accuracy",
    "train_accuracy": "Training accuracy",
    "public_loss": "PublicTest loss, nats",
    "train_loss": "Training loss, nats",
}
"""What a curve may show, by its column."""


def versions_table(study: Study) -> pd.DataFrame:
    """A row a version: accuracy in percent with its interval, the gain over the base in points, what it cost."""
    rows = []
    for number, title in enumerate(study.titles):
        outcomes, accuracy = study.of(title), study.accuracy(title)
        gain = study.gain(title) if number else None
        rows.append({
            "version": title, "PublicTest": 100 * accuracy.value, "95 %": _ends(accuracy),
            "against the base": gain and 100 * gain.value, "95 % of it": _ends(gain) if gain else None,
            "best epoch": float(np.mean([o.best_epoch for o in outcomes])), "seeds": len(outcomes),
            "minutes": float(np.mean([o.seconds for o in outcomes])) / 60,
        })  # fmt: skip
    return pd.DataFrame(rows)


def accuracies(study: Study) -> go.Figure:
    """A point a version with its interval; the base's accuracy as a line, and guessing's unless it would crowd them."""
    found, names = [study.accuracy(title) for title in study.titles], [_wrapped(title) for title in study.titles]
    row = max(34, 12 + 16 * max(name.count("<br>") + 1 for name in names))
    figure = go.Figure()
    figure.add_scatter(
        x=[one.value for one in found], y=names, mode="markers",
        marker={"size": 9, "color": MODEL_COLOURS[0]}, showlegend=False, hovertemplate="%{x:.1%}<extra>%{y}</extra>",
        error_x={"type": "data", "symmetric": False, "thickness": 1.4, "color": MODEL_COLOURS[0],
                 "array": [one.high - one.value for one in found],
                 "arrayminus": [one.value - one.low for one in found]},
    )  # fmt: skip
    figure.add_vline(found[0].value, line={"color": "rgba(128,128,128,0.7)", "dash": "dot", "width": 1.2})
    if _near(study.guessing, found):
        figure.add_vline(study.guessing, line={"color": MODEL_COLOURS[1], "dash": "dash", "width": 1.2},
                         annotation={"text": "always the same label", "font": {"size": 11}, "yanchor": "bottom"},
                         annotation_position="top")  # fmt: skip
    figure.update_xaxes(title="accuracy on PublicTest", tickformat=".0%", fixedrange=True)
    figure.update_yaxes(autorange="reversed", automargin=True, fixedrange=True)
    return figure.update_layout(height=100 + row * len(found), margin={"l": 0, "r": 10, "t": 24, "b": 0})


def _near(value: float, found: Sequence[Interval]) -> bool:
    """Whether an axis with that value on it still tells the intervals apart: no further off than they reach."""
    low, high = min(one.low for one in found), max(one.high for one in found)
    return max(low - value, value - high) <= high - low


def curves(study: Study, titles: Sequence[str], measure: str) -> go.Figure:
    """The first seed's curve of each of those versions, an epoch a point."""
    figure, share = go.Figure(), measure.endswith("accuracy")
    for title in titles:
        place = study.titles.index(title)
        rows = study.of(title)[0].curves
        figure.add_scatter(
            x=[row["epoch"] for row in rows], y=[row[measure] for row in rows], mode="lines+markers", name=title,
            line={"color": MODEL_COLOURS[place % len(MODEL_COLOURS)], "width": 2.1,
                  "dash": DASHES[place // len(MODEL_COLOURS) % len(DASHES)]}, marker={"size": 6},
            hovertemplate="epoch %{x}: %{y:" + (".1%" if share else ".3f") + "}<extra>" + title + "</extra>",
        )  # fmt: skip
    figure.update_xaxes(title="epoch", dtick=1 if study.epochs <= 20 else None, fixedrange=True)
    figure.update_yaxes(
        title=MEASURES[measure], tickformat=".0%" if share else ".2f", fixedrange=True, rangemode="tozero"
    )
    legend = {"orientation": "h", "yanchor": "top", "y": -0.2, "x": 0}
    return figure.update_layout(
        height=340 + 22 * len(titles), legend=legend, showlegend=True, margin={"l": 0, "r": 10, "t": 10, "b": 0}
    )


def curves_table(study: Study, titles: Sequence[str]) -> pd.DataFrame:
    """The rows of those curves, every seed."""
    return pd.DataFrame([
        {"version": title, "seed": outcome.seed, **row}
        for title in titles for outcome in study.of(title) for row in outcome.curves
    ])  # fmt: skip


def seeds_table(found: Sequence[Compared]) -> pd.DataFrame:
    """A row a system: the project's figure and ours in percent, ours with its interval and n; blank where not run."""
    return pd.DataFrame([
        {"project": one.seed.project, "system": one.seed.system, "its figure": one.seed.accuracy,
         "ours": one.accuracy and 100 * one.accuracy.value, "95 %": _ends(one.accuracy) if one.accuracy else None,
         "n": one.n, "short run": one.short and 100 * one.short.accuracy(one.short.titles[0]).value,
         "recipe": one.id or one.seed.recipe, "why they differ": one.why or None,
         "its figure is of": one.seed.on, "source": one.seed.source or None}
        for one in found
    ])  # fmt: skip


def short_runs_table(found: Sequence[Study]) -> pd.DataFrame:
    """A row a short run: PublicTest accuracy in percent, its interval, what guessing comes to, labels, size, cost."""
    rows = []
    for study in found:
        (outcome,), accuracy = study.outcomes, study.accuracy(study.titles[0])
        rows.append({
            "model": study.title, "recipe": study.id, "PublicTest": 100 * accuracy.value, "95 %": _ends(accuracy),
            "commonest label": 100 * study.guessing, "labels answered": study.answered(study.titles[0]),
            "epochs": study.epochs, "Training images": study.images, "PublicTest images": study.n,
            "minutes": outcome.seconds / 60,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _ends(of: Interval) -> str:
    return f"{100 * of.low:.1f} to {100 * of.high:.1f}"


def _wrapped(title: str, width: int = 34) -> str:
    """The title in lines that leave room for the chart."""
    lines = [""]
    for word in title.split(" "):
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)
