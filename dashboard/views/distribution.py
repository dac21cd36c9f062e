"""Distribution: how often each label is predicted, by all models, by people and in truth."""

from __future__ import annotations

import streamlit as st

from dashboard import (
    cache,
    charts,
    collection_facts,
    confusion_data as data,
    figures_confusion,
    ui_raters,
    ui_work,
)
from dashboard.pages_table import VIEWS
from fer_core.types import EMOTIONS


def main() -> None:
    """Draws the page."""
    st.title("Distribution")
    st.markdown(
        "How often each label is given to the same images. A model may be right often and still never say *disgust*."
    )
    raters, reference = cache.raters(), cache.reference()
    if reference is None or not any(rater.kind == "model" for rater in raters):
        ui_raters.no_evidence()
        return
    with st.container(border=True):
        name = ui_raters.set_choice()
        share = ui_raters.counts_or_shares()
        everybody = [rater for rater in raters if rater.labels == EMOTIONS and rater.id != "crowd"]
        chosen = ui_raters.several("Models and people", raters, everybody, "raters", most=None)
    if not chosen:
        st.info("Choose at least one model, people, or FER2013's label.", icon=":material/tune:")
        return
    try:
        found = data.together(chosen, reference, name)
    except ValueError as problem:
        st.warning(str(problem), icon=":material/filter_alt_off:")
        return
    ui_raters.fewer_labels(chosen, found.labels, len(found.ids), found.left_out)
    bars(found, ui_raters.titles(chosen), name, share)
    own_photos()


def own_photos() -> None:
    """Draws the same of the faces in the user's photos, by the models that read all of these: none is loaded here."""
    collection = ui_work.current()
    readers = collection_facts.readers(collection) if collection else {}
    st.subheader("Your own photos")
    if collection and readers:
        table = collection_facts.occurrences(collection, list(readers))
        n = int(table.iloc[:, 0].sum())
        of = f"{n} labelled face{'s' * (n != 1)}" if "truth" in table else f"{n} face{'s' * (n != 1)}"
        titles = {"truth": "what was posed"} | readers if "truth" in table else readers
        charts.chart(
            figures_confusion.occurrences(table, titles, share=False, dark=ui_raters.dark()),
            table.rename(columns=titles).rename_axis("label").reset_index(), "occurrences-own-photos",
            f"How often each label is given to {of} in your photos by {', '.join(titles.values())}", key="own",
        )  # fmt: skip
        st.caption(f"{of} in {len(collection.shown)} of your photos; number of faces.")
        if some := [made.title for id, made in collection.answers.items() if id not in readers]:
            st.caption(f"Left out, since they read only some of these faces: {', '.join(some)}.")
    else:
        st.markdown("Drop photos on the page Photos: how often each model gives each label then stands here too.")
    if st.button("Open Photos", icon=":material/groups:"):
        st.switch_page(VIEWS / "photos.py", query_params=ui_work.address())


def bars(found: data.Together, titles: dict[str, str], name: str, share: bool) -> None:
    """Draws the grouped bars with their table."""
    counts = data.occurrences(found)
    shown = data.shares(counts) if share else counts
    table = shown.rename(columns=titles).rename_axis("label").reset_index()
    st.subheader("Comparison of label prediction occurrences")
    who = ", ".join(titles.values())
    figure = figures_confusion.occurrences(shown, titles, share=share, dark=ui_raters.dark())
    charts.chart(
        figure, table, f"occurrences-{name.replace(' ', '-')}",
        f"How often each label is given to {len(found.ids):,} images of {name} by {who}", key="occurrences",
    )  # fmt: skip
    st.caption(
        f"{len(found.ids):,} images of {name}; " + ("percent of each one's answers." if share else "number of images.")
    )


main()
