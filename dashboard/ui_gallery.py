"""The seven prompts of the gallery: a camera or a file for each, and what every model says of each picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache, looks, ui_url, ui_work
from dashboard.pages_table import VIEWS
from dashboard.words import percent
from fer_core import collection_edit as edit
from fer_core.collection import Collection, CollectionError
from fer_core.collection_add import add_one, read_input, reader
from fer_core.collection_answers import AnsweredFace
from fer_core.photo_sources import Input
from fer_core.types import EMOTIONS

KEY = ui_work.GALLERY
PROMPTS = {
    "angry": "Look **angry**: brows down, eyes hard, lips pressed.",
    "disgust": "Look **disgusted**: wrinkle the nose, raise the upper lip.",
    "fear": "Look **afraid**: brows up and together, eyes wide, mouth stretched.",
    "happy": "Look **happy**: smile with your eyes too.",
    "sad": "Look **sad**: inner brows up, corners of the mouth down.",
    "surprise": "Look **surprised**: brows up, eyes wide, jaw dropped.",
    "neutral": "Look **neutral**: rest your face.",
}
"""What to do for each emotion, after the prototypes of Ekman and Friesen (1978), Facial Action Coding System."""
WAYS = {"camera": "Camera", "file": "A file", "seven": "All seven files"}
WIDTH = 118


def posed(collection: Collection) -> dict[str, str]:
    """The sha256 of the photo of each emotion that is there."""
    found = {face.label: face.found.photo for face in collection.faces if face.label}
    return {emotion: found[emotion] for emotion in EMOTIONS if emotion in found}


def prompt(collection: Collection) -> None:
    """Draws the next prompt with the way to answer it."""
    there = posed(collection)
    missing = [emotion for emotion in EMOTIONS if emotion not in there]
    st.markdown(f"**{len(there)} of 7** expressions")
    if not missing:
        st.success("All seven are here.", icon=":material/task_alt:")
        return
    way = ui_url.one(st.segmented_control, "With", WAYS, "with", "camera", label_visibility="collapsed") or "camera"
    turn = st.session_state.setdefault("gallery-turn", 0)
    if way == "seven":
        files = st.file_uploader("Seven photos whose names tell the expression, such as anna_happy.jpg",
                                 key=f"seven-{turn}", accept_multiple_files=True)  # fmt: skip
        shots = [(edit.label_from_name(file.name), file) for file in files or []]
    else:
        asked = st.pills(
            "Expression", missing, default=missing[0], required=True, wrap=True, key=f"asked-{'-'.join(missing)}"
        )
        st.markdown(f"#### {PROMPTS[asked or missing[0]]}")
        widget: Any = st.camera_input if way == "camera" else st.file_uploader
        file = widget("Your picture", key=f"{way}-{asked}-{turn}", label_visibility="collapsed")
        shots = [(asked, file)] if file else []
    if shots:
        given: set[str | None] = set()
        for label, file in shots:
            whose = f"{looks.verbatim(file.name[:60])}: " if len(shots) > 1 else ""
            _take(label, file.name, file.getvalue(), whose, label in given)
            given.add(label)
        st.session_state["gallery-turn"] = turn + 1
        st.rerun()


def _take(label: str | None, name: str, data: bytes, whose: str, again: bool) -> None:
    """Nothing comes back; the picture is in the gallery under its label, or a note, after `whose`, says why not.

    `again`: one before it, given in the same moment, was to have that label.
    """

    def taken(now: Collection) -> Collection:
        if label is None:
            raise CollectionError(f"{whose}The name tells no expression, or two. Try one like anna_happy.jpg.")
        if again and label in posed(now):
            raise CollectionError(f"{whose}Another of these files shows {label} already, and stays.")
        with st.spinner("Looking for your face …"):
            one = read_input(Input(name[:300], data), reader(cache.detector()), now.options)
        if one.reading is None or not one.reading.faces:
            why = one.problem or "No face found. Come closer, look at the camera, and mind the light."
            raise CollectionError(f"{whose}{why}")
        if one.reading.sha256 in posed(now).values():
            raise CollectionError(f"{whose}This picture is in the gallery already. Take another one.")
        made = add_one(_without(now, label), one)
        faces = sorted(made.faces_of(one.reading.sha256), key=lambda face: -_area(face.face.box))
        if len(faces) > 1:
            made = edit.delete(made, [face.key for face in faces[1:]])
        return edit.label_photo(made, one.reading.sha256, label)

    ui_work.change(taken, KEY)


def unlabelled(collection: Collection) -> None:
    """Draws what became of pictures whose label was undone, and what can be done; nothing where there are none."""
    labelled = {face.found.photo for face in collection.faces if face.label}
    bare = [photo.sha256 for photo in collection.shown if photo.sha256 not in labelled]
    if not bare:
        return
    several = len(bare) > 1
    said = f"{len(bare)} pictures have no label, so they are" if several else "A picture has no label, so it is"
    redo = "Redo brings back what was undone. " if collection.undone else ""
    st.info(f"{said} not shown and not scored. {redo}The same picture can be given again, for any expression.",
            icon=":material/label_off:")  # fmt: skip
    st.button("Remove them" if several else "Remove it", icon=":material/delete:", type="tertiary",
              key="gallery-bare", on_click=ui_work.change, args=(lambda now: _all_removed(now, bare), KEY))  # fmt: skip


def _all_removed(collection: Collection, photos: Sequence[str]) -> Collection:
    for photo in photos:
        collection = edit.remove_photo(collection, photo)
    return collection


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _without(collection: Collection, label: str) -> Collection:
    photo = posed(collection).get(label)
    return edit.remove_photo(collection, photo) if photo else collection


def wall(found: Sequence[AnsweredFace], titles: Mapping[str, str]) -> None:
    """Draws the seven pictures with the true label and every model's under each."""
    by_label = {one.collected.label: one for one in found}
    with st.container(horizontal=True, gap="small"):
        for emotion in EMOTIONS:
            with st.container(width=WIDTH, gap="xsmall"):
                _picture(emotion, by_label.get(emotion), titles)


def _picture(emotion: str, one: AnsweredFace | None, titles: Mapping[str, str]) -> None:
    if one is None:
        with st.container(height=WIDTH, border=True, vertical_alignment="center", horizontal_alignment="center"):
            st.markdown(":material/add_a_photo:", width="content")
        st.markdown(f"**{emotion}**")
        return
    st.image(cache.thumbnail(one.collected, WIDTH), width=WIDTH, alt=f"The face that posed {emotion}")
    st.markdown(f"**{emotion}**")
    for id, p in one.predictions.items():
        right = p.label == emotion
        mark = ":green[:material/check:]" if right else ":orange[:material/close:]"
        st.caption(f"{mark} {titles[id]}: **{p.label}** {percent(p.confidence)}")
    st.button("Again", key=f"again-{emotion}", icon=":material/replay:", type="tertiary", on_click=ui_work.change,
              args=(lambda now: edit.remove_photo(now, one.photo.sha256), KEY))  # fmt: skip


def table(found: Sequence[AnsweredFace], titles: Mapping[str, str]) -> pd.DataFrame:
    """The wall as a table, of labelled faces: a row an expression, a column a model's answer."""
    order = sorted(found, key=lambda one: EMOTIONS.index(str(one.collected.label)))
    return pd.DataFrame(
        [{"posed": one.collected.label} | {titles[id]: p.label for id, p in one.predictions.items()} for one in order]
    )


def export_row() -> None:
    """Draws where the gallery goes from here."""
    if st.button("Open as a collection: results, export, save", icon=":material/collections_bookmark:"):
        found = ui_work.current(KEY)
        if found is not None:
            ui_work.begin(found)
            st.switch_page(VIEWS / "collection.py", query_params=ui_work.address())
