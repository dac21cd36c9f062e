"""What a user should know about a dataset, in sentences: how it differs from the published FER2013, what it lacks."""

from __future__ import annotations

import numpy as np

from fer_core.fer2013_source import SPLIT_COUNTS, SPLITS, TEST, Source, drawn_anew, missing_emotions

OFFICIAL_SHA256 = "bb183fb6943ddf60cee1219371efd38a18d40392d446398712869eac5e880089"
"""sha256 of faces, labels and splits of the published fer2013.csv (MD5 f8428a1e...14f95)."""


def verdict(source: Source, sha256: str) -> tuple[str, ...]:
    """Notes that compare a source with the published dataset; `sha256` is that of its faces, labels and splits."""
    if sha256 == OFFICIAL_SHA256:
        return ("Pixels, labels and splits are exactly those of the published fer2013.csv.",)
    drawn = drawn_anew(source.form)  # the note on that says already that nothing compares
    notes = (() if drawn else _counts(source)) + _unplaced(source)
    if not notes and not drawn:
        notes = ("The counts are the published ones; pixels, labels or their order are not.",)
    return notes + _lacks(source)


def _counts(source: Source) -> tuple[str, ...]:
    """A note for each split of another size than published, and one where test images may be of either half."""
    found = np.bincount(source.splits, minlength=len(SPLITS) + 1)
    notes = [
        f"{name} has {found[index]:,} images; the published FER2013 has {SPLIT_COUNTS[name]:,}."
        for index, name in enumerate(SPLITS)
        if found[index] != SPLIT_COUNTS[name]
    ]
    if found[TEST]:
        notes.append(
            f"{found[TEST]:,} test images may be of PublicTest or PrivateTest: they are in the split 'Test', and "
            "figures on it compare with neither. Use fer2013.csv for those."
        )
    return tuple(notes)


def _unplaced(source: Source) -> tuple[str, ...]:
    unplaced = int((source.rows < 0).sum())
    if not unplaced:
        return ()
    return (f"{unplaced:,} images are no known row of fer2013.csv: their id is -1, and FER+ has no votes on them.",)


def _lacks(source: Source) -> tuple[str, ...]:
    """A note on emotions that no image has, and one for each split that lacks some which others have."""
    nowhere = missing_emotions(source.labels)
    notes = []
    if nowhere:
        notes.append(
            f"No image is of {', '.join(nowhere)}: only recipes whose label set leaves that out can train on these "
            "data. Is a folder missing or misspelt?"
        )
    for index, split in enumerate((*SPLITS, "Test")):
        labels = source.labels[source.splits == index]
        here = [name for name in missing_emotions(labels) if name not in nowhere]
        if len(labels) and here:
            notes.append(
                f"{split} has no image of {', '.join(here)}: is a folder missing or misspelt? Its figures leave that "
                "out."
            )
    return tuple(notes)
