"""A collection: photos with their faces, the corrections made to them, labels and answers; immutable throughout.

What was found in the photos stays as it is. Every correction is an edit in a log, and `Collection.faces` is the log
played over what was found; so undo takes the last edit off and no correction can damage anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from fer_core.detection import DEFAULT_OPTIONS, DetectionOptions, reading_order
from fer_core.types import Box, Face, Float32, unknown

Origin = Literal["detected", "drawn"]
Outcome = Literal["read", "no face", "same", "skipped", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("read", "no face", "same", "skipped", "failed")
"""What became of an input file: faces were found, none was, it is the same picture as another, it was not asked for,
it could not be read."""


class CollectionError(ValueError):
    """What is wrong with a collection or a wish to change it, and what to do, in the user's words."""


@dataclass(frozen=True, eq=False)
class FoundFace:
    """One face before any correction.

    `key` names it for ever within its collection; `photo` is the sha256 of the photo's file; `digest` the sha256 of
    the crop's size and pixels, by which answers are kept.
    """

    key: str
    photo: str
    face: Face
    origin: Origin
    digest: str


@dataclass(frozen=True, eq=False)
class CollectedFace:
    """One face as it stands after all corrections: its number in its photo, from 1 in reading order, and its label."""

    found: FoundFace
    number: int
    label: str | None

    @property
    def key(self) -> str:
        """What names the face for ever."""
        return self.found.key

    @property
    def face(self) -> Face:
        """Its box, crop and landmarks."""
        return self.found.face


@dataclass(frozen=True, eq=False)
class CollectedPhoto:
    """One photo: what was found in it, and the pictures of it that are kept.

    `number` from 1 in the order added; `places` holds every box that ever had a key here, so that the same face found
    again has the same key; `preview_jpeg` is the upright photo made `scale` times as large; `original` the file's
    bytes, from which drawn faces are cut. Both pictures are None where they are not kept.
    """

    number: int
    name: str
    sha256: str
    width: int
    height: int
    notes: tuple[str, ...]
    found: tuple[FoundFace, ...]
    places: tuple[Box, ...]
    preview_jpeg: bytes | None
    scale: float
    original: bytes | None


@dataclass(frozen=True)
class LedgerRow:
    """What became of one input file: `reason` says why nothing was found, or what was done to the picture."""

    number: int
    file: str
    outcome: Outcome
    faces: int
    reason: str
    sha256: str


@dataclass(frozen=True)
class Delete:
    """These faces are none, or nobody's concern."""

    keys: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Draw:
    """A face that the detector missed."""

    found: FoundFace


@dataclass(frozen=True)
class Merge:
    """Several boxes around one face: `keeps` stays, with the first label among them all."""

    keeps: str
    drops: tuple[str, ...]


@dataclass(frozen=True)
class Label:
    """The expression that each of these faces posed; None takes a label away."""

    labels: Mapping[str, str | None]


@dataclass(frozen=True)
class LabelPhotos:
    """The expression that everyone in these photos (by sha256) posed, in place of what the faces had before."""

    labels: Mapping[str, str | None]


@dataclass(frozen=True)
class RemovePhoto:
    """This photo, by sha256, does not belong here; or, where not `removed`, it does again."""

    photo: str
    removed: bool = True


Edit = Delete | Draw | Merge | Label | LabelPhotos | RemovePhoto


@dataclass(frozen=True, eq=False)
class ModelAnswers:
    """One model's answers: float32 (K,) in the order of `labels` by the digest of the crop; whole label set, 0..1.

    `temperature` is what logits were divided by; None where they were not, or in files of before that was kept.
    """

    id: str
    title: str
    weights_sha256: str
    labels: tuple[str, ...]
    calibrated: bool
    probabilities: Mapping[str, Float32]
    temperature: float | None = None


@dataclass(frozen=True, eq=False)
class Collection:
    """A named set of photos with faces and labels; every change gives a new one.

    `settled` edits, the first of the log, came from a saved file that keeps no more than they say: undo stops there.
    """

    name: str = "My photos"
    options: DetectionOptions = DEFAULT_OPTIONS
    photos: tuple[CollectedPhoto, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    edits: tuple[Edit, ...] = ()
    undone: tuple[Edit, ...] = ()
    answers: Mapping[str, ModelAnswers] = field(default_factory=dict)
    settled: int = 0

    @cached_property
    def state(self) -> State:
        """The log played over what was found."""
        return replay(self.photos, self.edits)

    @cached_property
    def faces(self) -> tuple[CollectedFace, ...]:
        """All faces as they stand, photo by photo in reading order."""
        return tuple(face for faces in self.state.by_photo.values() for face in faces)

    @property
    def shown(self) -> tuple[CollectedPhoto, ...]:
        """The photos that were not removed."""
        return tuple(photo for photo in self.photos if photo.sha256 in self.state.by_photo)

    @property
    def told_ledger(self) -> tuple[LedgerRow, ...]:
        """The ledger as files tell it: rows of photos that were removed keep their number and what became of them."""
        gone = self.state.removed
        return tuple(replace(row, file="", reason="", sha256="") if row.sha256 in gone else row for row in self.ledger)

    def faces_of(self, photo: str) -> tuple[CollectedFace, ...]:
        """The faces of the photo with that sha256, as they stand; CollectionError where there is none."""
        if photo not in self.state.by_photo:
            raise CollectionError(f"This photo ({photo[:12]}…) is not in the collection. Add it first.")
        return self.state.by_photo[photo]

    def photo(self, sha256: str) -> CollectedPhoto:
        """The photo with that sha256; CollectionError where there is none."""
        for photo in self.photos:
            if photo.sha256 == sha256:
                return photo
        raise CollectionError(f"This photo ({sha256[:12]}…) is not in the collection. Add it first.")

    def face(self, key: str) -> CollectedFace:
        """The face with that key as it stands; CollectionError naming the nearest where there is none."""
        known = {face.key: face for face in self.faces}
        if key not in known:
            raise CollectionError(
                unknown("face", key, list(known)[:20]) + " It may have been deleted: undo brings it back."
            )
        return known[key]

    def with_edit(self, edit: Edit) -> Collection:
        """The collection after one more edit; what was undone before can no longer be redone."""
        return replace(self, edits=(*self.edits, edit), undone=())

    def undo(self) -> Collection:
        """The collection without its last edit; itself where there is none to take off."""
        if len(self.edits) <= self.settled:
            return self
        return replace(self, edits=self.edits[:-1], undone=(*self.undone, self.edits[-1]))

    def redo(self) -> Collection:
        """The collection with the edit that was undone last; itself where there is none."""
        if not self.undone:
            return self
        return replace(self, edits=(*self.edits, self.undone[-1]), undone=self.undone[:-1])


@dataclass(frozen=True, eq=False)
class State:
    """How things stand after the log: each photo's faces by its sha256, a whole photo's label, photos removed."""

    by_photo: Mapping[str, tuple[CollectedFace, ...]]
    photo_labels: Mapping[str, str | None]
    removed: frozenset[str] = frozenset()


class _Replay:
    """The log at work; what an edit names and is no longer there is passed over: photos may be searched anew."""

    def __init__(self, photos: Iterable[CollectedPhoto]) -> None:
        self.faces = {photo.sha256: {found.key: found for found in photo.found} for photo in photos}
        self.photo_of = {key: photo for photo, faces in self.faces.items() for key in faces}
        self.removed: set[str] = set()
        self.own: dict[str, str | None] = {}
        self.whole: dict[str, str | None] = {}

    def label(self, key: str) -> str | None:
        return self.own.get(key, self.whole.get(self.photo_of.get(key, "")))

    def apply(self, edit: Edit) -> None:
        match edit:
            case Delete(keys):
                self._drop(keys)
            case Draw(found) if found.photo in self.faces:
                self.faces[found.photo][found.key] = found
                self.photo_of[found.key] = found.photo
            case Merge(keeps, drops):
                labels = [self.label(key) for key in (keeps, *drops)]
                there = [key for key in (keeps, *drops) if key in self.faces.get(self.photo_of.get(key, ""), {})]
                for key in there[:1]:  # a search since may have lost the one that was to stay
                    self.own[key] = next((label for label in labels if label), None)
                self._drop(there[1:])
            case Label(labels):
                self.own.update(labels)
            case LabelPhotos(labels):
                self.whole.update(labels)
                for key in [key for key in self.own if self.photo_of.get(key) in labels]:
                    del self.own[key]
            case RemovePhoto(photo, removed):
                (self.removed.add if removed else self.removed.discard)(photo)

    def _drop(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.faces.get(self.photo_of.get(key, ""), {}).pop(key, None)


def replay(photos: Iterable[CollectedPhoto], edits: Iterable[Edit]) -> State:
    """How the photos' faces stand after the edits, in their order."""
    work = _Replay(photos)
    for edit in edits:
        work.apply(edit)
    there = {photo: faces for photo, faces in work.faces.items() if photo not in work.removed}
    by_photo = {photo: _numbered(faces, work) for photo, faces in there.items()}
    return State(by_photo, work.whole, frozenset(work.removed))


def _numbered(faces: Mapping[str, FoundFace], work: _Replay) -> tuple[CollectedFace, ...]:
    there = list(faces.values())
    order = reading_order([found.face.box for found in there])
    return tuple(CollectedFace(there[i], n, work.label(there[i].key)) for n, i in enumerate(order, start=1))
