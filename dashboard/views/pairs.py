"""Pairs: every two models and people against each other, with the correction that looking at many pairs needs."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, confusion_data as data, figures_pairs, pair_facts, ui_pairs, ui_raters
from dashboard.charts import chart
from dashboard.pages_table import VIEWS
from fer_core.evidence import MAJORITY, TRUTH, Rater
from fer_core.types import EMOTIONS


def main() -> None:
    """Draws the page."""
    st.title("Pairs")
    st.markdown(
        "Which of two is more often right, and whether that is more than chance: every pair on the same images."
    )
    raters, reference = [rater for rater in cache.raters() if rater.id != TRUTH], cache.reference()
    if reference is None or not any(rater.kind == "model" for rater in raters):
        ui_raters.no_evidence()
        return
    with st.container(border=True):
        name = ui_raters.set_choice()
        usual = [r for r in raters if r.labels == EMOTIONS and (r.kind == "model" or r.id == MAJORITY)]
        chosen = ui_raters.several("Models and people", raters, usual, "raters", most=None)
    if len(chosen) < 2:
        st.info("Choose at least two to compare.", icon=":material/tune:")
        return
    try:
        found = data.together(chosen, reference, name)
    except ValueError as problem:
        st.warning(str(problem), icon=":material/filter_alt_off:")
        return
    ui_raters.fewer_labels(chosen, found.labels, len(found.ids), found.left_out)
    show(cache.pairs(chosen, name, found), chosen, name)


def show(of: pair_facts.Pairs, chosen: list[Rater], name: str) -> None:
    """Draws the triangle and the table; opens the Confusion page for the pair that the user picks."""
    titles = ui_raters.titles(chosen)
    st.subheader(f"Points behind, on {name}")
    table = pair_facts.table(of, titles)
    figure = figures_pairs.triangle(of, titles, ui_raters.dark())
    points = chart(figure, table, "pairs", pair_facts.described(of, titles), select=True)
    st.caption(ui_pairs.legend(of, titles))
    st.subheader("Every pair")
    opened = ui_pairs.clicked(of, points) or ui_pairs.table(of, table, name)
    st.caption(ui_pairs.METHODS)
    if opened:
        query = {"rows": opened[0], "columns": opened[1], "set": name}
        st.switch_page(VIEWS / "confusion.py", query_params=query)


main()
