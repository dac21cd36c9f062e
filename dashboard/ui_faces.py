"""Faces of FER2013's test parts: a grid of them in pages, and one face with everybody's answer. All take ids.

An id is the face's row in fer2013.csv. The chosen face lives in the URL as `face`; the grid opens at its page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from dashboard import cache, charts, figures_confusion, ui_open, ui_raters, ui_url
from dashboard.confusion_data import answers_of, position, votes_in_words
from fer_core.datasets import SPLITS
from fer_core.evidence import Rater
from fer_core.types import EMOTIONS

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.artifacts import Reference

A_PAGE = 12
FACE, ROW, COLUMN, OF = "face", "row", "column", "of"
"""What the choices are called in the URL."""
AT = "face-at"
"""The face that was drawn or stepped to last, in the session."""
ENLARGED = {"pixels": Image.Resampling.NEAREST, "smooth": Image.Resampling.LANCZOS}
SIDE = 240
"""Pixels of the enlarged face, five times the 48 of FER2013."""


def how_to_get_pictures() -> None:
    """Says how to get FER2013's pictures, where they are not on this machine; nothing where they are."""
    if cache.dataset() is None:
        st.info(
            "The pictures of FER2013 are not on this machine, so you see ids and numbers. Get them with the command "
            "below, or set the variable `FER2013_PATH` to where fer2013.csv is and start the dashboard again.",
            icon=":material/hide_image:",
        )
        st.code("uv run python -m trainers data fetch", language="bash")


def choose(id: int | str | None) -> None:
    """Nothing comes back; the face is the chosen one from the next run on, or none is."""
    if id is None:
        st.query_params.pop(FACE, None)
    else:
        st.query_params[FACE] = str(id)


def unchoose() -> None:
    """Nothing comes back; no face is chosen from the next run on."""
    choose(None)


def chosen(ids: Sequence[int], reference: Reference) -> int | None:
    """The face to show: the one in the URL, with a warning where it is no test face, or else the first of `ids`."""
    asked = st.query_params.get(FACE)
    if asked is not None:
        if asked.isascii() and asked.isdigit() and len(asked) < 9 and position(reference, int(asked)) is not None:
            return int(asked)
        st.warning(
            f"There is no test face with the id “{asked[:20]}”. Ids are rows of fer2013.csv, "
            f"{reference.ids.min()} to {reference.ids.max()} here.",
            icon=":material/search_off:",
        )
    return ids[0] if ids else None


def faces(ids: Sequence[int], reference: Reference) -> None:
    """Draws these faces, and the one chosen of them with everybody's answer."""
    current = chosen(ids, reference)
    if current is None:
        return
    how_to_get_pictures()
    left, right = st.columns([2, 3], gap="medium")
    with left:
        face_grid(ids, current)
    with right:
        step_buttons(current, ids)
        face_view(current, reference)


def face_grid(ids: Sequence[int], current: int | None = None, a_page: int = A_PAGE) -> None:
    """Draws the faces, some at a time, each with a button that chooses it; `current` is marked."""
    at = ids.index(current) // a_page + 1 if current in ids else 1
    page = _page(-(-len(ids) // a_page), current, at)
    here = ids[(page - 1) * a_page : page * a_page]
    with st.container(horizontal=True, gap="small"):
        for id in here:
            with st.container(width=96, gap="xsmall"):
                picture = cache.picture(id)
                if picture is not None:
                    st.image(picture, width=96, alt=f"Face {id}")
                st.button(
                    str(id),
                    key=f"face-{id}",
                    on_click=choose,
                    args=(id,),
                    width="stretch",
                    type="primary" if id == current else "secondary",
                )


def _page(pages: int, current: int | None, at: int) -> int:
    """The page of the grid that the user is on: that of the current face until another is asked for."""
    if pages < 2:
        return 1
    return st.pagination(pages, default=at, key=f"page-{current}", max_visible_pages=5)


def step_buttons(id: int | str, ids: Sequence[int | str]) -> None:
    """Draws previous and next among `ids`, which the arrow keys press too, and says where the face is."""
    if id not in ids:
        st.caption("This face is not in the cell." if ids else "A face by itself.")
        return
    at, st.session_state[AT] = ids.index(id), id
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Previous", icon=":material/chevron_left:", shortcut="Left", disabled=at == 0,
                  on_click=step, args=(-1, ids))  # fmt: skip
        st.button("Next", icon=":material/chevron_right:", icon_position="right", shortcut="Right",
                  disabled=at + 1 == len(ids), on_click=step, args=(1, ids))  # fmt: skip
        st.markdown(f"{at + 1:,} of {len(ids):,}", width="content")


def step(by: int, ids: Sequence[int | str]) -> None:
    """Nothing comes back; the chosen face is `by` further in `ids` than the last one drawn or stepped to.

    Keys may be pressed faster than the page is drawn, and faster than the browser hears of the new URL: so it is
    neither the face that the button was drawn for nor that of the URL.
    """
    last = st.session_state.get(AT)
    at = ids.index(last) if last in ids else 0
    st.session_state[AT] = ids[min(max(at + by, 0), len(ids) - 1)]
    choose(st.session_state[AT])


def face_view(id: int, reference: Reference) -> None:
    """Draws one test face: its picture enlarged, its label, the taggers' votes and every model's answer."""
    where = position(reference, id)
    if where is None:
        return
    label, split = EMOTIONS[int(reference.truth[where])], SPLITS[int(reference.splits[where])]
    copied = "; Training has an exact copy of it" if reference.copied[where] else ""
    with st.container(horizontal=True, gap="medium"):
        enlarged(id, label)
        with st.container(width=260, gap="xsmall"):
            st.markdown(f"**Face {id}** of {split}{copied}")
            st.markdown(f"FER2013's label: **{label}**")
            st.markdown(f"Ten taggers: {votes_in_words(reference, where)}")
            if picture_here(id):
                ui_open.buttons({"source": "fer2013", FACE: str(id)}, "open")
    raters = [rater for rater in cache.raters() if rater.id != "majority"]
    everybody(f"face {id}", raters, answers_of(raters, int(reference.truth[where]), where, reference.votes[where]))


def picture_here(id: int) -> bool:
    """Whether FER2013's picture of that row is on this machine."""
    return cache.picture(id) is not None


def enlarged(id: int, label: str) -> None:
    """Draws the face five times its size and says how it was enlarged; nothing without pictures."""
    picture = cache.picture(id)
    if picture is None:
        return
    with st.container(width=SIDE, gap="xsmall"):
        how = st.segmented_control(
            "Enlarged",
            list(ENLARGED),
            default="pixels",
            required=True,
            key="look",
            bind="query-params",
            label_visibility="collapsed",
            help="pixels: nearest neighbour; smooth: Lanczos",
        )
        st.image(
            Image.fromarray(picture).resize((SIDE, SIDE), ENLARGED[how or "pixels"]),
            width=SIDE,
            alt=f"Face {id}, which FER2013 labels {label}",
        )
        st.caption("48 × 48 pixels, 5 times enlarged, " + ("nearest neighbour" if how == "pixels" else "Lanczos"))


def everybody(face: str, raters: Sequence[Rater], table: pd.DataFrame) -> None:
    """Draws every rater's answer to one face, `confusion_data.answers_of`, as a strip of seven cells in percent."""
    said = "; ".join(f"{row.rater}: {row.answer}" for row in table.itertuples())
    charts.chart(
        figures_confusion.answers(table, ui_raters.dark()),
        table.drop(columns=["id", "kind"]),
        face.replace(" ", "-"),
        f"Everybody's answer to {face} in percent. {said}.",
        key="everybody",
    )
    if any(not rater.calibrated for rater in raters):
        st.caption("Percent. Models that were never calibrated give scores, not probabilities.")


@dataclass(frozen=True)
class Cell:
    """A chosen cell: the labels of the row rater and of the column rater `of` in it, None for any label."""

    of: Rater
    row: str | None
    column: str | None

    def marked(self, rater: Rater) -> tuple[str, str] | None:
        """What to mark in a column rater's matrix; None where nothing in it is chosen."""
        return (self.row, self.column) if self.row and self.column and self.of.id == rater.id else None


def cell_clicked(key: str, rater_id: str) -> None:
    """Nothing comes back; the cell that was clicked on the chart `key` is the chosen one."""
    for point in charts.selected(key)[:1]:
        for name, id in ((ROW, point["y"]), (COLUMN, point["x"]), (OF, rater_id)):
            ui_url.put(name, [id])
        choose(None)
        st.toast(f"Row {point['y']}, column {point['x']}: the faces are below.", icon=":material/arrow_downward:")


def cell_choice(rows: Rater, columns: Sequence[Rater], labels: Sequence[str]) -> Cell:
    """The cell that the user chose here, in the URL or by a click on a matrix."""
    by_id = {rater.id: rater for rater in columns}
    first, second, third = st.columns(3)
    with first:
        row = _label(f"{rows.title} is", labels, ROW)
    with second:
        titles, first_of = ui_raters.titles(columns), columns[0].id
        of = ui_url.one(st.selectbox, "and the answer of", titles, OF, first_of, changed=unchoose)
    with third:
        column = _label("is", labels, COLUMN)
    return Cell(by_id[of or first_of], row, column)


def _label(words: str, labels: Sequence[str], key: str) -> str | None:
    titles = {label: label for label in labels}
    return ui_url.one(st.selectbox, words, titles, key, index=None, placeholder="any label", changed=unchoose)
