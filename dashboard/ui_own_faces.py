"""The user's own labelled faces as one more set of images: on the page Confusion, by the code of the stored answers.

No network is loaded here: who has read the faces on Photos or Collection is a rater.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from dashboard import cache, collection_facts, confusion_data as data, ui_faces, ui_one_face, ui_open, ui_work
from dashboard.ui_raters import OWN
from fer_core.answers import Int64
from fer_core.artifacts import Reference
from fer_core.collection import CollectedFace, Collection
from fer_core.collection_answers import labelled
from fer_core.evidence import TRUTH, Rater
from fer_core.types import EMOTIONS

SIDE = 200
"""Pixels of the face's height as it is shown."""


@dataclass(frozen=True, eq=False)
class Own:
    """A collection's labelled faces, with those who answered them all: first what was posed, then the models."""

    collection: Collection
    faces: tuple[CollectedFace, ...]
    raters: tuple[Rater, ...]

    @property
    def truth(self) -> Int64:
        """What was posed, index into `EMOTIONS`, one a face."""
        return self.raters[0].answered


def together(raters: Sequence[Rater], images: str | Own, reference: Reference) -> data.Together:
    """The answers of these raters to a set of FER2013 or to the user's faces; ValueError where they share nothing."""
    if isinstance(images, str):
        return data.together(raters, reference, images)
    return data.among(raters, np.array([face.key for face in images.faces]), images.truth, "Your photos")


def here() -> Own | None:
    """The labelled faces of the collection at work; None where none is labelled, or no model read them all.

    Its id is in the URL where this set is asked for, so that a reload finds it again.
    """
    asked = st.query_params.get("set") == OWN
    collection = ui_work.current() if asked else ui_work.peek()
    faces = labelled(collection) if collection else ()
    models = collection_facts.raters(collection, [face.found.digest for face in faces]) if collection and faces else ()
    if collection is None or not models:
        return None
    posed = np.array([EMOTIONS.index(str(face.label)) for face in faces], np.int64)
    return Own(collection, faces, (Rater(TRUTH, "What was posed", "truth", EMOTIONS, posed), *models))


def faces(keys: Sequence[str], own: Own) -> None:
    """Draws the faces of these keys, and the one chosen of them with everybody's answer."""
    by_key = {face.key: face for face in own.faces}
    asked = st.query_params.get(ui_faces.FACE)
    if asked is not None and asked not in by_key:
        st.warning("The face that the link names is no labelled face of this collection.", icon=":material/link_off:")
    current = by_key.get(asked or "") or (by_key[keys[0]] if keys else None)
    if current is None:
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        ui_one_face.thumbnails(own.collection, [by_key[key] for key in keys], current)
    with right:
        ui_faces.step_buttons(current.key, keys)
        _view(current, own)


def _view(face: CollectedFace, own: Own) -> None:
    """Draws one face, its label and every model's answer."""
    name = f"face {face.number} of photo {own.collection.photo(face.found.photo).number}"
    with st.container(horizontal=True, gap="medium"):
        st.image(cache.thumbnail(face, SIDE), alt=f"{name.capitalize()}, posed {face.label}")
        with st.container(width=260, gap="xsmall"):
            st.markdown(f"**{name.capitalize()}**")
            st.markdown(f"Posed: **{face.label}**")
            ui_open.buttons({ui_one_face.SOURCE: "photos", ui_faces.FACE: face.key} | ui_work.address(), "open")
    where = own.faces.index(face)
    ui_faces.everybody(name, own.raters, data.answers_of(own.raters, int(own.truth[where]), where))
