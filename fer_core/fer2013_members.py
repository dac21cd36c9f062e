"""A folder, a zip or a tar as the same thing: names and their bytes. Nothing is ever unpacked to disk."""

from __future__ import annotations

import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fer_core.fer2013_source import ArchiveError, FormError
from fer_core.unpacking import DAMAGED

MAX_MEMBERS = 200_000
MAX_BYTES = 2 * 1024**3
"""An archive may hold this much unpacked: FER2013 is 36,000 pictures or 300 MB of text."""


COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
"""How gzip, bzip2 and xz begin, in which a tar may be."""


@dataclass(frozen=True)
class Members:
    """`names`: relative paths with forward slashes, sorted; `read(name, size)`: the first `size` bytes, -1 all."""

    place: Path
    names: tuple[str, ...]
    read: Callable[[str, int], bytes]

    def where(self, name: str) -> str:
        """How a message names a member."""
        return str(self.place) if self.place.name == name else f"{self.place}/{name}"


def beside(path: Path) -> Path | None:
    """The challenge's test.csv where `path` is the train.csv that it lies beside."""
    if path.name != "train.csv":  # first: "." has no name that could be another one
        return None
    other = path.with_name("test.csv")
    return other if path.is_file() and other.is_file() else None


def together(*files: Path) -> Members:
    """Plain files of one folder as the files of a folder that has no others."""
    place = files[0].parent
    return Members(place, tuple(file.name for file in files), lambda name, size: _head(place / name, size))


def members(path: Path) -> Members:
    """The files in a folder, a zip or a (compressed) tar, or the one plain file that `path` is.

    ArchiveError where an archive is hostile or absurd.
    """
    if path.is_dir():
        found = (p for p in path.rglob("*") if p.is_file())
        names = (p.relative_to(path).as_posix() for p in found)
        return Members(path, _wanted(names), lambda name, size: _head(path / name, size))
    if zipfile.is_zipfile(path):
        return _zip_members(path)
    head = _head(path, 262)
    if head.startswith(b"PK\x03\x04"):
        raise FormError(f"{path}: a zip without its end: the download was cut short. Download it again.")
    # By its first bytes, since asking tarfile about a csv means unpacking it as everything that a tar may be.
    if head.startswith(COMPRESSED) or head[257:] == b"ustar":
        return _tar_members(path)
    return Members(path, (path.name,), lambda name, size: _head(path, size))


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as handle:
        return handle.read(size)


def _zip_members(path: Path) -> Members:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise FormError(f"{path}: a damaged zip ({error}). Download it again.") from error
    infos = [info for info in archive.infolist() if not info.is_dir()]
    _check_size(path, len(infos), sum(info.file_size for info in infos))
    for info in infos:
        _check_name(path, info.filename)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ArchiveError(f"{path}: {info.filename} is a link. Expected plain files only; pack it again without.")
    names = {info.filename.replace("\\", "/"): info for info in infos}

    def read(name: str, size: int) -> bytes:
        try:
            with archive.open(names[name]) as handle:
                return handle.read(size)
        except DAMAGED as error:
            raise FormError(
                f"{path}: {name} cannot be unpacked ({error}). Download the archive again, or unpack it by hand and "
                "give the folder."
            ) from error

    return Members(path, _wanted(names), read)


def _tar_members(path: Path) -> Members:
    contents: dict[str, bytes] = {}
    total = 0
    # One pass: going back in a compressed tar means unpacking it again from its start.
    try:
        with _opened_tar(path) as archive:
            for info in archive:
                total += info.size
                _check_size(path, len(contents) + 1, total)
                if not info.isdir():
                    contents[info.name] = _tar_file(path, archive, info)
    except DAMAGED as error:
        raise FormError(f"{path}: cannot be unpacked ({error}). Download the archive again.") from error
    return Members(path, _wanted(contents), lambda name, size: contents[name][: size if size >= 0 else None])


def _opened_tar(path: Path) -> tarfile.TarFile:
    """The tar; FormError where it is none, such as fer2013.csv.gz."""
    try:
        return tarfile.open(path)
    except tarfile.ReadError as error:
        raise FormError(
            f"{path}: expected a tar, and it cannot be opened as one. If it is a compressed csv, unpack it and give "
            "the csv; else download the archive again."
        ) from error


def _tar_file(path: Path, archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    _check_name(path, info.name)
    handle = archive.extractfile(info) if info.isreg() else None
    if handle is None:
        raise ArchiveError(f"{path}: {info.name} is a link or a device. Expected plain files only; pack it again.")
    return handle.read()


def _check_name(path: Path, name: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name or "\0" in name:
        raise ArchiveError(
            f"{path}: the name {name!r} leads out of the archive. Expected relative names; do not trust this file, "
            "download FER2013 from its source again."
        )


def _check_size(path: Path, count: int, size: int) -> None:
    if count > MAX_MEMBERS or size > MAX_BYTES:
        raise ArchiveError(
            f"{path}: {count:,} files of {size / 1e6:,.0f} MB unpacked; expected at most {MAX_MEMBERS:,} files and "
            f"{MAX_BYTES / 1e6:,.0f} MB. FER2013 is far smaller: is this the right archive?"
        )


def _wanted(names: Iterable[str]) -> tuple[str, ...]:
    """The names that a person put there, sorted: no hidden files, none of macOS's shadow copies."""
    kept = [n for n in names if not any(p.startswith(".") or p == "__MACOSX" for p in PurePosixPath(n).parts)]
    return tuple(sorted(kept))
