"""Models: the leaderboard of all models and of people, on the images that the user chooses."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, entries, figures_training, looks, ui_cost, ui_models, ui_raters
from dashboard.charts import chart
from dashboard.entries import Entry
from dashboard.pages_table import VIEWS
from fer_core import evidence
from fer_core.types import EMOTIONS, ModelCard


def main() -> None:
    """Draws the page."""
    st.title("Models")
    st.markdown("How often models, and people, give the label that FER2013 has.")
    cards, problems = cache.cards()
    for problem in [*problems, *(said for card in cards for said in cache.stored(card).problems)]:
        st.warning(problem, icon=":material/broken_image:")
    if not cards:
        ui_models.empty()
    if not cards and not cache.reports(evidence.PERSON):
        return
    images = ui_raters.set_choice()
    titles = looks.distinct({card.id: card.title for card in cards})
    show([*(model(card, titles[card.id], images) for card in cards), *people(images)], images)


def model(card: ModelCard, title: str, images: str) -> Entry:
    """A model's line on these images."""
    stored = cache.stored(card)
    entry = Entry(card.id, title, card, environment=stored.environment, multiply_adds=stored.multiply_adds)
    return entries.placed(entry, stored.reports, images)


def people(images: str) -> list[Entry]:
    """People's lines on these images; none where their figures were not made."""
    found = {id: cache.reports(id) for id in evidence.PEOPLE}
    return [
        entries.placed(Entry(id, evidence.PEOPLE[id]), reports, images)
        for id, reports in found.items()
        if images in reports
    ]


def show(everyone: list[Entry], images: str) -> None:
    """Draws controls, chart, table and remarks."""
    left, right = st.columns([1, 2])
    with left:
        order = ui_models.order_choice()
    with right:
        who, starts = ui_models.filter_choice(everyone)
    chosen = entries.filtered(everyone, who, starts)
    if not chosen:
        st.info("Nobody is left. Take a filter away.", icon=":material/filter_alt_off:")
        return
    labels, where = ui_models.labels_choice(chosen), images
    if labels == EMOTIONS:
        shown, always = entries.ordered(chosen, order), entries.commonest(everyone)
    else:
        shown = entries.ordered(on_labels(chosen, labels, images), order)
        always = entries.commonest(shown, labels)
        where = f"{images}, {len(labels)} shared labels"
        ui_models.compared_on(shown, labels, images)
    if any(entry.report for entry in shown):
        dots(shown, always, where)
        ui_cost.draw(shown, ui_models.file_name(where))
    else:
        ui_models.no_figures(images)
    board(shown, images, where)
    for said in entries.remarks(shown) if labels == EMOTIONS else []:
        st.caption(said)
    remarks(everyone, images)


def on_labels(chosen: list[Entry], labels: tuple[str, ...], images: str) -> list[Entry]:
    """The same entries with their figures on these labels alone."""
    both = {name: cache.reports_on(labels, name) for name in evidence.twins(images)}
    return [
        entries.placed(entry, {name: found[entry.id] for name, found in both.items() if entry.id in found}, images)
        for entry in chosen
    ]


def board(shown: list[Entry], images: str, where: str) -> None:
    """Draws the table; goes to the page of the model that the user opens."""
    st.subheader("Leaderboard")
    st.caption("Further right: multiply-adds and time a face, initial weights, training data, device, time, framework.")
    opened = ui_models.leaderboard(shown, images, where)
    if opened:
        st.switch_page(VIEWS / "model.py", query_params={"model": opened.id})


def dots(shown: list[Entry], always: tuple[str, float] | None, where: str) -> None:
    """Draws the accuracies with their intervals on one axis."""
    st.subheader(f"Accuracy on {where}")
    name = f"accuracy-{ui_models.file_name(where)}"
    chart(figures_training.accuracy_dots(shown, always), figures_training.accuracy_table(shown), name,
          figures_training.describe_accuracy(shown, where))  # fmt: skip


def remarks(everyone: list[Entry], images: str) -> None:
    """Draws what to know before comparing."""
    if not any(entry.card is None for entry in everyone):
        st.caption(
            "People are missing: their figures need FER+'s votes. Put fer2013new.csv beside FER2013 and make them with:"
        )
        st.code("uv run python -m trainers evaluate --data fer2013.csv", language="bash")
    st.caption(
        "Bars around dots are 95 % intervals, by bootstrap over the images. One person is the average over FER+'s "
        "taggers; it and the majority give bare labels, so top-2 and ECE are blank. A model that was never calibrated "
        "gives scores, not probabilities. "
        + ("Everything was chosen on PublicTest, so figures on it flatter." if images.startswith("Public") else "")
    )


main()
