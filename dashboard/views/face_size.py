"""Face size: how many pixels of a face a model needs, and how faces are cut out."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import cache, figures_size, looks, ui_size, ui_work
from dashboard.charts import chart
from fer_core.face_size import Study


def main() -> None:
    """Draws the page."""
    st.title("Face size")
    st.markdown("How small may a face in a group photo be before a model's answer is worth little?")
    titles = {card.id: card.title for card in cache.cards()[0]}
    studies = {id: study for id, study in cache.face_sizes().items() if id in titles}
    if studies:
        sizes(studies, titles)
    else:
        ui_size.empty()
    rules(titles)


def sizes(studies: Mapping[str, Study], titles: Mapping[str, str]) -> None:
    """Draws accuracy by size of the chosen models, what detection finds, and whom to trust."""
    chosen = ui_size.model_choice(studies, titles)
    ui_size.lacking(cache.without_face_sizes(), titles)
    if not chosen:
        st.info("Choose at least one model above.", icon=":material/tune:")
        return
    shown = {id: study for id, study in studies.items() if id in chosen}
    collection = ui_work.current()
    if collection is not None and collection.faces:
        ui_size.own_faces(collection, shown, titles)
    first = next(iter(shown.values()))
    st.subheader("From which size on")
    ui_size.verdict_table(figures_size.verdicts(shown, titles))
    counted = ui_size.counted()
    said = "; ".join(f"{titles[id]}: {spoken(study, counted)}" for id, study in shown.items())
    figure = figures_size.accuracy(shown, titles, looks.looks(shown), counted)
    chart(figure, figures_size.size_table(shown, titles), "face-size", f"Accuracy by face size. {said}.")
    st.caption(ui_size.HOW.format(split=first.split, n=first.n))
    st.subheader("What detection finds")
    found = ", ".join(f"{size.found / size.pasted:.0%} of {size.side} pixels" for size in first.sizes)
    table = figures_size.size_table({next(iter(shown)): first}, titles)[["pixels", "faces", "found", "false boxes"]]
    chart(figures_size.detection(first), table, "face-size-detection", f"Faces found by size: {found}.")
    st.caption(ui_size.MISSED)


def spoken(study: Study, counted: str) -> str:
    """The curve of one model in words."""
    return ", ".join(f"{figures_size.accuracy_of(s, counted).value:.0%} at {s.side} pixels" for s in study.sizes)


def rules(titles: Mapping[str, str]) -> None:
    """Draws the comparison of crop rules, where it was made."""
    found = cache.crop_rules()
    st.subheader("How a face is cut out")
    if found is None:
        st.markdown("The rules to cut out a face were not compared here yet:")
        st.code(ui_size.RULE_COMMAND, language="bash")
        return
    st.markdown(ui_size.RULES.format(learned=found["learned_from"]["n"], n=found["held_out"]["n"], side=found["side"],
                                     used=found["used"]))  # fmt: skip
    ui_size.rules_table(figures_size.rule_table(found, titles))


main()
