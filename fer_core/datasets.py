"""FER2013 as arrays: faces, labels, splits, row ids and FER+ votes, from any form it is published in."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fer_core import dataset_cache
from fer_core.dataset_notes import OFFICIAL_SHA256, verdict
from fer_core.fer2013_forms import KNOWN_MD5, read_source
from fer_core.fer2013_rows import are_rows, identify, load_row_index
from fer_core.fer2013_source import (
    NO_LABEL,
    SPLITS,
    TEST,
    DatasetError,
    NoLabelsError,
    Source,
    drawn_anew,
    require_classes,
)
from fer_core.ferplus import VOTE_COLUMNS, VOTES_FILE, VotesError, join_votes
from fer_core.labels import LABEL_SETS, emotion, label_set, positions
from fer_core.types import EMOTIONS, Uint8, unknown

__all__ = [
    "LABEL_SETS", "SPLITS", "VOTE_COLUMNS", "Check", "Dataset", "DatasetError", "DatasetMissing",
    "check", "emotion", "load", "positions", "save", "with_labels",
]  # fmt: skip


def naming(place: str) -> str:
    """The command by which this system's shell names FER2013's place: PowerShell's on Windows."""
    return f'$env:FER2013_PATH = "{place}"' if sys.platform == "win32" else f"export FER2013_PATH={shlex.quote(place)}"


BY_HAND = f"""Download fer2013.csv (301 MB, MD5 {KNOWN_MD5["fer2013.csv"]}) by hand from
  https://www.kaggle.com/datasets/deadskull7/fer2013
put it anywhere, and tell the program where it is:
  {naming("/where/you/put/fer2013.csv")}
For the human votes put FER+'s {VOTES_FILE} (https://github.com/microsoft/FERPlus) beside it.
A folder, zip or parquet of FER2013 will do as well; see python -m trainers data check PATH."""

HOW_TO_GET = f"""FER2013 is not shipped with the program. To get it:
  python -m trainers data fetch          (needs a network and kagglehub: uv sync --extra fetch)
Or: {BY_HAND}"""


class DatasetMissing(DatasetError):  # noqa: N818 (a page asks for it by the name of the state)
    """There is no FER2013 at the path; the message says what to download and where to put it."""


@dataclass(frozen=True)
class Dataset:
    """FER2013 or a part of it, N images.

    `faces` uint8 (N, 48, 48) grey, 0..255; `labels` uint8 (N,), index into `EMOTIONS`; `splits` uint8 (N,), index into
    `SPLITS`, or 3 for a test image whose half is unknown; `ids` int32 (N,), its row in fer2013.csv, -1 where unknown;
    `votes` uint8 (N, 10), columns as in VOTE_COLUMNS, zeros where unknown, None without FER+; `sha256` of the bytes of
    faces, labels and splits; `form` what it was read from; `notes` what a user should know about it, in sentences.
    """

    faces: Uint8
    labels: Uint8
    splits: Uint8
    ids: np.ndarray
    votes: Uint8 | None
    sha256: str
    form: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """The number of images."""
        return len(self.labels)

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of images in each split, and in 'Test' where halves are unknown."""
        found = np.bincount(self.splits, minlength=len(SPLITS) + 1)
        known = {name: int(found[index]) for index, name in enumerate(SPLITS)}
        return known | ({"Test": int(found[TEST])} if found[TEST] else {})

    def split(self, name: str) -> Dataset:
        """The images of one of `SPLITS`, or of 'Test': test images of which nobody knows the half."""
        names = (*SPLITS, "Test")
        if name not in names:
            raise DatasetError(unknown("split", name, names))
        return self.subset(np.flatnonzero(self.splits == names.index(name)))

    def subset(self, index: np.ndarray) -> Dataset:
        """The images that `index` chooses, positions or a mask; its `sha256` is that of the part."""
        faces, labels, splits = self.faces[index], self.labels[index], self.splits[index]
        votes = None if self.votes is None else self.votes[index]
        sha256 = content_sha256(faces, labels, splits)
        return replace(self, faces=faces, labels=labels, splits=splits, ids=self.ids[index], votes=votes, sha256=sha256)


def load(
    path: Path | str | None = None,
    votes: Path | str | None = None,
    cache: Path | str | None = None,
    *,
    mapped: bool = False,
    emotions: str | Iterable[str] | None = None,
) -> Dataset:
    """FER2013 from `path`, or else from $FER2013_PATH, in whichever form it is there.

    The form is told by the content: fer2013.csv, icml_face_data.csv, the challenge's train.csv (with test.csv beside
    it), a tree of pictures, parquet, a folder, zip or tar of these, or an npz of `save`. It is parsed once and cached
    under `cache`. `votes` is FER+'s fer2013new.csv; without it, a file of that name beside `path` is used. Images that
    come without their row (trees, parquet) are recognised by their pixels. DatasetMissing where nothing is at `path`;
    other DatasetErrors name file, row and remedy; a dataset of another size than the published one only gets a note.

    `emotions`, a label set or its emotions, must all have images: MissingClassError where one has none. Name fewer for
    data that lack some; () asks for none, and None for all seven, but of an npz of `save` for none.

    With `mapped` the faces stay on disk, read-only, and come into memory as they are looked at: for a page that shows
    a few of them.
    """
    place = _place(path)
    saved = dataset_cache.is_npz(place)
    if saved:
        source, sha256 = _read(place, mapped)
    else:
        source, sha256 = _cached(place, cache, mapped)
    wanted = () if saved else EMOTIONS  # what was saved was chosen
    require_classes(source.labels, str(place), wanted if emotions is None else label_set(emotions))
    found, vote_notes = _votes(place, votes, source)
    notes = tuple(dict.fromkeys(source.notes + verdict(source, sha256) + vote_notes))
    return Dataset(source.faces, source.labels, source.splits, source.rows, found, sha256, source.form, notes)


def save(dataset: Dataset, path: Path) -> None:
    """Nothing; the dataset is at `path` as one npz that `load` reads in a moment, without its votes."""
    dataset_cache.write(replace(_source(dataset), notes=own_notes(dataset)), path)


def own_notes(dataset: Dataset) -> tuple[str, ...]:
    """The notes on how the data were read, without those that compare them with the published ones, as `load` does."""
    compared = verdict(_source(dataset), dataset.sha256)
    return tuple(note for note in dataset.notes if note not in compared)


def _source(dataset: Dataset) -> Source:
    return Source(dataset.faces, dataset.labels, dataset.splits, dataset.ids, dataset.form)


def with_labels(dataset: Dataset, labels: str | Iterable[str]) -> Dataset:
    """The images whose label is in a label set ('seven', 'six', 'five', 'four') or among the emotions given.

    `labels` stay indices into `EMOTIONS`; `positions(dataset.labels, LABEL_SETS[...])` are those of a smaller network.
    """
    chosen = [EMOTIONS.index(name) for name in label_set(labels)]
    return dataset.subset(np.flatnonzero(np.isin(dataset.labels, chosen)))


def content_sha256(faces: Uint8, labels: Uint8, splits: Uint8) -> str:
    """The sha256 of the three arrays' bytes, one after the other."""
    digest = hashlib.sha256()
    for array in (faces, labels, splits):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


@dataclass(frozen=True)
class Check:
    """What `check` found: the dataset, the file's MD5 (None for a folder), the published table that has it."""

    dataset: Dataset
    md5: str | None
    published_as: str | None

    @property
    def identical(self) -> bool:
        """Whether pixels, labels and splits are those of the published fer2013.csv, whatever the form."""
        return self.dataset.sha256 == OFFICIAL_SHA256


def check(path: Path | str | None = None, cache: Path | str | None = None) -> Check:
    """The dataset at `path` with the verdict on its MD5 and content; errors as in `load`, but any emotions will do."""
    place = _place(path)
    dataset = load(place, cache=cache, emotions=())
    if not place.is_file():
        return Check(dataset, None, None)
    with place.open("rb") as handle:
        md5 = hashlib.file_digest(handle, "md5").hexdigest()
    return Check(dataset, md5, next((name for name, known in KNOWN_MD5.items() if known == md5), None))


def _place(path: Path | str | None) -> Path:
    """The path to read; DatasetMissing where none is named or nothing is there."""
    named = path or os.environ.get("FER2013_PATH")
    if not named:
        raise DatasetMissing(f"No path was given and FER2013_PATH is not set.\n{HOW_TO_GET}")
    place = Path(named).expanduser()
    if not place.exists():
        raise DatasetMissing(f"{place} does not exist.\n{HOW_TO_GET}")
    return place


def _read(file: Path, mapped: bool) -> tuple[Source, str]:
    """The source in one of our npz files and the sha256 of its content; DamagedFileError as `dataset_cache.read`."""
    if mapped:
        return dataset_cache.read_mapped(file)
    source = dataset_cache.read(file)
    return source, content_sha256(source.faces, source.labels, source.splits)


def _cached(place: Path, cache: Path | str | None, mapped: bool) -> tuple[Source, str]:
    """The source from its cache, or else read, identified and cached; a damaged cache is replaced, with a note."""
    file = dataset_cache.cache_file(place, dataset_cache.cache_folder(Path(cache) if cache else None))
    notes: tuple[str, ...] = ()
    if os.path.exists(file):  # noqa: PTH110  Path.exists raises where the folder may not be looked into
        try:
            return _read(file, mapped)
        except dataset_cache.DamagedFileError:
            notes = (f"The cache {file} was damaged and was made again.",)
    try:
        source = _identified(read_source(place), str(place))
    except OSError as error:
        raise DatasetError(f"{error.filename or place} cannot be read: {error.strerror or error}.") from error
    try:
        dataset_cache.write_only(source, file)
    except OSError as error:
        notes += (f"The cache {file} cannot be written ({error}): the next load will be as slow as this one.",)
    else:
        if mapped:
            source, sha256 = dataset_cache.read_mapped(file)
            return replace(source, notes=source.notes + notes), sha256
    sha256 = content_sha256(source.faces, source.labels, source.splits)
    return replace(source, notes=source.notes + notes), sha256


def _identified(source: Source, where: str) -> Source:
    """The source with rows, halves and labels filled in where pixels tell them, labelled, and in the csv's order."""
    if content_sha256(source.faces, source.labels, source.splits) != OFFICIAL_SHA256:
        source = identify(source, load_row_index())
    order = np.argsort(source.rows, kind="stable") if (source.rows >= 0).all() else np.arange(len(source.rows))
    kept = order[source.labels[order] != NO_LABEL]
    if not len(kept):
        raise NoLabelsError(
            f"{where}: expected labels; found pixels only, as in the challenge's test.csv. Nothing can be evaluated on "
            "it: take fer2013.csv or icml_face_data.csv, which hold the same images with labels."
        )
    lost = len(order) - len(kept)
    notes = (f"{lost:,} images without a label were left out.",) if lost else ()
    return replace(
        source, faces=source.faces[kept], labels=source.labels[kept], splits=source.splits[kept],
        rows=source.rows[kept], notes=source.notes + notes,
    )  # fmt: skip


def _votes(place: Path, votes: Path | str | None, source: Source) -> tuple[Uint8 | None, tuple[str, ...]]:
    """The FER+ votes and notes: a file that was named must fit, one that merely lies beside is passed over."""
    beside = [folder / VOTES_FILE for folder in (place, place.parent)]
    file = Path(votes).expanduser() if votes else next((file for file in beside if file.is_file()), None)
    if file is None:
        return None, ()
    # Splits drawn anew say nothing of the published order, which the votes are in.
    splits = np.full_like(source.splits, TEST) if drawn_anew(source.form) else source.splits
    try:
        joined = join_votes(file, source.rows, splits)
        if not are_rows(source.faces, source.rows, load_row_index()):
            raise VotesError(
                f"{file}: votes belong to rows of fer2013.csv, and the images are not those of these rows. Load "
                "FER2013, or take the votes away."
            )
        return joined, ()
    except VotesError as error:
        if votes:
            raise
        return None, (f"FER+ votes were not joined: {error}",)
