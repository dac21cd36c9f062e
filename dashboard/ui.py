"""Widgets in, plain values out: what the Photos page and others are made of."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import charts, figures_confusion, ui_url
from dashboard.confusion_data import occurrences_of
from fer_core.reading import FaceAnswers
from fer_core.types import EMOTIONS, ModelCard


def model_choice(cards: Sequence[ModelCard]) -> list[ModelCard]:
    """The models that the user wants to hear; all at first."""
    titles = {card.id: card.title for card in cards}
    chosen = ui_url.some(st.pills, "Models", titles, "models", list(titles), selection_mode="multi")
    return [card for card in cards if card.id in chosen]


def numbers_table(answers: Sequence[FaceAnswers], titles: Mapping[str, str]) -> None:
    """Draws every probability as a number: a row for each face and model."""
    rows = [
        {"face": one.number, "model": titles[id], "answer": p.label}
        | {e: round(100 * float(p.probabilities[p.labels.index(e)]), 1) if e in p.labels else None for e in EMOTIONS}
        for one in answers
        for id, p in one.predictions.items()
    ]
    percent = {
        e: st.column_config.ProgressColumn(e, format="%.1f %%", min_value=0, max_value=100, width="small")
        for e in EMOTIONS
    }
    st.dataframe(pd.DataFrame(rows), column_config=percent, hide_index=True, alt="Every probability in percent")


def label_counts(found: Sequence[FaceAnswers], photos: int, titles: Mapping[str, str]) -> None:
    """Draws how often each model gave each label, over all photos."""
    of = f"{len(found)} faces" + f" in {photos} photos" * (photos > 1)
    st.subheader(f"How often each label, {of}")
    counts = occurrences_of({id: [one.predictions[id].label for one in found] for id in titles})
    table = counts.rename(columns=titles).rename_axis("label").reset_index()
    charts.chart(
        figures_confusion.occurrence_bars(counts, titles, share=False), table, "label-counts",
        f"How often each label was given to {of} by {', '.join(titles.values())}",
    )  # fmt: skip


def data_uri(jpeg: bytes) -> str:
    """A JPEG as a data URI, for tables: nothing is written to disk or fetched."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
