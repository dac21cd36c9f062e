"""Faces x models: one table to sort by disagreement and to filter, and one face with every probability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from dashboard import cache, charts, figures, figures_confusion, looks, ui, ui_open, ui_raters, ui_size, ui_url, ui_work
from dashboard.entries import FRAMEWORK_WORDS
from dashboard.words import counted, percent
from fer_core.collection import CollectedFace
from fer_core.collection_answers import AnsweredFace
from fer_core.face_size import size_of
from fer_core.preprocess import to_pixels
from fer_core.reading import FaceAnswers
from fer_core.types import EMOTIONS, InputSpec, ModelCard

ORDERS = {"photo": "Photo by photo", "parting": "Most disagreement first"}
WHICH = {"all": "All faces", "part": "Where models part", "wrong": "Where a model is wrong"}
SCOPES = {"photo": "This photo", "all": "All photos"}
FACE, TABLE, A_PAGE = "face", "faces-table", 50
ALL = "All probabilities"
NATIVE = InputSpec(size=48, channels=1)
"""What the native models see, to show beside the crop."""
SIDE = 160


def chosen(found: Sequence[AnsweredFace]) -> list[AnsweredFace]:
    """The faces that the user wants to see, in the order wanted; draws the choices."""
    with st.container(horizontal=True):
        which = ui_url.one(st.segmented_control, "Which", WHICH, "which", "all", label_visibility="collapsed")
        order = ui_url.one(st.segmented_control, "Order", ORDERS, "order", "photo", label_visibility="collapsed")
    kept = [one for one in found if _wanted(one, which or "all")]
    return sorted(kept, key=lambda one: -one.disagreement) if order == "parting" else kept


def _wanted(one: AnsweredFace, which: str) -> bool:
    if which == "part":
        return one.answers.agreement is False
    if which == "wrong":
        truth = one.collected.label
        return any(truth in p.labels and p.label != truth for p in one.predictions.values())
    return True


def table(faces: Sequence[AnsweredFace], cards: Sequence[ModelCard], several: bool) -> None:
    """Draws faces x models, some at a time; a click on a row opens that face."""
    pages = -(-len(faces) // A_PAGE)
    page = st.pagination(pages, key="faces-page", max_visible_pages=7) if pages > 1 else 1
    here = faces[(page - 1) * A_PAGE : page * A_PAGE]
    columns = _columns(cards)
    found = [_row(one, cards, several) for one in here]
    shown = [head for head in columns if any(head in row for row in found)]  # as said there, whoever comes first
    rows = pd.DataFrame([[row.get(head) for head in shown] for row in found], columns=pd.MultiIndex.from_tuples(shown))
    spoken = f"{counted(len(here), 'face')} with the answers of {', '.join(card.title for card in cards)}"
    key = f"{TABLE}-{page}-{len(faces)}"
    config: dict[Any, Any] = {place: columns[head] for place, head in enumerate(shown, start=1)}  # the index has 0
    st.dataframe(rows, column_config=config, hide_index=True, row_height=68, alt=spoken, key=key,
                 height="content" if len(here) < 9 else 640, selection_mode="single-cell",
                 on_select=lambda: _opened(key, [one.key for one in here]))  # fmt: skip


def _columns(cards: Sequence[ModelCard]) -> dict[tuple[str, str], Any]:
    """How each column looks, by the two lines of its head, in the order shown."""
    answers = heads(cards)
    return {
        ("", "photo"): st.column_config.NumberColumn("Photo", width=55, pinned=True),
        ("", "face"): st.column_config.NumberColumn("Face", width=50, pinned=True),
        ("", "crop"): st.column_config.ImageColumn("Crop", width=76, pinned=True),
        ("", "posed"): st.column_config.TextColumn("Posed", width=80),
        **{answers[card.id]: st.column_config.TextColumn(help=card.title) for card in cards},
        ("", "models"): st.column_config.TextColumn("Models", width=75, help="Whether all models give the same label"),
        ("", "parting"): st.column_config.ProgressColumn(
            "Parting", min_value=0, max_value=1, format="%.2f", width=90,
            help="How far the models' probabilities part, 0 to 1: the Jensen-Shannon divergence of all, over its "
                 "largest"),
        ("", "pixels"): st.column_config.NumberColumn(
            "Pixels", format="%.0f", width=65, help="How wide the face is in the photo, as FER2013 frames faces"),
        **{(ALL, title): st.column_config.BarChartColumn(
            y_min=0, y_max=1, width="medium",
            help=f"{title}, 0 to 1, from left to right: {', '.join(card.labels)}")
           for card, title in zip(cards, _titles(cards), strict=True)},
    }  # fmt: skip


def heads(cards: Sequence[ModelCard]) -> dict[str, tuple[str, str]]:
    """The two lines of each model's column head, by id: its framework, and its title in short.

    Seven whole titles beside each other would be cut off, twins of two frameworks to the same words. What two models of
    a framework would share stays whole.
    """
    short = {card.id: (_framework(card), _short(card)) for card in cards}
    shared = Counter(short.values())
    return {card.id: short[card.id] if shared[short[card.id]] == 1 else (_framework(card), title)
            for card, title in zip(cards, _titles(cards), strict=True)}  # fmt: skip


def _framework(card: ModelCard) -> str:
    return "" if card.framework == "ensemble" else FRAMEWORK_WORDS[card.framework]


def _short(card: ModelCard) -> str:
    """The title up to a comma, without the framework's name: "ResNet50V2, fine-tuned (Keras)" loses both."""
    word = _framework(card)
    words = [one for one in card.title.split(",")[0].split() if one not in (word, f"({word})")]
    return " ".join(words) or card.title


def _titles(cards: Sequence[ModelCard]) -> list[str]:
    return list(looks.distinct({card.id: card.title for card in cards}).values())


def _opened(key: str, keys: Sequence[str]) -> None:
    rows = [row for row, _ in st.session_state[key].selection.cells]
    if rows and rows[0] < len(keys):
        st.query_params[FACE] = keys[rows[0]]


def _row(one: AnsweredFace, cards: Sequence[ModelCard], several: bool) -> dict[tuple[str, str], object]:
    row: dict[str, object] = {"photo": one.photo.number} if several else {}
    row |= {"face": one.collected.number, "crop": ui.data_uri(cache.thumbnail(one.collected, 68))}
    row |= {"pixels": size_of(one.collected.face)}
    if one.collected.label:
        row["posed"] = one.collected.label
    if one.answers.agreement is not None:
        row |= {"models": "agree" if one.answers.agreement else "differ", "parting": one.disagreement}
    found = {("", name): value for name, value in row.items()}
    answers = heads(cards)
    for card, title in zip(cards, _titles(cards), strict=True):
        prediction = one.predictions[card.id]
        found[answers[card.id]] = f"{prediction.label} {percent(prediction.confidence)}"
        found[ALL, title] = [round(float(p), 3) for p in prediction.probabilities]
    return found


def agreement(found: Sequence[AnsweredFace], models: int) -> None:
    """Says on how many faces all models agree."""
    agreed = [one.answers.agreement for one in found if one.answers.agreement is not None]
    if agreed:
        of = f"{sum(agreed)} of {len(agreed)} face{'s' * (len(agreed) != 1)}"
        st.markdown(f"The {models} models agree on **{of}**.")


def opened(found: Sequence[AnsweredFace]) -> AnsweredFace | None:
    """The face that the URL names, or else the first; None where there is none."""
    asked = st.query_params.get(FACE)
    return next((one for one in found if one.key == asked), found[0] if found else None)


def face_view(one: AnsweredFace, titles: Mapping[str, str]) -> None:
    """Draws one face: crop, what native models see of it, every model's probabilities."""
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.markdown(f"**Face {one.collected.number}** of photo {one.photo.number}" + posed(one.collected))
        crop_pair(one.collected)
        ui_size.warning(one, titles)
        said = [f"{titles[id]}: **{p.label}** {percent(p.confidence)}" for id, p in one.predictions.items()]
        st.markdown("  \n".join(said))
        ui_open.buttons({"source": "photos", FACE: one.key} | ui_work.address(), "open")
    file = f"photo-{one.photo.number}-face-{one.collected.number}"
    probabilities(right, one.answers, titles, file, "face-bars")


def probabilities(
    where: DeltaGenerator, one: FaceAnswers, titles: Mapping[str, str], file: str, key: str, said: str = ""
) -> None:
    """Draws every model's probabilities of a face in `where`, and as numbers in the whole width below.

    `file` names the downloads; `said` goes before what the figure shows in words.
    """
    alt, many = said + figures.describe(one, titles), len(one.predictions) > figures_confusion.MOST_BARS
    with where:
        figure = _matrix(one, titles) if many else figures.probability_bars(one, titles)
        charts.picture(figure, file, alt, key=key)
        if many:
            st.caption("In percent; nothing where the model does not know the label.")
    table = pd.DataFrame([
        {"model": titles[id], "answer": p.label}
        | {e: round(100 * float(p.probabilities[p.labels.index(e)]), 2) if e in p.labels else None for e in EMOTIONS}
        for id, p in one.predictions.items()
    ])  # fmt: skip
    percent = st.column_config.ProgressColumn(format="%.1f %%", min_value=0, max_value=100, width="small")
    said = f"Every probability in percent. {alt}"
    charts.twin(table, file, said, key=key, columns=dict.fromkeys(EMOTIONS, percent))


def _matrix(one: FaceAnswers, titles: Mapping[str, str]) -> go.Figure:
    rows = [{"rater": titles[id]} | dict.fromkeys(EMOTIONS) | dict(zip(p.labels, p.probabilities.tolist(), strict=True))
            for id, p in one.predictions.items()]  # fmt: skip
    return figures_confusion.answers(pd.DataFrame(rows), ui_raters.dark())


def posed(face: CollectedFace) -> str:
    """What the person posed, in a few words; nothing where nobody said."""
    return f", posed **{face.label}**" if face.label else ""


def crop_pair(face: CollectedFace, width: int = SIDE) -> None:
    """Draws the crop beside the grey square of 48 x 48 pixels that the native models see."""
    height, wide = face.face.crop.shape[:2]
    with st.container(horizontal=True, gap="small"):
        with st.container(width=width, gap="xsmall"):
            st.image(cache.thumbnail(face, width), width=width, alt=f"Face {face.number} as it was cut out")
            st.caption(f"Crop, {wide} × {height}")
        with st.container(width=width, gap="xsmall"):
            seen = to_pixels([face.face.crop], NATIVE)[0, :, :, 0]
            grey = Image.fromarray(seen).resize((width, width), Image.Resampling.NEAREST)
            st.image(grey, width=width, alt=f"Face {face.number} as the native models see it")
            st.caption("48 × 48, as native models see it")


def label_counts(found: Sequence[AnsweredFace], photos: int, titles: Mapping[str, str]) -> None:
    """Draws how often each model gave each label."""
    if len(found) > 1:
        ui.label_counts([one.answers for one in found], photos, titles)
