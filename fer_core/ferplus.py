"""FER+: ten people's votes for each image of FER2013 (Barsoum et al. 2016, arXiv:1608.01041)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from fer_core.fer2013_source import SPLITS, TEST, DatasetError, LabelError, split_indices
from fer_core.types import Uint8, unknown

VOTE_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
"""The columns of fer2013new.csv; NF is 'not a face'."""

VOTES_FILE = "fer2013new.csv"
NOT_A_FACE = VOTE_COLUMNS.index("NF")


class VotesError(DatasetError):
    """A FER+ file that is damaged, or that does not belong to this dataset."""


def read_votes(path: Path) -> tuple[Uint8, Uint8]:
    """Votes uint8 (R, 10), columns as in VOTE_COLUMNS, and splits uint8 (R,), in the order of fer2013.csv's rows.

    The image's name is not read: its number drifts from the row by up to 85, and unusable images have none.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            names, *rows = filter(None, csv.reader(handle))  # no blank lines
    except (OSError, ValueError, csv.Error) as error:
        raise VotesError(
            f"{path}: expected FER+'s {VOTES_FILE}, cannot read it ({error}). Download it again."
        ) from error
    for column in ("Usage", *VOTE_COLUMNS):
        if column not in names:
            raise VotesError(f"{path}: {unknown('column', column, names)} Is it FER+'s {VOTES_FILE}?")
    places = [names.index(column) for column in VOTE_COLUMNS]
    votes = [_counts(fields, places, f"{path}, row {row}") for row, fields in enumerate(rows)]
    usage = names.index("Usage")
    words = [fields[usage] if len(fields) > usage else "" for fields in rows]
    try:
        splits, _ = split_indices(words, str(path))
    except LabelError as error:
        raise VotesError(f"{error} Take {VOTES_FILE} as published.") from error
    return np.array(votes, np.uint8).reshape(-1, len(VOTE_COLUMNS)), splits


def _counts(fields: list[str], places: list[int], where: str) -> list[int]:
    """The ten counts of one image; VotesError where they are none."""
    try:
        counts = [int(fields[place]) for place in places]
    except (ValueError, IndexError):
        counts = [-1]
    if min(counts) < 0 or max(counts) > 255:
        raise VotesError(f"{where}: expected ten counts of votes, found {fields}. Download it again.")
    return counts


def join_votes(path: Path, rows: np.ndarray, splits: Uint8) -> Uint8:
    """The votes of each image, uint8 (N, 10), by its row of fer2013.csv; zeros where the row is unknown (-1).

    VotesError where the file is too short, or its splits are not those of the images: then it is another order.
    """
    votes, usage = read_votes(path)
    known = rows >= 0
    if not known.any():
        raise VotesError(f"{path}: votes belong to rows of fer2013.csv, and no image's row is known. Load fer2013.csv.")
    if rows.max() >= len(votes):
        raise VotesError(
            f"{path}: expected a line for row {rows.max()}, found {len(votes):,} lines. Take the whole {VOTES_FILE}."
        )
    differ = known & (splits != TEST) & (usage[rows] != splits)
    if differ.any():
        row, found = int(rows[differ][0]), int(splits[differ][0])
        raise VotesError(
            f"{path}, row {row}: its split is {SPLITS[usage[row]]}, the image's is {SPLITS[found]}. The file is of "
            f"another dataset or was sorted; votes are joined by position. Take {VOTES_FILE} as published."
        )
    return np.where(known[:, None], votes[rows], np.uint8(0))


def not_a_face(votes: Uint8) -> np.ndarray:
    """Whether more than half of the people said that there is no face, bool (N,)."""
    return votes[:, NOT_A_FACE] * 2 > votes.sum(axis=1)
