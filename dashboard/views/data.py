"""Data: what FER2013 is made of, and what is wrong with it."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, data_facts, figures_data, ui_data, ui_url, ui_votes
from dashboard.charts import chart
from dashboard.words import counted
from fer_core.augmentation_preview import Augmentation, examples

EACH, MANY, DRAWS = 10, 48, 15


def main() -> None:
    """Draws the page."""
    st.title("Data")
    st.markdown("What the models learned from: FER2013's faces, how they are labelled, and what is wrong with some.")
    found = cache.images()
    ui_data.state(found)
    draw = {"counts": counts, "samples": samples, "copies": copies, "conflicts": conflicts, "votes": votes,
            "unusable": unusable}  # fmt: skip
    tabs = ui_url.tabs(ui_data.PARTS, "part")
    shown = next(id for id, tab in tabs.items() if tab.open)
    with tabs[shown]:
        if shown == "augmentation":
            augmentation(found)
        elif found is None:
            ui_data.nothing_known()
        else:
            draw[shown](found)


def counts(of: data_facts.Images) -> None:
    """Draws how many images each label has in each split."""
    table = data_facts.counts(of)
    shares = st.toggle("Shares of each split", key="shares", bind="query-params")
    said = "; ".join(f"{split} {part['images'].sum():,} images" for split, part in table.groupby("split", sort=False))
    st.markdown(said + "." + ("" if of.faces is not None else " Training is counted once its pictures are here."))
    alt = f"Images of each label in each split: {said}."
    chart(figures_data.class_counts(table, shares), table, "class-counts", alt)


def samples(of: data_facts.Images) -> None:
    """Draws images of one label, or some of each."""
    split, (label, seed) = ui_data.split_choice(of.split_names, "split"), ui_data.sample_choice()
    for emotion in ui_data.EMOTIONS if label == "each" else [label]:
        places = data_facts.sample(of, split, emotion, seed)
        st.markdown(f"**{emotion}**: {counted(len(places), 'image')} of {split}")
        if label == "each":
            ui_data.gallery(of, places[:EACH], 72, label=False)
        else:
            ui_data.gallery(of, places[ui_data.page_of(len(places), MANY, "page")], label=False)


def copies(of: data_facts.Images) -> None:
    """Draws groups of exact copies at once, and of near copies when asked."""
    if (exact := cache.cleaning_report()) is None:
        ui_data.copied_ids(of)
        return
    if not ui_data.wants_near():
        ui_data.copies_in_words(exact)
        ui_data.groups(of, exact.exact, "exact-copies")
    elif (report := ui_data.near_report()) and report.near is not None:
        ui_data.near_in_words(report)
        ui_data.groups(of, report.near, "near-copies")


def conflicts(of: data_facts.Images) -> None:
    """Draws groups of copies that have different labels."""
    if (exact := cache.cleaning_report()) is None:
        st.caption("Which copies have different labels can be told from the pictures only.")
        return
    near = ui_data.wants_near()
    report = ui_data.near_report() if near else exact
    if report:
        found = (report.near_conflicting or ()) if near else report.conflicting
        ui_data.conflicts_in_words(len(found), near)
        ui_data.groups(of, found, "conflicts")


def votes(of: data_facts.Images) -> None:
    """Draws how far FER+'s taggers agree, and the images on which they disagree most."""
    tests = data_facts.voted_tests(of)
    if not tests:
        ui_votes.no_votes()
        return
    split = ui_data.split_choice(tests, "voted")
    places = data_facts.disagreement(of, [split])
    ui_votes.crowd(of, places, split)
    st.markdown("**Where they disagree most**")
    ui_votes.most_disagreed(of, places, split)


def unusable(of: data_facts.Images) -> None:
    """Draws blank images, and those that people call no face."""
    report = cache.cleaning_report()
    if report is not None:
        st.markdown(f"**{len(report.blank)} blank** images: every pixel has the same value.")
        ui_data.gallery(of, of.places(report.blank)[ui_data.page_of(len(report.blank), MANY, "blank")], split=True)
    places = data_facts.not_faces(of)
    voted = int(of.votes.any(axis=1).sum())
    said = f"**{counted(len(places), 'image')}** that more than half of FER+'s taggers call no face"
    st.markdown(f"{said}, of {voted:,} that have votes here.")
    ui_data.gallery(of, places[ui_data.page_of(len(places), MANY, "noface")], split=True)


def augmentation(of: data_facts.Images | None) -> None:
    """Draws what a recipe's [augment] table does to one face."""
    ui_data.what_augmentation_is()
    cards = [card for card in cache.cards()[0] if "augment" in card.recipe]  # an ensemble was not trained
    recipes = {card.id: Augmentation.from_recipe(card.recipe["augment"]) for card in cards}
    options, seed = ui_data.augmentation_choice(recipes, {card.id: card.title for card in cards})
    face = ui_data.face_choice(of)
    ui_data.variations(face, examples(face, options, DRAWS, seed), options)


main()
