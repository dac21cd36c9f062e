"""Widgets and words of the Studies page; plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import ui_url
from dashboard.charts import download
from dashboard.figures_studies import MEASURES
from dashboard.words import counted, percent
from fer_core.studies import Study

PARTS = {"studies": "Studies", "seeds": "The five projects and ours", "short": "Short runs"}
COMMAND = "uv run python -m trainers study burney-learning-rate --init random --data fer2013.csv"
SHORT_COMMAND = "uv run python -m trainers short-run --init random --data fer2013.csv"
HOW = """Each version was trained anew, unless it learns just as another does, and read on PublicTest, which chose its
epoch too (in the study of epochs it is the last one); PrivateTest was not looked at. Bars are 95 % intervals over
resampled images; how much another seed would change, they do not say. In the table accuracies are in percent,
differences in points."""
SEEDS = """Their figures are as they printed them, on the images they chose; ours are PrivateTest, scored once. A blank
is a system that was not trained here: `uv run python -m trainers train RECIPE` fills it. A short run has learned from
few images, from scratch where the recipe has ImageNet's weights, and is read on PublicTest: it shows that the recipe
runs, not what it can."""
SHORT = """Each of these recipes was trained once at the size in its row and read on PublicTest, to show that it runs.
How good it can be, such a run does not say: `uv run python -m trainers train RECIPE` trains it whole."""
PERCENTS = ("PublicTest", "commonest label", "its figure", "ours", "short run")
"""Columns of the tables that are accuracies in percent; others are minutes."""
AT_FIRST = 6
WIDTHS = {"model": 330, "system": 300, "95 %": 95, "recipe": 265, "why they differ": 420}
"""Columns of the projects' table in pixels."""


def study_choice(studies: Mapping[str, Study]) -> Study:
    """The study to show; the choice lives in the URL."""
    titles = {id: study.title for id, study in studies.items()}
    return studies[ui_url.one(st.selectbox, "Study", titles, "study", next(iter(titles))) or next(iter(titles))]


def version_choice(study: Study) -> list[str]:
    """The versions whose curves are drawn; the choice lives in the URL."""
    numbers = {str(number): title for number, title in enumerate(study.titles)}
    alike = [number for number in list(numbers)[1:] if _learns_as_the_base(study, numbers[number])]
    first = [number for number in numbers if number not in alike][:AT_FIRST]
    chosen = ui_url.some(st.multiselect, "Versions", numbers, "versions", first)
    if alike:
        told = ", ".join(numbers[number] for number in alike)
        st.caption(f"These learn just as the base does, so that its curve is theirs: {told}.")
    return [numbers[number] for number in chosen]


def _learns_as_the_base(study: Study, title: str) -> bool:
    """Whether a version has the base's curves, rows in order, but for the seconds that they took."""
    own, base = ([[{k: v for k, v in row.items() if k != "seconds"} for row in one.curves] for one in study.of(name)]
                 for name in (title, study.titles[0]))  # fmt: skip
    return own == base


def measure_choice() -> str:
    """What the curves show, a key of `MEASURES`; lives in the URL."""
    return ui_url.one(st.selectbox, "Curve", MEASURES, "measure", "public_accuracy") or "public_accuracy"


def say_size(study: Study) -> None:
    """Says at which size the study was run, how far it is, and how to run it in full."""
    epochs = f"{study.epochs} epoch{'s' * (study.epochs != 1)}"
    done, trainings = len(study.outcomes), study.trainings
    st.markdown(
        f"Base `{study.base}`, **{study.images:,} Training images, {epochs}**, read on "
        f"{study.n:,} images of PublicTest. {done} of {study.planned} results are there, of "
        f"{counted(len(trainings), 'training')} in {sum(trainings) / 60:.0f} minutes."
    )
    if study.full:
        st.markdown("A reduced size: it shows tendencies at best. In full:")
        st.code(f"uv run {study.full}", language="bash")


def beside_guessing(study: Study) -> None:
    """Says how many versions have learned anything: more than always giving the same label comes to."""
    above = sum(study.above_guessing(title) for title in study.titles)
    st.markdown(
        f"Always giving the commonest label is right on {percent(study.guessing, 1)}: "
        f"**{above} of {len(study.titles)} versions** are above that with their whole interval."
    )


def learned(runs: Sequence[Study]) -> None:
    """Says how many short runs are shown to have learned anything."""
    above = sum(run.above_guessing(run.titles[0]) for run in runs)
    st.markdown(
        f"**{above} of {len(runs)} runs** are above always giving the commonest label with their whole interval; the "
        "accuracy of the others does not show that they have learned anything."
    )


def empty() -> None:
    """Draws what to do where no study was run."""
    st.info("No study was run here yet. With FER2013 at hand:", icon=":material/science:")
    st.code(COMMAND, language="bash")


def no_short_runs() -> None:
    """Draws what to do where no short run was made."""
    st.info("No recipe was run briefly here yet. With FER2013 at hand:", icon=":material/science:")
    st.code(SHORT_COMMAND, language="bash")


def problems(said: Sequence[str]) -> None:
    """Draws what is wrong with studies that cannot be read."""
    for one in said:
        st.warning(one, icon=":material/error:")


def table(rows: pd.DataFrame, name: str, alt: str) -> None:
    """Draws a table of percents to one decimal, with its download."""
    config = {
        c: st.column_config.NumberColumn(c, format="%.1f %%" if c in PERCENTS else "%.1f")
        for c in rows.select_dtypes("float").columns
    }
    config |= {"n": st.column_config.NumberColumn("n", format="localized")} if "n" in rows else {}
    config |= {name: st.column_config.Column(name, width=width) for name, width in WIDTHS.items() if name in rows}
    st.dataframe(rows, hide_index=True, alt=alt, column_config=config, placeholder="–", height="content")
    download(rows, name)
