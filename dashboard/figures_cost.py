"""What accuracy costs: models by what an answer takes and how often it is right; no streamlit here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from dashboard import looks
from dashboard.entries import Entry
from dashboard.figures import interval_bars, legend_below
from dashboard.words import percent
from fer_core.types import EMOTIONS

COSTS: Mapping[str, str] = {"work": "multiply-adds a face", "parameters": "parameters"}
"""What an answer costs whatever the machine, to choose from."""
_AMOUNTS: Mapping[str, Callable[[Entry], int | None]] = {
    "work": lambda entry: entry.multiply_adds,
    "parameters": lambda entry: entry.card.parameters if entry.card else None,
}
FRONT_COLOUR = "#7A7F8A"
STEP = 1.04
"""The factor between marks that stand side by side."""


def amount(entry: Entry, cost: str) -> int:
    """What an answer of a model in `comparable` costs, by a key of `COSTS`."""
    return _AMOUNTS[cost](entry) or 0


def comparable(entries: Sequence[Entry], cost: str) -> list[Entry]:
    """The models whose cost and accuracy are known, the cheapest first, of one cost the best first.

    Where they are not all asked about the same labels, those that know all seven.
    """
    known = [entry for entry in entries if entry.card and _AMOUNTS[cost](entry) and entry.metric("accuracy")]
    same = {entry.report.labels for entry in known if entry.report}
    whole = known if len(same) == 1 else [entry for entry in known if len(entry.labels) == len(EMOTIONS)]
    return sorted(whole, key=lambda entry: (amount(entry, cost), -(entry.value("accuracy") or 0.0)))


def front(cheapest_first: Sequence[Entry]) -> list[Entry]:
    """Those that no cheaper model equals."""
    best, found = -1.0, list[Entry]()
    for entry in cheapest_first:
        if (accuracy := entry.value("accuracy") or 0.0) > best:
            best, found = accuracy, [*found, entry]
    return found


def figure(entries: Sequence[Entry], cost: str) -> go.Figure:
    """A mark a model with its accuracy's 95 % interval, the cost along x; a stair through those on the `front`."""
    drawn, styles = go.Figure(), looks.looks([entry.id for entry in entries])
    stair = front(entries)
    drawn.add_scatter(x=[amount(entry, cost) for entry in stair], y=[entry.value("accuracy") for entry in stair],
                      mode="lines", line={"shape": "hv", "color": FRONT_COLOUR, "width": 1.5, "dash": "dot"},
                      hoverinfo="skip", showlegend=False)  # fmt: skip
    for entry, x in zip(entries, _beside([amount(entry, cost) for entry in entries]), strict=True):
        found, colour = entry.metric("accuracy"), styles[entry.id].colour
        assert found is not None  # comparable entries have one
        drawn.add_scatter(
            x=[x], y=[found.value], name=entry.title, mode="markers", customdata=[amount(entry, cost)],
            marker={"symbol": styles[entry.id].symbol, "size": 11, "color": colour},
            error_y=interval_bars([found], colour),
            hovertemplate="%{y:.1%}, %{customdata:,} " + f"{COSTS[cost]}<extra>{entry.title}</extra>",
        )  # fmt: skip
    drawn.update_xaxes(
        title_text=COSTS[cost], title_standoff=8, type="log", dtick="D2", tickformat="~s", fixedrange=True
    )
    drawn.update_yaxes(title_text="accuracy", title_standoff=8, tickformat=".0%", fixedrange=True)
    return legend_below(drawn, len(entries), 340)


def _beside(amounts: Sequence[int]) -> list[float]:
    """Where marks stand along a logarithmic axis: those of one amount side by side, so that none hides another."""
    found = []
    for place, one in enumerate(amounts):
        same = [other for other, value in enumerate(amounts) if value == one]
        found.append(one * STEP ** (same.index(place) - (len(same) - 1) / 2))
    return found


def table(entries: Sequence[Entry]) -> pd.DataFrame:
    """The same in figures, a row a model; accuracies 0..1."""
    rows = [
        {
            "model": entry.title, **{title: amount(entry, cost) or None for cost, title in COSTS.items()},
            "accuracy": found.value, "low": found.low, "high": found.high,
        }
        for entry in entries if (found := entry.metric("accuracy"))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def describe(entries: Sequence[Entry], cost: str) -> str:
    """The front in words, for those who cannot see it."""
    said = [f"{entry.title} {percent(entry.value('accuracy') or 0.0, 1)} for {amount(entry, cost):,}"
            for entry in front(entries)]  # fmt: skip
    return f"Accuracy against {COSTS[cost]}. No cheaper model equals: {'; '.join(said)}."
