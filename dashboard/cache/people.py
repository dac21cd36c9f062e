"""Caches of the human benchmark: the open database, the faces of quizzes, their pictures, everybody's answers."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache.evidence import reference
from dashboard.cache.fer2013 import dataset
from fer_core import artifacts
from fer_core.human.faces import Faces, Fer2013Faces

if TYPE_CHECKING:  # SQLAlchemy is a second that the first page need not wait for
    import pandas as pd

    from fer_core.human.database import Database

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
    """Faces that users labelled and put into a quiz, by the name of their set; until the server stops."""

    by_source: dict[str, Faces]


@st.cache_resource(show_spinner=False)
def lent_faces() -> LentFaces:
    """The labelled faces that quizzes on this server take, one for all users."""
    return LentFaces({})


def quiz_faces(source: str) -> Faces | None:
    """The faces of a run or a class by the name of their set; None where they are not here."""
    ours = fer2013_faces()
    return ours if ours is not None and ours.name == source else lent_faces().by_source.get(source)


@st.cache_data(show_spinner=False, max_entries=2000)
def face_uri(source: str, id: str, view: str) -> str | None:
    """A face of a quiz as the data URI of a PNG, which tells nothing but its pixels; None where it is not here."""
    from fer_core.human.display import png, shown

    faces = quiz_faces(source)
    crop = faces.crop(id) if faces is not None else None
    return None if crop is None else "data:image/png;base64," + base64.b64encode(png(shown(crop, view))).decode()


def all_answers() -> pd.DataFrame:
    """Everybody's answers without names, some seconds old at most; columns as `answers_table.CODEBOOK`."""
    database = quiz_database()
    return _all_answers(database.where, database)


@st.cache_data(show_spinner=False, ttl=SECONDS, max_entries=2)
def _all_answers(where: str, _database: Database) -> pd.DataFrame:
    from fer_core.human import answers_table

    return answers_table.everybody(_database)


def class_answers(number: int) -> pd.DataFrame:
    """A class's answers by its number, some seconds old at most: many eyes on one class cost one look."""
    database = quiz_database()
    return _class_answers(database.where, number, database)


@st.cache_data(show_spinner=False, ttl=SECONDS, max_entries=50)
def _class_answers(where: str, number: int, _database: Database) -> pd.DataFrame:
    from fer_core.human import answers_table

    return answers_table.class_answers(_database, number)
