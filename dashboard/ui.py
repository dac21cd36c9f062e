"""Widgets in, plain values out: what the Photos page and others are made of."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pandas as pd
import streamlit as st
from PIL import Image

from dashboard import cache, charts, figures_confusion
from dashboard.confusion_data import occurrences_of
from fer_core.detection import DetectionOptions
from fer_core.photos import PhotoError
from fer_core.reading import FaceAnswers, PhotoReading, table_rows
from fer_core.types import EMOTIONS, ModelCard, Uint8

EXAMPLE = "astronaut.png (example)"
WEIGHTS_WORDS = {"random": "from scratch", "imagenet": "ImageNet, fine-tuned", "teacher": "taught by other models"}
TRAIN = "uv run python -m trainers train keras-native --data fer2013.csv"


@dataclass(frozen=True, eq=False)
class PhotoFile:
    """One file that the user gave: its number from 1, its name for showing only, and what was read from it."""

    number: int
    name: str
    reading: PhotoReading | None
    problem: str = ""
    same_as: int | None = None

    @property
    def found(self) -> PhotoReading:
        """The reading of a file that could be read; ValueError for one that could not."""
        if self.reading is None:
            raise ValueError(f"Expected a photo that could be read, got one with a problem: {self.problem}")
        return self.reading

    @property
    def outcome(self) -> str:
        """What happened to the file, in a few words for the user."""
        if self.reading is None:
            return self.problem
        if self.same_as is not None:
            return f"The same picture as no. {self.same_as}; its faces are counted once."
        n = len(self.reading.faces)
        if n == 0:
            return "No face found. Try a smaller minimum face or a lower confidence."
        return "; ".join([f"{n} face{'s' if n > 1 else ''}", *self.reading.notes])


def uploads() -> tuple[list[tuple[str, str, bytes]], bool]:
    """The user's files as (key, name, bytes), or the example photo where there are none; whether it is the example."""
    files = st.file_uploader(
        "Photos with faces",
        accept_multiple_files=True,
        help="JPEG, PNG, WebP, HEIC from a phone and more, up to 50 MB each. They stay in this computer's memory.",
    )
    if files:
        return [(file.file_id, file.name, file.getvalue()) for file in files], False
    return [("example", EXAMPLE, cache.example_photo())], True


def detection_options() -> DetectionOptions:
    """What the user wants of the detector."""
    usual = DetectionOptions()
    smallest = st.slider(
        "Smallest face, about, in pixels", 20, 200, usual.minimum_face, 5, key="face", bind="query-params",
        help="Smaller faces are not looked for. Larger is faster.",
    )  # fmt: skip
    confidence = st.slider(
        "Detector's confidence", 0.50, 0.99, usual.confidence, 0.01, key="sure", bind="query-params",
        help="Raise it if things that are no faces are boxed, lower it if faces are missed.",
    )  # fmt: skip
    return DetectionOptions(minimum_face=smallest, confidence=confidence)


def model_choice(cards: Sequence[ModelCard]) -> list[ModelCard]:
    """The models that the user wants to hear; all at first."""
    titles = {card.id: card.title for card in cards}
    chosen = st.pills(
        "Models", list(titles), selection_mode="multi", default=list(titles), format_func=titles.__getitem__,
        key="models", bind="query-params",
    )  # fmt: skip
    return [card for card in cards if card.id in chosen]


def read_all(files: Sequence[tuple[str, str, bytes]], options: DetectionOptions) -> list[PhotoFile]:
    """Every file with its faces or its problem, in order; shows progress while it works."""
    bar = st.progress(0.0, "Looking for faces …")
    seen: dict[str, int] = {}
    results = []
    for number, (key, name, data) in enumerate(files, start=1):
        found = cache.reading(key, options, data)
        if isinstance(found, PhotoError):
            results.append(PhotoFile(number, name, None, str(found)))
        else:
            first = seen.setdefault(found.sha256, number)
            results.append(PhotoFile(number, name, found, same_as=first if first != number else None))
        bar.progress(number / len(files), f"Looking for faces: photo {number} of {len(files)}")
    bar.empty()
    return results


def ledger(files: Sequence[PhotoFile]) -> None:
    """Draws one row for every file that came in, with what became of it."""
    rows = pd.DataFrame([{"no.": f.number, "file": f.name, "what happened": f.outcome} for f in files])
    columns = {
        "no.": st.column_config.NumberColumn(width=50),
        "what happened": st.column_config.TextColumn(width="large"),
    }
    st.dataframe(rows, hide_index=True, column_config=columns, alt="One row for every file, with what became of it")


def photo_choice(files: Sequence[PhotoFile]) -> PhotoFile:
    """The photo to look at, among those with a picture."""
    if len(files) == 1:
        return files[0]
    return st.selectbox("Photo", files, format_func=lambda f: f"{f.number} · {f.name} · {f.outcome}")


def answers_table(answers: Sequence[FaceAnswers], cards: Sequence[ModelCard]) -> None:
    """Draws the side-by-side table: a row a face; for each model its answer and its probabilities as bars."""
    columns: dict[str, Any] = {
        "face": st.column_config.NumberColumn("Face", width=50, pinned=True),
        "crop": st.column_config.ImageColumn("Crop", width=76, pinned=True),
        "models": st.column_config.TextColumn("Models", width=80, help="Whether all models give the same label"),
    }
    for card in cards:
        columns[f"{card.title}: all"] = st.column_config.BarChartColumn(
            f"{card.labels[0]} … {card.labels[-1]}", y_min=0, y_max=1, width="medium",
            help=f"{card.title}, 0 to 1: {', '.join(card.labels)}",
        )  # fmt: skip
    rows = pd.DataFrame([_row(one, cards) for one in answers])
    spoken = f"{len(answers)} faces with the answers of {', '.join(card.title for card in cards)}"
    st.dataframe(rows, column_config=columns, hide_index=True, row_height=68, height="content", alt=spoken)


def _row(one: FaceAnswers, cards: Sequence[ModelCard]) -> dict[str, object]:
    row: dict[str, object] = {"face": one.number, "crop": data_uri(one.face.crop)}
    if one.agreement is not None:
        row["models"] = "agree" if one.agreement else "differ"
    for card in cards:
        prediction = one.predictions[card.id]
        row[card.title] = f"{prediction.label} {prediction.confidence:.0%}"
        row[f"{card.title}: all"] = [round(float(p), 3) for p in prediction.probabilities]
    return row


def face_heading(one: FaceAnswers, titles: Mapping[str, str]) -> None:
    """Draws a face as it was cut out, and each model's answer in words beside it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(one.face.crop, width=96, alt=f"Face {one.number} as it was cut out")
        said = [f"{titles[id]}: **{p.label}** {p.confidence:.0%}" for id, p in one.predictions.items()]
        st.markdown("  \n".join([f"**Face {one.number}**" + " · the models differ" * (one.agreement is False), *said]))


def numbers_table(answers: Sequence[FaceAnswers], titles: Mapping[str, str]) -> None:
    """Draws every probability as a number: a row for each face and model."""
    rows = [
        {"face": one.number, "model": titles[id], "answer": p.label}
        | {e: round(100 * float(p.probabilities[p.labels.index(e)]), 1) if e in p.labels else None for e in EMOTIONS}
        for one in answers
        for id, p in one.predictions.items()
    ]
    percent = {
        e: st.column_config.ProgressColumn(e, format="%.1f %%", min_value=0, max_value=100, width="small")
        for e in EMOTIONS
    }
    st.dataframe(pd.DataFrame(rows), column_config=percent, hide_index=True, alt="Every probability in percent")


def label_counts(found: Sequence[FaceAnswers], photos: int, titles: Mapping[str, str]) -> None:
    """Draws how often each model gave each label, over all photos."""
    of = f"{len(found)} faces" + f" in {photos} photos" * (photos > 1)
    st.subheader(f"How often each label, {of}")
    counts = occurrences_of({id: [one.predictions[id].label for one in found] for id in titles})
    table = counts.rename(columns=titles).rename_axis("label").reset_index()
    charts.chart(
        figures_confusion.occurrence_bars(counts, titles, share=False), table, "label-counts",
        f"How often each label was given to {of} by {', '.join(titles.values())}",
    )  # fmt: skip


def csv_bytes(photos: Iterable[tuple[PhotoFile, list[FaceAnswers]]]) -> bytes:
    """All answers as CSV, a row a face, UTF-8 with the mark that spreadsheets look for."""
    rows = [row for file, answers in photos for row in table_rows(file.number, file.name, answers)]
    return pd.DataFrame(rows).to_csv(index=False).encode("utf-8-sig")


def no_models() -> None:
    """Draws what to do where no model can be asked."""
    if cache.cards()[0]:
        st.info("Choose at least one model above.", icon=":material/tune:")
    else:
        st.info("No trained model is here yet. Train one with:", icon=":material/model_training:")
        st.code(TRAIN, language="bash")


def data_uri(image: Uint8) -> str:
    """The picture as a JPEG data URI, for tables: nothing is written to disk or fetched."""
    buffer = BytesIO()
    Image.fromarray(image).resize((96, 96), Image.Resampling.BILINEAR).save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
