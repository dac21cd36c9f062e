"""The manifest of a saved collection: what `collection.json` holds, checked field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from fer_core.detection import DetectionOptions
from fer_core.types import EMOTIONS

FORMAT = "seven-faces-collection"
VERSION = 2
"""As `Manifest` has them, where a literal type wants literals. Version 1 had no temperatures."""

Emotion = Literal["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{16}-[1-9][0-9]{0,5}$")]
Text = Annotated[str, Field(max_length=1000)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Edges = tuple[float, float, float, float]
Point = tuple[float, float]

assert Emotion.__args__ == EMOTIONS  # type: ignore[attr-defined]


class Part(BaseModel):
    """What all parts have in common: no other fields, no other types, no NaN, no infinity."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class Head(BaseModel):
    """What tells what a manifest is, before anything else is looked at."""

    model_config = ConfigDict(strict=True, extra="ignore")
    format: str
    version: int


class FacePart(Part):
    """A face; its crop is the member `crops/<key>.png`."""

    key: Key
    box: Edges
    confidence: Share
    landmarks: Annotated[list[Point], Field(max_length=5)]
    origin: Literal["detected", "drawn"]


class PhotoPart(Part):
    """A photo; with `pictures`, the members `originals/<sha256>` and `previews/<sha256>.jpg` are there."""

    number: Count
    name: Text
    sha256: Sha256
    width: Annotated[int, Field(ge=1, le=100_000)]
    height: Annotated[int, Field(ge=1, le=100_000)]
    notes: list[Text]
    found: list[FacePart]
    places: list[Edges]
    scale: Annotated[float, Field(gt=0, le=1)]
    pictures: bool
    label: Emotion | None


class RowPart(Part):
    """A row of the ledger."""

    number: Count
    file: Text
    outcome: Literal["read", "no face", "same", "skipped", "failed"]
    faces: Count
    reason: Text
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class AnswersPart(Part):
    """One model's answers, by the digest of the crop."""

    id: Annotated[str, Field(max_length=100, pattern=r"^\w[\w .+-]*$")]  # heads of columns: never a formula
    title: Text
    weights_sha256: Text
    labels: Annotated[list[Emotion], Field(min_length=2)]
    calibrated: bool
    temperature: Annotated[float, Field(gt=0)] | None = None
    probabilities: dict[Sha256, list[Share]]


class Manifest(Part):
    """All of `collection.json`. `labels` are those of single faces, `deleted` the keys that stay away."""

    format: Literal["seven-faces-collection"] = "seven-faces-collection"
    version: Literal[1, 2] = 2
    name: Annotated[str, Field(min_length=1, max_length=80)]
    options: DetectionOptions
    photos: list[PhotoPart]
    ledger: list[RowPart]
    deleted: list[Key]
    labels: dict[Key, Emotion | None]
    answers: list[AnswersPart]
