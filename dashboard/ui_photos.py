"""Photos into the collection at work, the controls of detection, and the ledger of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, get_args

import pandas as pd
import streamlit as st

from dashboard import cache, looks, ui_url, ui_work
from fer_core import collection_add
from fer_core.collection import CollectedPhoto, Collection, LedgerRow
from fer_core.crop_rule import CropRule, Shape
from fer_core.detection import LOWEST_THRESHOLD, DetectionOptions
from fer_core.photo_sources import Input, from_uploads, number

WAYS = {"files": "Files or ZIPs", "folder": "A folder", "camera": "Camera"}
SHAPES = {"fer2013": "As FER2013 frames faces", "square": "Square", "tight": "Tight box"}
MOST_MEGABYTES = 1000
MOST_SAID = 5
"""Files whose reason for not being read is written out; the table has them all."""
CREDIT = "An example: NASA's portrait of the astronaut Eileen Collins, public domain. Add your own photos above."
OUTCOMES = {"read": "", "no face": "", "same": "", "skipped": "Not read. ", "failed": "Could not be read. "}
PHOTO = "photo"
"""What the number of the photo that is looked at is called in the URL."""
KEEPS = "They stay in this computer's memory."


def add_photos(key: str = ui_work.WORK) -> None:
    """Draws the ways to add photos; what came in is in the collection, and the page is drawn anew."""
    way = ui_url.one(st.segmented_control, "Add photos by", WAYS, "by", "files", label_visibility="collapsed")
    counter = f"{key}-uploads"
    at = f"{way}-{st.session_state.setdefault(counter, 0)}"
    if way == "camera":
        shot = st.camera_input("Take a photo", key=f"{key}-camera-{at}", help=KEEPS)
        files: list[Any] = [shot] if shot else []
    elif way == "folder":
        files = list(st.file_uploader("A folder of photos", accept_multiple_files="directory", key=f"{key}-{at}",
                                      help=f"Folder and file names may tell labels. {KEEPS}") or [])  # fmt: skip
    else:
        files = list(st.file_uploader(
            "Photos with faces", accept_multiple_files=True, key=f"{key}-{at}", max_upload_size=MOST_MEGABYTES,
            help=f"JPEG, PNG, WebP, HEIC from a phone and more, up to 50 MB each, or ZIPs of them. {KEEPS}",
        ) or [])  # fmt: skip
    if files:
        take([(file.name, file.getvalue()) for file in files], key)
        st.session_state[counter] += 1
        st.rerun()


def take(files: Sequence[tuple[str, bytes]], key: str = ui_work.WORK) -> None:
    """Nothing comes back; the files are in the collection at work, with progress shown meanwhile.

    The first photo that came is looked at from now on.
    """
    n = number(files)
    start = _users(ui_work.newest(key))
    bar = st.progress(0.0, "Looking for faces …")

    def progress(done: int, name: str) -> None:
        bar.progress(min(1.0, done / max(1, n)), f"Looking for faces: photo {done} of {n}")

    made = collection_add.add(start, _named(from_uploads(files)), cache.reader(), progress)
    ui_work.change(lambda now: collection_add.carried(made, start, _users(now)), key)
    came = [photo.number for photo in ui_work.newest(key).shown if photo.number > len(start.ledger)]
    if came and start.shown:
        ui_url.put(PHOTO, [str(came[0])])
    bar.empty()


def _users(collection: Collection) -> Collection:
    """The collection for the user's own photos: the example goes, what was chosen on it stays."""
    return Collection(options=collection.options) if is_example(collection) else collection


def _named(inputs: Iterable[Input]) -> Iterator[Input]:
    return (replace(one, name=one.name[:300]) for one in inputs)


def is_example(collection: Collection) -> bool:
    """Whether there is nothing in it but the example photo."""
    return [row.file for row in collection.ledger] == [cache.EXAMPLE]


def detection_form(collection: Collection, key: str = ui_work.WORK) -> None:
    """Draws the controls of detection and cropping; their button searches all photos again, corrections kept."""
    now, of = collection.options, collection.options.crop
    with st.form(f"{key}-detection", border=False):
        first, second = st.columns(2)
        with first:
            smallest = st.slider("Smallest face, about, in pixels", 20, 200, max(20, now.minimum_face), 5,
                                 help="Smaller faces are not looked for. Larger is faster.")  # fmt: skip
            confidence = st.slider("Detector's confidence", 0.50, 0.99, min(0.99, max(0.5, now.confidence)), 0.01,
                                   help="Raise it if non-faces are boxed, lower it if faces are missed.")  # fmt: skip
            shape = st.segmented_control("Crop", list(get_args(Shape)), default=of.shape, required=True,
                                         format_func=lambda name: SHAPES.get(name, name))  # fmt: skip
        with second:
            names = ("Proposals", "Refined", "Final")
            thresholds = [
                st.slider(
                    f"Threshold of stage {n}: {name.lower()}", LOWEST_THRESHOLD, 0.99, max(LOWEST_THRESHOLD, t), 0.01
                )
                for n, (name, t) in enumerate(zip(names, now.thresholds, strict=True), start=1)
            ]
            margin = st.slider("Margin around the crop, percent of its side", -20, 60, round(50 * (of.scale - 1)), 5,
                               help="0 is the usual framing. Wider crops cost accuracy.")  # fmt: skip
            level = st.toggle("Turn the crop so that the eyes are level", of.level)
        asked = st.form_submit_button("Search again with these", icon=":material/search:")
    if asked:
        rule = CropRule(1 + margin / 50, shape or of.shape, level)
        first_t, second_t, third_t = thresholds
        search(DetectionOptions(smallest, confidence, (first_t, second_t, third_t), rule), key)


def search(options: DetectionOptions, key: str = ui_work.WORK) -> None:
    """Nothing comes back; the photos were searched again, with progress shown meanwhile.

    Once more where another window changed the collection meanwhile; what was found in the last photos is remembered.
    """
    bar = st.progress(0.0, "Looking for faces …")

    def searched(now: Collection) -> Collection:
        n = len(now.photos)

        def progress(done: int, name: str) -> None:
            bar.progress(done / max(1, n), f"Looking for faces: photo {done} of {n}")

        return collection_add.search_again(now, options, cache.reader(), progress)

    ui_work.change(searched, key)
    bar.empty()
    st.rerun()


def outcome(row: LedgerRow) -> str:
    """What happened to a file, in a few words."""
    faces = f"{row.faces} face{'s' * (row.faces != 1)}" if row.outcome == "read" else ""
    return "; ".join(part for part in (faces, OUTCOMES[row.outcome] + row.reason) if part)


def ledger(rows: Sequence[LedgerRow]) -> None:
    """Draws one row for every file that came in, with what became of it."""
    table = pd.DataFrame([{"no.": row.number, "file": row.file, "what happened": outcome(row)} for row in rows])
    columns = {
        "no.": st.column_config.NumberColumn(width=50),
        "what happened": st.column_config.TextColumn(width="large"),
    }
    st.dataframe(table, hide_index=True, column_config=columns, height="auto" if len(rows) > 6 else "content",
                 alt="One row for every file, with what became of it")  # fmt: skip
    failed = [
        f"**{looks.verbatim(row.file)}**: {looks.verbatim(row.reason)}" for row in rows if row.outcome == "failed"
    ]
    if failed:
        more = [f"and {len(failed) - MOST_SAID} more, see the table"] if len(failed) > MOST_SAID else []
        st.warning("  \n".join(failed[:MOST_SAID] + more), icon=":material/broken_image:")


def photo_choice(collection: Collection) -> CollectedPhoto:
    """The photo to look at; its number lives in the URL.

    Its title never changes while it is at work: the browser sends the title that it drew, and one that is gone by then
    would be taken for no choice.
    """
    photos = {str(photo.number): photo for photo in collection.shown}
    titles = {number: f"{number} · {photo.name}" for number, photo in photos.items()}
    first = next(iter(photos))
    if len(photos) == 1:
        st.query_params.pop(PHOTO, None)  # it would name a photo that was removed, once there is another
        return photos[first]
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    with left:
        chosen = ui_url.one(st.selectbox, "Photo", titles, PHOTO, first)
    numbers = list(photos)
    at = numbers.index(chosen or first)
    with right, st.container(horizontal=True):
        for step, icon, words in ((-1, "chevron_left", "Previous photo"), (1, "chevron_right", "Next photo")):
            to = numbers[(at + step) % len(numbers)]
            st.button("", icon=f":material/{icon}:", key=f"photo{step}", help=words, on_click=ui_url.put,
                      args=(PHOTO, [to]))  # fmt: skip
    return photos[chosen or first]
