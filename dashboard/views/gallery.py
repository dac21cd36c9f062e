"""Gallery ("la Galerie de Troels"): one person, seven expressions, and what every model makes of them."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, charts, figures_confusion, looks, ui_gallery, ui_none, ui_open, ui_raters, ui_work
from dashboard.confusion_data import occurrences_of
from dashboard.words import percent
from fer_core import collection_edit as edit
from fer_core.collection import Collection
from fer_core.collection_answers import AnsweredFace, answered, own_accuracy
from fer_core.types import EMOTIONS


def main() -> None:
    """Draws the page."""
    st.title("Gallery")
    st.markdown(
        "*La Galerie de Troels*: pose seven expressions, one prompt at a time, and see which of them each model reads."
    )
    cards, problems = cache.cards()
    for problem in problems:
        st.warning(problem, icon=":material/broken_image:")
    if not cards:
        ui_none.no_models()
    cards = ui_work.able(cards)
    collection = ui_work.newest(ui_gallery.KEY)
    left, right = st.columns([2, 3], gap="large")
    with left:
        name(collection)
        ui_gallery.prompt(collection)
        ui_work.problems(ui_gallery.KEY)
        ui_gallery.unlabelled(collection)
    titles = looks.distinct({card.id: card.title for card in cards})
    collection = ui_work.read(collection, cards, ui_gallery.KEY)
    found = [one for one in answered(collection, list(titles)) if one.collected.label]
    with right:
        accuracy(collection, titles)
    ui_gallery.wall(found, titles)
    if found:
        more(found, titles)
    onward(collection, bool(found))


def name(collection: Collection) -> None:
    """Draws the person's name, which stays here like the pictures."""
    key = f"person-{collection.name}"
    st.text_input("Whose gallery", collection.name, max_chars=80, key=key, on_change=_rename, args=(key,))


def _rename(key: str) -> None:
    said = st.session_state[key]
    ui_work.change(lambda now: edit.renamed(now, said), ui_gallery.KEY)


def accuracy(collection: Collection, titles: dict[str, str]) -> None:
    """Draws how many of the person's expressions each model read."""
    name = looks.verbatim(collection.name)
    st.subheader(f"How well {name} is read" if collection.faces else "How well you are read")
    reports = cache.evaluations(collection, list(titles))
    if not reports:
        st.caption("Each model's score stands here after the first picture.")
        return
    intervals = {id: own_accuracy(reports[id]) for id in titles if id in reports}
    with st.container(horizontal=True):
        for id, found in intervals.items():
            n, stored = reports[id].n, cache.reports(id).get("PrivateTest")
            beside = f"FER2013: {percent(stored.metrics['accuracy'].value, 1)}" if stored else ""
            st.metric(titles[id], f"{round(found.value * n)} of {n}", beside, width=200, border=True,
                      delta_color="off", delta_arrow="off")  # fmt: skip
    said = "; ".join(f"{titles[id]} {percent(found.low)} to {percent(found.high)}" for id, found in intervals.items())
    st.caption(f"A few pictures say little of a model. 95 % intervals of these accuracies (Wilson): {said}. Each is of "
               "the posed labels that the model knows; below it, its accuracy on FER2013's PrivateTest.")  # fmt: skip


def more(found: list[AnsweredFace], titles: dict[str, str]) -> None:
    """Draws what was said how often, with its table."""
    counts = occurrences_of({"truth": [str(one.collected.label) for one in found]}
                            | {id: [one.predictions[id].label for one in found] for id in titles})  # fmt: skip
    named = {"truth": "What was posed"} | titles
    with st.expander("How often each label is said, and everything as a table"):
        charts.chart(
            figures_confusion.occurrences(counts, named, share=False, dark=ui_raters.dark()),
            ui_gallery.table(found, titles), "gallery",
            f"How often each label was posed and said: {', '.join(EMOTIONS)}", key="gallery-counts",
        )  # fmt: skip


def onward(collection: Collection, pictures: bool) -> None:
    """Draws undo and redo, which bring pictures back too, and where to go from here with those that are there."""
    with st.container(horizontal=True):
        ui_work.undo_buttons(collection, ui_gallery.KEY)
        if pictures:
            ui_gallery.export_row()
            ui_open.buttons({"source": "gallery"} | ui_work.address(ui_gallery.KEY), "open")


main()
