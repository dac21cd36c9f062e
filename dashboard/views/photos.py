"""Photos: drop group photos, see every face that was found and every model's answer for it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import cache, figures, ui
from fer_core.detection import DetectionOptions
from fer_core.reading import FaceAnswers, annotated, answers
from fer_core.types import ModelCard

FACES_A_PAGE = 6
CREDIT = "An example: NASA's portrait of the astronaut Eileen Collins, public domain. Drop your own photos above."
PATIENCE = "The models read the faces. The first time they have to be loaded, which takes some seconds."


def main() -> None:
    """Draws the page."""
    st.title("Photos")
    st.markdown("Drop group photos. Each face is found, numbered and read by every model, side by side.")
    files, is_example = ui.uploads()
    with st.expander("Models and detection", icon=":material/tune:"):
        cards, problems = cache.cards()
        chosen = ui.model_choice(cards) if cards else []
        options = ui.detection_options()
    for problem in problems:
        st.warning(problem, icon=":material/broken_image:")
    photos = ui.read_all(files, options)
    readable = [p for p in photos if p.reading is not None and p.same_as is None]
    if len(photos) > 1 or not readable:
        ui.ledger(photos)
    if is_example:
        st.caption(CREDIT)
    if readable:
        show(ui.photo_choice(readable), readable, chosen, options)


def show(
    photo: ui.PhotoFile, all_photos: Sequence[ui.PhotoFile], cards: list[ModelCard], options: DetectionOptions
) -> None:
    """Draws one photo with its boxes, and the answers under it."""
    reading = photo.found
    n = len(reading.faces)
    spoken = f"The photo with {n} face{'s' * (n != 1)} boxed and numbered"
    st.image(
        annotated(reading), width="stretch" if reading.width > 900 else "content", caption=photo.outcome, alt=spoken
    )
    if n and not cards:
        ui.no_models()
    if not (n and cards):
        return
    with st.spinner(PATIENCE):
        found = read(photo, cards, options)
    st.subheader("Side by side")
    side_by_side(found, cards)
    everything = [(one, read(one, cards, options)) for one in all_photos]
    everyone = [face for _, of_photo in everything for face in of_photo]
    if len(everyone) > 1:
        ui.label_counts(everyone, len(all_photos), {card.id: card.title for card in cards})
    st.download_button(
        "Download all answers (CSV)",
        ui.csv_bytes(everything),
        "seven-faces.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def side_by_side(found: list[FaceAnswers], cards: list[ModelCard]) -> None:
    """Draws the table, the bars of each face, and all numbers."""
    titles = {card.id: card.title for card in cards}
    agreed = [one.agreement for one in found if one.agreement is not None]
    if agreed:
        of = f"{sum(agreed)} of {len(agreed)} face{'s' * (len(agreed) != 1)}"
        st.markdown(f"The {len(cards)} models agree on **{of}**.")
    ui.answers_table(found, cards)
    if any(card.temperature is None for card in cards):
        st.caption("Models that were never calibrated give scores, not probabilities.")
    bars, numbers = st.tabs(["A chart for each face", "All numbers"])
    with bars:
        face_charts(found, titles)
    with numbers:
        ui.numbers_table(found, titles)


def face_charts(found: list[FaceAnswers], titles: dict[str, str]) -> None:
    """Draws each face beside its bars, some faces at a time."""
    pages = -(-len(found) // FACES_A_PAGE)
    page = st.pagination(pages, key="chart-page") if pages > 1 else 1
    shown = found[(page - 1) * FACES_A_PAGE : page * FACES_A_PAGE]
    for left in range(0, len(shown), 2):
        for column, one in zip(st.columns(2), shown[left : left + 2], strict=False):
            with column.container(border=True):
                ui.face_heading(one, titles)
                figure, spoken = figures.probability_bars(one, titles), figures.describe(one, titles)
                st.plotly_chart(figure, key=f"bars-{one.number}", alt=spoken, config={"displayModeBar": False})


def read(photo: ui.PhotoFile, cards: Sequence[ModelCard], options: DetectionOptions) -> list[FaceAnswers]:
    """Every chosen model's answers for the faces of one photo."""
    probabilities = {card.id: (card.labels, cache.probabilities(card, photo.found, options)) for card in cards}
    return answers(photo.found.faces, probabilities)


main()
