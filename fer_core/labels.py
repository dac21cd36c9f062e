"""The emotions' published spellings, and the label sets that models are trained on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fer_core.types import EMOTIONS, Uint8, unknown

LABEL_SETS: dict[str, tuple[str, ...]] = {
    "seven": EMOTIONS,
    "six": tuple(e for e in EMOTIONS if e != "disgust"),
    "five": tuple(e for e in EMOTIONS if e not in ("disgust", "fear")),
    "four": tuple(e for e in EMOTIONS if e in ("happy", "sad", "surprise", "neutral")),
}
"""Label sets by name, each in the order of `EMOTIONS`."""

SPELLINGS = {
    **{name: name for name in EMOTIONS},
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    **{str(index): name for index, name in enumerate(EMOTIONS)},
}
"""Every spelling met in published FER2013 files and folders, lower case, and the canonical name."""

OUTSIDE = {
    "contempt": "FER+ votes on contempt, FER2013 has no such label",
    "unknown": "FER+ counts the votes of undecided people there",
    "nf": "FER+ counts 'not a face' there",
}


class EmotionError(ValueError):
    """An emotion, folder or number that is none of FER2013's seven labels."""


def emotion(name: str) -> str:
    """The canonical name of an emotion in any published spelling: 'Disgusted', 'fearful', 'Surprised', 'sadness', '3'.

    EmotionError for anything else; 'contempt' is FER+'s eighth label and belongs to no label set of FER2013.
    """
    key = str(name).strip().lower()
    if key in SPELLINGS:
        return SPELLINGS[key]
    if key in OUTSIDE:
        raise EmotionError(f"{name!r} is none of FER2013's seven labels: {OUTSIDE[key]}. Leave those images out.")
    raise EmotionError(unknown("emotion", name, EMOTIONS))


def label_set(name: str | Iterable[str]) -> tuple[str, ...]:
    """The emotions of a label set, in the order of `EMOTIONS`, from its name or from its emotions in any spelling."""
    if not isinstance(name, str):
        wanted = {emotion(item) for item in name}
        return tuple(e for e in EMOTIONS if e in wanted)
    if name not in LABEL_SETS:
        raise EmotionError(unknown("label set", name, LABEL_SETS))
    return LABEL_SETS[name]


def positions(labels: NDArray[np.uint8], known: tuple[str, ...]) -> Uint8:
    """Each label's place in `known`, uint8 (N,), 0..K-1: from indices into `EMOTIONS` to a network's own outputs.

    EmotionError where a label is outside `known`: choose the rows first (`datasets.with_labels`).
    """
    table = np.full(256, 255, np.uint8)
    for place, name in enumerate(known):
        table[EMOTIONS.index(emotion(name))] = place
    places = table[np.asarray(labels, np.uint8)]
    if (places == 255).any():
        strays = sorted({str(EMOTIONS[i]) if i < len(EMOTIONS) else str(i) for i in np.unique(labels[places == 255])})
        raise EmotionError(
            f"Expected labels among {', '.join(known)}; found {', '.join(strays)}. Choose rows by with_labels first."
        )
    return places
