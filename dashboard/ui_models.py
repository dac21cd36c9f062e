"""The controls and tables of the leaderboard and of a model's own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import cache, model_tables, ui_url
from dashboard.entries import ORDERS, WEIGHTS_WORDS, WHO_WORDS, Entry
from fer_core.artifacts import ArtifactError
from fer_core.metrics import METRICS, EvaluationReport
from fer_core.types import ModelCard

OPEN = "open-model"


def order_choice() -> str:
    """How to sort, one of `ORDERS`; kept in the URL."""
    titles = {id: order.title for id, order in ORDERS.items()}
    first = next(iter(titles))
    return ui_url.one(st.selectbox, "Sort by", titles, "sort", first, help="The best or the smallest first") or first


def filter_choice(entries: Sequence[Entry]) -> tuple[list[str], list[str]]:
    """Kinds of entry and initial weights that the user wants to see, none meaning all; kept in the URL."""
    kinds = {entry.who: WHO_WORDS[entry.who] for entry in entries}
    used = sorted({entry.card.initial_weights for entry in entries if entry.card})
    many = {"selection_mode": "multi", "help": "None chosen: all"}
    who = ui_url.some(st.pills, "Only", kinds, "only", [], **many)
    if len(used) < 2:
        return who, []
    words: dict[str, str] = {id: WEIGHTS_WORDS[id] for id in used}
    return who, ui_url.some(st.pills, "Only models with initial weights", words, "weights", [], **many)


def row(entry: Entry) -> dict[str, object]:
    """What the table says of one entry; a blank where nothing is known."""
    accuracy, card, n = entry.metric("accuracy"), entry.card, entry.report.n if entry.report else None
    known: dict[str, object] = {
        "name": entry.title,
        "open": "Open" if card else None,
        "accuracy": accuracy and 100 * accuracy.value,
        "95 % interval": f"{100 * accuracy.low:.1f} to {100 * accuracy.high:.1f}" if accuracy else None,
        "macro F1": entry.value("macro_f1"),
        "top-2": None if (top2 := entry.value("top2_accuracy")) is None else 100 * top2,
        "ECE": entry.value("ece"),
        "images": n,
        "labels": len(entry.labels),
    }
    if card is None:
        return known
    return known | {
        "output": model_tables.output_word(card),
        "parameters": card.parameters,
        "weights": card.weights_bytes / 1e6,
        "a face": entry.milliseconds,
        "initial weights": WEIGHTS_WORDS[card.initial_weights],
        "trained on": f"{card.data.images.get('Training', 0):,} images, {card.data.name}",
        "device": card.device,
        "training": card.seconds / 60,
        "framework": WHO_WORDS[entry.who],
    }


def leaderboard(entries: Sequence[Entry], images: str) -> Entry | None:
    """Draws the table; the entry that the user wants to open, if any."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    opened = st.column_config.ButtonColumn("", width=70, type="tertiary", key=OPEN, help="Opens the model's own page")
    st.dataframe(
        pd.DataFrame([row(entry) for entry in entries]), hide_index=True, height="content", placeholder="",
        alt=f"Models and people with their figures on {images}",
        column_config={
            "name": text(width=215, pinned=True),
            "open": opened,
            "accuracy": number(format="%.1f %%", help="How often the answer is FER2013's label"),
            "95 % interval": text(help="Of the accuracy, in percent, by bootstrap over the images"),
            "macro F1": number(format="%.3f", help="The mean over the labels, rare ones counting as much"),
            "top-2": number(format="%.1f %%", help="How often FER2013's label is among the two likeliest"),
            "ECE": number(format="%.3f", help="Expected calibration error, 15 bins; smaller is better"),
            "images": number(format="localized"),
            "output": text(help="A probability where the model was calibrated on PublicTest, else a score"),
            "parameters": number(format="localized"),
            "weights": number(format="%.2f MB"),
            "a face": number(format="%.1f ms", help="Blank where nobody measured it"),
            "training": number(format="%.1f min"),
        },
    )  # fmt: skip
    clicked = st.session_state.get(OPEN)
    return entries[clicked.row] if clicked else None


def model_choice(cards: Sequence[ModelCard]) -> ModelCard | None:
    """The model that `?model=<id>` names, the first where it names none; None where there is no model."""
    if not cards:
        return None
    titles = {card.id: f"{card.title} · {card.id}" for card in cards}
    chosen = ui_url.one(st.selectbox, "Model", titles, "model", cards[0].id, named=True)
    return next(card for card in cards if card.id == chosen)


def headlines(report: EvaluationReport) -> None:
    """Draws the four figures that matter most, each with its 95 % interval."""
    keys = [key for key in ("accuracy", "macro_f1", "top2_accuracy", "ece") if key in report.metrics]
    with st.container(horizontal=True):
        for key in keys:
            metric, found = METRICS[key], report.metrics[key]
            value, low, high = (model_tables.figure(key, number) for number in (found.value, found.low, found.high))
            st.metric(metric.title, value, f"{low} to {high}", width=166, border=True, help=metric.description,
                      delta_color="off", delta_arrow="off")  # fmt: skip


def per_class(report: EvaluationReport) -> None:
    """Draws the figures of each label."""
    number = st.column_config.NumberColumn
    helps = {
        "precision": "Of the images given this label, the share that has it",
        "recall": "Of the images with this label, the share that was given it",
        "F1": "The harmonic mean of the two",
        "AUC": "Area under the ROC curve, this label against the rest; 0.5 is chance",
    }
    st.dataframe(model_tables.per_class(report), hide_index=True, height="content", placeholder="",
                 alt="Precision, recall, F1, AUC and number of images of each label",
                 column_config={key: number(format="%.3f", help=said) for key, said in helps.items()}
                 | {"images": number(format="localized")})  # fmt: skip


def calibration(before: EvaluationReport, after: EvaluationReport) -> None:
    """Draws what the temperature changed."""
    number = st.column_config.NumberColumn
    st.dataframe(model_tables.calibration(before, after), hide_index=True, height="content",
                 alt="Calibration error, log loss and Brier score before and after the temperature",
                 column_config={"before": number(format="%.3f"), "after": number(format="%.3f"),
                                "95 % interval": st.column_config.TextColumn(help="Of the figure after")})  # fmt: skip


def curves_table(rows: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    """The training curves as numbers."""
    return pd.DataFrame(rows)


def settings(card: ModelCard) -> None:
    """Draws the hyper-parameters."""
    table = model_tables.settings(card.recipe)
    st.dataframe(table, hide_index=True, height="content", row_height=28, alt="The settings of the training run")


def environment(found: Mapping[str, object]) -> None:
    """Draws the machine and the libraries."""
    if found:
        st.dataframe(
            model_tables.environment(found), hide_index=True, height="content", alt="The machine and the libraries"
        )
    else:
        st.caption("Nothing is stored about it.")


def layers(card: ModelCard) -> None:
    """Draws the network layer by layer, from the names and shapes of its weights."""
    try:
        table = model_tables.layers(cache.weight_shapes(card))
    except ArtifactError as error:
        st.warning(str(error), icon=":material/broken_image:")
        return
    st.dataframe(table, hide_index=True, alt="The layers with their weights", column_config={
        "weights": st.column_config.TextColumn(width="large"),
        "learned": st.column_config.NumberColumn(format="localized", help="Numbers learned by gradient"),
        "statistics": st.column_config.NumberColumn(format="localized", help="Running means and variances"),
    })  # fmt: skip
    st.caption(f"{len(table)} layers with weights, by name; {table['learned'].sum():,} learned numbers"
               f" and {table['statistics'].sum():,} running statistics.")  # fmt: skip
