"""What the result pages of the human benchmark draw: a person's or a group's figures, faces with answers, files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import (
    cache,
    charts,
    figures_confusion,
    figures_people,
    people_tables,
    ui_class,
    ui_quiz,
    ui_raters,
    ui_url,
)
from dashboard.words import counted, percent
from fer_core.evidence import Rater
from fer_core.human import classes, exchange, quiz
from fer_core.human.agreement import LEAST_SHARED, ratings
from fer_core.human.database import Database
from fer_core.human.errors import HumanError, UnknownCodeError
from fer_core.human.faces import FER2013_SETS
from fer_core.human.scores import PersonScore, sureness
from fer_core.human.versus import Standing
from fer_core.types import EMOTIONS, Interval

NUMBER = st.column_config.NumberColumn
PERCENT = {name: NUMBER(format="%.0f %%") for name in ("hit rate", "by chance", "shown", "answered")} | {
    "unbiased hit rate": NUMBER(
        format="%.0f %%",
        help="Wagner 1993: hits squared over times shown and times answered; guessing gives no credit.",
    ),
    "more often than shown": st.column_config.TextColumn("bias", help="Beyond the 95 % interval of the share answered"),
    "median reaction": NUMBER(format="%.2f s"),
}
PEOPLE = {"accuracy": NUMBER(format="%.1f %%"), "from": NUMBER(format="%.1f %%"), "to": NUMBER(format="%.1f %%"),
          "macro-F1": NUMBER(format="%.3f"), "median reaction": NUMBER(format="%.2f s")}  # fmt: skip
AGAINST = {"people less model": NUMBER("difference", format="%+.1f points"),
           "same answer": NUMBER(format="%.0f %%"), "kappa": NUMBER("Cohen's κ", format="%.3f")}  # fmt: skip
AT_ONCE = 24
GONE = "quiz-gone"
LABEL_WIDTH = 84
MODEL_WIDTH = 96
"""Pixels: six models beside the face and the people fit on a desk's screen."""
FER2013 = "FER2013's label"


def accuracy(found: PersonScore, place: DeltaGenerator, said: str | None = None) -> None:
    """Draws the accuracy with its interval into a place; `said` is help."""
    place.metric("Accuracy", percent(found.accuracy.value, 1), help=said)
    low, high = (percent(end, 1) for end in (found.accuracy.low, found.accuracy.high))
    place.caption(f"95 % interval {low} to {high}, n = {found.n:,}")


def matrix(found: PersonScore, who: str, key: str, truth: str = FER2013) -> None:
    """Draws the confusion of the answers with the labels, as the models' pages do; `truth` says whose labels."""
    counts = found.report.confusion
    figure = figures_confusion.confusion(counts, EMOTIONS, (truth, who), share=False,
                                         top=figures_confusion.largest(counts), dark=ui_raters.dark())  # fmt: skip
    table = pd.DataFrame(counts.astype(int), columns=list(EMOTIONS)).assign(label=EMOTIONS)[["label", *EMOTIONS]]
    inside = int(counts.sum())
    charts.chart(figure, table, key, f"Confusion matrix: rows {truth}, columns {who}, {counted(inside, 'answer')}")
    if late := found.n - inside:
        st.caption(f"{counted(late, 'answer')} came too late: in no cell, and wrong wherever right ones are counted.")


def whose(sources: Sequence[str]) -> str:
    """Whose labels the faces of these sets have, in words."""
    if all(source.startswith(FER2013_SETS) for source in sources):
        return FER2013
    if all(source.startswith(ui_quiz.OWN) for source in sources):
        return "posed"
    return f"the label in {sources[0]}" if len(sources) == 1 else "the label"


def set_choice(table: pd.DataFrame) -> str:
    """The set of faces to look at, by its name: FER2013's, or labelled photos that this session may see.

    DatabaseUnavailableError where it cannot be asked which those are.
    """
    tested = cache.fer2013_faces()
    own = ui_quiz.labelled_faces()
    if own is not None and own.name in table["source"].unique():
        ui_quiz.lend(own.name)  # loaded again after a restart
    here = [source for source in table["source"].unique() if source in cache.lent_faces().by_source]
    mine = (seen() | ({own.name} if own else set())) if here else set()
    here = [source for source in here if source in mine]
    titles = {"fer2013": "FER2013's test faces", **{source: source.capitalize() for source in here}}
    if not here:
        return tested.name if tested else ""
    chosen = ui_url.one(st.selectbox, "Faces", titles, ui_quiz.FACES, "fer2013") or "fer2013"
    return chosen if chosen in here else tested.name if tested else ""


def seen() -> set[str]:
    """The sets of the runs and the classes whose codes this session holds."""
    database = cache.quiz_database()
    state, entered = st.session_state.get(ui_quiz.STATE), st.session_state.get(ui_class.ENTERED)
    runs = [st.query_params.get(ui_quiz.RUN), state.code if state else None]
    groups = [st.query_params.get(ui_quiz.CLASS), entered[0] if entered else None]
    found: set[str] = set()
    for code in filter(None, runs):
        with suppress(UnknownCodeError):
            found.add(quiz.state(database, code).source)
    for code in filter(None, groups):
        with suppress(UnknownCodeError):
            found.add(classes.facts(database, code).source)
    return found


def by_class(found: PersonScore) -> None:
    """Draws a row an emotion."""
    st.dataframe(people_tables.by_class(found), hide_index=True, column_config=PERCENT, alt="Figures of each emotion")


def how_sure(table: pd.DataFrame, key: str) -> None:
    """Draws how often answers were right by how sure their givers said to be; nothing where nobody was asked."""
    found = sureness(table)
    if not found:
        return
    st.markdown("**How sure, and how often right**")
    several = " Intervals are over people: answers of one are alike." if table["rater"].nunique() > 1 else ""
    st.caption(f"Who can tell knowing from guessing is right more often when surer.{several}")
    said = "; ".join(f"{one.level}: {percent(one.right.value)} of {one.n}" for one in found)
    charts.chart(figures_people.sureness(found), people_tables.sureness(found), key,
                 f"Share of right answers by how sure people were, 1 a guess to 5 certain. {said}.")  # fmt: skip


def standings(found: Sequence[Standing], key: str) -> None:
    """Draws all raters on one axis."""
    charts.chart(figures_people.standings(found), people_tables.standings(found), key, figures_people.describe(found))


def against(table: pd.DataFrame, who: str) -> None:
    """Draws how people compare with each model on the same faces."""
    st.dataframe(table, hide_index=True, column_config=AGAINST, alt=f"{who} against each model on the same faces")
    if not table.empty and table["faces"].nunique() > 1:
        st.caption("A model that knows fewer labels is asked about the faces that have one of them.")
    st.caption(
        "The exact McNemar test asks whether the two are equally often the only one who is right. Each p value is for "
        "its pair by itself; looking at many needs a correction."
    )


def between(table: pd.DataFrame) -> None:
    """Draws how far people agree with each other, where there are two or more."""
    matrix, raters, _ = ratings(table)
    if len(raters) < 2:
        st.caption("Agreement between people needs two who answered the same faces.")
        return
    found = cache.agreed(matrix)
    left, middle, right = st.columns(3)
    left.metric("Krippendorff's α", _kappa(found.alpha.value), help="Nominal; any answer may be missing")
    left.caption(f"{_between(found.alpha)}{found.faces} faces with two answers or more")
    middle.metric("Fleiss' κ", _kappa(found.fleiss.value), help="Of those who answered every face")
    middle.caption(f"{_between(found.fleiss)}{found.fleiss_raters} people on the same {found.shared_faces} faces")
    right.metric(
        "Cohen's κ, mean", _kappa(found.cohen), help=f"Of every two people who share {LEAST_SHARED} faces or more"
    )
    right.caption(f"Over {counted(found.pairs, 'pair')} of people")


def _between(interval: Interval) -> str:
    """The interval in words; nothing where all agreed, of which every resample says the same, few faces or many."""
    return f"95 % interval {_kappa(interval.low)} to {_kappa(interval.high)}; " if interval.low < interval.high else ""


def _kappa(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.3f}".replace("-", "−")


def faces(rows: pd.DataFrame, source: str, view: str, key: str, models: Sequence[Rater]) -> None:
    """Draws a table of faces with what was said of each, some at a time; without pictures their ids.

    The columns of models have their ids for heads, which are told apart by their first letters, and titles as help.
    """
    pages = -(-len(rows) // AT_ONCE)
    page = st.pagination(pages, key=f"{key}-page") if pages > 1 else 1
    part = rows.iloc[(page - 1) * AT_ONCE : page * AT_ONCE]
    pictures = [cache.face_uri(source, face, view) for face in part["face"]]
    if any(pictures):
        part = part.assign(picture=pd.Series(pictures, index=part.index))[["picture", *part.columns.drop("face")]]
    heads = {m.title: st.column_config.TextColumn(m.id, width=MODEL_WIDTH, help=m.title) for m in models}
    columns = {"picture": st.column_config.ImageColumn("face", width="small"), "face": st.column_config.TextColumn()}
    columns |= {name: st.column_config.TextColumn(width=LABEL_WIDTH) for name in ("label", "you", "crowd")}
    st.dataframe(part, hide_index=True, row_height=68, height="content", column_config=columns | heads,
                 alt=f"{counted(len(part), 'face')} with every answer")  # fmt: skip


def downloads(table: pd.DataFrame, name: str) -> None:
    """Draws the two files to take along: the answers, and what their columns mean."""
    with st.container(horizontal=True):
        st.download_button("Answers (CSV)", partial(exchange.to_csv, table), f"{name}.csv", "text/csv",
                           icon=":material/download:", on_click="ignore")  # fmt: skip
        st.download_button("Codebook (CSV)", exchange.codebook_csv(), "codebook.csv", "text/csv",
                           icon=":material/menu_book:", on_click="ignore")  # fmt: skip


def own_data(database: Database, state: quiz.RunState, table: pd.DataFrame) -> None:
    """Draws the export and the deletion of the person's own data."""
    st.subheader("Your data")
    downloads(table, f"quiz-{state.rater}")
    with st.expander("Delete my answers", icon=":material/delete:"):
        sure = st.checkbox(f"Delete {counted(len(table), 'answer')} of this run for ever")
        if st.button("Delete", disabled=not sure, icon=":material/delete_forever:"):
            try:
                answers = quiz.erase(database, state.code)
            except HumanError as problem:
                st.error(str(problem), icon=":material/database_off:")
                return
            ui_quiz.forget_run()
            st.session_state[GONE] = f"{counted(answers, 'answer')} {'was' if answers == 1 else 'were'} deleted."
            cache.let_go()
            st.rerun()  # what was deleted is on the page no longer


def gone() -> None:
    """Draws that a run was deleted, once."""
    if said := st.session_state.pop(GONE, None):
        st.success(said, icon=":material/check:")
