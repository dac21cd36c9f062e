"""Widgets and words of the page on where models look; plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import average_facts, cache, charts, ui_url
from dashboard.looks import distinct
from fer_core.average_maps import OUTCOMES, Study
from fer_core.overlay import scale_bar
from fer_core.types import EMOTIONS, ModelCard

COMMAND = "uv run python -m trainers average-maps --data fer2013.csv"
HOW = """Grad-CAM for the model's own answer, averaged over up to {most} {split} faces a cell (drawn by seed {seed})
whose eyes, nose and mouth were moved to one place; every face counts the same. Under the maps: the mean of FER2013's
faces with that label. All on one scale, in units of an even spread: 2 is twice the mean of the picture. Blank: fewer
than {fewest} faces."""
SHARES = """How much of the map lies on the region, the mean over faces with its 95 % bootstrap interval. Dotted: the
region's own size, which is what a map that is the same everywhere has there."""
BOTH = "both"
AT_FIRST = 6
"""Each model is two rows of pictures: more of them are a long way down a phone."""


def models(studies: Mapping[str, Study], cards: Mapping[str, ModelCard]) -> list[str]:
    """The ids of the models to show, at first all, or of many the most accurate; the choice lives in the URL."""
    named = distinct({id: cards[id].title for id in studies})
    usual = cache.most_accurate({id: cards[id].labels for id in studies}, AT_FIRST)
    return ui_url.some(st.pills, "Models", named, "models", usual, selection_mode="multi")


def outcomes() -> list[str]:
    """Which answers' maps are shown; the choice lives in the URL."""
    titles = {BOTH: "Right and wrong answers", "right": "Right answers", "wrong": "Wrong answers"}
    chosen = ui_url.one(st.segmented_control, "Of", titles, "of", BOTH, required=True) or BOTH
    return list(OUTCOMES) if chosen == BOTH else [chosen]


def opacity() -> float:
    """The maps' opacity, 0..1; lives in the URL."""
    return st.slider("Opacity, percent", 0, 100, 85, 5, key="opacity", bind="query-params", width=220) / 100


def grid(table: pd.DataFrame, top: float, how: float, alt: str) -> None:
    """Draws the mean maps, models x emotions, and their scale."""
    columns = {"model": st.column_config.TextColumn("Model", width=150, pinned=True),
               "it is": st.column_config.TextColumn("when it is", width=80, pinned=True)}  # fmt: skip
    columns |= {label: st.column_config.ImageColumn(f"says {label}", width=104) for label in EMOTIONS}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("0", width="content")
        st.image(scale_bar(how, signed=False), width=160, alt="The colours of the maps, from little to much")
        st.caption(f"{top:.1f} times an even spread", width="content")
    st.dataframe(table, hide_index=True, column_config=columns, row_height=100, height="content", placeholder="",
                 alt=alt)  # fmt: skip


def region(names: Sequence[str]) -> str:
    """The region to compare; the choice lives in the URL."""
    usual = "mouth" if "mouth" in names else names[0]
    return ui_url.one(st.pills, "Region", {name: name for name in names}, "region", usual, required=True) or usual


def outcome_of(outcomes: Sequence[str]) -> str:
    """Which answers' shares are drawn, where both are shown; the choice lives in the URL."""
    if len(outcomes) == 1:
        return outcomes[0]
    titles = {"right": "Right answers", "wrong": "Wrong answers"}
    return ui_url.one(st.segmented_control, "Answers", titles, "answers", "right", required=True) or "right"


def how_made(study: Study) -> None:
    """Says how the maps were made."""
    st.caption(HOW.format(most=study.most, split=study.split, seed=study.seed, fewest=average_facts.FEWEST))


def whole_table(table: pd.DataFrame) -> None:
    """Draws every share as a number, with the download."""
    charts.twin(table, "average-maps", "a row a model, label, outcome and region: its share of the map")


def empty() -> None:
    """Draws what to do where no model has average maps."""
    st.info("No model's maps were averaged yet. With FER2013 at hand, this takes some minutes:",
            icon=":material/center_focus_strong:")  # fmt: skip
    st.code(COMMAND, language="bash")


def lacking(ids: Sequence[str], titles: Mapping[str, str]) -> None:
    """Draws which models have no average maps, and the command that makes them."""
    if ids:
        st.caption(f"Not averaged yet: {', '.join(titles.get(id, id) for id in ids)}. `{COMMAND}` does it.")
