"""The chart of what accuracy costs, with its choice."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import figures_cost, ui_url
from dashboard.charts import chart
from dashboard.entries import Entry
from dashboard.figures_cost import COSTS


def draw(shown: Sequence[Entry], where: str) -> None:
    """Draws the models' accuracies against what an answer costs; nothing where fewer than two can be compared.

    `where` says what the figures are on, as part of a file's name.
    """
    if len(figures_cost.comparable(shown, "parameters")) < 2:
        return
    st.subheader("What accuracy costs")
    cost = ui_url.one(st.segmented_control, "Cost", COSTS, "cost", "work") or "work"
    models = figures_cost.comparable(shown, cost)
    if without := [one.title for one in figures_cost.comparable(shown, "parameters") if one not in models]:
        st.caption(f"Not told by an export: {', '.join(without)}. "
                   "`uv run python -m trainers export --data fer2013.csv` makes them.")  # fmt: skip
    if not models:
        return
    chart(figures_cost.figure(models, cost), figures_cost.table(models), f"cost-{cost}-{where}",
          figures_cost.describe(models, cost))  # fmt: skip
    st.caption(
        "One face through the network; an ensemble costs what all its members do. Models of one cost stand side by "
        "side. The dotted stair joins those that no cheaper one equals; bars are 95 % intervals, so that a step may be "
        "chance (page Pairs)."
    )
