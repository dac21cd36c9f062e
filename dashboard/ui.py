"""Widgets in, plain values out: what the Photos page and others are made of."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import cache, charts, figures_confusion, ui_raters, ui_url
from dashboard.confusion_data import occurrences_of
from fer_core.reading import FaceAnswers
from fer_core.types import ModelCard


def model_choice(cards: Sequence[ModelCard], first: int | None = None) -> list[ModelCard]:
    """The models that the user wants to hear; at first all, or the `first` most accurate ones."""
    titles = {card.id: card.title for card in cards}
    usual = cache.most_accurate({card.id: card.labels for card in cards}, first) if first else list(titles)
    chosen = ui_url.some(st.pills, "Models", titles, "models", usual, selection_mode="multi")
    return [card for card in cards if card.id in chosen]


def label_counts(found: Sequence[FaceAnswers], photos: int, titles: Mapping[str, str]) -> None:
    """Draws how often each model gave each label, over all photos."""
    of = f"{len(found)} faces" + f" in {photos} photos" * (photos > 1)
    st.subheader(f"How often each label is said: {of}")
    counts = occurrences_of({id: [one.predictions[id].label for one in found] for id in titles})
    table = counts.rename(columns=titles).rename_axis("label").reset_index()
    charts.chart(
        figures_confusion.occurrences(counts, titles, share=False, dark=ui_raters.dark()), table, "label-counts",
        f"How often each label was given to {of} by {', '.join(titles.values())}",
    )  # fmt: skip


def data_uri(jpeg: bytes) -> str:
    """A JPEG as a data URI, for tables: nothing is written to disk or fetched."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
