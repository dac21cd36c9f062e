"""FER2013's faces pasted into larger pictures and read back through detection, as a photo would show them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from fer_core.crop_rule import Frame, cut
from fer_core.dataset_cache import cache_folder
from fer_core.detection import DetectionOptions, Detector
from fer_core.types import Uint8

PICTURE = (1280, 960)
"""Width and height in pixels of a picture that faces are pasted into."""
NEAR = 0.3
"""Intersection over union with a pasted frame at which a detected box counts as its face: the box of a face that was
found as a whole has 0.7 (median), one of another face or of a part of it less than 0.3."""
VERSION = 1
"""Part of every key: raise it when pictures or detection change."""


@dataclass(frozen=True, eq=False)
class Pasted:
    """A grey picture uint8 (H, W), and for each face in it its index and the frame that it was pasted into."""

    picture: Uint8
    frames: tuple[tuple[int, Frame], ...]


@dataclass(frozen=True, eq=False)
class Readings:
    """What detection found of N pasted faces, F of them, and what it found beside.

    `index` int64 (F,), which faces; `boxes` float64 (F, 4) and `landmarks` float64 (F, 5, 2) in pixels of the picture,
    as in `types.Face`; `frames` float64 (F, 4), x1, y1, x2, y2 of the frame that FER2013's makers cut, in the same
    pixels; `false` (1,), the number of boxes that were none of the faces.
    """

    index: np.ndarray
    boxes: np.ndarray
    landmarks: np.ndarray
    frames: np.ndarray
    false: np.ndarray


def paste(faces: Uint8, side: int, angle: float = 0.0, seed: int = 0) -> Iterator[Pasted]:
    """Pictures with the uint8 (N, 48, 48) faces, each `side` pixels wide, in order, at random places in a grid.

    The background is a photo without a face (scikit-image's cup of coffee). Each face stands in its own edge pixels,
    which fade into the background within half a side, so that no hard edge tells where FER2013's frame was. `angle`
    turns the faces, in degrees clockwise. The same arguments give the same pictures.
    """
    chance = np.random.default_rng(seed)
    background = np.asarray(Image.fromarray(skimage.data.coffee()).convert("L").resize(PICTURE), np.float32)
    cell = 2 * side + 16
    columns, rows = PICTURE[0] // cell, PICTURE[1] // cell
    if columns * rows == 0:
        raise ValueError(f"Expected faces of at most {(min(PICTURE) - 16) // 2} pixels, got {side}.")
    for start in range(0, len(faces), columns * rows):
        picture, frames = background.copy(), []
        for place, face in enumerate(faces[start : start + columns * rows]):
            x, y = (int(v) for v in np.array(divmod(place, rows)) * cell + chance.integers(0, 16, 2))
            _blend(picture[y : y + 2 * side, x : x + 2 * side], _turned(face, side, angle))
            middle = side // 2 + side / 2
            frames.append((start + place, Frame(x + middle, y + middle, side, side, np.radians(angle))))
        yield Pasted(np.round(picture).astype(np.uint8), tuple(frames))


def read_back(
    faces: Uint8, side: int, options: DetectionOptions, angle: float = 0.0, each: Callable[[int], None] = lambda n: None
) -> Readings:
    """What detection finds of the faces as `paste` shows them; `each` hears how many faces another picture had.

    Kept in the cache folder, since it takes minutes; no pixel is, since `paste` makes them again.
    """
    file = cache_folder() / f"read-back-{_key(faces, side, angle, options)}.npz"
    if file.is_file():
        each(len(faces))
        with np.load(file, allow_pickle=False) as kept:
            return Readings(**{field.name: kept[field.name] for field in fields(Readings)})
    detector, parts = Detector(), []
    for pasted in paste(faces, side, angle):
        parts.append(_found(detector, pasted, options))
        each(len(pasted.frames))
    joined = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Readings)}
    joined["false"] = joined["false"].sum(keepdims=True)
    _keep(file, joined)
    return Readings(**joined)


def crops(
    faces: Uint8, side: int, readings: Readings, frame: Callable[[int], Frame], angle: float = 0.0
) -> Iterator[Uint8]:
    """Each found face cut out of the pictures anew, uint8 RGB (h, w, 3); `frame` says where, by its place in F."""
    places = {int(index): place for place, index in enumerate(readings.index)}
    for pasted in paste(faces, side, angle):
        picture = np.repeat(pasted.picture[..., None], 3, axis=2)
        for index, _ in pasted.frames:
            if index in places:
                yield cut(picture, frame(places[index]))


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of all pairs of boxes (N, 4) and (M, 4): float64 (N, M)."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(x[:, 2:] - x[:, :2]).prod(axis=1) for x in (a, b)]
    return common / np.maximum(areas[0][:, None] + areas[1][None] - common, 1e-9)


def corners(frames: list[Frame]) -> np.ndarray:
    """The frames as boxes x1, y1, x2, y2, float64 (N, 4), any roll left out."""
    found = [(f.x - f.width / 2, f.y - f.height / 2, f.x + f.width / 2, f.y + f.height / 2) for f in frames]
    return np.array(found, np.float64).reshape(-1, 4)


def _found(detector: Detector, pasted: Pasted, options: DetectionOptions) -> Readings:
    faces = detector.detect(np.repeat(pasted.picture[..., None], 3, axis=2), options)
    frames = corners([frame for _, frame in pasted.frames])
    boxes = np.array([face.box for face in faces], np.float64).reshape(-1, 4)
    landmarks = np.array([face.landmarks for face in faces], np.float64).reshape(-1, 5, 2)
    near = overlaps(frames, boxes)
    hit = near.max(axis=1, initial=0) > NEAR
    best = near[hit].argmax(axis=1) if hit.any() else np.zeros(0, int)
    index = np.array([index for index, _ in pasted.frames], np.int64)
    false = np.array([(near.max(axis=0, initial=0) <= NEAR).sum()])
    return Readings(index[hit], boxes[best], landmarks[best], frames[hit], false)


def _key(faces: Uint8, side: int, angle: float, options: DetectionOptions) -> str:
    about = (VERSION, faces.shape, side, angle, options.minimum_face, options.confidence, options.thresholds, PICTURE)
    digest = hashlib.sha256(repr(about).encode())
    digest.update(np.ascontiguousarray(faces).tobytes())
    return digest.hexdigest()[:20]


def _keep(file: Path, arrays: dict[str, np.ndarray]) -> None:
    """Nothing comes back; the arrays are in the file, whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".writing-{file.name}")
    with beside.open("wb") as out:
        np.savez_compressed(out, **arrays)  # type: ignore[arg-type]  # its stub takes no names
    beside.replace(file)


def _turned(face: Uint8, side: int, angle: float) -> np.ndarray:
    """The face at its new size, in twice its side of edge pixels, turned."""
    sized = np.asarray(Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC))
    wide = np.pad(sized, (side // 2, side - side // 2), "edge")
    return np.asarray(Image.fromarray(wide).rotate(-angle, Image.Resampling.BICUBIC)) if angle else wide


def _blend(place: np.ndarray, face: np.ndarray) -> None:
    """Nothing comes back; the face covers the place, less and less towards the edges of the place."""
    side = len(face) // 2
    from_edge = np.minimum(np.arange(2 * side) + 0.5, np.arange(2 * side)[::-1] + 0.5) / (side / 2)
    ramp = np.clip(from_edge, 0, 1)
    opacity = np.minimum.outer(ramp, ramp)
    place *= 1 - opacity
    place += opacity * face
