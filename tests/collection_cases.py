"""Collections for tests: photos of noise whose faces a pretended detector knows, so that a test takes milliseconds."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from fer_core import collection_edit as edit
from fer_core.collection import Collection
from fer_core.collection_add import add
from fer_core.collection_answers import answer
from fer_core.detection import crop
from fer_core.photo_sources import Input
from fer_core.photos import read_photo
from fer_core.reading import PhotoReading
from fer_core.types import EMOTIONS, DataCard, Face, ModelCard
from fer_core.unpacking import MANIFEST

BOXES = ((10.0, 12.0, 50.0, 60.0), (80.0, 10.0, 120.0, 60.0), (150.0, 14.0, 190.0, 64.0))


def picture(seed=0, size=(120, 200)) -> bytes:
    """A PNG of noise."""
    buffer = BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def reads(boxes=BOXES):
    """A way to read a photo that finds these boxes in every one."""

    def read(data, options):
        photo = read_photo(data)
        height, width = photo.image.shape[:2]
        preview = BytesIO()
        Image.fromarray(photo.image).save(preview, "JPEG", quality=92)
        points = np.arange(10, dtype=np.float32).reshape(5, 2)
        cuts = [crop(photo.image, box, options.crop) for box in boxes]
        faces = tuple(Face(box, 0.9 + i / 100, points, cuts[i]) for i, box in enumerate(boxes))
        return PhotoReading(photo.sha256, width, height, photo.notes, faces, preview.getvalue(), 1.0)

    return read


def collection(names=("a.png", "b.png"), boxes=BOXES) -> Collection:
    """Photos of noise with these names, three faces in each."""
    return add(Collection("Test"), [Input(name, picture(i)) for i, name in enumerate(names)], reads(boxes))


def card(id="model-a", labels=EMOTIONS, weights="a" * 64) -> ModelCard:
    """A card of a model that nobody trained."""
    return ModelCard(
        id, id.title(), "none", "torch", labels, 1, "random", weights, 1, 1.0, {}, DataCard("none", "", {}), 1, 1, 1.0,
        "cpu", 0, "", "", (), "",
    )  # fmt: skip


def certain(*labels, known=EMOTIONS):
    """A model that says these labels one after another, whatever it sees."""
    said = iter(labels * 1000)

    def predict(crops):
        return np.stack([0.94 * np.eye(len(known), dtype=np.float32)[known.index(next(said))] + 0.06 / len(known)
                         for _ in crops]).astype(np.float32)  # fmt: skip

    return predict


def answered_collection() -> Collection:
    """Two photos, six faces, two models; the first says happy always, the second happy and sad in turn."""
    made = answer(collection(), card("model-a"), certain("happy"))
    return answer(made, card("model-b", weights="b" * 64), certain("happy", "sad"))


def rezipped(data: bytes, change=lambda members: members) -> bytes:
    """The ZIP with its members, a list of (name, bytes), changed."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in change(members):
            archive.writestr(name, content)
    return buffer.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises that size, with one row of black behind it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    row = zlib.compress(bytes(1 + 3 * width))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def snapshot(made: Collection) -> list:
    """All that a user sees of a collection's faces."""
    return [
        (f.key, f.number, f.label, f.face.box, hashlib.sha256(f.face.crop.tobytes()).hexdigest()) for f in made.faces
    ]


def worked_collection() -> Collection:
    """Two photos, two models, with every kind of correction."""
    made = answered_collection()
    first, second = (photo.sha256 for photo in made.photos)
    made = edit.delete(made, [made.faces_of(first)[0].key])
    made = edit.draw(made, first, (60, 70, 100, 110))
    made = edit.label_photo(made, second, "happy")
    made = edit.label(made, {made.faces_of(first)[0].key: "sad", made.faces_of(second)[1].key: None})
    return edit.renamed(made, "Class <of> 2024")


def jpeg(png: bytes) -> bytes:
    buffer = BytesIO()
    Image.open(BytesIO(png)).save(buffer, "JPEG")
    return buffer.getvalue()


def with_manifest(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The saved collection with what `change` does to its manifest."""

    def changed(members: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        content = json.loads(dict(members)[MANIFEST])
        change(content)
        return [(name, json.dumps(content).encode() if name == MANIFEST else data) for name, data in members]

    return rezipped(data, changed)
