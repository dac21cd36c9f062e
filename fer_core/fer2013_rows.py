"""Which row of fer2013.csv an image is, told by its pixels: the identity that trees and splits have lost.

Beside this file lies `fer2013_rows.npz`, 25 bytes for each of the 35,887 rows: a hash of the pixels, a coarse signature
that survives JPEG, and the label. It holds no picture. `row_index` makes it anew from the csv.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fer_core.fer2013_source import NO_LABEL, PIXELS, SIDE, SPLIT_COUNTS, TEST, Source
from fer_core.types import Uint8

INDEX = Path(__file__).with_name("fer2013_rows.npz")
ENDS = np.cumsum(list(SPLIT_COUNTS.values()))
FREQUENCIES = (
    (0, 1), (1, 0), (0, 2), (1, 1), (2, 0), (0, 3), (1, 2), (2, 1),
    (3, 0), (0, 4), (1, 3), (2, 2), (3, 1), (4, 0), (0, 5), (1, 4),
)  # fmt: skip
"""Which cosines of the 48 x 48 transform make the signature: the lowest, without the mean."""
STEP = 16.0
"""Quantisation of the signature: 16 numbers in -127..127."""
FLAT = 16
"""Grey levels: a picture with no more between its darkest and lightest pixel is as good as blank."""
NEAR = 5.0
"""Largest distance of two signatures that can be one image. Measured on 6,000 rows: 99.9 % of JPEGs of quality 50 are
within 3.9 of their row, of quality 75 within 2.8; the nearest row is the right image for 99.8 % and 99.9 % of them."""
NEAR_SHARE = 0.05
"""Images near to some row that make a dataset without one exact copy FER2013. By accident about 0.1 % are near: 2 of
1,500 mirrored faces, 2 of 1,500 means of two faces."""

LOOKED_AT = 200
"""Images that tell whether a dataset's rows are FER2013's: nearly all are near their row, or nearly none."""


@dataclass(frozen=True)
class RowIndex:
    """`hashes` uint64 (R,), `signatures` int8 (R, 16), `labels` uint8 (R,), in the order of fer2013.csv."""

    hashes: np.ndarray
    signatures: np.ndarray
    labels: Uint8


def row_index(faces: Uint8, labels: Uint8) -> RowIndex:
    """The index of faces uint8 (R, 48, 48) that are in the order of fer2013.csv, with their labels."""
    return RowIndex(pixel_hashes(faces), signatures(faces), labels)


def save_row_index(index: RowIndex, path: Path = INDEX) -> None:
    """Nothing; the index is written to `path`, compressed."""
    np.savez_compressed(path, hashes=index.hashes, signatures=index.signatures, labels=index.labels)


def load_row_index(path: Path = INDEX) -> RowIndex:
    """The index that ships with the program."""
    with np.load(path) as stored:
        return RowIndex(stored["hashes"], stored["signatures"], stored["labels"])


def pixel_hashes(faces: Uint8) -> np.ndarray:
    """A hash of each face's pixels, uint64 (N,): equal for exact copies."""
    digests = (hashlib.blake2b(np.ascontiguousarray(face).data, digest_size=8).digest() for face in faces)
    return np.frombuffer(b"".join(digests), "<u8")


def signatures(faces: Uint8) -> np.ndarray:
    """int8 (N, 16): each face's lowest cosine coefficients, coarsely; close for pictures that look the same."""
    waves = _waves()
    out = np.empty((len(faces), len(waves)), np.int8)
    for start in range(0, len(faces), 4096):
        part = faces[start : start + 4096].reshape(-1, PIXELS).astype(np.float32)
        out[start : start + 4096] = np.clip(np.rint(part @ waves.T / STEP), -127, 127)
    return out


def _waves() -> np.ndarray:
    """The cosines of FREQUENCIES over a picture, float32 (16, 2304), orthonormal as in the type II transform."""
    centres = (np.arange(SIDE) + 0.5) * np.pi / SIDE
    lines = np.cos(np.arange(SIDE)[:, None] * centres) * np.sqrt(2 / SIDE)
    lines[0] /= np.sqrt(2)
    return np.stack([np.outer(lines[y], lines[x]).ravel() for y, x in FREQUENCIES]).astype(np.float32)


def identify(source: Source, index: RowIndex) -> Source:
    """The source with `rows` found by pixels, and with the splits and labels filled in that only the row tells.

    Copies of one picture share their pixels, so a row is taken once, first where the claimed row, the split and the
    label agree. Where the images are not FER2013's, but for a few that look like some of its by accident, the rows
    that the form claims stand, being its own positions; `are_rows` tells them from FER2013's.
    """
    candidates = _candidates(source, index)
    if not _is_fer2013(source.faces, index, candidates):
        return source
    rows = _assign(source, index, candidates)
    known = rows >= 0
    splits, labels = source.splits.copy(), source.labels.copy()
    halves, unlabelled = known & (splits == TEST), known & (labels == NO_LABEL)
    splits[halves] = split_of(rows[halves])
    labels[unlabelled] = index.labels[rows[unlabelled]]
    notes = _notes(known, halves, unlabelled)
    return replace(source, rows=rows, splits=splits, labels=labels, notes=source.notes + notes)


def split_of(rows: np.ndarray) -> Uint8:
    """The published split of rows of fer2013.csv, uint8 index into `SPLITS`."""
    return np.searchsorted(ENDS, rows, side="right").astype(np.uint8)


def are_rows(faces: Uint8, rows: np.ndarray, index: RowIndex) -> bool:
    """Whether most faces (N, 48, 48) look like the rows (N,) of fer2013.csv that they are said to be.

    False too where no row is known. Of many images some hundred are looked at, from first to last.
    """
    known = np.flatnonzero((rows >= 0) & (rows < len(index.hashes)))
    some = known[:: max(1, len(known) // LOOKED_AT)]
    apart = signatures(faces[some]).astype(np.float32) - index.signatures[rows[some]]
    return bool(len(some)) and float(np.mean(np.linalg.norm(apart, axis=1) <= NEAR)) > 0.5


def _is_fer2013(faces: Uint8, index: RowIndex, candidates: Iterable[int]) -> bool:
    """Whether one of the candidates (places) is an exact copy, or at least NEAR_SHARE of all faces are near ones."""
    # Blank pictures are everywhere: they alone do not make a dataset FER2013.
    telling = [place for place in candidates if np.ptp(faces[place]) > FLAT]
    if not telling:
        return False
    return len(telling) >= NEAR_SHARE * len(faces) or bool(np.isin(pixel_hashes(faces[telling]), index.hashes).any())


def _candidates(source: Source, index: RowIndex) -> dict[int, list[int]]:
    """For each image (by place) the rows that it may be, nearest first: exact copies, or else near signatures."""
    by_hash: dict[int, list[int]] = {}
    for row, key in enumerate(index.hashes.tolist()):
        by_hash.setdefault(key, []).append(row)
    keys = pixel_hashes(source.faces).tolist()
    found = {place: by_hash[key] for place, key in enumerate(keys) if key in by_hash}
    rest = np.array([place for place in range(len(keys)) if place not in found], np.intp)
    found.update(_near(source.faces[rest], rest, index))
    return found


def _near(faces: Uint8, places: np.ndarray, index: RowIndex) -> Iterator[tuple[int, list[int]]]:
    """Places and the up to eight rows whose signature is within NEAR, for images whose pixels are no row's."""
    if not len(faces):
        return
    # Here, since most datasets have only lossless pictures and need not wait for SciPy.
    from scipy.spatial import cKDTree

    tree = cKDTree(index.signatures.astype(np.float32))
    _, rows = tree.query(signatures(faces).astype(np.float32), k=8, distance_upper_bound=NEAR)
    for place, near in zip(places.tolist(), np.atleast_2d(rows).tolist(), strict=True):
        kept = [row for row in near if row < len(index.hashes)]
        if kept:
            yield place, kept


def _assign(source: Source, index: RowIndex, candidates: dict[int, list[int]]) -> np.ndarray:
    """One row for each image, int32 (N,), -1 where none is left; no row twice; the best agreements choose first."""
    row_splits = split_of(np.arange(len(index.hashes)))
    claims = []
    for place, rows in candidates.items():
        split, label = int(source.splits[place]), int(source.labels[place])
        for rank, row in enumerate(rows):
            side = split == row_splits[row] or (split == TEST and row_splits[row] > 0)
            agrees = label in (int(index.labels[row]), NO_LABEL)
            claims.append((row != source.rows[place], not side, not agrees, rank, place, row))
    out = np.full(len(source.faces), -1, np.int32)
    taken: set[int] = set()
    for *_, place, row in sorted(claims):
        if out[place] < 0 and row not in taken:
            out[place] = row
            taken.add(row)
    return out


def _notes(known: np.ndarray, halves: np.ndarray, unlabelled: np.ndarray) -> tuple[str, ...]:
    notes = [f"{known.sum():,} of {known.size:,} images were recognised by their pixels as rows of fer2013.csv."]
    if halves.any():
        notes.append(f"{halves.sum():,} test images were put into PublicTest or PrivateTest by their row.")
    if unlabelled.any():
        notes.append(f"{unlabelled.sum():,} images without a label got that of their row.")
    return tuple(notes)
