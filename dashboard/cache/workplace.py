"""The collections that users work on, kept in the server's memory so that a reload of the page loses nothing.

A work is found by an unguessable id in the URL, and forgotten some hours after its last use or when the server stops.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import streamlit as st
from PIL import Image

from dashboard.cache.models import alive, cards, is_compiled, predictor, queue
from dashboard.cache.photos import detector, example_photo
from fer_core import exports
from fer_core.artifacts import ArtifactError
from fer_core.collection import CollectedFace, CollectedPhoto, Collection
from fer_core.collection_add import add_one, read_input, reader
from fer_core.collection_answers import answer, evaluation, joining, labelled, members_first
from fer_core.detection import DEFAULT_OPTIONS, DetectionOptions
from fer_core.metrics import EvaluationReport
from fer_core.photo_sources import Input
from fer_core.photos import read_photo
from fer_core.reading import draw_boxes
from fer_core.types import Box, Float32, ModelCard, Uint8

HOURS = 12
MOST = 40
"""Works kept at once; the one that nobody used for longest goes first."""
EXAMPLE = "astronaut.png (example)"
"""The name of the example photo in its ledger."""


@dataclass
class Works:
    """Collections by id, with the time of their last use in seconds; safe to use from several threads."""

    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, tuple[float, Collection]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, id: str) -> Collection | None:
        """The collection of that id; None where there never was one, or it was forgotten."""
        with self._lock:
            self._forget()
            if id not in self._kept:
                return None
            self._kept[id] = (self.clock(), self._kept[id][1])
            return self._kept[id][1]

    def put(self, id: str, collection: Collection) -> None:
        """Nothing comes back; the id stands for this collection from now on."""
        with self._lock:
            self._kept[id] = (self.clock(), collection)
            self._forget()

    def swap(self, id: str, old: Collection, new: Collection) -> bool:
        """Whether the id stood for `old`, and stands for `new` from now on: else somebody changed it meanwhile."""
        with self._lock:
            self._forget()
            same = id in self._kept and self._kept[id][1] is old
            if same:
                self._kept[id] = (self.clock(), new)
            return same

    def _forget(self) -> None:
        oldest = self.clock() - HOURS * 3600
        by_use = sorted(self._kept, key=lambda kept: -self._kept[kept][0])
        for id in [id for n, id in enumerate(by_use) if n >= MOST or self._kept[id][0] < oldest]:
            del self._kept[id]


def new_work_id() -> str:
    """An id that nobody guesses, 128 bits."""
    return secrets.token_urlsafe(16)


@st.cache_resource(show_spinner=False)
def works() -> Works:
    """The works of all users."""
    return Works()


def example_work() -> Collection:
    """The collection of the example photo, for those who added none yet."""
    return _example(DEFAULT_OPTIONS)


@st.cache_resource(show_spinner=False, max_entries=2)
def _example(options: DetectionOptions) -> Collection:
    one = read_input(Input(EXAMPLE, example_photo()), reader(detector()), options)
    return add_one(Collection("Example", options), one)


def read_by(collection: Collection, card: ModelCard) -> Collection:
    """The collection with this model's answers to all faces; itself where it has them; `members_first` is quickest."""
    line, members = queue(card.id, card.weights_sha256), card.recipe.get("members", ())
    known = {one.id: one for one in cards()[0]} if members else {}
    of, one = [known[id] for id in members if id in known], predictor(card.id, card.weights_sha256)
    return answer(collection, card, joining(collection, of, one, lambda crops: line.ask(crops, alive())))


def ready() -> None:
    """Nothing comes back; the detector and every compiled model have read the example photo, before anybody waits.

    A model that cannot be loaded is passed over: the page that asks it says why.
    """
    collection = example_work()
    for card in members_first(cards()[0]):
        if is_compiled(card.id):
            with suppress(ArtifactError, OSError, ValueError, RuntimeError):
                collection = read_by(collection, card)


def evaluations(collection: Collection, ids: Sequence[str]) -> dict[str, EvaluationReport]:
    """The evaluation on the labelled faces of each of these models that knows a label of them."""
    said = hashlib.sha256("".join(f"{face.found.digest}{face.label}" for face in labelled(collection)).encode())
    asked = tuple((id, collection.answers[id].weights_sha256) for id in ids if id in collection.answers)
    return _evaluations(said.hexdigest(), asked, collection)


@st.cache_resource(show_spinner=False, max_entries=20, scope="session")
def _evaluations(
    labels: str, asked: tuple[tuple[str, str], ...], _collection: Collection
) -> dict[str, EvaluationReport]:
    found = {id: evaluation(_collection, id) for id, _ in asked}
    return {id: report for id, report in found.items() if report is not None}


def boxed(collection: Collection, photo: CollectedPhoto, landmarks: bool) -> bytes:
    """The photo with its faces boxed and numbered, as JPEG."""
    boxes = tuple(face.face.box for face in collection.faces_of(photo.sha256))
    return _boxed(photo.sha256, boxes, landmarks, collection, photo)


@st.cache_resource(show_spinner=False, max_entries=100, scope="session")
def _boxed(sha256: str, boxes: tuple[Box, ...], landmarks: bool, _all: Collection, _photo: CollectedPhoto) -> bytes:
    return exports.annotated_jpeg(_all, _photo, landmarks=landmarks)


def thumbnail(face: CollectedFace, side: int) -> bytes:
    """The face's crop as a JPEG of that height in pixels, its shape kept, for showing."""
    return _thumbnail(face.found.digest, side, face.face.crop)


@st.cache_resource(show_spinner=False, max_entries=5000, scope="session")
def _thumbnail(digest: str, side: int, _crop: Uint8) -> bytes:
    height, width = _crop.shape[:2]
    size = max(1, round(side * width / height)), side
    return exports.jpeg(np.asarray(Image.fromarray(_crop).resize(size, Image.Resampling.BILINEAR)), 88)


STAGES = {"proposals": "P-Net's proposals", "refined": "What R-Net left", "final": "What O-Net left"}


def stages(photo: CollectedPhoto, options: DetectionOptions) -> dict[str, tuple[bytes, int]]:
    """For each of the detector's stages, the photo with that stage's boxes as JPEG, and their number."""
    return _stages(photo.sha256, options, photo)


@st.cache_resource(show_spinner=False, max_entries=20, scope="session")
def _stages(sha256: str, options: DetectionOptions, _photo: CollectedPhoto) -> dict[str, tuple[bytes, int]]:
    if _photo.original is None or _photo.preview_jpeg is None:
        return {}
    found = detector().stages(read_photo(_photo.original).image, options)
    preview = np.array(Image.open(BytesIO(_photo.preview_jpeg)))
    return {
        name: (_drawn(preview, getattr(found, name).boxes, _photo.scale), len(getattr(found, name))) for name in STAGES
    }


def _drawn(preview: np.ndarray, boxes: Float32, scale: float) -> bytes:
    return exports.jpeg(draw_boxes(preview, [tuple(box) for box in boxes.tolist()], scale, numbered=False))
