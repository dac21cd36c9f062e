"""Labels by name, by photo and by face, in a grid of pages that stays quick with thousands of faces."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from dashboard import cache, ui_url, ui_work
from dashboard.words import counted
from fer_core import collection_edit as edit
from fer_core.collection import CollectedFace, Collection
from fer_core.collection_answers import labelled
from fer_core.types import EMOTIONS

A_PAGE = 24
WHICH = {"all": "All faces", "none": "Without a label", **{emotion: emotion for emotion in EMOTIONS}}
CROP = 116
NOBODY = "no label"


def labels(collection: Collection) -> None:
    """Draws all ways to label, and the grid of faces."""
    done, n = len(labelled(collection)), len(collection.faces)
    have = "has" if n == 1 else "have"
    st.markdown(f"**{done:,} of {counted(n, 'face')}** {have} a label: the expression that the person posed.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("From file and folder names", icon=":material/drive_file_rename_outline:", on_click=_by_names,
                  help="anna_happy_2.jpg, disgusted/IMG_7.png: any usual spelling, file names first; "
                       "photos with a labelled face stay as they are")  # fmt: skip
        which = ui_url.one(st.selectbox, "Show", WHICH, "labels", "all", label_visibility="collapsed", width=200)
        ui_work.undo_buttons(collection)
    faces = [face for face in collection.faces if _wanted(face, which or "all")]
    if not faces:
        st.info("No face here is like that.", icon=":material/filter_alt_off:")
        return
    pages = -(-len(faces) // A_PAGE)
    page = min(st.pagination(pages, key="label-page", max_visible_pages=7) if pages > 1 else 1, pages)
    here = faces[(page - 1) * A_PAGE : page * A_PAGE]
    _many(faces, here)
    grid(here, {photo.sha256: photo.number for photo in collection.photos})


def _wanted(face: CollectedFace, which: str) -> bool:
    return which == "all" or (face.label is None if which == "none" else face.label == which)


def _by_names() -> None:
    """Nothing comes back; photos whose names tell are labelled, and a note says how many."""
    told: list[tuple[int, int]] = []

    def by_names(now: Collection) -> Collection:
        made, *counts = edit.label_by_names(now)
        told.append((counts[0], counts[1]))
        return made

    ui_work.change(by_names)
    for n, kept in told[-1:]:
        named = f"{counted(n, 'photo')} labelled by name."
        named += f" {counted(kept, 'photo')} had labels already, which stay." if kept else ""
        nothing = "No file or folder name here names an expression."
        st.toast(named if n or kept else nothing, icon=":material/label:")


def _many(faces: Sequence[CollectedFace], here: Sequence[CollectedFace]) -> None:
    """Draws the choice that labels many faces at once."""
    who = {"page": f"{counted(len(here), 'face')} below", "all": f"{counted(len(faces), 'face')} shown, all"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        whom = st.selectbox("Who", list(who), format_func=who.__getitem__, label_visibility="collapsed", width=230)
        chosen = here if whom == "page" else faces
        key = f"many-{whom}"
        keys = [face.key for face in chosen]
        st.selectbox("pose", [*EMOTIONS, NOBODY], index=None, placeholder="pose …", key=key, width=200,
                     label_visibility="collapsed", on_change=_pose, args=(key, keys))  # fmt: skip


def _pose(key: str, keys: Sequence[str]) -> None:
    """Nothing comes back; these faces have the label chosen in the widget, which is empty again."""
    said = st.session_state[key]
    name = None if said in (NOBODY, None) else said
    ui_work.change(lambda now: edit.label(now, dict.fromkeys(keys, name)))
    if key.startswith("many-"):
        st.session_state[key] = None


def grid(faces: Sequence[CollectedFace], numbers: dict[str, int]) -> None:
    """Draws faces with a choice of label under each."""
    with st.container(horizontal=True, gap="small"):
        for face in faces:
            with st.container(width=CROP + 8, gap="xsmall"):
                where = f"{numbers[face.found.photo]}.{face.number}"
                st.image(
                    cache.thumbnail(face, CROP),
                    width=CROP,
                    alt=f"Face {face.number} of photo {numbers[face.found.photo]}",
                )
                key = f"label-{face.key}-{face.label}"
                options = [*EMOTIONS, NOBODY]
                st.selectbox(where, options, index=options.index(face.label) if face.label else None, key=key,
                             placeholder=f"{where} posed …", label_visibility="collapsed",
                             on_change=partial(_pose, key, [face.key]))  # fmt: skip
