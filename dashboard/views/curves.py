"""Curves: ROC, reliability, risk against coverage, and distance from people's votes, all raters overlaid."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from dashboard import cache, figures_curves, looks, ui_curves, ui_raters, ui_url
from dashboard.charts import chart
from fer_core.evidence import CROWD, TRUTH, Rater

Styles = Mapping[str, figures_curves.Line]


def main() -> None:
    """Draws the page."""
    st.title("Curves")
    st.markdown(
        "How well each model ranks the labels, whether its confidence means what it says, how near it is to people."
    )
    drawable = [rater for rater in cache.raters() if rater.probabilities is not None]
    if not any(rater.kind == "model" for rater in drawable):
        ui_curves.empty()
        return
    name, chosen = ui_raters.set_choice(), ui_curves.rater_choice(drawable)
    if not chosen:
        st.info("Choose at least one model above.", icon=":material/tune:")
        return
    ui_curves.say_what_is_compared(chosen, name)
    styles = figures_curves.lines(drawable)
    draw = {"roc": roc, "reliability": reliability, "risk": risk, "votes": votes}
    for id, tab in ui_url.tabs(ui_curves.PARTS, "part").items():
        if tab.open:
            with tab:
                draw[id](chosen, name, styles)
    figures_table(chosen, name)
    if any(rater.id == CROWD for rater in chosen):
        st.caption(ui_curves.CROWD)


def roc(chosen: list[Rater], name: str, styles: Styles) -> None:
    """Draws a chart for each label or average that was chosen."""
    wanted = ui_curves.curve_choice()
    found = {rater.id: cache.roc(rater, name) for rater in chosen}
    titles = ui_raters.titles(chosen)
    columns = st.columns(2)
    for place, curve in enumerate(wanted):
        curves = {id: one[curve] for id, one in found.items() if curve in one}
        with columns[place % 2]:
            st.markdown(f"**{curve}**")
            if not curves:
                st.caption("None of the chosen models knows this label.")
                continue
            said = "; ".join(f"{titles[id]}: AUC {one.area:.3f}" for id, one in curves.items())
            alt = f"ROC curves, {curve}, on {name}. {said}."
            table = figures_curves.roc_table(curves, titles)
            chart(figures_curves.roc(curves, titles, styles), table, f"roc-{curve}", alt)


def reliability(chosen: list[Rater], name: str, styles: Styles) -> None:
    """Draws the reliability diagrams at temperature 1 and after calibration, side by side."""
    before, after = st.columns(2)
    with before:
        st.markdown("**Before calibration: scores**")
        diagram([rater for rater in chosen if rater.kind == "model"], name, styles, "score", len(chosen))
    with after:
        st.markdown("**After: probabilities**")
        diagram([rater for rater in chosen if rater.calibrated], name, styles, "probability", len(chosen))
    st.caption(ui_curves.RELIABILITY)


def diagram(raters: list[Rater], name: str, styles: Styles, unit: str, entries: int) -> None:
    """Draws one reliability diagram, of scores or of probabilities."""
    titles = ui_raters.titles(raters)
    found = {r.id: one for r in raters if (one := cache.confidences(r, name, unit == "probability"))}
    if not found:
        st.caption(f"None of the chosen raters has a {unit}.")
        return
    said = "; ".join(f"{titles[id]}: calibration error {one.reliability.ece:.3f}" for id, one in found.items())
    alt = f"Reliability diagram of the {unit} on {name}, with the images in each bin. {said}."
    table = figures_curves.reliability_table(found, titles, unit)
    chart(figures_curves.reliability(found, titles, styles, unit, entries), table, f"reliability-{unit}", alt)


def risk(chosen: list[Rater], name: str, styles: Styles) -> None:
    """Draws how the errors fall when only the most confident images are answered."""
    titles = ui_raters.titles(chosen)
    found = {rater.id: one for rater in chosen if (one := cache.confidences(rater, name))}
    said = "; ".join(f"{titles[id]}: area {one.risk.area:.3f}" for id, one in found.items())
    alt = f"Share of wrong answers against the share of images answered, on {name}. {said}."
    chart(figures_curves.risk(found, titles, styles), figures_curves.risk_table(found, titles), "risk-coverage", alt)
    st.caption(ui_curves.RISK)


def votes(chosen: list[Rater], name: str, styles: Styles) -> None:
    """Draws how far each model's probabilities are from the distribution of people's votes."""
    truth = [rater for rater in cache.raters() if rater.id == TRUTH]
    found = cache.distances([*truth, *(rater for rater in chosen if rater.id != CROWD)], name)
    said = "; ".join(f"{one.title}: {one.mean.value:.3f}" for one in found)
    alt = f"Mean Jensen-Shannon divergence from the votes on {name}, in bits. {said}."
    figure = figures_curves.distances(found, [id for id in styles if id not in looks.PEOPLE_COLOURS])
    chart(figure, ui_curves.distance_table(found), "distance-from-votes", alt)
    st.caption(ui_curves.VOTES)


def figures_table(chosen: list[Rater], name: str) -> None:
    """Draws the summary: a row a rater."""
    st.subheader("The figures")
    rows = []
    for rater in chosen:
        after, before = cache.confidences(rater, name), cache.confidences(rater, name, calibrated=False)
        rows.append(ui_curves.curve_row(rater, cache.reports(rater.id).get(name), after, before))
    alt = f"AUC, calibration errors and AURC of {len(rows)} raters on {name}"
    ui_curves.download_table(pd.DataFrame(rows), "curves-figures", alt)
    st.caption(ui_curves.FIGURES)


main()
