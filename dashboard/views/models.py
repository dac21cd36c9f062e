"""Models: the leaderboard of all models and of people, on the images that the user chooses."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, entries, figures_training, ui_models, ui_raters
from dashboard.charts import chart
from dashboard.entries import Entry
from dashboard.pages_table import VIEWS
from fer_core import evidence
from fer_core.types import ModelCard


def main() -> None:
    """Draws the page."""
    st.title("Models")
    st.markdown("How often models, and people, give the label that FER2013 has.")
    cards, problems = cache.cards()
    for problem in [*problems, *(said for card in cards for said in cache.stored(card).problems)]:
        st.warning(problem, icon=":material/broken_image:")
    if not cards:
        empty()
    if not cards and not cache.reports(evidence.PERSON):
        return
    images = ui_raters.set_choice()
    show([*(model(card, images) for card in cards), *people(images)], images)


def model(card: ModelCard, images: str) -> Entry:
    """A model's line on these images."""
    stored = cache.stored(card)
    return Entry(card.id, card.title, card, stored.reports.get(images), stored.environment)


def people(images: str) -> list[Entry]:
    """People's lines on these images; none where their figures were not made."""
    found = {id: cache.reports(id).get(images) for id in evidence.PEOPLE}
    return [Entry(id, evidence.PEOPLE[id], report=report) for id, report in found.items() if report is not None]


def show(everyone: list[Entry], images: str) -> None:
    """Draws controls, chart, table and remarks."""
    left, right = st.columns([1, 2])
    with left:
        order = ui_models.order_choice()
    with right:
        who, initial_weights = ui_models.filter_choice(everyone)
    shown = entries.ordered(entries.filtered(everyone, who, initial_weights), order)
    if not shown:
        st.info("Nobody is left. Take a filter away.", icon=":material/filter_alt_off:")
        return
    if any(entry.report for entry in shown):
        dots(shown, entries.commonest(everyone), images)
    else:
        no_figures(images)
    st.subheader("Leaderboard")
    st.caption(
        "Further right: milliseconds a face, initial weights, what it was trained on, device, minutes, framework."
    )
    opened = ui_models.leaderboard(shown, images)
    if opened:
        st.switch_page(VIEWS / "model.py", query_params={"model": opened.id})
    remarks(shown, everyone, images)


def dots(shown: list[Entry], always: tuple[str, float] | None, images: str) -> None:
    """Draws the accuracies with their intervals on one axis."""
    st.subheader(f"Accuracy on {images}")
    name = f"accuracy-{images.replace(' ', '-')}"
    chart(figures_training.accuracy_dots(shown, always), figures_training.accuracy_table(shown), name,
          figures_training.describe_accuracy(shown, images))  # fmt: skip


def remarks(shown: list[Entry], everyone: list[Entry], images: str) -> None:
    """Draws what to know before comparing."""
    for said in entries.remarks(shown):
        st.caption(said)
    if not any(entry.card is None for entry in everyone):
        st.caption(
            "People are missing: their figures need FER+'s votes. Put fer2013new.csv beside FER2013 and make them with:"
        )
        st.code("uv run python -m trainers evaluate --data fer2013.csv", language="bash")
    st.caption(
        "Bars around dots are 95 % intervals, by bootstrap over the images. One person is the average over FER+'s "
        "taggers and gives bare labels, so top-2 and ECE are blank. A model that was never calibrated gives scores, "
        "not probabilities. "
        + ("Everything was chosen on PublicTest, so figures on it flatter." if images.startswith("Public") else "")
    )


def no_figures(images: str) -> None:
    """Draws what to do where nobody was evaluated on these images."""
    st.info(f"Nobody has figures on {images} yet. Make them with:", icon=":material/query_stats:")
    st.code("uv run python -m trainers evaluate", language="bash")


def empty() -> None:
    """Draws what to do where no model is here."""
    st.info("No trained model is here yet. Train one, then evaluate it:", icon=":material/model_training:")
    st.code(
        "uv run python -m trainers train keras-native --data fer2013.csv\nuv run python -m trainers evaluate",
        language="bash",
    )


main()
