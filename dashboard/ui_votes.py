"""The Data page's part on votes: how far FER+'s taggers agree, and what one of them takes for what."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from dashboard import cache, data_facts, figures_confusion, figures_data, ui_data, ui_raters
from dashboard.charts import chart, download
from dashboard.confusion_data import matrix_table
from dashboard.data_facts import Images
from dashboard.words import PERCENT, percent
from fer_core.evidence import PERSON
from fer_core.metrics import EvaluationReport
from fer_core.types import Interval

ROWS = 20
"""Images in the table at once."""


def crowd(of: Images, places: np.ndarray, split: str) -> None:
    """Draws how far the taggers of a split's images agree, and beside it one tagger against FER2013's label."""
    left, right = st.columns(2, gap="large")
    with left:
        agreement(of, places, split)
    with right:
        person(cache.reports(PERSON).get(split), split)


def agreement(of: Images, places: np.ndarray, split: str) -> None:
    """Says how often two taggers agree, and draws how many votes the most frequent answer has."""
    st.markdown("##### Two of them against each other")
    found = cache.tagger_agreement(of.votes[np.sort(places)])  # in the order of the images: the same draws
    st.markdown(
        f"Ten people voted on each image (FER+). On {split}, two give the same of ten answers in "
        f"{interval(found.share, '.1%')} of cases. Beyond chance that is κ {interval(found.kappa, '.3f')}: "
        "0 is chance, 1 is agreement on every image."
    )
    st.caption(f"Fleiss' kappa on {found.n:,} images; in brackets 95 % intervals, by bootstrap over the images.")
    table = data_facts.top_votes(of, places)
    alt = f"How many of {len(places):,} images of {split} have how many votes for one answer"
    chart(figures_data.agreement(table), table, "agreement", alt)


def person(report: EvaluationReport | None, split: str) -> None:
    """Draws what one tagger, drawn at random, answers to the images of each label."""
    st.markdown("##### One of them against FER2013's label")
    if report is None:
        st.caption("How one person does is not stored yet. Make it with `uv run python -m trainers evaluate`.")
        return
    shares = data_facts.shares_by_truth(report)
    st.markdown(
        f"One person gives FER2013's label in {interval(report.metrics['accuracy'], '.1%')} of cases, "
        f"on {report.n:,} images of {split}."
    )
    titles = ("FER2013's label", "One person")
    figure = figures_confusion.confusion(
        shares, report.labels, titles, share=True, top=figures_confusion.largest(shares), dark=ui_raters.dark()
    )
    alt = f"Confusion matrix of one person on {split}: share of the answers to the images of each of FER2013's labels"
    chart(figure, matrix_table(shares, report.labels), f"one-person-{split}", alt)
    other = percent(report.outside.sum() / report.n, 1)
    st.caption(
        f"Percent of the answers to each row's images, averaged over an image's ten taggers. {other} of all "
        "answers are contempt, unknown or not a face: they are in no cell, so rows sum to less than 100."
    )


def interval(of: Interval, form: str) -> str:
    """A figure with its 95 % interval in that format, a no-break space before each percent sign."""
    return f"**{of.value:{form}}** ({of.low:{form}} to {of.high:{form}})".replace("%", PERCENT)


def most_disagreed(of: Images, places: np.ndarray, split: str) -> None:
    """Draws the images in that order with their votes, some at a time, and all of them to take along."""
    shown = places[ui_data.page_of(len(places), ROWS, "row")]
    votes_table(of, shown, f"Images of {split} on which taggers disagree most, with their votes")
    download(data_facts.voted(of, places), f"votes-{split}")


def votes_table(of: Images, places: np.ndarray, alt: str) -> None:
    """Draws a row an image: its picture where it is here, its label, and what the ten taggers said."""
    table = data_facts.voted(of, places)
    config: dict[str, Any] = {
        "id": st.column_config.NumberColumn("id", format="%d", width=62, pinned=True),
        "label": st.column_config.TextColumn("FER2013's label", width=112),
    }
    config |= {name: st.column_config.NumberColumn(name, width=73) for name in table.columns[2:]}
    if of.faces is not None:
        table.insert(0, "picture", [ui_data.picture_uri(face) for face in of.faces[places]])
        config["picture"] = st.column_config.ImageColumn("picture", width=66, pinned=True)
    st.dataframe(table, hide_index=True, alt=alt, column_config=config, height="content", placeholder="",
                 row_height=56 if of.faces is not None else None)  # fmt: skip


def no_votes() -> None:
    """Says how to get FER+'s votes."""
    st.caption(
        "FER+'s votes are not here: put its fer2013new.csv beside FER2013, or run `python -m trainers evaluate`."
    )
