"""Photos into a collection: read, searched for faces, each input file with its row in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from fer_core.collection import (
    CollectedPhoto,
    Collection,
    CollectionError,
    Draw,
    Edit,
    FoundFace,
    LedgerRow,
    Outcome,
    RemovePhoto,
)
from fer_core.collection_edit import SAME_FACE, digest, face_key, held, intersection_over_union, too_much
from fer_core.detection import DetectionOptions, Detector, crop
from fer_core.photo_sources import Input
from fer_core.photos import PhotoError, read_photo
from fer_core.reading import PhotoReading, read_faces
from fer_core.types import Box, Face

Read = Callable[[bytes, DetectionOptions], PhotoReading]
"""How a photo's bytes become a reading: a detector's own way, or a cached one. Raises photos.PhotoError."""
Progress = Callable[[int, str], None]
"""Called after each input file with how many are done and the file's name."""

KEEP_ORIGINALS = 1_000_000_000
"""Bytes of original files that a collection keeps in memory; of later photos only what was found is kept."""


@dataclass(frozen=True, eq=False)
class ReadInput:
    """One input file and what was found in it; `problem` says, in the user's words, why there is nothing."""

    name: str
    data: bytes | None
    reading: PhotoReading | None
    problem: str = ""
    skipped: bool = False


def reader(detector: Detector) -> Read:
    """The reading of a photo by this detector."""
    return lambda data, options: read_faces(data, detector, options)


def read_input(given: Input, read: Read, options: DetectionOptions) -> ReadInput:
    """What is in one input file; never an error."""
    if given.data is None:
        return ReadInput(given.name, None, None, given.problem, given.skipped)
    try:
        return ReadInput(given.name, given.data, read(given.data, options))
    except PhotoError as error:
        return ReadInput(given.name, given.data, None, str(error))


def add(collection: Collection, inputs: Iterable[Input], read: Read, progress: Progress | None = None) -> Collection:
    """The collection with every input file: a photo, or at least a row of the ledger that says why not."""
    for done, given in enumerate(inputs, start=1):
        collection = add_one(collection, read_input(given, read, collection.options))
        if progress:
            progress(done, given.name)
    return collection


def add_one(collection: Collection, one: ReadInput) -> Collection:
    """The collection with one input file that was read already."""
    number = len(collection.ledger) + 1
    same = None if one.reading is None else _same(collection, one.reading.sha256)
    if one.reading and same and one.reading.sha256 not in collection.state.by_photo:
        collection = collection.with_edit(RemovePhoto(one.reading.sha256, removed=False))
    refused = _refused(collection, one.reading) if one.reading and same is None else ""
    row = ledger_row(number, one, same, refused)
    collection = replace(collection, ledger=(*collection.ledger, row))
    if one.reading is None or same is not None or refused:
        return collection
    return replace(collection, photos=(*collection.photos, _collected(collection, number, one, one.reading)))


def carried(made: Collection, start: Collection, to: Collection) -> Collection:
    """The collection `to` with the input files that `made` has beyond `start`, which it began as.

    CollectionError where `to` has other options: what was found under those of `made` has no place there.
    """
    if to.options != made.options:
        raise CollectionError("Meanwhile other options of detection were chosen. Add the files once more.")
    for row in made.ledger[len(start.ledger) :]:
        if row.outcome in ("skipped", "failed"):
            to = replace(to, ledger=(*to.ledger, replace(row, number=len(to.ledger) + 1)))
        else:
            photo = made.photo(row.sha256)
            to = add_one(to, ReadInput(row.file, photo.original, _reading(photo)))
    return to


def ledger_row(number: int, one: ReadInput, same: int | None, refused: str = "") -> LedgerRow:
    """What became of one input file; `same` is the number of an earlier file with the same picture."""
    found = one.reading
    if found is None:
        outcome: Outcome = "skipped" if one.skipped else "failed"
        return LedgerRow(number, one.name, outcome, 0, one.problem, "")
    if refused:
        return LedgerRow(number, one.name, "failed", 0, refused, found.sha256)
    if same is not None:
        reason = f"The same picture as no. {same}; its faces are counted once."
        return LedgerRow(number, one.name, "same", 0, reason, found.sha256)
    if not found.faces:
        reason = "; ".join(["No face found. Try a smaller minimum face or a lower confidence.", *found.notes])
        return LedgerRow(number, one.name, "no face", 0, reason, found.sha256)
    return LedgerRow(number, one.name, "read", len(found.faces), "; ".join(found.notes), found.sha256)


def _same(collection: Collection, sha256: str) -> int | None:
    return next((photo.number for photo in collection.photos if photo.sha256 == sha256), None)


def _refused(collection: Collection, reading: PhotoReading) -> str:
    """Why a photo has no place here, or nothing."""
    full = too_much([*held(collection), *reading.faces])
    return full and f"This collection is full: {full} Save it and begin another."


def _collected(collection: Collection, number: int, one: ReadInput, reading: PhotoReading) -> CollectedPhoto:
    kept = sum(len(photo.original or b"") for photo in collection.photos)
    keep = one.data is not None and kept + len(one.data) <= KEEP_ORIGINALS
    found = tuple(_found(reading.sha256, n, face) for n, face in enumerate(reading.faces, start=1))
    return CollectedPhoto(
        number, one.name, reading.sha256, reading.width, reading.height, reading.notes, found,
        tuple(face.box for face in reading.faces), reading.preview_jpeg, reading.scale, one.data if keep else None,
    )  # fmt: skip


def _found(photo: str, serial: int, face: Face) -> FoundFace:
    return FoundFace(face_key(photo, serial), photo, face, "detected", digest(face.crop))


def search_again(
    collection: Collection, options: DetectionOptions, read: Read, progress: Progress | None = None
) -> Collection:
    """The collection with its photos searched under other options; every correction stays.

    A face found at the place of an earlier one keeps its key, and with it its label; what was deleted there stays
    deleted. Drawn faces are cut anew. CollectionError where a photo's original was not kept, since a collection has
    one set of options for all, or where the crops would be more than fit.
    """
    lacking = sum(photo.original is None for photo in collection.photos)
    if lacking:
        raise CollectionError(
            f"{lacking} of {len(collection.photos)} photos were not kept themselves, so they cannot be searched again. "
            "Add the photos to a new collection."
        )
    photos: list[CollectedPhoto] = []
    drawn: dict[str, FoundFace] = {}
    for done, photo in enumerate(collection.photos, start=1):
        photos.append(_again(photo, options, read))
        drawn |= _drawn_again(photo, (*collection.edits, *collection.undone), options)
        if progress:
            progress(done, photo.name)
    swap = lambda edits: tuple(_swapped(edit, drawn) for edit in edits)  # noqa: E731
    again = replace(
        collection, options=options, photos=tuple(photos), edits=swap(collection.edits),
        undone=swap(collection.undone), ledger=_counted(collection.ledger, photos),
    )  # fmt: skip
    if full := too_much(held(again)):
        raise CollectionError(f"So searched, it would be too much: {full} Choose a smaller margin or larger faces.")
    return again


def _again(photo: CollectedPhoto, options: DetectionOptions, read: Read) -> CollectedPhoto:
    assert photo.original is not None, "search_again looked"
    reading = read(photo.original, options)
    places = list(photo.places)
    found = []
    for face, at in zip(reading.faces, _matched([f.box for f in reading.faces], photo.places), strict=True):
        if at is None:
            places.append(face.box)
        found.append(_found(photo.sha256, len(places) if at is None else at + 1, face))
    return replace(photo, found=tuple(found), places=tuple(places))


def _matched(boxes: Sequence[Box], places: Sequence[Box]) -> list[int | None]:
    """For each box the position of the place that it overlaps most, each place once; None for a new place."""
    pairs = [
        (intersection_over_union(box, place), i, j) for i, box in enumerate(boxes) for j, place in enumerate(places)
    ]
    taken: dict[int, int] = {}
    for overlap, i, j in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if overlap >= SAME_FACE and i not in taken and j not in taken.values():
            taken[i] = j
    return [taken.get(i) for i in range(len(boxes))]


def _drawn_again(photo: CollectedPhoto, edits: Iterable[Edit], options: DetectionOptions) -> dict[str, FoundFace]:
    """The photo's drawn faces by key, cut by the new rule; empty where there is nothing to cut them from."""
    mine = [edit.found for edit in edits if isinstance(edit, Draw) and edit.found.photo == photo.sha256]
    if not mine or photo.original is None:
        return {}
    image = read_photo(photo.original).image
    cut = {found.key: crop(image, found.face.box, options.crop) for found in mine}
    return {
        found.key: replace(found, face=replace(found.face, crop=cut[found.key]), digest=digest(cut[found.key]))
        for found in mine
    }


def _swapped(edit: Edit, drawn: dict[str, FoundFace]) -> Edit:
    return Draw(drawn.get(edit.found.key, edit.found)) if isinstance(edit, Draw) else edit


def _counted(ledger: Sequence[LedgerRow], photos: Sequence[CollectedPhoto]) -> tuple[LedgerRow, ...]:
    """The ledger with how many faces the photos have now."""
    now = {photo.number: photo for photo in photos}
    rows = []
    for row in ledger:
        if photo := now.get(row.number):
            row = ledger_row(row.number, ReadInput(row.file, None, _reading(photo)), None)
        rows.append(row)
    return tuple(rows)


def _reading(photo: CollectedPhoto) -> PhotoReading:
    return PhotoReading(photo.sha256, photo.width, photo.height, photo.notes, tuple(f.face for f in photo.found),
                        photo.preview_jpeg or b"", photo.scale)  # fmt: skip
