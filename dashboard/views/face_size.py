"""Face size: how many pixels of a face a model needs, and how faces are cut out."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import cache, figures_size, looks, ui_size, ui_work
from dashboard.charts import chart
from dashboard.words import percent
from fer_core.face_size import Study
from fer_core.types import ModelCard


def main() -> None:
    """Draws the page."""
    st.title("Face size")
    st.markdown("How small may a face in a group photo be before a model's answer is worth little?")
    cards = {card.id: card for card in cache.cards()[0]}
    titles = looks.distinct({id: card.title for id, card in cards.items()})
    studies = {id: study for id, study in cache.face_sizes().items() if id in titles}
    if studies:
        verdicts(studies, titles)
        ui_size.fewer_labels(studies, cards, titles)
        sizes(studies, cards)
        detection(max(studies.values(), key=lambda study: study.n))
    else:
        ui_size.empty()
    rules(cards)


def verdicts(studies: Mapping[str, Study], titles: Mapping[str, str]) -> None:
    """Draws whom to trust from which size on, and the user's own faces that are too small."""
    ui_size.lacking(cache.without_face_sizes(), titles)
    collection = ui_work.current()
    if collection is not None and collection.faces:
        ui_size.own_faces(collection, studies, titles)
    st.subheader("From which size on")
    ui_size.verdict_table(figures_size.verdicts(studies, titles))


def sizes(studies: Mapping[str, Study], cards: Mapping[str, ModelCard]) -> None:
    """Draws accuracy by size of the chosen models."""
    titles = looks.distinct({id: card.title for id, card in cards.items()})
    chosen = ui_size.model_choice(studies, cards)
    if not chosen:
        st.info("Choose at least one model above.", icon=":material/tune:")
        return
    shown = {id: study for id, study in studies.items() if id in chosen}
    largest = max(shown.values(), key=lambda study: study.n)
    counted = ui_size.counted()
    said = "; ".join(f"{titles[id]}: {spoken(study, counted)}" for id, study in shown.items())
    figure = figures_size.accuracy(shown, titles, looks.looks(shown), counted)
    chart(figure, figures_size.size_table(shown, titles), "face-size", f"Accuracy by face size. {said}.")
    st.caption(ui_size.HOW.format(split=largest.split, n=largest.n))


def detection(study: Study) -> None:
    """Draws how many of a study's faces detection finds, which is no model's doing."""
    st.subheader("What detection finds")
    found = ", ".join(f"{percent(size.found / size.pasted)} of {size.side} pixels" for size in study.sizes)
    table = figures_size.size_table({"": study}, {"": ""})[["pixels", "faces", "found", "false boxes"]]
    chart(figures_size.detection(study), table, "face-size-detection", f"Faces found by size: {found}.")
    st.caption(ui_size.MISSED)


def spoken(study: Study, counted: str) -> str:
    """The curve of one model in words."""
    return ", ".join(f"{percent(figures_size.accuracy_of(s, counted).value)} at {s.side} pixels" for s in study.sizes)


def rules(cards: Mapping[str, ModelCard]) -> None:
    """Draws the comparison of crop rules, where it was made, with the models whose weights are still the same."""
    found = cache.crop_rules()
    titles = looks.distinct({id: card.title for id, card in cards.items()})
    st.subheader("How a face is cut out")
    if found is None:
        st.markdown("The rules to cut out a face were not compared here yet:")
        st.code(ui_size.RULE_COMMAND, language="bash")
        return
    st.markdown(ui_size.RULES.format(learned=found["learned_from"]["n"], n=found["held_out"]["n"], side=found["side"],
                                     used=found["used"]))  # fmt: skip
    ui_size.rules_table(figures_size.rule_table(found, titles, {id: card.weights_sha256 for id, card in cards.items()}))


main()
