"""Corrections to a collection: each function gives the collection with one more edit, or says why it cannot be."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import PurePosixPath

import numpy as np

from fer_core.collection import (
    CollectedFace,
    CollectedPhoto,
    Collection,
    CollectionError,
    Delete,
    Draw,
    FoundFace,
    Label,
    LabelPhotos,
    Merge,
    RemovePhoto,
)
from fer_core.detection import crop
from fer_core.labels import SPELLINGS, emotion
from fer_core.photos import read_photo
from fer_core.types import Box, Face, Uint8

SMALLEST_DRAWN = 8
"""Pixels: a drawn box smaller than this was a slip of the mouse."""
SAME_FACE = 0.5
"""Intersection over union from which two boxes are taken for one face, as detectors are scored (PASCAL VOC, 2010)."""
MAX_CROPS = 1_500_000_000
"""Bytes of crops, as pixels, that a collection holds."""
MAX_FACES = 20_000
"""Faces that a collection holds."""
_LETTERS = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_NAMES = {spelling: name for spelling, name in SPELLINGS.items() if not spelling.isdigit()}


def digest(pixels: Uint8) -> str:
    """The sha256, hexadecimal, of a crop's size and pixels."""
    return hashlib.sha256(repr(pixels.shape).encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def delete(collection: Collection, keys: Sequence[str]) -> Collection:
    """The collection without these faces; CollectionError where one is not there."""
    _there(collection, keys)
    return collection.with_edit(Delete(tuple(keys)))


def draw(collection: Collection, photo: str, box: Box) -> Collection:
    """The collection with one more face, cut from the original photo by the collection's crop rule.

    `box` is x1, y1, x2, y2 in pixels of the upright photo, in any order of its corners, and is clipped to the photo.
    CollectionError where it is too small or outside, where the original is not kept, or the collection is full.
    """
    where = collection.photo(photo)
    collection.faces_of(photo)
    clipped = checked_box(box, where)
    if where.original is None:
        raise CollectionError(
            "The photo itself was not kept with this collection, so no face can be cut from it. "
            "Add the photo again to a new collection."
        )
    image = read_photo(where.original).image
    cut = crop(image, clipped, collection.options.crop)
    face = Face(clipped, 1.0, np.empty((0, 2), np.float32), cut)
    if full := too_much([*held(collection), face]):
        raise CollectionError(f"This collection is full: {full} Save it and begin another.")
    key = new_key(collection, where, clipped)
    photos = tuple(replace(p, places=(*p.places, clipped)) if p is where else p for p in collection.photos)
    return replace(collection, photos=photos).with_edit(Draw(FoundFace(key, photo, face, "drawn", digest(cut))))


def held(collection: Collection) -> list[Face]:
    """Every face that it keeps in memory: found or drawn, deleted ones too, since undo brings them back."""
    found = [one.face for photo in collection.photos for one in photo.found]
    return found + [edit.found.face for edit in (*collection.edits, *collection.undone) if isinstance(edit, Draw)]


def too_much(faces: Iterable[Face]) -> str:
    """Why so many faces do not fit into one collection; nothing where they do."""
    sizes = [face.crop.nbytes for face in faces]
    if len(sizes) <= MAX_FACES and sum(sizes) <= MAX_CROPS:
        return ""
    return (
        f"it would hold {len(sizes):,} faces of {sum(sizes) / 1e6:,.0f} MB; up to {MAX_FACES:,} faces and "
        f"{MAX_CROPS / 1e6:,.0f} MB fit."
    )


def new_key(collection: Collection, photo: CollectedPhoto, box: Box) -> str:
    """The name of a further face in that photo."""
    return face_key(photo.sha256, len(photo.places) + 1)


def face_key(photo: str, serial: int) -> str:
    """The name of the photo's face with that serial number."""
    return f"{photo[:16]}-{serial}"


def checked_box(box: Box, photo: CollectedPhoto) -> Box:
    """The box with its corners in order, clipped to the photo; CollectionError where nothing usable is left."""
    if not all(math.isfinite(edge) for edge in box):
        raise CollectionError(f"Expected four finite numbers x1, y1, x2, y2, got {box!r}. Draw the box again.")
    left, right = sorted((float(box[0]), float(box[2])))
    top, bottom = sorted((float(box[1]), float(box[3])))
    clipped = max(left, 0.0), max(top, 0.0), min(right, float(photo.width)), min(bottom, float(photo.height))
    if clipped[2] - clipped[0] < SMALLEST_DRAWN or clipped[3] - clipped[1] < SMALLEST_DRAWN:
        raise CollectionError(
            f"This box is smaller than {SMALLEST_DRAWN} x {SMALLEST_DRAWN} pixels within the photo of "
            f"{photo.width} x {photo.height}. Draw it from the forehead to the chin."
        )
    return clipped


def merge(collection: Collection, keys: Sequence[str]) -> Collection:
    """The collection with these boxes of one photo as one face: the surest one's box, and the first label given."""
    faces = _there(collection, keys)
    if len(set(keys)) < 2 or len({face.found.photo for face in faces}) > 1:
        raise CollectionError("Expected at least two boxes in one photo to merge. Choose the numbers of the doubles.")
    keeps = max(faces, key=lambda face: face.face.confidence).key
    return collection.with_edit(Merge(keeps, tuple(dict.fromkeys(key for key in keys if key != keeps))))


def doubles(collection: Collection, photo: str, overlap: float = SAME_FACE) -> list[tuple[str, str]]:
    """The pairs of boxes in a photo that are likely one face: `overlap` is the least intersection over union, 0..1."""
    faces = collection.faces_of(photo)
    return [
        (a.key, b.key) for a, b in combinations(faces, 2) if intersection_over_union(a.face.box, b.face.box) >= overlap
    ]


def intersection_over_union(a: Box, b: Box) -> float:
    """How much two boxes have in common, 0..1."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def label(collection: Collection, labels: Mapping[str, str | None]) -> Collection:
    """The collection with each of these faces labelled, in any published spelling; None takes a label away."""
    _there(collection, list(labels))
    return collection.with_edit(Label({key: _canonical(name) for key, name in labels.items()}))


def label_photo(collection: Collection, photo: str, name: str | None) -> Collection:
    """The collection with everyone in that photo labelled so, faces still to be drawn there among them."""
    collection.faces_of(photo)
    return collection.with_edit(LabelPhotos({photo: _canonical(name)}))


def label_by_names(collection: Collection) -> tuple[Collection, int, int]:
    """The collection with photos labelled by their file and folder names, how many of them are, and how many are not.

    A photo with a labelled face is not, whatever its name says: somebody looked at it. Where nothing is to be
    labelled, the collection comes back itself.
    """
    named = {photo.sha256: label_from_name(photo.name) for photo in collection.shown}
    told = {photo: name for photo, name in named.items() if name}
    said = {photo: name for photo, name in told.items() if not any(face.label for face in collection.faces_of(photo))}
    return collection.with_edit(LabelPhotos(said)) if said else collection, len(said), len(told) - len(said)


def label_from_name(name: str) -> str | None:
    """The emotion that a file's path names, in any published spelling: "anna_Happy_2.jpg", "disgusted/3.png".

    The file's own name counts before its nearest folder's. None where nothing is named, or two emotions are in one
    name. Digits are no labels here, though FER2013 numbers its own: photos are numbered everywhere.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    for part in (path.stem, *reversed(path.parts[:-1])):
        found = {_NAMES[word.lower()] for word in _words(part) if word.lower() in _NAMES}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _words(name: str) -> list[str]:
    """The words of a name, cut at capitals too: "annaHappy2" has two, "Sadık" one, as it is not of A to Z alone."""
    return [word for run in _LETTERS.findall(name) for word in (_WORD.findall(run) if run.isascii() else [run])]


def remove_photo(collection: Collection, photo: str) -> Collection:
    """The collection without that photo and its faces."""
    collection.faces_of(photo)
    return collection.with_edit(RemovePhoto(photo))


def renamed(collection: Collection, name: str) -> Collection:
    """The collection under another name, at most 80 characters; CollectionError for an empty one."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:80]
    if not clean:
        raise CollectionError("Expected a name with at least one letter. Choose one such as “Class of 2024”.")
    return replace(collection, name=clean)


def _canonical(name: str | None) -> str | None:
    return None if name is None else emotion(name)


def _there(collection: Collection, keys: Iterable[str]) -> list[CollectedFace]:
    faces = {face.key: face for face in collection.faces}
    missing = [key for key in keys if key not in faces]
    if missing:
        raise CollectionError(
            f"{len(missing)} of the chosen faces are not in the collection (the first is {missing[0]!r}). "
            "They may have been deleted: undo brings them back."
        )
    found = [faces[key] for key in keys]
    if not found:
        raise CollectionError("No face is chosen. Choose at least one by its number.")
    return found
