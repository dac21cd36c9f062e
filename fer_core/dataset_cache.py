"""One npz for each source of FER2013, so that it is parsed once: found by the source's path, size and time."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from platformdirs import user_cache_path

from fer_core.fer2013_members import beside
from fer_core.fer2013_source import DatasetError, Source

VERSION = 2
"""Part of every key: raise it when readers change what they return."""

PIECE = 1 << 20
"""Bytes read at a time where a whole file would take too much memory."""

ARRAYS = ("faces", "labels", "splits", "rows")
REMEDY = (
    "Give fer2013.csv or another published form, see python -m trainers data check; a damaged cache makes itself anew."
)
RELEASE = getattr(mmap, "MADV_DONTNEED", None)
"""How to give back memory that a file was mapped into; None where the system cannot be told (Windows)."""


class OnDisk(np.memmap):
    """An array that stays in its file: what is indexed is a copy, and the memory that its file came into is given back.

    A plain `np.memmap` keeps all that was ever looked at, so that 48 faces here and there become the whole file.
    """

    def __getitem__(self, index: Any) -> Any:
        """What `index` chooses, in memory of its own."""
        found = np.array(super().__getitem__(index), subok=False)
        mapping = getattr(self, "_mmap", None)  # NumPy's own name; None after pickling
        if isinstance(mapping, mmap.mmap) and RELEASE is not None:
            mapping.madvise(RELEASE)
        return found


class DamagedFileError(DatasetError):
    """An npz that is not one of ours, or is no longer whole."""


def cache_folder(folder: Path | None = None) -> Path:
    """Where caches lie: `folder`, else $SEVEN_FACES_CACHE, else the system's place for caches."""
    named = folder or os.environ.get("SEVEN_FACES_CACHE")
    return Path(named).expanduser() if named else user_cache_path("seven-faces", appauthor=False)


def cache_file(path: Path, folder: Path) -> Path:
    """The cache's file for the source at `path` as it is now; a source that changes gets another one."""
    return folder / f"{_name(path)}-{_state(path)}.npz"


def write(source: Source, file: Path) -> None:
    """Nothing; `file` holds the source whole, or is as it was: written beside its place and renamed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    about = json.dumps({"form": source.form, "notes": source.notes})
    beside = file.with_name(f".writing-{uuid4().hex}.npz")
    try:
        with beside.open("xb") as out:
            np.savez(out, about=np.array(about), **{what: getattr(source, what) for what in ARRAYS})
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def write_only(source: Source, file: Path) -> None:
    """Nothing; as `write`, and the caches of the same path's earlier states are removed."""
    write(source, file)
    for old in file.parent.glob(f"{file.stem.rsplit('-', 1)[0]}-*.npz"):
        if old != file:
            with suppress(PermissionError):  # Windows keeps what is still mapped; the next write removes it
                old.unlink(missing_ok=True)


def read(file: Path) -> Source:
    """The source in one of our npz files; DamagedFileError where it is no such file or its checksums fail."""
    try:
        with np.load(file) as stored:
            about = json.loads(str(stored["about"]))
            faces, labels, splits, rows = (stored[what] for what in ARRAYS)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DamagedFileError(f"{file}: expected an npz that `datasets.save` wrote; {error}. {REMEDY}") from error
    if not len(faces) == len(labels) == len(splits) == len(rows):
        raise DamagedFileError(f"{file}: its arrays differ in length. {REMEDY}")
    return Source(faces, labels, splits, rows, about["form"], tuple(about["notes"]))


def read_mapped(file: Path) -> tuple[Source, str]:
    """The source with `faces` left on disk, mapped and read-only, and the sha256 of faces, labels and splits.

    The file is read once in small pieces, so that damage is found as by `read`, but little memory is taken; a page of
    the file comes into memory when a face on it is looked at. DamagedFileError as `read`; a file that was compressed
    cannot be mapped and is read whole.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            faces, digest = _mapped(archive, file, f"{ARRAYS[0]}.npy")
        with np.load(file) as stored:
            about = json.loads(str(stored["about"]))
            labels, splits, rows = (stored[what] for what in ARRAYS[1:])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DamagedFileError(f"{file}: expected an npz that `datasets.save` wrote; {error}. {REMEDY}") from error
    if not len(faces) == len(labels) == len(splits) == len(rows):
        raise DamagedFileError(f"{file}: its arrays differ in length. {REMEDY}")
    for array in (labels, splits):
        digest.update(np.ascontiguousarray(array).data)
    return Source(faces, labels, splits, rows, about["form"], tuple(about["notes"])), digest.hexdigest()


def _mapped(archive: zipfile.ZipFile, file: Path, name: str) -> tuple[np.ndarray, hashlib._Hash]:
    """An array inside an npz, mapped where it is stored as it is, and the digest of its bytes so far."""
    info, digest = archive.getinfo(name), hashlib.sha256()
    with archive.open(info) as member:
        if np.lib.format.read_magic(member) != (1, 0):
            raise ValueError(f"{name} is of another version of the npy format than NumPy writes for such arrays")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
        start = member.tell()
        for piece in iter(lambda: member.read(PIECE), b""):  # its end checks the CRC
            digest.update(piece)
    if fortran or dtype.hasobject:
        raise ValueError(f"{name} has {dtype} in another order than expected")
    if info.compress_type != zipfile.ZIP_STORED:
        with np.load(file) as stored:
            return stored[name.removesuffix(".npy")], digest
    return OnDisk(file, dtype, "r", _data_offset(file, info) + start, shape), digest


def _data_offset(file: Path, info: zipfile.ZipInfo) -> int:
    """Where a stored member's bytes begin: after its local header, which has a length of its own (APPNOTE 4.3.7)."""
    with file.open("rb") as handle:
        handle.seek(info.header_offset)
        name, extra = struct.unpack("<26x2H", handle.read(30))
    return info.header_offset + 30 + name + extra


def is_npz(path: Path) -> bool:
    """Whether a file is an npz rather than a zip of other things."""
    if not (path.is_file() and zipfile.is_zipfile(path)):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def _name(path: Path) -> str:
    place = str(path.resolve())
    return f"fer2013-{hashlib.sha256(place.encode()).hexdigest()[:12]}"


def _state(path: Path) -> str:
    """A hash of the sizes and times of the source's files: of a folder all in it, of a train.csv its test.csv too."""
    digest = hashlib.sha256(str(VERSION).encode())
    alone = [str(file) for file in (path, beside(path)) if file]
    for file in sorted(_files(path)) if path.is_dir() else alone:
        try:
            stat = os.stat(file)  # noqa: PTH116 (as in `_files`)
        except FileNotFoundError:  # a link to nothing, as editors leave as a lock
            continue
        digest.update(f"{file}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]


def _files(folder: Path) -> Iterator[str]:
    """The paths of all files below; os.walk, because a tree has 36,000 and Path objects would take a second."""
    for place, _, names in os.walk(folder):
        yield from (f"{place}{os.sep}{name}" for name in names)
