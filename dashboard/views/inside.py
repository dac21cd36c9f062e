"""Inside: a network's first kernels before and after training, and what each of its layers makes of a face."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, ui_inside, ui_none, ui_one_face, ui_url, ui_work


def main() -> None:
    """Draws the page."""
    st.title("Inside")
    st.markdown("What did training make of the first kernels, and what does each layer make of a face?")
    cards, problems = cache.cards()
    for problem in problems:
        st.warning(problem, icon=":material/broken_image:")
    cards = [card for card in cards if card.framework != "ensemble"]
    if not cards:
        ui_none.no_models()
        return
    card = ui_inside.model(cards)
    if not ui_work.able([card]):
        return
    parts = ui_url.tabs(ui_inside.PARTS, "part")
    if parts["kernels"].open:
        with parts["kernels"]:
            with st.spinner(ui_inside.LOADING):
                found = cache.first_kernels(card)
            if isinstance(found, str):
                st.warning(found, icon=":material/hide_source:")
            else:
                ui_inside.kernels(found)
    if parts["features"].open:
        with parts["features"]:
            face = ui_one_face.choice()
            if face is not None:
                outputs = ui_inside.outputs(card, face)
                name = ui_inside.layer(outputs)
                ui_inside.features(name, outputs[name], face)


main()
