"""A collection as one file: a ZIP of `collection.json`, crops as PNG and, where asked for, the photos.

What was deleted is not in it. A file is written whole or not at all; one that is damaged, hostile or from a newer
version is refused with a CollectionError before anything comes of it. Nothing is ever unpacked to disk.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import JpegImagePlugin, PngImagePlugin
from pydantic import ValidationError

from fer_core import collection_schema as schema
from fer_core.collection import (
    CollectedFace,
    CollectedPhoto,
    Collection,
    CollectionError,
    Delete,
    Draw,
    Edit,
    FoundFace,
    Label,
    LabelPhotos,
    LedgerRow,
    Merge,
    ModelAnswers,
)
from fer_core.collection_edit import MAX_CROPS, MAX_FACES, digest
from fer_core.crop_rule import has_area
from fer_core.exports import png, zipped
from fer_core.photos import MAX_BYTES
from fer_core.types import EMOTIONS, Face, Uint8
from fer_core.unpacking import DAMAGED, MANIFEST
from fer_core.whole import put

MAX_MEMBERS = 3 * MAX_FACES
MAX_MANIFEST = 100_000_000
"""Bytes of `collection.json`: a face with the answers of ten models has one or two thousand."""
MAX_UNPACKED = 4_000_000_000
MAX_CROP_SIDE = 8192


def to_bytes(collection: Collection, originals: bool = False) -> bytes:
    """The collection as the bytes of one file; with the photos themselves where `originals` are wanted."""
    return zipped(_members(collection, originals))


def save(collection: Collection, path: Path, originals: bool = False) -> None:
    """Nothing comes back; the file is there, whole, or the one before is still there as it was."""
    put(path, to_bytes(collection, originals))


def _members(collection: Collection, originals: bool) -> Iterator[tuple[str, bytes]]:
    yield MANIFEST, manifest(collection, originals).model_dump_json().encode()
    for face in collection.faces:
        yield f"crops/{face.key}.png", png(face.face.crop)
    for photo in collection.shown if originals else ():
        if photo.original is not None and photo.preview_jpeg is not None:
            yield f"originals/{photo.sha256}", photo.original
            yield f"previews/{photo.sha256}.jpg", photo.preview_jpeg


def manifest(collection: Collection, originals: bool) -> schema.Manifest:
    """What the file says of the collection as it stands now."""
    there = {face.key: face for face in collection.faces}
    known = {found.key for photo in collection.shown for found in photo.found} | _taken_away(collection)
    digests = {face.found.digest for face in there.values()}
    whole = collection.state.photo_labels
    return schema.Manifest(
        name=collection.name,
        options=collection.options,
        photos=[_photo_part(photo, collection, originals) for photo in collection.shown],
        ledger=[
            schema.RowPart(**(vars(row) | {"file": row.file[:1000], "reason": row.reason[:1000]}))
            for row in collection.told_ledger
        ],
        deleted=sorted(known - there.keys()),
        labels={key: face.label for key, face in there.items() if face.label != whole.get(face.found.photo)},  # type: ignore[misc]
        answers=[_answers_part(made, digests) for made in collection.answers.values()],
    )


def _taken_away(collection: Collection) -> set[str]:
    """The keys that corrections took away, also of faces that the last search did not find: another may find them."""
    photos = {photo.sha256[:16] for photo in collection.shown}
    keys: list[str] = []
    for edit in collection.edits:
        keys += edit.keys if isinstance(edit, Delete) else (edit.keeps, *edit.drops) if isinstance(edit, Merge) else ()
    return {key for key in keys if key.rpartition("-")[0] in photos}


def _photo_part(photo: CollectedPhoto, collection: Collection, originals: bool) -> schema.PhotoPart:
    pictures = originals and photo.original is not None and photo.preview_jpeg is not None
    return schema.PhotoPart(
        number=photo.number, name=photo.name[:1000], sha256=photo.sha256, width=photo.width, height=photo.height,
        notes=list(photo.notes), found=[_face_part(face) for face in collection.faces_of(photo.sha256)],
        places=list(photo.places), scale=photo.scale, pictures=pictures,
        label=collection.state.photo_labels.get(photo.sha256),  # type: ignore[arg-type]  # pydantic checks it
    )  # fmt: skip


def _face_part(one: CollectedFace) -> schema.FacePart:
    points = [(float(x), float(y)) for x, y in one.face.landmarks]
    return schema.FacePart(key=one.key, box=one.face.box, confidence=min(1.0, one.face.confidence), landmarks=points,
                           origin=one.found.origin)  # fmt: skip


def _answers_part(made: ModelAnswers, digests: set[str]) -> schema.AnswersPart:
    kept = {key: np.minimum(p, 1).tolist() for key, p in made.probabilities.items() if key in digests}
    return schema.AnswersPart(
        id=made.id, title=made.title, weights_sha256=made.weights_sha256, labels=list(made.labels),  # type: ignore[arg-type]
        calibrated=made.calibrated, temperature=made.temperature, probabilities=kept,
    )  # fmt: skip


def load(path: Path) -> Collection:
    """The collection in a file; CollectionError where it is none, OSError where it cannot be opened."""
    if path.stat().st_size > MAX_UNPACKED:
        raise CollectionError(f"This file has {path.stat().st_size / 1e6:,.0f} MB; {_LIMIT}")
    return from_bytes(path.read_bytes())


_LIMIT = f"a collection has at most {MAX_UNPACKED / 1e6:,.0f} MB and {MAX_MEMBERS:,} files. Do not trust this file."


def from_bytes(data: bytes) -> Collection:
    """The collection in the bytes of a file; CollectionError, in the user's words, where they are none."""
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise CollectionError("This file is no saved collection, or it is damaged: it is not a whole ZIP.") from error
    with archive:
        infos = archive.infolist()
        total = sum(info.file_size for info in infos)
        if len(infos) > MAX_MEMBERS or total > MAX_UNPACKED:
            raise CollectionError(f"This file holds {len(infos):,} files of {total / 1e6:,.0f} MB unpacked; {_LIMIT}")
        members = {info.filename: info for info in infos}
        if MANIFEST not in members:
            raise CollectionError(f"This ZIP has no {MANIFEST}, so it is no saved collection. Photos go to Add photos.")
        content = _manifest(_unpacked(archive, members[MANIFEST], MAX_MANIFEST))
        _check_members([info.filename for info in infos], content)
        return _Loading(archive, members, content).collection()


def _manifest(data: bytes) -> schema.Manifest:
    try:
        head = schema.Head.model_validate_json(data)
        if head.format != schema.FORMAT:
            raise CollectionError(f"Expected a {schema.FORMAT!r}, got {head.format[:40]!r}: choose another file.")
        if head.version > schema.VERSION:
            raise CollectionError(
                f"This collection was saved by a newer version of Seven Faces (format {head.version}, this one reads "
                f"{schema.VERSION}). Bring Seven Faces up to date."
            )
        return schema.Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))[:120] or "the whole"
        raise CollectionError(f"{MANIFEST} is damaged: {place}: {first['msg']}. Save the collection anew.") from error


def _check_members(names: list[str], content: schema.Manifest) -> None:
    """Nothing where the ZIP holds exactly what the manifest says; CollectionError else, path tricks among it."""
    wanted = [MANIFEST, *(f"crops/{face.key}.png" for photo in content.photos for face in photo.found)]
    for photo in content.photos:
        wanted += [f"originals/{photo.sha256}", f"previews/{photo.sha256}.jpg"] if photo.pictures else []
    apart = min(len({photo.sha256 for photo in content.photos}), len({photo.number for photo in content.photos}))
    if len(set(wanted)) < len(wanted) or apart < len(content.photos):
        raise CollectionError(f"{MANIFEST} is damaged: two faces or photos have one name. Save the collection anew.")
    if missing := sorted(set(wanted) - set(names)):
        raise CollectionError(f"{missing[0]} is missing ({len(missing)} in all). Copy or save the collection anew.")
    if len(names) != len(wanted):
        stray = next((name for name in names if name not in wanted), names[0])
        raise CollectionError(f"{stray[:80]!r} is no part of a collection, or there twice. Do not trust this file.")


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """A member's bytes, whatever size it says it has."""
    try:
        with archive.open(info) as handle:
            data = handle.read(limit + 1)
    except (*DAMAGED, ValueError) as error:
        raise CollectionError(f"{info.filename} cannot be unpacked: the file is damaged. Copy it anew.") from error
    if len(data) > limit:
        raise CollectionError(f"{info.filename} has more than {limit / 1e6:,.0f} MB. Do not trust this file.")
    return data


class _Loading:
    """A checked manifest on its way to a collection."""

    def __init__(self, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], content: schema.Manifest) -> None:
        self.archive, self.members, self.content = archive, members, content
        self.pixels = 0
        self.drawn: list[Draw] = []

    def collection(self) -> Collection:
        content = self.content
        photos = tuple(self._photo(part) for part in content.photos)
        whole = LabelPhotos({part.sha256: part.label for part in content.photos if part.label})
        edits: tuple[Edit, ...] = (Delete(tuple(content.deleted)), *self.drawn, whole, Label(content.labels))
        ledger = tuple(LedgerRow(**row.model_dump()) for row in content.ledger)
        answers = {part.id: _model_answers(part) for part in content.answers}
        return Collection(content.name, content.options, photos, ledger, edits, (), answers, len(edits))

    def _photo(self, part: schema.PhotoPart) -> CollectedPhoto:
        if not all(_within(place, part) for place in part.places):
            raise CollectionError(f"The places of {part.sha256[:16]}… do not fit into the photo. Save it anew.")
        found = tuple(self._face(face, part) for face in part.found)
        self.drawn += [Draw(face) for face in found if face.origin == "drawn"]
        original, preview = self._pictures(part) if part.pictures else (None, None)
        found = tuple(face for face in found if face.origin == "detected")
        return CollectedPhoto(part.number, part.name, part.sha256, part.width, part.height, tuple(part.notes), found,
                              tuple(part.places), preview, part.scale, original)  # fmt: skip

    def _face(self, part: schema.FacePart, photo: schema.PhotoPart) -> FoundFace:
        serial = int(part.key.split("-")[1])
        if not (_fits(part, photo) and part.key.startswith(photo.sha256[:16]) and serial <= len(photo.places)):
            raise CollectionError(f"Face {part.key} is damaged: its box or its name does not fit. Save it anew.")
        crop = self._crop(f"crops/{part.key}.png")
        points = np.array(part.landmarks, np.float32).reshape(-1, 2)
        return FoundFace(
            part.key, photo.sha256, Face(part.box, part.confidence, points, crop), part.origin, digest(crop)
        )

    def _crop(self, name: str) -> Uint8:
        crop = read_png(_unpacked(self.archive, self.members[name], MAX_BYTES), name)
        self.pixels += crop.nbytes
        if self.pixels > MAX_CROPS:
            raise CollectionError(f"The crops take more than {MAX_CROPS / 1e6:,.0f} MB. Do not trust this file.")
        return crop

    def _pictures(self, part: schema.PhotoPart) -> tuple[bytes, bytes]:
        name = f"previews/{part.sha256}.jpg"
        original = _unpacked(self.archive, self.members[f"originals/{part.sha256}"], MAX_BYTES)
        preview = _unpacked(self.archive, self.members[name], MAX_BYTES)
        if hashlib.sha256(original).hexdigest() != part.sha256:
            raise CollectionError(f"originals/{part.sha256[:16]}… is not the photo it should be. Copy the file anew.")
        width, height = _jpeg_size(preview, name)
        if abs(width - part.width * part.scale) > 1.5 or abs(height - part.height * part.scale) > 1.5:
            raise CollectionError(f"{name[:30]}… has another size than its photo. Save the collection anew.")
        return original, preview


def _fits(face: schema.FacePart, photo: schema.PhotoPart) -> bool:
    """Whether the box is within the photo, and no landmark further away than it is large: all of it can be drawn."""
    reach = max(photo.width, photo.height)
    near = all(-reach <= edge <= 2 * reach for point in face.landmarks for edge in point)
    return near and _within(face.box, photo)


def _within(box: schema.Edges, photo: schema.PhotoPart) -> bool:
    x1, y1, x2, y2 = box
    return min(x1, y1) >= 0 and x2 <= photo.width and y2 <= photo.height and has_area(box)


_NO_MARKUP = str.maketrans("", "", "[]<>`")
"""A title is drawn as Markdown everywhere, choices among it: one from elsewhere makes no picture and no link."""


def _model_answers(part: schema.AnswersPart) -> ModelAnswers:
    labels = tuple(name for name in EMOTIONS if name in part.labels)
    rows = {key: np.array(p, np.float32) for key, p in part.probabilities.items()}
    wrong = any(len(p) != len(labels) or abs(float(p.sum()) - 1) > 1e-3 for p in rows.values())
    if labels != tuple(part.labels) or wrong:
        raise CollectionError(f"The answers of {part.id[:40]!r} are damaged: not one share a label. Save it anew.")
    title = part.title.translate(_NO_MARKUP)
    return ModelAnswers(part.id, title, part.weights_sha256, labels, part.calibrated, rows, part.temperature)


def _jpeg_size(data: bytes, name: str) -> tuple[int, int]:
    """Width and height of a preview, which may be narrower than a photo may be; CollectionError where it is no JPEG."""
    try:
        picture = JpegImagePlugin.JpegImageFile(BytesIO(data))
        if max(picture.size) > MAX_CROP_SIDE:
            raise ValueError
        picture.load()
    except Exception as error:  # as in photos: hostile bytes raise almost anything in a decoder
        raise CollectionError(f"{name[:30]}… is no picture. Copy or save the collection anew.") from error
    return picture.size


def read_png(data: bytes, name: str) -> Uint8:
    """The pixels of a crop, uint8 RGB (H, W, 3); CollectionError for anything but a sane PNG."""
    try:
        picture = PngImagePlugin.PngImageFile(BytesIO(data))
        sane = picture.mode == "RGB" and min(picture.size) >= 1 and max(picture.size) <= MAX_CROP_SIDE
        pixels = np.array(picture) if sane else np.empty((0, 0, 3), np.uint8)
    except Exception:  # noqa: BLE001  as in photos: hostile bytes raise almost anything in a decoder
        sane = False
    if not sane:
        raise CollectionError(f"{name} is no picture of a face: expected an RGB PNG. Copy or save the collection anew.")
    return pixels
