"""Studies: one recipe in several versions, and the five projects' figures beside ours."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, figures_studies, ui_studies, ui_url
from dashboard.charts import chart
from dashboard.words import percent
from fer_core.studies import Study


def main() -> None:
    """Draws the page."""
    st.title("Studies")
    st.markdown("What one change to a recipe brings, and what became of the five course projects' systems.")
    draw = {"studies": studies, "seeds": seeds, "short": short_runs}
    for id, tab in ui_url.tabs(ui_studies.PARTS, "part").items():
        if tab.open:
            with tab:
                draw[id]()


def studies() -> None:
    """Draws the chosen study: its size, its versions, their curves."""
    found, wrong = cache.recipe_studies()
    ui_studies.problems(wrong)
    if not found:
        ui_studies.empty()
        return
    study = ui_studies.study_choice(found)
    ui_studies.say_size(study)
    versions(study)
    curves(study)


def versions(study: Study) -> None:
    """Draws the accuracy of every version."""
    st.subheader("Versions")
    said = "; ".join(f"{title}: {percent(study.accuracy(title).value, 1)}" for title in study.titles)
    alt = f"Accuracy on PublicTest of each version of {study.base}. {said}."
    table = figures_studies.versions_table(study)
    chart(figures_studies.accuracies(study), table, f"study-{study.id}", alt)
    ui_studies.beside_guessing(study)
    st.caption(ui_studies.HOW)


def curves(study: Study) -> None:
    """Draws the curves of the chosen versions."""
    st.subheader("Curves")
    chosen, measure = ui_studies.version_choice(study), ui_studies.measure_choice()
    if not chosen:
        st.info("Choose at least one version above.", icon=":material/tune:")
        return
    last = {title: study.of(title)[0].curves[-1][measure] for title in chosen}
    said = "; ".join(f"{title}: {value:.3f} at the end" for title, value in last.items())
    alt = f"{figures_studies.MEASURES[measure]} by epoch. {said}."
    figure = figures_studies.curves(study, chosen, measure)
    chart(figure, figures_studies.curves_table(study, chosen), f"study-curves-{study.id}", alt)


def seeds() -> None:
    """Draws every system of the five projects, its figure and ours."""
    table = figures_studies.seeds_table(cache.seeds_compared())
    run = int(table["ours"].notna().sum())
    short = int(table["short run"].notna().sum())
    st.markdown(f"{run} of {len(table)} systems were trained here, {short} more in a short run.")
    ui_studies.table(table, "seeds", f"The projects' figures and ours, {len(table)} systems, {run} trained here")
    st.caption(ui_studies.SEEDS)


def short_runs() -> None:
    """Draws every recipe's short run."""
    found, wrong = cache.short_runs()
    ui_studies.problems(wrong)
    if not found:
        ui_studies.no_short_runs()
        return
    ui_studies.learned(list(found.values()))
    table = figures_studies.short_runs_table(list(found.values()))
    ui_studies.table(table, "short-runs", f"Short runs of {len(table)} recipes, each read on PublicTest")
    st.caption(ui_studies.SHORT)


main()
