"""Widgets and words of the Pairs page; plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import figures_pairs, pair_facts
from dashboard.pair_facts import ALPHA, Pairs
from dashboard.words import percent, points

OPEN = "open-pair"
METHODS = """The difference is in points of accuracy, with its 95 % interval of the two on the same images (Bonett
and Price 2012); it is of its pair by itself, so it may leave out 0 where Holm's p says chance. McNemar's exact test
asks whether the images that only one got right are split evenly between the two; Holm's correction keeps the chance
of even one false alarm among all these pairs under 5 %. κ is the agreement of the two beyond chance, right or wrong
(Cohen)."""


def legend(of: Pairs, titles: Mapping[str, str]) -> str:
    """What the triangle's numbers and brackets mean."""
    best = of.ids[0]
    return (
        "Points of accuracy by which the row is behind the column. "
        f"Column 1: {titles[best]}, {percent(of.accuracy[best], 1)}. "
        + (f"In brackets: may be chance (Holm's p of {ALPHA:g} or more). " if figures_pairs.has_text(of) else
           f"A dot: more than chance (Holm's p under {ALPHA:g}). ")
        + "Click a cell to see the two against each other."
    )  # fmt: skip


def clicked(of: Pairs, points: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """The pair whose cell the user clicked, the more accurate first."""
    for point in points[:1]:
        worse, better = point["customdata"]
        return of.ids[int(better) - 1], of.ids[int(worse) - 1]
    return None


def table(of: Pairs, rows: pd.DataFrame, name: str) -> tuple[str, str] | None:
    """Draws a row a pair; the pair that the user wants to see against each other, if any."""
    number = st.column_config.NumberColumn
    low, high = ([points(of / 100) for of in rows[edge]] for edge in ("low", "high"))
    shown = rows.assign(**{"95 % interval": [f"{a} to {b}" for a, b in zip(low, high, strict=True)]})
    shown.insert(0, "open", "Compare")
    order = ["open", "more accurate", "less accurate", "difference", "95 % interval", "p (Holm)", "p (McNemar)",
             "kappa", "only first right", "only second right"]  # fmt: skip
    compare = st.column_config.ButtonColumn("", width=92, type="tertiary", key=OPEN, help="Opens the page Confusion")
    st.dataframe(
        shown[order], hide_index=True, alt=f"{len(rows)} pairs with their differences on {name}",
        column_config={
            "open": compare,
            "difference": number(format="%.1f", help="Points of accuracy, the first less the second"),
            "p (Holm)": number(format="%.1e", help="Adjusted for the number of pairs shown; 1e-3 is 0.001"),
            "p (McNemar)": number(format="%.1e", help="Of this pair by itself; 1e-3 is 0.001"),
            "kappa": number("κ", format="%.3f", help="Agreement of the two beyond chance"),
        },
    )  # fmt: skip
    pressed = st.session_state.get(OPEN)
    return pair_facts.order(of)[pressed.row] if pressed else None
