"""From a photo's bytes to every model's answer for every face, and to the rows of a table of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fer_core.detection import DetectionOptions, Detector
from fer_core.photos import read_photo
from fer_core.spreadsheets import guarded
from fer_core.types import EMOTIONS, Box, Face, Float32, Prediction, Uint8

PREVIEW_SIDE = 1400
"""Longer side, in pixels, of the picture kept for drawing on; the photo itself is let go once its faces are cut."""
BOX_COLOURS = ((255, 255, 255), (76, 63, 177))
"""Inner line and surround of a box: seen on light and on dark photos alike."""
BARE_COLOUR = (255, 176, 32)
"""Of boxes without numbers, hundreds of which may lie over each other."""


@dataclass(frozen=True, eq=False)
class PhotoReading:
    """What is in one photo of `width` x `height` pixels.

    `preview_jpeg` is the upright photo made `scale` times as large and compressed, some hundred kilobytes, so that a
    session can keep hundreds of readings.
    """

    sha256: str
    width: int
    height: int
    notes: tuple[str, ...]
    faces: tuple[Face, ...]
    preview_jpeg: bytes
    scale: float

    @property
    def preview(self) -> Uint8:
        """The picture to draw on, uint8 RGB."""
        return np.array(Image.open(BytesIO(self.preview_jpeg)))


@dataclass(frozen=True)
class FaceAnswers:
    """One face, numbered from 1 in its photo, with each model's prediction by model id."""

    number: int
    face: Face
    predictions: Mapping[str, Prediction]

    @property
    def agreement(self) -> bool | None:
        """Whether all models give the same label; None where fewer than two were asked."""
        if len(self.predictions) < 2:
            return None
        return len({p.label for p in self.predictions.values()}) == 1


def read_faces(data: bytes, detector: Detector, options: DetectionOptions) -> PhotoReading:
    """The faces in one photo file; photos.PhotoError, in the user's words, where it cannot be read."""
    photo = read_photo(data)
    height, width = photo.image.shape[:2]
    scale = min(1.0, PREVIEW_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    preview = BytesIO()
    # a large photo is halved by averages first: less than half the time, the same to the eye in a preview
    small = Image.fromarray(photo.image).resize(size, Image.Resampling.LANCZOS, reducing_gap=1.3)
    small.save(preview, "JPEG", quality=92)
    faces = tuple(detector.detect(photo.image, options))
    return PhotoReading(photo.sha256, width, height, photo.notes, faces, preview.getvalue(), scale)


def annotated(reading: PhotoReading) -> Uint8:
    """The preview with each face boxed and numbered: uint8 RGB of the preview's size."""
    return draw_boxes(reading.preview, [face.box for face in reading.faces], reading.scale)


def draw_boxes(
    picture: Uint8,
    boxes: Sequence[Box],
    scale: float,
    landmarks: Sequence[Float32] = (),
    words: Sequence[str] = (),
    numbered: bool = True,
) -> Uint8:
    """A copy of a picture uint8 RGB (H, W, 3), `scale` times the photo, with the photo's boxes drawn.

    Numbered from 1, or thin and bare; `landmarks` are points (N, 2) in pixels of the picture, a set a face; `words`
    stand under each box.
    """
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    for number, box in enumerate(boxes, start=1):
        if numbered:
            _draw_face(draw, image.size, number, tuple(v * scale for v in box))
        else:
            draw.rectangle([v * scale for v in box], outline=BARE_COLOUR, width=max(2, round(max(image.size) / 350)))
    for said, (x1, _, x2, y2) in zip(words, boxes, strict=False):
        letters = ImageFont.load_default(size=float(np.clip(scale * (x2 - x1) / 5, 11, 22)))
        draw.text(
            (scale * x1, scale * y2 + 2), said, BOX_COLOURS[0], letters, stroke_width=2, stroke_fill=BOX_COLOURS[1]
        )
    radius = max(2.0, max(image.size) / 500)
    for x, y in (point for points in landmarks for point in points.tolist()):
        draw.circle((x, y), radius, fill=BOX_COLOURS[0], outline=BOX_COLOURS[1])
    return np.asarray(image)


def _draw_face(draw: ImageDraw.ImageDraw, size: tuple[int, int], number: int, box: Sequence[float]) -> None:
    inner, surround = BOX_COLOURS
    line = max(2, round(max(size) / 500))
    draw.rectangle(
        [v + d for v, d in zip(box, (-line, -line, line, line), strict=True)], outline=surround, width=3 * line
    )
    draw.rectangle(list(box), outline=inner, width=line)
    letters = ImageFont.load_default(size=float(np.clip((box[2] - box[0]) / 2.6, 13, 34)))
    left, top, right, bottom = draw.textbbox((0, 0), str(number), font=letters)
    wide, high = right - left + 8, bottom - top + 8
    # the number stands above its box where there is room, else inside its top edge
    x, y = min(max(box[0] - line, 0), size[0] - wide), box[1] - high - line
    y = y if y >= 0 else box[1]
    draw.rectangle([x, y, x + wide, y + high], fill=surround)
    draw.text((x + 4 - left, y + 4 - top), str(number), font=letters, fill=inner)


def answers(
    faces: Sequence[Face], probabilities: Mapping[str, tuple[tuple[str, ...], np.ndarray]]
) -> list[FaceAnswers]:
    """Faces joined with `probabilities`, which give for each model id its labels and float32 (N, K) for the N faces."""
    return [
        FaceAnswers(i + 1, face, {id: Prediction(id, labels, p[i]) for id, (labels, p) in probabilities.items()})
        for i, face in enumerate(faces)
    ]


def table_rows(photo: int, file: str, found: Sequence[FaceAnswers]) -> Iterator[dict[str, str | int | float]]:
    """One row a face for CSV: photo, file, face, box in pixels of the upright photo, detection, agreement.

    Then for each model its answer and the probability of each of its labels; an emotion that it does not know is blank.
    """
    for one in found:
        x1, y1, x2, y2 = (round(v, 1) for v in one.face.box)
        row: dict[str, str | int | float] = {
            "photo": photo, "file": spreadsheet_safe(file), "face": one.number, "x1": x1, "y1": y1, "x2": x2, "y2": y2,
            "detection_confidence": round(one.face.confidence, 4),
            "agreement": {None: "", True: "yes", False: "no"}[one.agreement],
        }  # fmt: skip
        for id, prediction in one.predictions.items():
            known = dict(zip(prediction.labels, prediction.probabilities.tolist(), strict=True))
            row[f"{id}:label"] = prediction.label
            row |= {f"{id}:{emotion}": round(known[emotion], 6) if emotion in known else "" for emotion in EMOTIONS}
        yield row


def spreadsheet_safe(text: str) -> str:
    """The text with a quote where a spreadsheet would take it for a formula, and without control characters."""
    return guarded("".join(c for c in text if c.isprintable()))
