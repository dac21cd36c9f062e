"""FER2013 from folders of pictures, in both Kaggle namings and their relatives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from fer_core.fer2013_members import Members
from fer_core.fer2013_pictures import decode, resized_note
from fer_core.fer2013_source import SIDE, SPLIT_COUNTS, SPLIT_WORDS, EmptyDataError, LabelError, Source, split_indices
from fer_core.labels import EmotionError, emotion
from fer_core.types import EMOTIONS

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".pgm")
ROWS = sum(SPLIT_COUNTS.values())
NAMED = re.compile(r"(Training|PublicTest|PrivateTest)_(\d+)$")


@dataclass(frozen=True)
class _Picture:
    """Where a picture lies and what its path says: its emotion, what its split is called, its row or -1."""

    name: str
    emotion: str
    split: str
    row: int


def read_tree(source: Members) -> Source:
    """The images of a tree <anything>/train|test|.../<emotion>/<picture>, in the order of their rows or of their names.

    The split is told by the file's name where that says so (msambare: PublicTest_123.jpg) and else by the folder. The
    numbers in Kaggle's names are no rows; only eight digits with leading zeros are taken for one.
    """
    pictures = [picture for name in source.names if (picture := _picture(source, name))]
    if not pictures:
        raise EmptyDataError(
            f"{source.place}: expected pictures in train/<emotion>/ and test/<emotion>/, found none. Give the folder "
            "that holds train and test."
        )
    pictures.sort(key=_order)
    faces = np.empty((len(pictures), SIDE, SIDE), np.uint8)
    resized = 0
    for place, picture in enumerate(pictures):
        faces[place], changed = decode(source.read(picture.name, -1), source.where(picture.name))
        resized += changed
    splits, notes = split_indices([p.split for p in pictures], str(source.place))
    labels = np.array([EMOTIONS.index(p.emotion) for p in pictures], np.uint8)
    rows = np.array([p.row for p in pictures], np.int32)
    notes += resized_note(resized, str(source.place)) + _lossy_note(pictures)
    return Source(faces, labels, splits, rows, "tree", notes)


def _picture(source: Members, name: str) -> _Picture | None:
    """What a path says; None for what is no picture, or a picture beside the tree rather than in it."""
    path = PurePosixPath(name)
    if path.suffix.lower() not in PICTURES:
        return None
    named = NAMED.match(path.stem)
    above = [part for part in reversed(path.parts[:-2]) if part.lower() in SPLIT_WORDS]
    if not above and not (named and len(path.parts) > 1):
        _refuse_bare_class(source, path)
        return None
    try:
        label = emotion(path.parts[-2])
    except EmotionError as error:
        raise LabelError(f"{source.where(name)}: the folder should be called by an emotion. {error}") from error
    number = named.group(2) if named else ""
    row = int(number) if len(number) == 8 and int(number) < ROWS else -1
    return _Picture(name, label, named.group(1) if named else above[0], row)


def _refuse_bare_class(source: Members, path: PurePosixPath) -> None:
    """Nothing; LabelError for happy/1.png, whose split nobody can tell."""
    folder = path.parts[-2].lower() if len(path.parts) > 1 else ""
    if folder in EMOTIONS:
        raise LabelError(
            f"{source.where(str(path))}: expected train/{folder}/ or test/{folder}/, found {folder}/ alone, which does "
            "not tell training from test images. Give the folder that holds train and test."
        )


def _order(picture: _Picture) -> tuple[object, ...]:
    """A key that puts known rows first, in order, and then names as a person counts them: im2 before im10."""
    pieces = tuple(int(p) if p.isdigit() else p for p in re.split(r"(\d+)", picture.name))
    return (0, picture.row) if picture.row >= 0 else (1, pieces)


def _lossy_note(pictures: list[_Picture]) -> tuple[str, ...]:
    lossy = sum(p.name.lower().endswith((".jpg", ".jpeg")) for p in pictures)
    if not lossy:
        return ()
    return (f"{lossy:,} pictures are JPEG: their pixels differ a little from the original's, and so will scores.",)
