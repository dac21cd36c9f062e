"""Files, folders, patterns and ZIPs -> one input after another; nothing is unpacked to disk, nothing read too early."""

from __future__ import annotations

import glob
import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from fer_core import photos
from fer_core.unpacking import DAMAGED, MANIFEST

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic",
                      ".heif", ".hif", ".avif"})  # fmt: skip
"""How the names of photos end; within folders and ZIPs only these are read."""
MAX_MEMBERS = 10_000
"""Files in one ZIP of photos: far more than any class takes."""
MAX_UNPACKED = 4_000_000_000
"""Bytes that the ZIPs of one upload may hold unpacked, all together."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""How a ZIP begins, and an empty one."""


@dataclass(frozen=True)
class Input:
    """One input file: its name for showing only; its bytes, or `problem` says why there are none.

    `skipped` marks files that nobody meant as photos.
    """

    name: str
    data: bytes | None
    problem: str = ""
    skipped: bool = False


def from_uploads(files: Iterable[tuple[str, bytes]]) -> Iterator[Input]:
    """Every photo among (name, bytes), with those inside ZIPs; of a dropped folder, as of one on disk, what is a photo.

    A name without a folder in it was chosen by itself, so it is taken whatever it is. Each is unpacked when it is asked
    for, so that one is in memory at a time.
    """
    room = MAX_UNPACKED
    for name, data in files:
        inside = "/" in name
        if inside and _hidden(name):
            continue
        if inside and PurePosixPath(name.lower()).suffix not in SUFFIXES | {".zip"}:
            yield Input(name, None, _NO_PHOTO, skipped=True)
        else:
            yield from _unzipped(name, data, room)
            unpacked = sum(info.file_size for info in _members(data))
            room -= unpacked if unpacked <= room else 0


def number(files: Iterable[tuple[str, bytes]]) -> int:
    """How many inputs `from_uploads` gives at most; nothing is unpacked to tell."""
    return sum(max(1, len(_members(data))) for _, data in files)


def _unzipped(name: str, data: bytes, room: int) -> Iterator[Input]:
    """What is in a file: one photo, or all of a ZIP."""
    if data[:4] in _ZIP:
        yield from from_zip(name, data, room)
    else:
        yield Input(name, data)


def _members(data: bytes) -> list[zipfile.ZipInfo]:
    """The files in a ZIP that no system put there; none where it is no ZIP, or damaged."""
    try:
        infos = zipfile.ZipFile(BytesIO(data)).infolist() if data[:4] in _ZIP else []
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return []
    return [info for info in infos if not info.is_dir() and not _hidden(info.filename)]


def from_zip(name: str, data: bytes, room: int = MAX_UNPACKED) -> Iterator[Input]:
    """Every file in a ZIP of photos, named by its path inside; one input with a problem where the ZIP is refused.

    It is where it holds more than `room` bytes unpacked.
    """
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        yield Input(name, None, "This ZIP is damaged or incomplete. Pack or download it again.")
        return
    members = _members(data)
    if _is_collection([info.filename for info in members]):
        yield Input(name, None, "This is a saved collection and no photo. Load it on the page Collection.")
        return
    total = sum(info.file_size for info in members)
    if len(members) > MAX_MEMBERS or total > room:
        problem = (
            f"This ZIP holds {len(members):,} files of {total / 1e6:,.0f} MB unpacked; up to {MAX_MEMBERS:,} files and "
            f"{MAX_UNPACKED / 1e6:,.0f} MB are read at once. Pack fewer photos into one, or add it by itself."
        )
        yield Input(name, None, problem)
        return
    for info in members:
        yield _member(archive, info, f"{name}/{info.filename}")


def _is_collection(names: Sequence[str]) -> bool:
    """Whether a ZIP of these files is what `collection_file` saves: its crops are no photos to be searched again."""
    places = ("crops/", "originals/", "previews/")
    return MANIFEST in names and all(name == MANIFEST or name.startswith(places) for name in names)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Input:
    """One file of a ZIP; no more of it is unpacked than a photo may have, whatever it says of itself."""
    if PurePosixPath(info.filename.lower()).suffix not in SUFFIXES:
        return Input(name, None, _NO_PHOTO, skipped=True)
    try:
        with archive.open(info) as handle:
            data = handle.read(photos.MAX_BYTES + 1)
    except (*DAMAGED, ValueError):
        return Input(name, None, "It cannot be unpacked: the ZIP is damaged or locked with a password. Pack it again.")
    return Input(name, data)


_NO_PHOTO = f"Its name does not end like a photo's. Accepted are {photos.ACCEPTED}."


def find(wanted: Iterable[str]) -> Iterator[Path | Input]:
    """Every photo among files, folders (with all inside them) and patterns such as "class/*.jpg", in order, unread.

    What is named itself is always taken; within folders only files whose names end like photos' or ZIPs'. What is not
    to be read comes as an input that says why.
    """
    for text in wanted:
        path = Path(text)
        if not text:  # which Path takes for the folder one is in, and a shell gives for a variable that is not set
            yield Input("", None, "An empty name was given. Name a photo, a folder, a ZIP or a pattern; here is '.'.")
        elif os.path.isdir(path):  # noqa: PTH112  no error where it may not be asked: opening it will say why
            yield from _folder(path)
        elif not os.path.exists(path) and glob.has_magic(text):  # noqa: PTH110
            found = sorted(glob.glob(text, recursive=True))  # noqa: PTH207  a pattern may be absolute, or have "..":
            if not found:
                yield Input(text, None, "Nothing matches this pattern. Check it, and put it in quotes.")
            for one in map(Path, found):
                yield from _folder(one) if one.is_dir() else [one]
        else:
            yield path


def _folder(folder: Path) -> Iterator[Path | Input]:
    closed: list[OSError] = []
    names = (Path(at) / name for at, _, names in os.walk(folder, onerror=closed.append) for name in names)
    # a pipe would never end; what may not be asked is kept, for opening it says why
    files = [path for path in names if os.path.isfile(path) or not os.path.exists(path)]  # noqa: PTH110, PTH113
    errors = {Path(error.filename): error for error in closed}
    for path in sorted([*files, *errors]):
        if _hidden(path.relative_to(folder).as_posix()):
            continue
        if path in errors:
            why = f"This folder cannot be opened: {errors[path].strerror}. Check your rights to it."
            yield Input(path.as_posix(), None, why)
            continue
        ours = path.suffix.lower() in SUFFIXES | {".zip"}
        yield path if ours else Input(path.as_posix(), None, _NO_PHOTO, skipped=True)


def opened(found: Path | Input) -> Iterator[Input]:
    """What is in something that `find` found: one photo, or all of a ZIP; read from disk only now."""
    if isinstance(found, Input):
        yield found
        return
    try:
        with found.open("rb") as handle:
            head = handle.read(4)
            data = head + handle.read(-1 if head in _ZIP else photos.MAX_BYTES)
    except OSError as error:
        why = f"This file cannot be opened: {error.strerror}. Check its name and your rights to it."
        yield Input(found.as_posix(), None, why)
        return
    yield from _unzipped(found.as_posix(), data, MAX_UNPACKED)


def _hidden(name: str) -> bool:
    """Whether a system put the file there: hidden files, macOS's shadow copies, Windows's thumbnails."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return any((p.startswith(".") and p not in (".", "..")) or p in ("__MACOSX", "Thumbs.db") for p in parts)
