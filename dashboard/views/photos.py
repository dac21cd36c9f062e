"""Photos: drop group photos, see and correct every face that was found, and every model's answer for it."""

from __future__ import annotations

import streamlit as st

from dashboard import (
    cache,
    looks,
    ui,
    ui_compare,
    ui_correct,
    ui_engines,
    ui_exports,
    ui_none,
    ui_photos,
    ui_size,
    ui_url,
    ui_work,
)
from dashboard.pages_table import VIEWS
from fer_core.collection import CollectedPhoto, Collection
from fer_core.collection_answers import answered
from fer_core.types import ModelCard


def main() -> None:
    """Draws the page."""
    st.title("Photos")
    st.markdown("Drop group photos. Each face is found, numbered and read by every model, side by side.")
    ui_photos.add_photos()
    collection = ui_work.current() or cache.example_work()
    ui_work.problems()
    cards, problems = cache.cards()
    wrong = bool(cards) and ui_url.wrong("models", [card.id for card in cards])
    with st.expander("Models and detection", icon=":material/tune:", expanded=wrong):
        chosen = ui.model_choice(cards) if cards else []
        ui_photos.detection_form(collection)
    for problem in problems:
        st.warning(problem, icon=":material/broken_image:")
    if ui_photos.is_example(collection):
        st.caption(ui_photos.CREDIT)
    elif len(collection.ledger) > 1 or not collection.shown:
        ui_photos.ledger(collection.ledger)
    if collection.shown:
        photo = ui_photos.photo_choice(collection)
        picture(collection, photo)
        answers(collection, photo, chosen)
    else:
        ui_work.undo_buttons(collection)


def picture(collection: Collection, photo: CollectedPhoto) -> None:
    """Draws the photo with its boxes, and the tools beside it."""
    left, right = st.columns([3, 1], gap="medium")
    with left:
        ui_correct.photo_view(collection, photo)
    with right:
        ui_correct.tools(collection, photo)


def answers(collection: Collection, photo: CollectedPhoto, cards: list[ModelCard]) -> None:
    """Draws every model's answers: a table of faces, and one face in full."""
    if collection.faces and not cards:
        ui_none.no_models()
    cards = ui_work.able(cards) if collection.faces else []
    if not cards:
        return
    collection = ui_work.read(collection, cards)
    titles = looks.distinct({card.id: card.title for card in cards})
    ids = list(titles)
    several = len(collection.shown) > 1
    st.subheader("Side by side")
    scope = "photo"
    if several:
        scope = ui_url.one(st.segmented_control, "Faces of", ui_compare.SCOPES, "of", "photo") or "photo"
    found = answered(collection, ids, photo.sha256 if scope == "photo" else None)
    ui_compare.agreement(found, len(cards))
    ui_size.warnings(found, titles)
    faces = ui_compare.chosen(found) if len(found) > 1 else found
    if faces:
        ui_compare.table(faces, cards, scope == "all")
        st.caption("Click a row to see that face in full.")
    else:
        st.info("No face here is like that.", icon=":material/filter_alt_off:")
    if any(card.temperature is None for card in cards):
        st.caption("Models that were never calibrated give scores, not probabilities.")
    one = ui_compare.opened(faces)
    if one:
        with st.container(border=True):
            ui_compare.face_view(one, titles)
            ui_engines.switch(one, cards)
    everyone = answered(collection, ids)
    ui_compare.label_counts(everyone, len(collection.shown), titles)
    with st.container(horizontal=True):
        ui_exports.csv_button(collection, ids)
        if st.button("Label, evaluate, save", icon=":material/collections_bookmark:"):
            st.switch_page(VIEWS / "collection.py", query_params=ui_work.address())


main()
