"""The teacher's side of a class: open one, look into it, import answers, delete it."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import streamlit as st

from dashboard import cache, looks, ui_quiz
from dashboard.words import counted
from fer_core.human import classes, codes, exchange
from fer_core.human.database import Database
from fer_core.human.errors import HumanError

ENTERED = "class-entered"
"""The class whose passphrase was given, its code and its number: for this session only, never in the URL."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Hosts by which a machine reaches nobody but itself."""


def enter(database: Database) -> None:
    """Draws the fields for the code and the passphrase."""
    with st.form("enter"):
        st.subheader("Look into a class")
        code = st.text_input(
            "Class code", value=st.query_params.get(ui_quiz.CLASS, ""), max_chars=40, autocomplete="off"
        )
        passphrase = st.text_input("Passphrase", type="password", max_chars=200, autocomplete="off")
        if st.form_submit_button("Show results", icon=":material/login:"):
            try:
                number = classes.enter(database, code, passphrase)
            except HumanError as problem:
                st.error(str(problem), icon=":material/key_off:")
                return
            st.session_state[ENTERED] = (codes.class_code(code), number)
            st.query_params[ui_quiz.CLASS] = codes.class_code(code)
            st.rerun()


def open_class(database: Database) -> None:
    """Draws what a new class needs, and opens it."""
    with st.container(border=True):
        st.subheader("Open a class")
        faces = ui_quiz.faces_here()
        if faces is None:
            ui_quiz.no_faces()
            return
        with st.form("open", border=False):  # without, a passphrase left by Tab never comes
            title = st.text_input("Title", max_chars=classes.LONGEST_TITLE, placeholder="Psychology 3b")
            passphrase = st.text_input("A passphrase for you, 8 characters or more", type="password", max_chars=200)
            options = ui_quiz.quiz_options(faces)
            asked = st.form_submit_button("Open the class", type="primary", icon=":material/school:")
        if asked:
            try:
                code = classes.open_class(database, title, passphrase, faces, options)
            except HumanError as problem:
                st.error(str(problem), icon=":material/error:")
                return
            ui_quiz.lend(faces.name)
            st.session_state[ENTERED] = (code, classes.enter(database, code, passphrase))
            st.query_params[ui_quiz.CLASS] = code
            st.rerun()


def invitation(code: str) -> None:
    """Draws what the members of a class are told: its code, and the quiz's address as this browser reaches it."""
    here = st.context.url or "…/"
    st.markdown(f"The class joins at this address, or by the code **{codes.shown(code)}** under Take the quiz.")
    st.code(urljoin(here, f"quiz?{ui_quiz.CLASS}={code}"), language=None, wrap_lines=True)
    host = urlsplit(here).hostname
    if host in LOOPBACK:
        st.caption(f"`{host}` is each machine's own name: for others, put this one's name or address in its place.")


def import_answers(database: Database, code: str, number: int) -> None:
    """Draws the way in for answers from elsewhere."""
    with st.expander("Import answers from another experiment", icon=":material/upload:"):
        st.caption(
            f"A CSV with the columns {', '.join(exchange.NEEDED)}, a row an answer, and any others of the codebook."
        )
        given = st.file_uploader("CSV", type=["csv", "tsv", "txt"], max_upload_size=50)
        if given is not None and st.button("Import", icon=":material/upload:"):
            try:
                classes.check(database, code, number)  # another class may have the number by now
                found = exchange.import_csv(database, given.getvalue(), number)
            except HumanError as problem:
                st.error(looks.verbatim(str(problem)), icon=":material/error:")
                return
            ignored = f" Not read: {looks.verbatim(', '.join(found.ignored))}." if found.ignored else ""
            st.success(
                f"{counted(found.answers, 'answer')} of {counted(found.raters, 'person', 'people')} came in.{ignored}",
                icon=":material/check:",
            )


def delete_class(database: Database, code: str) -> None:
    """Draws the end of a class: everything of it is deleted, and the session leaves it."""
    with st.expander("Delete the class", icon=":material/delete:"):
        with st.form("delete", border=False):
            passphrase = st.text_input("Its passphrase, to be sure", type="password", max_chars=200)
            asked = st.form_submit_button("Delete the class and all its answers for ever",
                                          icon=":material/delete_forever:")  # fmt: skip
        if asked:
            try:
                gone = classes.erase_class(database, code, passphrase)
            except HumanError as problem:
                st.error(str(problem), icon=":material/key_off:")
                return
            st.session_state.pop(ENTERED, None)
            cache.let_go()
            st.toast(f"The class is deleted, with {counted(gone, 'answer')}.", icon=":material/check:")
            st.rerun()
