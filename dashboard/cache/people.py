"""Caches of the human benchmark: the open database, the faces of quizzes, their pictures, everybody's answers."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache.evidence import raters, reference
from dashboard.cache.fer2013 import dataset
from fer_core import artifacts
from fer_core.artifacts import Reference
from fer_core.evidence import Rater
from fer_core.human.faces import FER2013_SETS, Faces, Fer2013Faces, LabelledFaces
from fer_core.types import Uint8

if TYPE_CHECKING:  # SQLAlchemy is a second that the first page need not wait for
    import pandas as pd

    from fer_core.answers import Int64
    from fer_core.human.agreement import PeopleAgreement
    from fer_core.human.database import Database
    from fer_core.human.scores import PersonScore

SECONDS = 3
"""How old everybody's answers may be on a page that only looks on."""


def quiz_database() -> Database:
    """The open database of the quiz, one for all users; DatabaseUnavailableError where it cannot be opened now."""
    from fer_core.human.database import database_url

    return _database(database_url().render_as_string(hide_password=False))


@st.cache_resource(show_spinner=False, max_entries=2)
def _database(url: str) -> Database:
    from fer_core.human.database import Database

    return Database(url)


def fer2013_faces() -> Faces | None:
    """The faces that the models were tested on, None where FER2013's pictures are not on this machine."""
    known, found = reference(), dataset()
    if known is None or found is None:
        return None
    faces = _fer2013_faces(str(artifacts.default_root()), artifacts.changed(artifacts.REFERENCE), found.sha256)
    return faces if faces.crop(faces.ids[0]) is not None else None


@st.cache_resource(show_spinner=False, max_entries=2)
def _fer2013_faces(root: str, changed: int, sha256: str) -> Fer2013Faces:
    known = reference()
    if known is None:
        raise artifacts.ArtifactError("The reference went away. Make it with: python -m trainers evaluate")
    return Fer2013Faces(known, dataset())


@dataclass(frozen=True)
class LentFaces:
    """Faces that users labelled and put into a quiz, by the name of their set; until the server stops or `let_go`.

    `models` are those that read all faces of a set, by the same name.
    """

    by_source: dict[str, Faces]
    models: dict[str, tuple[Rater, ...]]


@st.cache_resource(show_spinner=False)
def lent_faces() -> LentFaces:
    """The labelled faces that quizzes on this server take, one for all users."""
    return LentFaces({}, {})


def let_go() -> None:
    """Nothing comes back; own faces, and their pictures, that no run and no class is about any more are forgotten.

    For the moment after a run or a class was deleted.
    """
    from fer_core.human.errors import HumanError
    from fer_core.human.quiz import sources

    lent = lent_faces()
    try:
        gone = lent.by_source.keys() - sources(quiz_database())
    except HumanError:  # it went away after the deletion: the next one lets go of these too
        return
    for source in gone:
        lent.by_source.pop(source, None)
        lent.models.pop(source, None)
    if gone:
        _face_uri.clear()


def quiz_faces(source: str) -> Faces | None:
    """The faces of a run or a class by the name of their set; None where they are not here."""
    ours = fer2013_faces()
    return ours if ours is not None and ours.name == source else lent_faces().by_source.get(source)


@dataclass(frozen=True, eq=False)
class Beside:
    """What people's answers to a set of faces stand beside: its labels and everybody's answers to all of it.

    `names` are the faces' ids in the database where they are not FER2013's; no reference where nothing is known.
    """

    reference: Reference | None
    raters: tuple[Rater, ...]
    names: tuple[str, ...] | None = None

    @property
    def models(self) -> list[Rater]:
        """The models among the raters."""
        return [rater for rater in self.raters if rater.kind == "model"]


def beside(source: str) -> Beside:
    """What answers to the set of that name stand beside: a user's own faces, or FER2013's where none is named.

    Nothing is known of a set that came from elsewhere, or whose photos are in memory no more.
    """
    faces = lent_faces().by_source.get(source)
    if isinstance(faces, LabelledFaces):
        return Beside(faces.reference, lent_faces().models.get(source, ()), faces.ids)
    if source and not source.startswith(FER2013_SETS):
        return Beside(None, ())
    return Beside(reference(), raters())


def face_uri(source: str, id: str, view: str) -> str | None:
    """A face of a quiz as the data URI of a PNG, which tells nothing but its pixels; None where it is not here."""
    faces = quiz_faces(source)
    crop = faces.crop(id) if faces is not None else None
    return None if crop is None else _face_uri(source, id, view, crop)


@st.cache_data(show_spinner=False, max_entries=2000)
def _face_uri(source: str, id: str, view: str, _crop: Uint8) -> str:
    from fer_core.human.display import png, shown

    return "data:image/png;base64," + base64.b64encode(png(shown(_crop, view))).decode()


def all_answers() -> pd.DataFrame:
    """Everybody's answers without names, some seconds old at most; columns as `answers_table.CODEBOOK`."""
    database = quiz_database()
    return _all_answers(database.where, database)


@st.cache_data(show_spinner=False, ttl=SECONDS, max_entries=2)
def _all_answers(where: str, _database: Database) -> pd.DataFrame:
    from fer_core.human import answers_table

    return answers_table.everybody(_database)


def class_answers(code: str, number: int) -> pd.DataFrame:
    """A class's answers by its code and number, some seconds old at most: many eyes on one class cost one look.

    UnknownCodeError where the number is no longer the code's.
    """
    database = quiz_database()
    return _class_answers(database.where, code, number, database)


@st.cache_data(show_spinner=False, ttl=SECONDS, max_entries=50)
def _class_answers(where: str, code: str, number: int, _database: Database) -> pd.DataFrame:
    from fer_core.human import answers_table, classes

    classes.check(_database, code, number)
    return answers_table.class_answers(_database, number)


@st.cache_data(show_spinner=False, max_entries=20)
def agreed(matrix: Int64) -> PeopleAgreement:
    """How far people agree, from answers int64 (raters, faces): once for each state of the answers."""
    from fer_core.human.agreement import agreement

    return agreement(matrix, bootstrap=300)


@st.cache_data(show_spinner=False, max_entries=20)
def class_score(table: pd.DataFrame) -> PersonScore | None:
    """The figures of all answers of a class pooled: once for each state of the answers."""
    from fer_core.human.scores import score

    return score(table, bootstrap=200)


@st.cache_data(show_spinner=False, max_entries=20)
def class_people(table: pd.DataFrame) -> pd.DataFrame:
    """A row a person of a class: once for each state of the answers."""
    from dashboard import people_tables

    return people_tables.people(table)
