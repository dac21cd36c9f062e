"""The nouns of the program: emotions, faces, predictions, model specifications and cards."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven labels in FER2013's order (Goodfellow et al. 2013, arXiv:1307.0414); every index refers to it."""

Uint8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the upright photo; x to the right, y down; x2 and y2 are exclusive edges."""

Framework = Literal["keras", "torch", "ensemble"]
"""Who computes; "ensemble": the members, each in its own framework."""
InitialWeights = Literal["random", "imagenet", "mixed"]
"""What a network began with; "mixed": an ensemble, some of whose members began with ImageNet's, others with random."""
Start = Literal["random", "imagenet", "mixed", "random-taught", "imagenet-taught"]
"""Initial weights, and whether a teacher's answers were learned beside the labels."""
Target = str | tuple[str, str]
"""What a map explains: the logit of an emotion, or (a, b): the logit of a minus that of b, "why a rather than b?"."""


@dataclass(frozen=True)
class Face:
    """One detected face.

    `box` as in `Box`; `confidence` in [0, 1]; `landmarks` float32 (5, 2), x and y in pixels of the upright photo:
    left eye, right eye, nose, left and right corner of the mouth, left and right as seen in the picture; (0, 2) for a
    face that was drawn by hand;
    `crop` uint8 RGB (side, side, 3), cut by the crop rule of `fer_core.detection`.
    """

    box: Box
    confidence: float
    landmarks: Float32
    crop: Uint8


@dataclass(frozen=True)
class Prediction:
    """One model's answer for one face: `probabilities` float32 (K,) in [0, 1], summing to 1, in the labels' order."""

    model_id: str
    labels: tuple[str, ...]
    probabilities: Float32

    @property
    def label(self) -> str:
        """The emotion with the highest probability."""
        return self.labels[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """The highest probability, 0..1."""
        return float(self.probabilities.max())


@dataclass(frozen=True)
class InputSpec:
    """What a network wants to be fed: grey or colour, side in pixels, value range.

    The network's input is `(pixel - mean) / std` with pixels in 0..255, one mean and std a channel or one for all,
    resized with antialiased `interpolation` to `size` x `size`.
    """

    size: int
    channels: Literal[1, 3]
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (255.0,)
    interpolation: Literal["bilinear", "bicubic", "nearest"] = "bilinear"

    @property
    def value_range(self) -> tuple[float, float]:
        """The lowest and the highest value that the network can be fed."""
        lows = [(0.0 - m) / s for m, s in zip(self.mean, self.std, strict=True)]
        highs = [(255.0 - m) / s for m, s in zip(self.mean, self.std, strict=True)]
        return min(lows), max(highs)


@dataclass(frozen=True)
class ModelSpec:
    """An architecture: one line of `fer_core.catalog.CATALOG`.

    `build` names a function as "module:function" that returns the network (logits out) for `classes=K`; it is resolved
    when needed, so that a catalog costs no framework. `parameters` is what the network with seven classes promises.
    `pretrained` names, in the same way, a function that puts published ImageNet weights into a network; "": none.
    `rectified`: whether all that bends in the network is ReLU or ReLU6, as guided backpropagation demands.
    `grad_cam_border`: cells that the Grad-CAM layer lacks at each edge of the face, where convolutions do not pad.
    """

    id: str
    title: str
    framework: Framework
    build: str
    input: InputSpec
    parameters: int
    grad_cam_layer: str
    source: str
    options: Mapping[str, Any] = field(default_factory=dict)
    pretrained: str = ""
    rectified: bool = True
    grad_cam_border: int = 0


@dataclass(frozen=True)
class DataCard:
    """What a model was trained on: name, sha256 of the pixels and labels, number of images in each split."""

    name: str
    sha256: str
    images: Mapping[str, int]


@dataclass(frozen=True)
class ModelCard:
    """What happened when an artifact was made: `artifacts/<id>/card.json`.

    `temperature` divides the logits before softmax; None means never calibrated, so outputs are scores.
    `seconds` is the training's wall time, summed over resumed runs. `teacher_sha256` is the checksum of the weights of
    the teacher that the recipe names, as they were; None where there was none. `learned_from` is how many Training
    images it learned from, those of its labels that the recipe keeps; None where that was not kept.
    """

    id: str
    title: str
    architecture: str
    framework: Framework
    labels: tuple[str, ...]
    parameters: int
    initial_weights: InitialWeights
    weights_sha256: str
    weights_bytes: int
    temperature: float | None
    recipe: Mapping[str, Any]
    data: DataCard
    epochs: int
    best_epoch: int
    seconds: float
    device: str
    seed: int
    created: str
    commit: str
    limits: tuple[str, ...]
    licence: str
    teacher_sha256: str | None = None
    learned_from: int | None = None

    @property
    def images_learned(self) -> int:
        """How many Training images it learned from, all of the data's where the card does not say."""
        return self.data.images.get("Training", 0) if self.learned_from is None else self.learned_from

    @property
    def start(self) -> Start:
        """What its training had beside images and labels: the initial weights' knowledge, and a teacher's if any."""
        if not self.recipe.get("distil"):
            return self.initial_weights
        return "imagenet-taught" if self.initial_weights == "imagenet" else "random-taught"


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval, all in the value's own unit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class SaliencyMap:
    """Maps of one model for N faces.

    `values` float32 (N, H, W) in [0, 1], each scaled by its own maximum; `maxima` float32 (N,): those maxima before
    scaling, 0 where a map is empty, NaN where a number in it is none. `raw` float32 (N, H, W), where it is known: the
    map before scaling, below 0 where the picture speaks against the target.
    """

    values: Float32
    maxima: Float32
    raw: Float32 | None = None


def label_index(label: str, labels: tuple[str, ...] = EMOTIONS) -> int:
    """The position of an emotion in `labels`; ValueError naming the nearest one where it is unknown."""
    if label in labels:
        return labels.index(label)
    raise ValueError(unknown("emotion", label, labels))


def distinct(titles: Mapping[str, str]) -> dict[str, str]:
    """The titles by id, with the id after one that another has too: tables, widgets and axes take them for one."""
    twice = Counter(titles.values())
    return {id: title if twice[title] == 1 else f"{title} ({id})" for id, title in titles.items()}


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The message for an unknown name: what came, the nearest known name, and all known names."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(names) if names else "none"
    return f"Unknown {what} {name!r}.{hint} Known: {listed}."


def remake(id: str) -> str:
    """The command that makes the artifact of that id again; what `trainers` added to a recipe's id says how."""
    command, rest = "train", id
    if svm := re.fullmatch(r"(.+)-svm", rest):
        command, rest = "svm", svm[1]
    options: list[str] = []
    for ending, option in ((r"(.+)-seed(\d+)", "--seed {}"), (r"(.+)-(scratch)", "--init random")):
        if found := re.fullmatch(ending, rest) if command == "train" else None:
            rest = found[1]
            options.insert(0, option.format(found[2]))
    return " ".join([f"python -m trainers {command} {rest}", *options])
