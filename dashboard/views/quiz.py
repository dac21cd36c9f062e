"""Take the quiz: the faces that the models were tested on, labelled by you, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from dashboard import cache, ui_quiz, ui_trial
from dashboard.pages_table import VIEWS
from fer_core.human import classes, quiz
from fer_core.human.database import Database
from fer_core.human.errors import DatabaseUnavailableError, HumanError

NOTE, PROBLEM = "quiz-note", "quiz-problem"


def main() -> None:
    """Draws the page."""
    code = st.query_params.get(ui_quiz.RUN)
    if not code:  # a phone has room for the face and the answers, and for no more
        st.title("Take the quiz")
    database = ui_quiz.opened()
    if database is not None and code:
        go_on(database, str(code))
    elif database is not None:
        welcome(database)


def welcome(database: Database) -> None:
    """Draws the ways into a quiz: a new one, one of a class, one that was begun before."""
    asked = st.query_params.get(ui_quiz.CLASS)
    try:
        group = classes.facts(database, asked) if asked else None
    except HumanError as problem:
        st.warning(str(problem), icon=":material/key_off:")
        group = None
    if group is not None:
        ui_quiz.lend(group.source)  # loaded again after a restart
    faces = cache.quiz_faces(group.source) if group else ui_quiz.faces_here()
    if faces is None and group is not None:
        ui_quiz.faces_gone(group.source)
    elif faces is None:
        ui_quiz.no_faces()
    else:
        st.markdown(ui_quiz.TASK)
        ui_quiz.begin(database, faces, group)
    if group is None and faces is not None:
        ui_quiz.join_class()
    ui_quiz.run_code("You began before? Your resume code")


@st.fragment  # an answer draws the next face and nothing else: half the work, and a class answers at once
def go_on(database: Database, code: str) -> None:
    """Draws the next face of a run, or its end."""
    note, said = (st.session_state.pop(key, "") for key in (NOTE, PROBLEM))  # of this answer: the next run has its own
    try:
        state: quiz.RunState | None = quiz.state(database, code)
        st.session_state[ui_quiz.STATE] = state
    except DatabaseUnavailableError as problem:  # the same face stays, and its answer is sent until it is taken
        said = str(problem)
        state = ui_quiz.kept(code)
    except HumanError as problem:
        st.warning(str(problem), icon=":material/key_off:")
        ui_quiz.leave_run("Begin anew, or type the code again")
        return
    if said:
        st.warning(said, icon=":material/error:")
    if state is not None and state.task is not None:
        show(state, state.task, note)
    elif state is not None:
        finished(state, note)


def show(state: quiz.RunState, task: quiz.Task, note: str) -> None:
    """Draws one trial, with the feedback to the one before."""
    picture = cache.face_uri(state.source, task.face, state.options.view) if task.face else None
    if task.face and picture is None and ui_quiz.lend(state.source):  # loaded again after a restart
        picture = cache.face_uri(state.source, task.face, state.options.view)
    if task.face and picture is None:
        ui_quiz.faces_gone(state.source)
    else:
        ui_trial.trial(state, task, picture, partial(record, state), note)
    ui_quiz.code_note(state.code, state.options.condition)


def record(state: quiz.RunState, answer: Mapping[str, Any]) -> None:
    """Nothing comes back; the answer that the browser sent is in the database, or it is said why not."""
    said = answer.get("label")
    try:
        outcome = quiz.answer(cache.quiz_database(), state.code, answer.get("item", 0), said, answer.get("reaction_ms"),
                              answer.get("confidence"))  # fmt: skip
    except ValueError as problem:  # whatever a browser may send
        st.session_state[PROBLEM] = str(problem)
        return
    if outcome.remark and outcome.new:
        st.session_state[PROBLEM] = outcome.remark
    if state.options.feedback:
        right = said == outcome.truth
        st.session_state[NOTE] = f"Right: {said}" if right else f"You: {said or 'nothing'}. Label: {outcome.truth}"


def finished(state: quiz.RunState, note: str) -> None:
    """Draws the end of a run, with the feedback to its last face."""
    if note:
        st.info(note, icon=":material/school:")
    st.success(f"Done. All {state.total} answers are kept.", icon=":material/check_circle:")
    if st.button("See my result", type="primary", icon=":material/person:"):
        st.switch_page(VIEWS / "my_result.py", query_params={ui_quiz.RUN: state.code})
    ui_quiz.leave_run("Take another", ":material/replay:")
    ui_quiz.code_note(state.code)


main()
