"""Where models look: the mean map of each model for each emotion, when it is right and when it is wrong."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import average_facts, cache, figures_averages, looks, ui_averages
from dashboard.charts import chart
from dashboard.words import percent
from fer_core.average_maps import Study


def main() -> None:
    """Draws the page."""
    st.title("Where models look")
    st.markdown("Where does each model look when it says fear, rightly or wrongly? A row a model, a column an answer.")
    cards = {card.id: card for card in cache.cards()[0]}
    titles = looks.distinct({id: card.title for id, card in cards.items()})
    studies = {id: study for id, study in cache.average_map_studies().items() if id in titles}
    if not studies:
        ui_averages.empty()
        return
    chosen = ui_averages.models(studies, cards)
    ui_averages.lacking(cache.without(studies), titles)
    if not chosen:
        st.info("Choose at least one model above.", icon=":material/tune:")
        return
    shown = {id: study for id, study in studies.items() if id in chosen}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        outcomes = ui_averages.outcomes()
        opacity = ui_averages.opacity()
    maps(shown, titles, outcomes, opacity)
    regions(shown, titles, outcomes)


def maps(studies: Mapping[str, Study], titles: Mapping[str, str], outcomes: list[str], opacity: float) -> None:
    """Draws all mean maps on one screen."""
    table = average_facts.picture_table(studies, titles, cache.mean_faces(), outcomes, opacity)
    said = " ".join(average_facts.spoken(studies, titles, outcome) + "." for outcome in outcomes)
    ui_averages.grid(table, average_facts.top(studies, outcomes), opacity, f"Where each mean map is densest. {said}")
    ui_averages.how_made(next(iter(studies.values())))
    ui_averages.whole_table(average_facts.share_table(studies, titles, outcomes))


def regions(studies: Mapping[str, Study], titles: Mapping[str, str], outcomes: list[str]) -> None:
    """Draws how much of each model's map lies on a region, by what it says."""
    names = average_facts.regions(studies)
    if not names:
        return
    st.subheader("How much lies on each part of the face")
    region = ui_averages.region(names)
    outcome = ui_averages.outcome_of(outcomes)
    shares = average_facts.shares(studies, region, outcome)
    figure = figures_averages.region_dots(shares, titles, looks.looks(studies), average_facts.size(studies, region))
    said = "; ".join(
        f"{titles[id]}: " + ", ".join(f"{label} {percent(one.value)}" for label, one in by_label.items())
        for id, by_label in shares.items()
    )
    table = average_facts.share_table(studies, titles, [outcome])
    chart(figure, table[table["region"] == region], f"region-{region}", f"Share of the map on the {region}. {said}.",
          key="region-dots")  # fmt: skip
    st.caption(ui_averages.SHARES)


main()
