"""Class results: a teacher opens a class, and sees how it does while people answer."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import cache, people_tables, ui_class, ui_people, ui_quiz
from dashboard.cache.people import SECONDS
from fer_core.human import classes
from fer_core.human.database import Database
from fer_core.human.errors import HumanError
from fer_core.human.versus import shared


def main() -> None:
    """Draws the page."""
    st.title("Class results")
    database = ui_quiz.opened()
    if database is None:
        return
    entered = st.session_state.get(ui_class.ENTERED)
    if entered is None:
        st.markdown(
            "A class sees the same faces, each member in an order of their own. Only its teacher sees this page."
        )
        left, right = st.columns(2)
        with left:
            ui_class.enter(database)
        with right:
            ui_class.open_class(database)
        return
    code, number = entered
    try:
        show(database, classes.facts(database, code), number)
    except HumanError as problem:
        st.warning(str(problem), icon=":material/error:")
    st.button("Leave the class", icon=":material/logout:", on_click=st.session_state.pop, args=(ui_class.ENTERED, None))


def show(database: Database, group: classes.ClassFacts, number: int) -> None:
    """Draws the class's code, its live figures, its files and its end."""
    st.text(group.title)
    ui_class.invitation(group.code)
    ui_quiz.lend(group.source)  # loaded again after a restart
    live(group, number)
    ui_class.import_answers(database, group.code, number)
    ui_class.delete_class(database, group.code)


@st.fragment(run_every=SECONDS)
def live(group: classes.ClassFacts, number: int) -> None:
    """Draws how the class stands and its answers to take along; drawn anew every few seconds, without the rest."""
    try:
        table = cache.class_answers(group.code, number)
    except HumanError as problem:  # a fragment's own: it ends in no page that could say it
        st.warning(str(problem), icon=":material/error:")
        return
    if table.empty:
        st.info("Nobody has answered yet. This page follows by itself.", icon=":material/hourglass:")
        return
    people(table, group.source)
    if cache.reference() is None:
        st.info("There are no models to compare with. Make them with: python -m trainers evaluate")
    st.subheader("The class's data")
    ui_people.downloads(table, f"class-{group.code}")


def people(table: pd.DataFrame, source: str) -> None:
    """Draws the group's figures and a row a person; `source` names the set of the class."""
    n, found = table["rater"].nunique(), cache.class_score(table)
    first, second, third = st.columns(3)
    first.metric("People", f"{n}")
    second.metric("Answers", f"{len(table):,}")
    if found is not None:
        counted = (
            "Pooled over people, as its interval is, over the answers that count: practice, repeats and checks do not"
        )
        ui_people.accuracy(found, third, counted)
    st.dataframe(cache.class_people(table), hide_index=True, column_config=ui_people.PEOPLE, alt="A row a person")
    if found is None:
        return
    ui_people.between(table)
    other = cache.beside(source)
    with st.expander("What the class took for what"):
        truth = ui_people.whose(table["source"].unique().tolist())
        ui_people.matrix(found, "the class's answers", "class-confusion", truth)
        ui_people.by_class(found)
    ui_people.how_sure(table, "class-sureness")
    told = table["feedback"].astype(bool)
    if told.any():
        st.caption("Answers in practice mode, where the label was told after each, are not compared with models.")
    on = shared(table[~told], other.reference, other.names) if other.reference is not None else None
    if on is not None and other.models:
        with st.expander("The class together against each model"):
            st.caption(people_tables.together(on))
            ui_people.against(people_tables.comparisons(on, on.together, other.models), "The class together")


main()
