"""Humans and models: everybody on one axis, where people beat models, and the reverse."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import cache, people_tables, ui_people, ui_quiz, ui_raters
from dashboard.pages_table import VIEWS
from dashboard.words import counted
from fer_core.artifacts import Reference
from fer_core.human import quiz
from fer_core.human.errors import HumanError
from fer_core.human.faces import face_id
from fer_core.human.versus import Shared, by_face, shared, standings

LEAST = 10
SHOWN = 24


def main() -> None:
    """Draws the page."""
    st.title("Humans and models")
    st.markdown("People who sat the quiz, FER+'s taggers and every model, on exactly the same faces.")
    if cache.reference() is None or not cache.beside("").models:
        ui_raters.no_evidence()
        return
    if ui_quiz.opened() is None:
        return
    try:
        table = compared(cache.all_answers())
        source = ui_people.set_choice(table)
    except HumanError as problem:
        st.error(str(problem), icon=":material/database_off:")
        return
    other = cache.beside(source)
    on = shared(table, other.reference, other.names) if other.reference is not None and not table.empty else None
    if on is None or other.reference is None:
        nobody()
        return
    show(on, table, other, other.reference, source)


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """The answers of people who were not told the labels, and who gave enough of them to be placed."""
    table = table[~table["feedback"].astype(bool)]
    test = table[table["kind"] == "test"]
    enough = test.groupby("rater")["face"].transform("size") >= LEAST
    return test[enough]


def nobody() -> None:
    """Draws the way to the first person."""
    st.info(f"Nobody has answered {LEAST} of these faces yet.", icon=":material/person_off:")
    if st.button("Be the first", type="primary", icon=":material/quiz:"):
        st.switch_page(VIEWS / "quiz.py")


def show(on: Shared, table: pd.DataFrame, other: cache.Beside, reference: Reference, source: str) -> None:
    """Draws the axis, the tests and the faces."""
    found = people_tables.titled(standings(on, other.raters, reference, LEAST), my_rater())
    ui_people.standings(found, "standings")
    n = len(on.raters)
    st.caption(
        f"{counted(n, 'person', 'people')} on {len(on.ids)} faces, each label equally often in each quiz; whoever sat "
        "twice counts twice. A person's accuracy is on the own faces, all others' on the faces of all. Right means "
        f"{'what was posed' if other.names else ui_people.FER2013}."
    )
    st.subheader("People together against each model")
    st.caption(people_tables.together(on))
    ui_people.against(people_tables.comparisons(on, on.together, other.models), "People together")
    if n > 1:
        st.subheader("How far people agree with each other")
        ui_people.between(table[table["rater"].isin(on.raters)])
    item_by_item(on, other, source)


def my_rater() -> str | None:
    """The name in the table of the run in the URL; None without one, or before its end: figures change answers."""
    code = st.query_params.get(ui_quiz.RUN)
    try:
        state = quiz.state(cache.quiz_database(), str(code)) if code else None
    except HumanError:
        return None
    return state.rater if state is not None and state.task is None else None


def item_by_item(on: Shared, other: cache.Beside, source: str) -> None:
    """Draws the faces where people beat models most, and those where models beat people."""
    rows = by_face(on, other.models)
    left, right = st.tabs(["People beat models", "Models beat people"])
    with left:
        faces(rows[rows["gap"] > 0].head(SHOWN), on, other, source, "people")
    with right:
        worst = rows[rows["gap"] < 0].sort_values(["gap", "of"], ascending=[True, False], kind="stable")
        faces(worst.head(SHOWN), on, other, source, "models")


def faces(rows: pd.DataFrame, on: Shared, other: cache.Beside, source: str, key: str) -> None:
    """Draws some faces with the label, how many were right, and what was said."""
    if rows.empty:
        st.caption("There is no such face.")
        return
    together = dict(zip(on.ids.tolist(), on.together.tolist(), strict=True))
    ids = rows["face"].tolist()
    shown = pd.DataFrame({
        "face": [other.names[id] if other.names else face_id(id) for id in ids], "label": rows["truth"].to_numpy(),
        "people right": [f"{a} of {b}" for a, b in zip(rows["people"], rows["of"], strict=True)],
        **people_tables.answers_of(ids, together, on, other.models),
    })  # fmt: skip
    ui_people.faces(shown, source, "smooth", key, other.models)


main()
