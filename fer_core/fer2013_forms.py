"""Which published form of FER2013 a file or folder is, told by its content, and its images."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np

from fer_core.fer2013_members import Members, beside, members, together
from fer_core.fer2013_parquet import read_parquet, split_word
from fer_core.fer2013_source import PIXELS, DatasetError, EmptyDataError, FormError, PixelError, Source
from fer_core.fer2013_tables import read_csv, table_columns
from fer_core.fer2013_trees import PICTURES, read_tree

KNOWN_MD5 = {
    "fer2013.csv": "f8428a1edbd21e88f42c73edd2a14f95",
    "icml_face_data.csv": "b114b9e04e6949e5fe8b6a98b3892b1d",
    "train.csv": "3f0dfb3d3fd99c811a1299cb947e3131",
    "test.csv": "b02c2298636a634e8c2faabbf3ea9a23",
}
"""MD5 of each published table (torchvision checks the same four; our copies of all of them agree)."""

HEAD = 4_096


def read_source(path: Path) -> Source:
    """The images in a file, folder or archive of any published form, with where they came from in `form`.

    Where there are several, the fullest wins: a table with labels and splits, then parquet, then the challenge's
    train.csv with its test.csv, then a tree of pictures. Of a train.csv alone the test.csv beside
    it is read too.
    """
    source = _challenge(path) or members(path)
    if not source.names:
        raise EmptyDataError(f"{path}: expected FER2013 in one of its forms, found an empty folder or archive.")
    kinds, complaints = _kinds(source)
    for kinds_wanted, reader in READERS:
        chosen = [name for kind in kinds_wanted for name in source.names if kinds[name] == kind]
        if chosen:
            return reader(source, chosen)
    if len(source.names) == 1 and complaints:
        raise complaints[0]
    raise FormError(
        f"{path}: expected fer2013.csv, icml_face_data.csv, train.csv, parquet, or folders train/<emotion>/ and "
        f"test/<emotion>/, in a folder, zip or tar; found {', '.join(source.names[:3])}... Give the dataset itself. "
        + " ".join(map(str, complaints[:3]))
    )


def _challenge(path: Path) -> Members | None:
    """The challenge's train.csv at `path` and the test.csv beside it; None where they are not both there."""
    test = beside(path)
    if test is None:
        return None
    both = together(path, test)
    kinds, _ = _kinds(both)  # a test.csv with other columns is another dataset's
    return both if [*kinds.values()] == ["train", "test"] else None


def _kinds(source: Members) -> tuple[dict[str, str], list[DatasetError]]:
    """What each member is, and why tables that look like a dataset's are none."""
    kinds, complaints = {}, []
    for name in source.names:
        try:
            kinds[name] = _kind(source, name)
        except DatasetError as error:
            # A folder may hold other tables beside the dataset: they are a trouble only where nothing else is found.
            kinds[name] = ""
            complaints.append(error)
    return kinds, complaints


def _kind(source: Members, name: str) -> str:
    """What a member is: 'full', 'train' or 'test' (tables), 'parquet', 'picture', or '' for anything else."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in PICTURES and len(source.names) > 1:
        return "picture"
    if len(source.names) > 1 and suffix not in (".csv", ".txt", ".parquet"):
        return ""
    head = source.read(name, HEAD)
    return "parquet" if head.startswith(b"PAR1") else _table_kind(head, source.where(name))


def _table_kind(head: bytes, where: str) -> str:
    """The kind of a csv by its header; a DatasetError where it is no such table, by that or by its first row."""
    if not head.strip():
        raise EmptyDataError(f"{where}: the file is empty. Download it again.")
    header = head.splitlines()[0].decode("utf-8-sig", errors="replace")
    if not header.replace("\t", " ").isprintable() or "\N{REPLACEMENT CHARACTER}" in header:
        raise FormError(f"{where}: expected a csv, parquet, zip or tar; its first bytes are of none.")
    columns = table_columns(next(csv.reader([header])), where)
    _refuse_names(head, columns["pixels"], where)
    return "full" if {"emotion", "Usage"} <= set(columns) else "train" if "emotion" in columns else "test"


def _refuse_names(head: bytes, place: int, where: str) -> None:
    """Nothing; PixelError where the first row, if `head` reaches it, has a file's name for pixels, say.

    Such a table often lies beside the pictures that it lists, and these are the dataset.
    """
    lines = [line for line in head.decode("utf-8-sig", errors="replace").splitlines() if line.strip()]
    fields = next(csv.reader(lines[1:2]), [])
    found = fields[place].strip() if place < len(fields) else ""
    # a sign too: what numbers outside 0..255 are is said by their reader
    if found and not found[0].isdecimal() and found[0] not in "+-":
        raise PixelError(
            f"{where}, row 0: expected {PIXELS:,} whole numbers separated by spaces, found {found[:30]!r}... Give a "
            "table with the pixels themselves, or the pictures in folders train/<emotion>/ and test/<emotion>/."
        )


def _read_full(source: Members, names: list[str]) -> Source:
    """fer2013.csv, or else the first of the full tables: the published ones hold the same."""
    name = min(names, key=lambda n: (PurePosixPath(n).name != "fer2013.csv", n))
    return read_csv(source.read(name, -1), source.where(name))


def _read_challenge(source: Members, names: list[str]) -> Source:
    """train.csv, followed by test.csv where it lies beside; test.csv has no labels, only its rows may be known."""
    parts: dict[str, Source] = {}
    for name in names:
        part = read_csv(source.read(name, -1), source.where(name))
        parts.setdefault(part.form, part)
    return _joined(list(parts.values()), "+".join(parts))


def _read_parquets(source: Members, names: list[str]) -> Source:
    """Every parquet file; one with a column for the splits is taken to hold its rows in the csv's order."""
    words = {split_word(source.where(name)) for name in names}
    both = {"validation", "test"} <= words
    return _joined([read_parquet(source.read(name, -1), source.where(name), both) for name in names], "parquet")


def _read_pictures(source: Members, names: list[str]) -> Source:
    return read_tree(source)


READERS: tuple[tuple[tuple[str, ...], Callable[[Members, list[str]], Source]], ...] = (
    (("full",), _read_full),
    (("parquet",), _read_parquets),
    (("train", "test"), _read_challenge),
    (("picture",), _read_pictures),
)


def _joined(parts: list[Source], form: str) -> Source:
    """Several sources as one, in their order."""
    return Source(
        np.concatenate([part.faces for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.splits for part in parts]),
        np.concatenate([part.rows for part in parts]),
        form,
        tuple(note for part in parts for note in part.notes),
    )
