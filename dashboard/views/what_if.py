"""What if: turn, blur, darken a face or hide a part of it, and see which models change their minds."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard import cache, looks, ui, ui_compare, ui_none, ui_one_face, ui_what_if, ui_work
from dashboard.chosen_face import ChosenFace
from fer_core.disturbances import disturb
from fer_core.reading import FaceAnswers
from fer_core.types import Face, ModelCard


def main() -> None:
    """Draws the page."""
    st.title("What if")
    st.markdown("Disturb a face, and see at once which models change their minds.")
    cards, problems = cache.cards()
    for problem in problems:
        st.warning(problem, icon=":material/broken_image:")
    chosen = ui.model_choice(cards) if cards else []
    strengths: dict[str, float] = {}
    able = ui_work.able(chosen)
    if able:
        face = ui_one_face.choice()
        if face is not None:
            strengths = disturbed(face, able)
    elif not chosen:
        ui_none.no_models()
    st.subheader("On many faces")
    titles = looks.distinct({card.id: card.title for card in cards})
    studies = {id: one for id, one in cache.what_if_studies().items() if id in {card.id for card in chosen}}
    if studies:
        ui_what_if.curves(studies, titles, strengths)
        ui_what_if.lacking(cache.without(cache.what_if_studies()), titles)
    else:
        ui_what_if.no_curves()


def disturbed(face: ChosenFace, cards: list[ModelCard]) -> dict[str, float]:
    """Draws the sliders, the face and every model's answer; the strengths come back."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        seen = st.container()  # above the sliders, so that a phone shows what they do
        strengths = ui_what_if.sliders()
    now = disturb(face.crop, strengths)
    titles = looks.distinct({card.id: card.title for card in cards})
    before, after = ui_what_if.predictions(cards, [face.crop, now])
    with seen:
        st.markdown(f"**{face.name}**" + (f", labelled **{face.truth}**" if face.truth else ""))
        ui_what_if.pictures(face, now, strengths)
    with right:
        ui_what_if.answers(before, after, titles)
    one = FaceAnswers(1, Face((0, 0, 1, 1), 1.0, np.zeros((5, 2), np.float32), now), after)
    file = f"what-if-{face.name.lower().replace(' ', '-')}"
    ui_compare.probabilities(right, one, titles, file, "what-if-bars", "After the disturbance. ")
    return strengths


main()
