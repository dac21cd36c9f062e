"""One model: its card, its figures for each label, its training and its network; the model's id is in the URL."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, entries, model_words, ui_model, ui_none, ui_raters
from dashboard.ui_models import file_name
from fer_core.metrics import EvaluationReport
from fer_core.types import ModelCard


def main() -> None:
    """Draws the page."""
    cards, problems = cache.cards()
    card = ui_model.model_choice(cards)
    st.title(card.title if card else "One model")
    for problem in cache.stored(card).problems if card else problems:
        st.warning(problem, icon=":material/broken_image:")
    if card:
        show(card)
    elif not cards:
        ui_none.no_models()


def show(card: ModelCard) -> None:
    """Draws everything that is known of one model."""
    st.markdown(model_words.in_words(card, entries.START_WORDS[card.start]))
    if not cache.stored(card).has_weights:
        st.info("Its weights are not here: it can be studied, but not asked. Make them with:", icon=":material/weight:")
        ui_model.command(card)
    figures(card)
    st.subheader("Training")
    training(card)
    st.subheader("Architecture")
    architecture(card)
    st.subheader("Limits, licence, and how to make it again")
    provenance(card)


def figures(card: ModelCard) -> None:
    """Draws the headlines, the figures of each label and the calibration, on the images that the user chooses."""
    st.subheader("Figures")
    images = ui_raters.set_choice()
    reports, name = cache.stored(card).reports, f"{card.id}-{file_name(images)}"
    if (report := reports.get(images)) is None:
        ui_model.not_evaluated(card, images)
        return
    ui_model.headlines(reports, images)
    st.caption(model_words.beside_people(report, ui_model.people(images)))
    ui_model.other_seeds(card, images)
    ui_model.measures(reports, images, name)
    ui_model.several_views(card)
    left, right = st.columns([3, 2])
    with left:
        st.markdown("##### Each label")
        ui_model.per_class(report, name)
    with right:
        st.markdown("##### Calibration")
        calibration(card, report, images)


def calibration(card: ModelCard, after: EvaluationReport, images: str) -> None:
    """Draws what the temperature changed."""
    before = cache.uncalibrated(card, images)
    if card.temperature is None:
        st.caption("Never calibrated: its outputs are scores. A temperature is fitted on PublicTest with:")
        st.code(f"uv run python -m trainers evaluate {card.id}", language="bash")
        return
    st.caption(model_words.temperature_in_words(card.temperature))
    if before is None:
        st.caption("What it was before calibration cannot be told without its stored answers and the reference.")
    else:
        ui_model.calibration(before, after, f"{card.id}-{file_name(images)}")


def training(card: ModelCard) -> None:
    """Draws the curves and the settings."""
    left, right = (st.container(), st.container()) if model_words.members(card) else st.columns([3, 2])
    with left:
        curves(card, cache.stored(card).curves)
    with right:
        st.markdown("##### Settings")
        ui_model.settings(card)


def curves(card: ModelCard, rows: list[dict[str, float]]) -> None:
    """Draws loss, accuracy and learning rate over the epochs."""
    if not rows:
        st.caption("Each member has its own curves." if model_words.members(card) else "No curves are stored.")
        return
    ui_model.curves(card, rows)


def architecture(card: ModelCard) -> None:
    """Draws the network in words and, where the user opens it and the weights are here, layer by layer."""
    stored = cache.stored(card)
    st.markdown("\n".join(f"- {line}" for line in model_words.architecture(card, stored.multiply_adds)))
    if not stored.has_weights or model_words.members(card):
        return
    layers = st.expander("Layer by layer", key="layers", bind="query-params")
    if layers.open:
        with layers:
            ui_model.layers(card)


def provenance(card: ModelCard) -> None:
    """Draws limits, licence, the command, and the machine that made it."""
    st.markdown("\n".join(f"- {limit}" for limit in card.limits) or "No limits are noted.")
    st.markdown(f"**Licence:** {card.licence}")
    ui_model.command(card)
    st.markdown(f"{model_words.made(card)} {model_words.taught(card, ui_model.teacher(card))}")
    with st.expander("The machine and the libraries"):
        ui_model.environment(cache.stored(card).environment, card.id)


main()
