"""What leaves a collection: rows for CSV and JSON, annotated photos, crops in folders; faces blurred where asked for.

`COLUMNS` says what the columns of the CSV of faces mean, one row a face, in their order.
"""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from io import BytesIO, StringIO
from typing import Any, Literal

import numpy as np
from PIL import Image

from fer_core.collection import CollectedPhoto, Collection, LedgerRow, ModelAnswers
from fer_core.collection_answers import AnsweredFace, answered
from fer_core.detection import DetectionOptions
from fer_core.photos import MAX_SIDE
from fer_core.reading import draw_boxes, spreadsheet_safe, table_rows
from fer_core.types import EMOTIONS, Box, Uint8

Row = dict[str, str | int | float]
COLUMNS: Mapping[str, str] = {
    "photo": "the file's number in the ledger, from 1",
    "file": "the file's name; a leading quote keeps a spreadsheet from taking it for a formula",
    "face": "the face's number in its photo, from 1 in reading order",
    "x1": f"left edge of its box, in pixels of the upright photo as it was searched: reduced to {MAX_SIDE:,} pixels "
    "on its longer side where it has more, which the ledger says",
    "y1": "upper edge",
    "x2": "right edge",
    "y2": "lower edge",
    "detection_confidence": "the detector's, 0 to 1; 1 for a drawn face",
    "agreement": "yes or no: whether all models give the same label; blank where fewer than two were asked",
    "origin": "detected or drawn",
    "label": "the expression that the person posed, where somebody said so",
    "sha256": "of the photo's file",
    "settings": "12 characters that are equal where models, weights and detection options are",
}
"""What each column of the CSV of faces means; names and order stay. Then come `MODEL_COLUMNS` for each model's id."""
MODEL_COLUMNS: Mapping[str, str] = {
    "MODEL:label": "the model's answer",
    f"MODEL:{EMOTIONS[0]} to MODEL:{EMOTIONS[-1]}": f"the probability of each of {', '.join(EMOTIONS)}, 0 to 1 to six "
    "places; blank where the model does not know the label",
}
FACE_COLUMNS = tuple(COLUMNS)
LEDGER_COLUMNS = ("number", "file", "outcome", "faces", "reason", "sha256", "settings")
BLUR_CELLS = 4
"""A blurred face is left with so many flat squares across: too few for eyes, nose and mouth to be told."""
BLUR_MARGIN = 0.2
"""How far beyond the box blurring goes, as a share of its sides: hair and chin tell a person too."""


def columns(ids: Sequence[str]) -> list[str]:
    """The CSV's columns for these models, in their order."""
    return [*FACE_COLUMNS, *(f"{id}:{name}" for id in ids for name in ("label", *EMOTIONS))]


def settings(options: DetectionOptions, models: Iterable[tuple[str, str, float | None]]) -> str:
    """12 characters that are equal where options and models are, given as (id, sha256 of the weights, temperature)."""
    said = json.dumps([asdict(options), sorted(models)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def settings_of(collection: Collection, ids: Sequence[str]) -> str:
    """The same for a collection's own options and its answers of these models."""
    made = collection.answers
    models = [(id, made[id].weights_sha256, made[id].temperature) for id in ids if id in made]
    return settings(collection.options, models)


def rows(collection: Collection, ids: Sequence[str]) -> Iterator[Row]:
    """One row a face with the columns of `columns`, for the models of these ids."""
    same = settings_of(collection, ids)
    for one in answered(collection, ids):
        yield face_row(one, same)


def face_row(one: AnsweredFace, same: str, number: int | None = None) -> Row:
    """The row of one face; `number` is its photo's, where not the collection's own."""
    (row,) = table_rows(number or one.photo.number, one.photo.name, [one.answers])
    own: Row = {"origin": one.collected.found.origin, "label": one.collected.label or "",
                "sha256": one.photo.sha256, "settings": same}  # fmt: skip
    head = {key: row.pop(key) for key in FACE_COLUMNS if key in row}
    return head | own | row


def csv_bytes(given: Iterable[Mapping[str, object]], names: Sequence[str]) -> bytes:
    """A table as CSV, UTF-8 with the mark that spreadsheets look for; what a row lacks is blank."""
    text = StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(given)
    return text.getvalue().encode("utf-8-sig")


def faces_csv(collection: Collection, ids: Sequence[str]) -> bytes:
    """All faces with all answers as CSV; see the module's head for its columns."""
    return csv_bytes(rows(collection, ids), columns(ids))


def ledger_csv(ledger: Iterable[LedgerRow], same: str = "") -> bytes:
    """One row for every input file as CSV."""
    return csv_bytes((ledger_fields(row, same) for row in ledger), LEDGER_COLUMNS)


def ledger_fields(row: LedgerRow, same: str = "") -> dict[str, str | int]:
    """A row of the ledger by column."""
    return asdict(row) | {"file": spreadsheet_safe(row.file), "reason": spreadsheet_safe(row.reason), "settings": same}


def faces_json(collection: Collection, ids: Sequence[str]) -> bytes:
    """The same rows as JSON, numbers in full, with the models, the options and the ledger beside them."""
    content = {
        "name": collection.name,
        "settings": settings_of(collection, ids),
        "options": asdict(collection.options),
        "models": [_model(collection.answers[id]) for id in ids if id in collection.answers],
        "faces": [_full(one) for one in answered(collection, ids)],
        "ledger": [asdict(row) for row in collection.told_ledger],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False).encode()


def _model(made: ModelAnswers) -> dict[str, Any]:
    return {"id": made.id, "title": made.title, "weights_sha256": made.weights_sha256, "labels": made.labels,
            "calibrated": made.calibrated, "temperature": made.temperature}  # fmt: skip


def _full(one: AnsweredFace) -> dict[str, Any]:
    face = one.collected.face
    return {
        "photo": one.photo.number, "file": one.photo.name, "sha256": one.photo.sha256, "face": one.collected.number,
        "box": face.box, "detection_confidence": face.confidence, "landmarks": face.landmarks.tolist(),
        "origin": one.collected.found.origin, "label": one.collected.label,
        "agreement": one.answers.agreement, "disagreement": one.disagreement,
        "answers": {
            id: {"label": p.label, "probabilities": dict(zip(p.labels, p.probabilities.tolist(), strict=True))}
            for id, p in one.predictions.items()
        },
    }  # fmt: skip


def blurred(pixels: Uint8) -> Uint8:
    """A picture uint8 (H, W, 3) as `BLUR_CELLS` flat squares across, from means: what was in it cannot be had back."""
    height, width = pixels.shape[:2]
    small = (BLUR_CELLS, max(1, min(2 * BLUR_CELLS, round(BLUR_CELLS * height / width))))
    cells = Image.fromarray(pixels).resize(small, Image.Resampling.BOX)
    return np.asarray(cells.resize((width, height), Image.Resampling.NEAREST))


def with_blurred(image: Uint8, boxes: Iterable[Box], scale: float) -> Uint8:
    """A copy of a picture uint8 (H, W, 3), `scale` times the photo, in which these boxes of the photo are blurred."""
    out = image.copy()
    for x1, y1, x2, y2 in boxes:
        dx, dy = BLUR_MARGIN * (x2 - x1), BLUR_MARGIN * (y2 - y1)
        left, top = max(0, int(scale * (x1 - dx))), max(0, int(scale * (y1 - dy)))
        right, bottom = int(np.ceil(scale * (x2 + dx))), int(np.ceil(scale * (y2 + dy)))
        area = out[top:bottom, left:right]
        if area.size:
            area[:] = blurred(area)
    return out


def annotated_jpeg(collection: Collection, photo: CollectedPhoto, blur: bool = False, landmarks: bool = False) -> bytes:
    """The photo with its faces boxed and numbered, as JPEG; every place ever boxed is blurred where asked for.

    With `landmarks`, the five points of each face and the detector's confidence are drawn too.

    CollectionError where the photo is not there; empty bytes where no picture of it is kept.
    """
    faces = collection.faces_of(photo.sha256)
    if photo.preview_jpeg is None:
        return b""
    with Image.open(BytesIO(photo.preview_jpeg)) as preview:
        image = np.array(preview.convert("RGB"))
    if blur:
        image = with_blurred(image, {*photo.places, *(face.face.box for face in faces)}, photo.scale)
    marks = [face.face.landmarks * photo.scale for face in faces] if landmarks else []
    sure = [f"{face.face.confidence:.3f}" if face.found.origin == "detected" else "drawn" for face in faces]
    return jpeg(draw_boxes(image, [face.face.box for face in faces], photo.scale, marks, sure if landmarks else []))


def jpeg(pixels: Uint8, quality: int = 90) -> bytes:
    """A picture as JPEG, with nothing in it but the pixels."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def png(pixels: Uint8) -> bytes:
    """A picture as PNG, pixel by pixel."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def photos_zip(collection: Collection, blur: bool = False) -> bytes:
    """A ZIP of all annotated photos that are kept."""
    made = ((f"{photo.number:04}.jpg", annotated_jpeg(collection, photo, blur)) for photo in collection.shown)
    return zipped((name, data) for name, data in made if data)


def crops_zip(collection: Collection, by: Literal["label"] | str, blur: bool = False) -> bytes:
    """A ZIP of all crops in one folder an emotion: the true one ("label") or what a model, by id, says.

    Faces without it are in "unlabelled". Names say photo and face by number only.
    """
    return zipped(_crops(collection, by, blur))


def _crops(collection: Collection, by: str, blur: bool) -> Iterator[tuple[str, bytes]]:
    for one in answered(collection, [by]):
        said = one.predictions[by].label if by in one.predictions else None
        folder = (one.collected.label if by == "label" else said) or "unlabelled"
        crop = one.collected.face.crop
        yield f"{folder}/{one.photo.number:04}-{one.collected.number:03}.png", png(blurred(crop) if blur else crop)


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP of these files, stored as they are: pictures do not get smaller."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()
