"""One photo with its boxes, and the tools that correct them: delete, draw, merge, label, undo."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from dashboard import cache, figures_photo, ui_photos, ui_url, ui_work
from fer_core import collection_edit as edit
from fer_core.collection import CollectedPhoto, Collection
from fer_core.types import EMOTIONS, Box

VIEWS = {"faces": "Faces", "landmarks": "Landmarks and confidence", "draw": "Draw", "stages": "How they were found"}
NOBODY = "no label"


def photo_view(collection: Collection, photo: CollectedPhoto) -> None:
    """Draws the photo in the way chosen: with its boxes, to draw on, or as the detector's stages saw it."""
    if photo.preview_jpeg is None:
        st.info(
            "The photo itself was not kept with this collection; its faces are below.", icon=":material/hide_image:"
        )
        return
    view = ui_url.one(st.segmented_control, "Show", VIEWS, "show", "faces", label_visibility="collapsed")
    faces = collection.faces_of(photo.sha256)
    n = len(faces)
    if view == "draw":
        _canvas(collection, photo)
    elif view == "stages":
        _stages(collection, photo)
    else:
        sure = ", ".join(f"{face.number}: {face.face.confidence:.3f}" for face in faces[:12])
        spoken = f"The photo with {n} face{'s' * (n != 1)} boxed and numbered"
        picture = cache.boxed(collection, photo, view == "landmarks")
        st.image(picture, width="stretch" if photo.width > 900 else "content", alt=spoken)
        if n:
            st.caption(f"The detector's confidence: {sure}" + " …" * (n > 12))
        else:
            st.caption("No face found. Lower the detector's confidence, or draw the face yourself.")


def _canvas(collection: Collection, photo: CollectedPhoto) -> None:
    """Draws the photo so that a box pulled with the mouse becomes a face."""
    key = f"canvas-{photo.sha256[:12]}-{len(collection.edits)}-{len(collection.undone)}"
    faces = collection.faces_of(photo.sha256)
    st.plotly_chart(
        figures_photo.canvas(photo, faces), key=key, on_select=partial(_pulled, key, photo.sha256),
        selection_mode=("box",), config={"displayModeBar": False, "scrollZoom": False},
        alt="The photo to draw on: pull a box around a face that was missed",
    )  # fmt: skip
    st.caption("Pull a box around a missed face, from the forehead to the chin. Or say where it is:")
    _by_numbers(photo)


def _pulled(key: str, photo: str) -> None:
    """Nothing comes back; the box that was pulled on the canvas is a face."""
    pulled = st.session_state[key].selection.box
    if pulled:
        (x1, x2), (y1, y2) = pulled[0]["x"], pulled[0]["y"]
        ui_work.change(lambda now: edit.draw(now, photo, (x1, y1, x2, y2)))


def _by_numbers(photo: CollectedPhoto) -> None:
    """Draws four fields and the button that makes a face of them."""
    with st.form("draw-by-numbers", border=False):
        fields = zip(("Left", "Top", "Right", "Bottom"), (photo.width, photo.height) * 2, (0.35, 0.3, 0.65, 0.7),
                     st.columns(4), strict=True)  # fmt: skip
        for name, limit, usual, place in fields:
            place.number_input(name, 0, limit, int(limit * usual), key=f"edge-{name}")
        st.form_submit_button("Add this box", icon=":material/add:", on_click=_numbered, args=(photo.sha256,))


def _numbered(photo: str) -> None:
    """Nothing comes back; the box whose edges were typed is a face of the photo that they were typed under."""
    left, top, right, bottom = (st.session_state[f"edge-{name}"] for name in ("Left", "Top", "Right", "Bottom"))
    box: Box = (left, top, right, bottom)
    ui_work.change(lambda now: edit.draw(now, photo, box))


def _stages(collection: Collection, photo: CollectedPhoto) -> None:
    """Draws what each of the detector's three networks let through."""
    with st.spinner("Looking again, stage by stage …"):
        found = cache.stages(photo, collection.options)
    if not found:
        st.info("The photo itself was not kept, so it cannot be searched again.", icon=":material/hide_image:")
        return
    words = {
        "proposals": "A network of 12 × 12 pixels slides over the photo in many sizes and proposes squares.",
        "refined": "A second one looks at each in 24 × 24 pixels and moves or drops it.",
        "final": "A third one looks in 48 × 48, sets the box and finds eyes, nose and mouth.",
    }
    for place, (name, (picture, n)) in zip(st.columns(3), found.items(), strict=True):
        with place:
            st.image(picture, alt=f"{cache.STAGES[name]}: {n} boxes on the photo")
            st.markdown(f"**{cache.STAGES[name]}: {n:,}**")
            st.caption(words[name])


def tools(collection: Collection, photo: CollectedPhoto) -> None:
    """Draws the tools for the faces of one photo."""
    faces = collection.faces_of(photo.sha256)
    by_number = {str(face.number): face.key for face in faces}
    stamp = f"{photo.sha256[:12]}-{len(collection.edits)}"
    chosen = (
        st.pills("Faces to correct", list(by_number), selection_mode="multi", key=f"numbers-{stamp}", wrap=True)
        if faces
        else []
    )
    keys = [by_number[number] for number in chosen]
    with st.container(horizontal=True):
        st.button("Delete", icon=":material/delete:", disabled=not keys, on_click=ui_work.change,
                  args=(lambda now: edit.delete(now, keys),), help="No face, or nobody's concern")  # fmt: skip
        st.button("Merge", icon=":material/merge:", disabled=len(keys) < 2, on_click=ui_work.change,
                  args=(lambda now: edit.merge(now, keys),), help="Two boxes or more around one face")  # fmt: skip
    _doubles(collection, photo, {key: number for number, key in by_number.items()})
    _labels(photo, keys, stamp)
    ui_work.undo_buttons(collection)
    numbers = [one.number for one in collection.shown]
    at = numbers.index(photo.number)
    beside = (numbers[at + 1 :] or numbers[:at][-1:] or numbers)[0]
    st.button("Remove this photo", icon=":material/hide_image:", type="tertiary", on_click=_remove,
              args=(photo.sha256, beside))  # fmt: skip


def _remove(photo: str, beside: int) -> None:
    """Nothing comes back; that photo is no more, and the one of the number `beside` is looked at."""
    ui_work.change(lambda now: edit.remove_photo(now, photo))
    ui_url.put(ui_photos.PHOTO, [str(beside)])


def _doubles(collection: Collection, photo: CollectedPhoto, numbers: dict[str, str]) -> None:
    pairs = edit.doubles(collection, photo.sha256)
    for a, b in pairs[:3]:
        st.button(f"{numbers[a]} and {numbers[b]} look like one face: merge", key=f"double-{a}-{b}", type="tertiary",
                  icon=":material/merge:", on_click=ui_work.change,
                  args=(lambda now, both=(a, b): edit.merge(now, both),))  # fmt: skip


def _labels(photo: CollectedPhoto, keys: Sequence[str], stamp: str) -> None:
    """Draws the choice of the expression posed, by the chosen faces or by everyone."""
    who = "The chosen faces pose" if keys else "Everyone here poses"
    key = f"pose-{stamp}-{'-'.join(keys)}"
    st.selectbox(who, [*EMOTIONS, NOBODY], index=None, placeholder="Choose an expression", key=key,
                 on_change=_pose, args=(key, photo.sha256, list(keys)))  # fmt: skip


def _pose(key: str, photo: str, keys: Sequence[str]) -> None:
    said = st.session_state[key]
    name = None if said == NOBODY else said
    if said:
        ui_work.change(
            lambda now: edit.label(now, dict.fromkeys(keys, name)) if keys else edit.label_photo(now, photo, name)
        )
