"""Copies of a picture in a dataset: exact by their pixels, near by a perceptual hash and a correlation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from fer_core.fer2013_rows import pixel_hashes
from fer_core.types import Uint8

MAX_BITS = 8
"""Two pictures may be near copies where their 64-bit perceptual hashes differ in at most this many bits, ..."""
MIN_CORRELATION = 0.9
"""... and are where their pixels correlate at least so. Of 60 such pairs of FER2013 with the weakest correlations, by
eye all are one photograph, cropped, marked or lit otherwise; between 0.80 and 0.88 about one in five is not."""

CHUNK = 256
PAIRS = 4096
"""Pairs that are correlated at once, in 0.3 GB: of 600 frames of one film, all pairs together would take 6 GB."""
HASHING = 0.6
"""The share of the search's time that goes into the hashes, measured on FER2013."""

Watch = Callable[[float], None]
"""Is told again and again which share of the work is done, 0..1; what it raises stops the work."""


def unwatched(share: float) -> None:
    """Nothing; for those who just wait."""


def exact_groups(faces: Uint8) -> np.ndarray:
    """A group number for each image, intp (N,): equal for equal pixels."""
    return groups_of(pixel_hashes(faces))


def groups_of(hashes: np.ndarray) -> np.ndarray:
    """A group number for each hash, intp (N,): equal for equal ones."""
    return np.unique(hashes, return_inverse=True)[1]


def near_groups(faces: Uint8, watch: Watch = unwatched) -> np.ndarray:
    """A group number for each image, intp (N,): equal for exact copies, near copies, and near copies of those."""
    from scipy.sparse import coo_array  # half a second: not at import
    from scipy.sparse.csgraph import connected_components

    exact = exact_groups(faces)
    _, first = np.unique(exact, return_index=True)
    pairs = near_pairs(faces[first], watch)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(first), len(first)))
    return connected_components(links, directed=False)[1][exact].astype(np.intp)


def near_pairs(faces: Uint8, watch: Watch = unwatched) -> np.ndarray:
    """The pairs of places i < j whose images are near copies, intp (P, 2), by MAX_BITS and MIN_CORRELATION."""
    hashes = perceptual_hashes(faces, lambda share: watch(HASHING * share))
    found = []
    for end, pairs in _close_pairs(hashes):
        found.append(pairs[correlations(faces, pairs) >= MIN_CORRELATION])
        left = 1 - end / len(hashes)  # each row is held against those after it only
        watch(HASHING + (1 - HASHING) * (1 - left**2))
    return np.concatenate(found) if found else np.empty((0, 2), np.intp)


def perceptual_hashes(faces: Uint8, watch: Watch = unwatched) -> np.ndarray:
    """The pHash (imagehash) of each face, uint64 (N,): the signs of its lowest cosines about their median."""
    import imagehash  # half a second: not at import

    bits = []
    for start in range(0, len(faces), CHUNK):
        watch(start / len(faces))
        bits += [imagehash.phash(Image.fromarray(face)).hash.ravel() for face in faces[start : start + CHUNK]]
    return np.packbits(np.array(bits, bool).reshape(-1, 64), axis=1).view(">u8").ravel().astype(np.uint64)


def correlations(faces: Uint8, pairs: np.ndarray) -> np.ndarray:
    """Pearson's correlation of the pixels of each pair, float64 (P,) in [-1, 1]; 0 where a picture is blank."""
    parts = [_correlations(faces, pairs[at : at + PAIRS]) for at in range(0, len(pairs), PAIRS)]
    return np.concatenate([np.empty(0), *parts])


def _correlations(faces: Uint8, pairs: np.ndarray) -> np.ndarray:
    flat = faces.reshape(len(faces), faces.shape[1] * faces.shape[2])
    left, right = (flat[side].astype(np.float64) for side in pairs.T)
    left -= left.mean(axis=1, keepdims=True)
    right -= right.mean(axis=1, keepdims=True)
    scale = np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
    return (left * right).sum(axis=1) / np.where(scale == 0, np.inf, scale)


def _close_pairs(hashes: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Pairs within MAX_BITS, intp (P, 2), a few rows at a time with the row that this ends at; it takes seconds."""
    for start in range(0, len(hashes), CHUNK):
        block = hashes[start : start + CHUNK, None] ^ hashes[None, start:]
        rows, columns = np.nonzero(np.bitwise_count(block) <= MAX_BITS)
        later = columns > rows
        yield min(start + CHUNK, len(hashes)), np.column_stack([rows[later], columns[later]]) + start
