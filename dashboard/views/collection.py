"""Collection: label the faces of your photos, score every model on them, keep and export the whole."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, looks, ui_exports, ui_label, ui_none, ui_open, ui_photos, ui_results, ui_url, ui_work
from dashboard.pages_table import VIEWS
from fer_core import collection_edit as edit
from fer_core.collection import Collection
from fer_core.collection_answers import labelled

PARTS = {"label": "Label", "results": "Results", "photos": "Files", "keep": "Save and export"}


def main() -> None:
    """Draws the page."""
    st.title("Collection")
    st.markdown(
        "Your photos as a test set. Models that are good on FER2013 often fail on the people next door, who read each "
        "other with ease: label what everyone posed, and see."
    )
    collection = ui_work.current()
    ui_work.problems()
    cards, problems = cache.cards()
    for problem in problems:
        st.warning(problem, icon=":material/broken_image:")
    if not cards:
        ui_none.no_models()
    if collection is None:
        empty()
        return
    cards = ui_work.able(cards)
    collection = ui_work.read(collection, cards)
    head(collection)
    parts = ui_url.tabs(PARTS, "part")
    titles = {card.id: card.title for card in cards}
    titles |= {id: made.title for id, made in collection.answers.items() if id not in titles}
    titles = looks.distinct(titles)
    if parts["label"].open:
        with parts["label"]:
            ui_label.labels(collection)
    if parts["results"].open:
        with parts["results"]:
            ui_results.results(collection, titles)
    if parts["photos"].open:
        with parts["photos"]:
            files(collection)
    if parts["keep"].open:
        with parts["keep"]:
            keep(collection, titles)


def empty() -> None:
    """Draws the two ways to begin."""
    st.info("There is no collection yet. Add photos here, or load one that was saved.", icon=":material/add_a_photo:")
    left, right = st.columns(2, gap="large")
    with left:
        ui_photos.add_photos()
    with right:
        ui_exports.load()


def head(collection: Collection) -> None:
    """Draws the name and what is in it."""
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        st.text_input("Name", collection.name, max_chars=80, key=f"name-{collection.name}", on_change=_rename,
                      args=(f"name-{collection.name}",))  # fmt: skip
    with right, st.container(horizontal=True):
        for words, n in (("Photos", len(collection.shown)), ("Faces", len(collection.faces)),
                         ("Labelled", len(labelled(collection)))):  # fmt: skip
            st.metric(words, f"{n:,}", width=110)
        if st.button("Correct faces on Photos", icon=":material/crop:"):
            st.switch_page(VIEWS / "photos.py", query_params=ui_work.address())
        ui_open.buttons({"source": "photos"} | ui_work.address(), "open")


def _rename(key: str) -> None:
    name = st.session_state[key]
    ui_work.change(lambda now: edit.renamed(now, name))


def files(collection: Collection) -> None:
    """Draws what became of every file, and the way to add more."""
    ui_photos.ledger(collection.ledger)
    ui_photos.add_photos()


def keep(collection: Collection, titles: dict[str, str]) -> None:
    """Draws saving, loading and all exports."""
    left, right = st.columns(2, gap="large")
    with left:
        ui_exports.save(collection)
    with right:
        ui_exports.load()
    st.subheader("Export")
    ui_exports.everything(collection, titles)
    st.caption("Faces are personal data. Works are kept in this server's memory only, until some hours after their "
               "last use; whoever has this page's full address can see this one.")  # fmt: skip


main()
