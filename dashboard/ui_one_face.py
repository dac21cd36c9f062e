"""The choice of one face to look into: of the user's photos, the gallery, or FER2013's test parts; it lives in the URL.

`source` says whence, `face` which (a key of the collection or a row of fer2013.csv), `work` or `gallery` which
collection.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import cache, chosen_face, ui_faces, ui_url, ui_work
from dashboard.chosen_face import ChosenFace
from dashboard.confusion_data import position
from fer_core.artifacts import Reference
from fer_core.collection import CollectedFace, Collection
from fer_core.datasets import SPLITS
from fer_core.types import EMOTIONS

PHOTOS, GALLERY, FER2013 = "photos", "gallery", "fer2013"
SOURCES = {PHOTOS: "Your photos and collection", GALLERY: "Your gallery", FER2013: "FER2013"}
"""Where faces come from, by what the URL calls it."""
FACE, SOURCE = ui_faces.FACE, "source"
A_PAGE = 8
NONE_YET = {
    PHOTOS: "No face was found in your photos yet. Add some on the page Photos.",
    GALLERY: "Your gallery has no picture yet. Pose some expressions on the page Gallery.",
}


def choice() -> ChosenFace | None:
    """The face that the user chose, the example's at first; draws the choices. None where there is none to choose."""
    with st.container(border=True):
        source = ui_url.one(st.segmented_control, "Face", SOURCES, SOURCE, PHOTOS, changed=ui_faces.unchoose,
                            required=True)  # fmt: skip
        if source == FER2013:
            return _of_fer2013()
        if source == GALLERY:
            return _of_collection(ui_work.current(ui_work.GALLERY) or Collection(), GALLERY, ui_work.GALLERY)
        return _of_collection(ui_work.current() or cache.example_work(), PHOTOS, ui_work.WORK)


def _of_collection(collection: Collection, source: str, work: str) -> ChosenFace | None:
    """A face of the collection that the URL's `work` names, which its `source` is."""
    ui_work.problems(work)
    faces = {face.key: face for face in collection.faces}
    if not faces:
        st.info(NONE_YET[source], icon=":material/add_a_photo:")
        return None
    asked = st.query_params.get(FACE)
    if asked and asked not in faces:
        st.warning("The face that the link names is not in this collection. Shown instead: the first.",
                   icon=":material/link_off:")  # fmt: skip
    one = faces.get(asked or "") or next(iter(faces.values()))
    if len(faces) > 1:
        thumbnails(collection, list(faces.values()), one)
    link = {SOURCE: source, FACE: one.key} | ui_work.address(work)
    return chosen_face.of_collection(collection, one, link)


def thumbnails(collection: Collection, faces: Sequence[CollectedFace], current: CollectedFace) -> None:
    """Draws faces of the collection's photos, some at a time, each with a button that chooses it."""
    numbers = {photo.sha256: photo.number for photo in collection.shown}
    keys = [face.key for face in faces]
    pages, at = -(-len(faces) // A_PAGE), (keys.index(current.key) // A_PAGE + 1 if current.key in keys else 1)
    page = st.pagination(pages, default=at, key=f"one-page-{current.key}", max_visible_pages=5) if pages > 1 else 1
    with st.container(horizontal=True, gap="small"):
        for face in faces[(page - 1) * A_PAGE : page * A_PAGE]:
            with st.container(width=84, gap="xsmall"):
                st.image(
                    cache.thumbnail(face, 84), width=84, alt=f"Face {face.number} of photo {numbers[face.found.photo]}"
                )
                st.button(
                    f"{numbers[face.found.photo]}.{face.number}", key=f"one-{face.key}", width="stretch",
                    on_click=_choose, args=(face.key,), type="primary" if face.key == current.key else "secondary",
                    help=f"Photo {numbers[face.found.photo]}, face {face.number}",
                )  # fmt: skip


def _choose(key: str) -> None:
    st.query_params[FACE] = key


def _of_fer2013() -> ChosenFace | None:
    reference = cache.reference()
    if reference is None or cache.dataset() is None:
        ui_faces.how_to_get_pictures()
        if reference is None:
            st.code("uv run python -m trainers evaluate", language="bash")
        return None
    label, split = _which()
    wanted = (reference.truth == EMOTIONS.index(label)) & (reference.splits == SPLITS.index(split))
    ids = [int(id) for id in reference.ids[wanted]]
    current = ui_faces.chosen(ids, reference)
    if current is None:
        return None
    ui_faces.face_grid(ids, current, A_PAGE)
    return _test_face(current, reference)


def _which() -> tuple[str, str]:
    """The label and the split whose faces are shown to choose from."""
    with st.container(horizontal=True):
        label = ui_url.one(st.pills, "Label", {e: e for e in EMOTIONS}, "label", "fear", required=True,
                           label_visibility="collapsed", changed=ui_faces.unchoose)  # fmt: skip
        split = ui_url.one(st.segmented_control, "Part", {s: s for s in SPLITS[1:]}, "split", "PublicTest",
                           required=True, label_visibility="collapsed", changed=ui_faces.unchoose)  # fmt: skip
    return label or "fear", split or "PublicTest"


def _test_face(id: int, reference: Reference) -> ChosenFace | None:
    where, grey = position(reference, id), cache.picture(id)
    if where is None or grey is None:
        st.warning(f"The picture of face {id} is not on this machine.", icon=":material/hide_image:")
        return None
    points = cache.points_of_picture(id)
    return chosen_face.of_fer2013(id, grey, int(reference.truth[where]), int(reference.splits[where]), points)
