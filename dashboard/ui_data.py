"""Widgets of the Curves and Data pages, plain values out; and how pictures of FER2013 are laid out."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from dashboard import cache, data_facts, ui_url
from dashboard.data_facts import Images
from dashboard.ui_curves import download_table
from dashboard.words import counted, percent
from fer_core.augmentation_preview import Augmentation
from fer_core.datasets import naming
from fer_core.types import EMOTIONS, Uint8

if TYPE_CHECKING:
    from fer_core.cleaning import CleaningReport
    from fer_core.cleaning_search import NearSearch

PARTS = {"counts": "Counts", "samples": "Samples", "copies": "Copies", "conflicts": "Conflicting labels",
         "votes": "Votes", "unusable": "Unusable", "augmentation": "Augmentation"}  # fmt: skip
OWN = "own"
NEAR = "near"
EXAMPLE_BOX = (160.0, 55.0, 290.0, 185.0)
"""Where the face is in the example photo, in pixels: left, top, right, bottom."""


def get_pictures() -> None:
    """Draws how to get FER2013's pictures."""
    said = "FER2013's pictures are not on this machine. Fetch them or name your copy, then start the dashboard again:"
    st.info(said, icon=":material/photo_library:")
    st.code(f"uv run python -m trainers data fetch\n{naming('/where/it/is/fer2013.csv')}", language="bash")


def page_of(n: int, size: int, key: str) -> slice:
    """Which of n things to show, `size` at a time; the page lives in the URL."""
    pages = max(1, -(-n // size))
    page = st.pagination(pages, key=key, bind="query-params") if pages > 1 else 1
    return slice((page - 1) * size, page * size)


def split_choice(names: Sequence[str], key: str) -> str:
    """One of the splits that are here; the choice lives in the URL."""
    return ui_url.one(st.pills, "Split", {name: name for name in names}, key, names[0], required=True) or names[0]


def sample_choice() -> tuple[str, int]:
    """The label whose images are wanted, "each" for some of every label, and the seed of the shuffle."""
    titles = {name: name for name in ("each", *EMOTIONS)}
    label = ui_url.one(st.pills, "Label", titles, "label", "each", required=True) or "each"
    said = "Another number, other images; the same number, the same images. 0 keeps the dataset's order."
    seed = st.number_input("Shuffle", 0, 9999, 1, key="seed", bind="query-params", width=160, help=said)
    return label, int(seed)


def gallery(of: Images, places: np.ndarray, width: int = 84, *, label: bool = True, split: bool = False) -> None:
    """Draws those images in a row that flows, each with its id and what it is; only ids where pictures are not here."""
    about = data_facts.describe(of, places)
    words = [
        [str(row.id), *([str(row.label)] if label else []), *([str(row.split)] if split else [])]
        for row in about.itertuples()
    ]
    if of.faces is None:
        st.markdown("  ".join(f"`{' · '.join(word)}`" for word in words))
        return
    alts = [f"Face {row.id} of {row.split}, labelled {row.label}" for row in about.itertuples()]
    pictures(of.faces[places], ["  \n".join(word) for word in words], alts, width)


def pictures(faces: Uint8, captions: Sequence[str], alts: Sequence[str], width: int) -> None:
    """Draws grey faces uint8 (N, s, s) in a row that flows, with words under each."""
    with st.container(horizontal=True, gap="xsmall"):
        for face, caption, alt in zip(faces, captions, alts, strict=True):
            st.image(face, caption=caption, width=width, alt=alt)


def groups(of: Images, found: Sequence[Sequence[int]], key: str, size: int = 24) -> None:
    """Draws groups of copies, a frame a group, some at a time, and all of them as a table."""
    shown = found[page_of(len(found), size, key)]
    with st.container(horizontal=True, gap="small"):
        for group in shown:
            with st.container(border=True, width="content"):
                gallery(of, of.places(group), 92, split=True)
    with st.expander("As a table"):
        download_table(data_facts.grouped(of, found), key, f"{counted(len(found), 'group')} of copies, a row an image")


def picture_uri(face: Uint8) -> str:
    """A grey picture as a PNG data URI, for tables."""
    buffer = BytesIO()
    Image.fromarray(face).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def example_face() -> Uint8:
    """A face for machines without FER2013, uint8 (48, 48): cut from the example photo that every machine has."""
    photo = Image.open(BytesIO(cache.example_photo())).convert("L")
    return np.asarray(photo.resize((48, 48), Image.Resampling.BILINEAR, box=EXAMPLE_BOX, reducing_gap=3.0))


def augmentation_choice(recipes: Mapping[str, Augmentation], titles: Mapping[str, str]) -> tuple[Augmentation, int]:
    """What to draw from, a model's table or the user's own by sliders, and the seed; all of it lives in the URL.

    Both mappings are by model id.
    """
    top = st.columns([3, 1], vertical_alignment="bottom")
    words = {OWN: "own choice"} | dict(titles)
    source = ui_url.one(top[0].pills, "As in", words, "like", OWN, required=True, wrap=True) or OWN
    seed = int(
        top[1].number_input("Seed", 0, 9999, 0, key="draw", bind="query-params", help="Another number, other draws.")
    )
    if source != OWN:
        return recipes[source], seed
    left, right = st.columns(2)
    with left:
        flip = st.toggle("flip: mirrored half of the time", True, key="flip", bind="query-params")
        degrees = st.slider("rotate_degrees: up to, either way", 0, 45, 10, key="rotate", bind="query-params")
        scale = st.slider("scale: from, to", 0.5, 2.0, (0.9, 1.1), 0.02, key="scale", bind="query-params")
        shift = st.slider("shift: up to this share of the side", 0.0, 0.5, 0.08, 0.01, key="shift", bind="query-params")
    with right:
        brightness = st.slider(
            "brightness: up to, either way", 0.0, 0.9, 0.1, 0.05, key="brightness", bind="query-params"
        )
        contrast = st.slider("contrast: up to, either way", 0.0, 0.9, 0.2, 0.05, key="contrast", bind="query-params")
        erase = st.slider("erase: how often a grey rectangle", 0.0, 1.0, 0.25, 0.05, key="erase", bind="query-params")
    return Augmentation(flip, degrees, scale, shift, brightness, contrast, erase), seed


def face_choice(of: Images | None) -> Uint8:
    """The face to change: a row of FER2013 where it is here, else the example; the choice lives in the URL."""
    if of is None or of.faces is None:
        st.caption("The face is cut from NASA's portrait of the astronaut Eileen Collins, public domain.")
        return example_face()
    low, high, first = int(of.ids.min()), int(of.ids.max()), int(of.ids[0])
    said = "Its row in fer2013.csv"
    id = st.number_input("Image", low, high, first, key="face-id", bind="query-params", width=200, help=said)
    places = of.places([int(id)])
    return of.faces[places[0] if len(places) else 0]


def variations(face: Uint8, changed: Uint8, options: Augmentation) -> None:
    """Draws a face and what became of it."""
    words = ", ".join(f"{name} {value}" for name, value in vars(options).items())
    numbers = range(1, len(changed) + 1)
    pictures(np.stack([face, *changed]), ["as it is", *[f"draw {i}" for i in numbers]],
             ["The face as it is", *[f"The face, changed: draw {i}" for i in numbers]], 112)  # fmt: skip
    st.caption(
        f"{words}. An illustration in NumPy of what the trainers do on their device; a test holds the two together. "
        "How much of a picture is learned from, and how large (`crop`, `start_size`), is not shown."
    )


def wants_near() -> bool:
    """Whether near copies are wanted; the choice lives in the URL."""
    said = "Compares all pictures by a perceptual hash and by correlation: some 20 seconds, once for this dataset."
    return st.toggle("Near copies too: cropped, marked or lit otherwise", key=NEAR, bind="query-params", help=said)


def near_report() -> CleaningReport | None:
    """The report with near copies; None while the search for them runs or was stopped, with what to do about it."""
    search = cache.near_search()
    assert search is not None
    if search.state == "new":
        search.start()
    if search.state == "running":
        progress(search)
    elif search.state != "done":
        ended(search)
    return search.report


@st.fragment(run_every=0.5)
def progress(search: NearSearch) -> None:
    """Draws how far the search is, with a button that stops it; the whole page again when it has ended."""
    if search.state != "running":
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(search.share, f"Comparing all pictures with each other: {percent(search.share)}")
        st.button("Stop", icon=":material/stop_circle:", on_click=search.stop)


def ended(search: NearSearch) -> None:
    """Says why a search ended without a report, with a button to search again."""
    if search.state == "failed":
        st.error(f"The search failed: {search.problem}", icon=":material/error:")
    else:
        st.info(f"The search was stopped at {percent(search.share)}.", icon=":material/stop_circle:")
    st.button("Search again", icon=":material/refresh:", on_click=search.start)


def copies_in_words(report: CleaningReport) -> None:
    """Says how many copies there are and where it matters."""
    trained = ", ".join(f"**{len(ids):,}** of {split}" for split, ids in report.copied.items())
    st.markdown(
        f"**{report.distinct:,}** of {report.images:,} pictures are distinct; **{len(report.exact):,} groups** are the "
        f"same pixel by pixel. Training has a copy of {trained}, so every headline is given without those too."
    )


def near_in_words(report: CleaningReport) -> None:
    """Says how many groups of near copies there are, and what is one."""
    n = len(report.near or ())
    st.markdown(f"**{n:,} group{'s' * (n != 1)}** of pictures that are near copies: {report.method}.")


def copied_ids(of: Images) -> None:
    """Draws which test images Training has too, by id, where the pictures are not here."""
    assert of.copied is not None
    table = data_facts.describe(of, np.flatnonzero(of.copied))
    said = ", ".join(f"**{n:,}** of {split}" for split, n in table.groupby("split", sort=False).size().items())
    st.markdown(f"Training has an exact copy of {said}. Which they are a copy of can be told from the pictures only.")
    download_table(table, "copied", "The test images that Training has too")


def nothing_known() -> None:
    """Says that there is neither FER2013 nor its reference."""
    st.caption("Nothing is known of FER2013 on this machine yet; the tab Augmentation works without it.")


def conflicts_in_words(n: int, near: bool) -> None:
    """Says how many groups of copies have different labels."""
    answered = "a model that answers the same to all of them" if near else "whatever a model answers, it"
    st.markdown(
        f"**{n:,} group{'s' * (n != 1)}** of {'near' if near else 'exact'} copies whose labels differ: {answered} is "
        "wrong on at least one."
    )


def what_augmentation_is() -> None:
    """Says what is drawn."""
    st.markdown(
        "In training, a network is shown each face in a new variation every time. These are draws from a recipe's "
        "`[augment]` table."
    )


def state(found: Images | None) -> None:
    """Says what is known of FER2013 here, and how to get the rest."""
    if cache.reference() is None:
        st.caption(
            "What people voted on the test images is not here; make it with `uv run python -m trainers evaluate`."
        )
    if found is None or found.faces is None:
        get_pictures()
    elif found.notes:
        st.caption(" ".join(found.notes))
