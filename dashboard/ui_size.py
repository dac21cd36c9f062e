"""Widgets and words of the Face size page; plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import cache, charts, collection_facts, looks, ui_url, ui_work, words
from dashboard.entries import narrower
from dashboard.figures_size import COUNTED, LOST
from dashboard.pages_table import VIEWS
from fer_core.collection import Collection
from fer_core.collection_answers import AnsweredFace, answered
from fer_core.face_size import MARGIN, Study, Trust, size_of, trust
from fer_core.types import EMOTIONS, ModelCard

COMMAND = "uv run python -m trainers face-size --data fer2013.csv"
RULE_COMMAND = "uv run python -m trainers crop-rule --data fer2013.csv"
HOW = f"""FER2013's {{split}} faces are made that wide, pasted into a larger grey picture, and found again by the
detector with its usual options; each model then reads them as the program cuts them out. FER2013's own pictures are 48
pixels wide, so that larger faces here are blurred, not finer, and a real photo may do better. Bars are 95 % intervals.
A model is trusted from the size on at which it loses at most {100 * MARGIN:.0f} answers of 100 against the same faces
in FER2013's own pictures (thin dotted lines: its accuracy there on all {{n:,}} faces). That is the estimate: where its
interval, last in the table above, reaches beyond {100 * MARGIN:.0f} points, the next size is the safe one."""
MISSED = """Detection tends to miss turned, covered and drawn faces. What a model makes of the missed ones in FER2013's
own pictures is in the table of the chart above, as accuracy on missed."""
RULES = """How a face is cut out of the photo, learned from {learned:,} Training faces of FER2013 and compared on {n:,}
PublicTest faces of {side} pixels. Overlap is with the frame that FER2013's makers cut. The program cuts by
**{used}**."""
ON_ALL = "Accuracy on FER2013's own pictures of all faces, found or not"
ON_FOUND = "Accuracy on the faces that detection finds at this size"
GAINS = "Differences are in points of accuracy, with their 95 % intervals."
NO_GAINS = f"No accuracies: every model that was asked has been trained anew since. `{RULE_COMMAND}` asks again."

AT_FIRST = 6
"""More curves with their intervals than these hide one another."""
SHOWN, WIDTH = 24, 76
"""Faces that are too small and shown at once, and how wide each is drawn."""


def model_choice(studies: Mapping[str, Study], cards: Mapping[str, ModelCard]) -> list[str]:
    """The ids of the models to draw, at first all, or of many the most accurate; the choice lives in the URL."""
    named = {id: cards[id].title for id in studies}
    usual = cache.most_accurate({id: cards[id].labels for id in studies}, AT_FIRST)
    return ui_url.some(st.pills, "Drawn together", named, "models", usual, selection_mode="multi")


def counted() -> str:
    """What accuracy is counted of, a key of `COUNTED`; lives in the URL."""
    said = "Of all faces: one that detection missed is a wrong answer."
    shown = {key: of[0].upper() + of[1:] for key, of in COUNTED.items()}
    return ui_url.one(st.segmented_control, "Accuracy", shown, "of", "found", help=said) or "found"


def empty() -> None:
    """Draws what to do where no model has a study."""
    st.info("No model was asked about small faces yet. With FER2013 at hand, this takes some minutes:",
            icon=":material/photo_size_select_small:")  # fmt: skip
    st.code(COMMAND, language="bash")


def lacking(problems: Mapping[str, str], titles: Mapping[str, str]) -> None:
    """Draws which models have no study, and the command that makes it."""
    if problems:
        st.caption(f"Not asked yet: {', '.join(titles.get(id, id) for id in problems)}. `{COMMAND}` asks them.")


def verdict_table(table: pd.DataFrame) -> None:
    """Draws from which size on each model is to be trusted, with the download."""
    percent = {
        name: st.column_config.NumberColumn(name, format="%.1f %%", help=ON_FOUND if name.endswith("px") else ON_ALL)
        for name in table.columns[2:] if name != LOST
    }  # fmt: skip
    percent |= {
        "model": st.column_config.TextColumn(width=205),
        table.columns[1]: st.column_config.NumberColumn(width=130),
        LOST: st.column_config.TextColumn(help="Points of accuracy at that size, with the 95 % interval"),
    }
    alt = "A row a model: the smallest size to be trusted, and accuracy by size"
    st.dataframe(table, hide_index=True, column_config=percent, alt=alt, placeholder="no size", height="content")
    charts.download(table, "face-size-verdicts")


def fewer_labels(studies: Mapping[str, Study], cards: Mapping[str, ModelCard], titles: Mapping[str, str]) -> None:
    """Says which models know fewer than seven labels, and so are judged on fewer faces."""
    for id, study in studies.items():
        if len(cards[id].labels) < len(EMOTIONS):
            st.caption(narrower(titles[id], cards[id].labels, f"figures are on the {study.n:,} faces"))


def rules_table(table: pd.DataFrame) -> None:
    """Draws the comparison of crop rules, with its download."""
    config = {name: st.column_config.NumberColumn(name, format="%.3f") for name in table.columns[1:3]}
    config |= {name: st.column_config.NumberColumn(name, format="%.1f") for name in table.columns if name.endswith("%")}
    st.dataframe(table, hide_index=True, column_config=config, alt="A row a crop rule: its errors and accuracies")
    st.caption(GAINS if any(name.endswith("%") for name in table.columns) else NO_GAINS)
    charts.download(table, "crop-rules")


def warning(one: AnsweredFace, titles: Mapping[str, str]) -> None:
    """Warns where a face is too small for one of these models; nothing where it is not."""
    studies = {id: study for id, study in cache.face_sizes().items() if id in titles}
    said = trust(size_of(one.collected.face), studies).warning
    if said:
        st.warning(said, icon=":material/photo_size_select_small:")


def warnings(found: Sequence[AnsweredFace], titles: Mapping[str, str]) -> None:
    """Warns how many of these faces are too small for one of these models, with the way to the page that says more."""
    studies = {id: study for id, study in cache.face_sizes().items() if id in titles}
    small = collection_facts.too_small(found, studies)
    if not small or len(found) < 2:
        return
    smallest = small[0][1].pixels
    of = f"{len(small):,} of {words.counted(len(found), 'face')} {'is' if len(small) == 1 else 'are'} too small"
    st.warning(f"{of} to be trusted by at least one model; the smallest has {smallest:.0f} pixels.",
               icon=":material/photo_size_select_small:")  # fmt: skip
    if st.button("Which, and from which size on", type="tertiary", icon=":material/arrow_forward:"):
        st.switch_page(VIEWS / "face_size.py", query_params=ui_work.address())


def own_faces(collection: Collection, studies: Mapping[str, Study], titles: Mapping[str, str]) -> None:
    """Draws which faces of the user's photos are too small for which model."""
    faces = answered(collection, [])
    small = collection_facts.too_small(faces, studies)
    name = looks.verbatim(collection.name)
    st.subheader("Your photos")
    if not small:
        st.success(f"No face of {len(faces):,} in “{name}” is too small for any model that was asked.",
                   icon=":material/task_alt:")  # fmt: skip
        return
    of = f"{len(small):,} of {words.counted(len(faces), 'face')} in “{name}”"
    st.warning(f"{of} {'is' if len(small) == 1 else 'are'} too small for at least one model: do not trust its answer "
               "there.", icon=":material/photo_size_select_small:")  # fmt: skip
    table = collection_facts.small_table(small, studies, titles)
    st.dataframe(table, hide_index=True, placeholder="no size", alt="How many faces are too small for each model")
    with st.container(horizontal=True, gap="small"):
        for one, judged in small[:SHOWN]:
            _small(one, judged)
    if len(small) > SHOWN:
        st.caption(f"The {SHOWN} smallest of {len(small):,}. All sizes are in the table on the page Photos.")


def _small(one: AnsweredFace, judged: Trust) -> None:
    where = f"{one.photo.number}.{one.collected.number}"
    with st.container(width=WIDTH + 8, gap="xsmall"):
        st.image(cache.thumbnail(one.collected, WIDTH), width=WIDTH, alt=f"Face {where}, {judged.pixels:.0f} pixels")
        st.caption(f"{where}: {judged.pixels:.0f} px")
