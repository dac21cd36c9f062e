"""Other splits than the published one: drawn anew, stratified by label, with copies of a picture on one side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fer_core.datasets import Dataset, content_sha256, own_notes
from fer_core.duplicates import exact_groups, near_groups
from fer_core.fer2013_source import DRAWN, SPLITS, DatasetError, drawn_anew
from fer_core.types import Uint8, unknown

SCHEMES: dict[str, tuple[float, float, float] | None] = {
    "official": None,
    "80/10/10": (0.8, 0.1, 0.1),
    "70/20/10": (0.7, 0.2, 0.1),
    "grouped": (0.8, 0.1, 0.1),
}
"""Shares of Training, PublicTest (to choose on) and PrivateTest (to report), which keep their names.

'grouped' keeps near copies of a picture on one side, the others exact copies only.
"""


def resplit(dataset: Dataset, scheme: str, seed: int = 0, groups: np.ndarray | None = None) -> Dataset:
    """The same images in the same order with other splits; one scheme and seed always give the same.

    Each label is shared out by itself, and a group of copies goes to one side whole, so a split differs from its share
    by at most the largest group of each label. `groups` is a number for each image; None groups as `copies`. Published
    images of all splits are mixed: figures on such a split compare with no published ones, and `form` says so to the
    cards of what learns from it. DatasetError for an unknown scheme, or 'official' of what was drawn anew.
    """
    if scheme not in SCHEMES:
        raise DatasetError(unknown("split scheme", scheme, SCHEMES))
    shares = SCHEMES[scheme]
    if shares is None:
        if drawn_anew(dataset.form):
            raise DatasetError(f"Expected data with their published splits, found {dataset.form}. Give fer2013.csv.")
        return dataset
    numbers = copies(dataset.faces, scheme) if groups is None else np.asarray(groups)
    if numbers.shape != (len(dataset),):
        raise DatasetError(f"Expected one group number for each of {len(dataset):,} images, got shape {numbers.shape}.")
    splits = _share_out(numbers, dataset.labels, shares, np.random.default_rng(seed))
    form = f"{dataset.form.split(DRAWN)[0]}{DRAWN}{scheme}, seed {seed}"
    note = f"Split anew {scheme} with seed {seed}, copies kept together: figures compare with no published ones."
    notes = (*(old for old in own_notes(dataset) if not old.startswith("Split anew ")), note)
    sha256 = content_sha256(dataset.faces, dataset.labels, splits)
    return replace(dataset, splits=splits, sha256=sha256, form=form, notes=notes)


def copies(faces: Uint8, scheme: str) -> np.ndarray:
    """The groups that a scheme keeps whole, a number for each image, intp (N,); for 'grouped' it takes seconds."""
    return near_groups(faces) if scheme == "grouped" else exact_groups(faces)


def in_training(dataset: Dataset, groups: np.ndarray) -> dict[str, int]:
    """How many images of each test part that has images have one of their group, such as a copy, in Training."""
    copied = np.isin(groups, groups[dataset.splits == 0])
    parts = {name: dataset.splits == index for index, name in enumerate((*SPLITS, "Test")) if index}
    return {name: int(copied[part].sum()) for name, part in parts.items() if part.any()}


def _share_out(
    groups: np.ndarray, labels: Uint8, shares: tuple[float, float, float], random: np.random.Generator
) -> Uint8:
    """A split for each image, uint8 (N,). A group counts for the label of its first image."""
    _, first, member, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    ends = np.cumsum(shares)[:-1]
    chosen = np.zeros(len(first), np.uint8)
    for label in np.unique(labels[first]):
        mine = random.permutation(np.flatnonzero(labels[first] == label))
        # By its middle, so that a large group lands where most of it belongs.
        middles = (np.cumsum(sizes[mine]) - sizes[mine] / 2) / sizes[mine].sum()
        chosen[mine] = np.searchsorted(ends, middles, side="right")
    return chosen[member]
