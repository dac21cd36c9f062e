"""A map laid over the face that it is about: on the crop, and put back where the crop was in the photo."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from fer_core.crop_rule import Frame, cut
from fer_core.detection import Detector
from fer_core.types import Float32, Uint8

FOR = ((255, 214, 102), (240, 140, 40), (200, 20, 50))
"""Colours from little to much: what speaks for the target. Lightness falls evenly, so that grey printing keeps them."""
AGAINST = ((150, 205, 255), (60, 130, 235), (30, 40, 160))
"""The same for what speaks against it."""
AROUND = 2.0
"""The photo is shown so many times as wide and high as the crop."""
_OUTLINE = (255, 255, 255)


def colours(values: Float32) -> Uint8:
    """The colour of each value in [-1, 1], uint8 (..., 3); NaN is grey."""
    strength = np.abs(np.nan_to_num(values, nan=0.0)).clip(0, 1)
    stops = np.linspace(0, 1, len(FOR))
    ramps = [np.stack([np.interp(strength, stops, channel) for channel in zip(*of, strict=True)], -1)
             for of in (FOR, AGAINST)]  # fmt: skip
    chosen = np.where((np.nan_to_num(values) < 0)[..., None], ramps[1], ramps[0])
    return np.where(np.isnan(values)[..., None], 128, chosen).round().astype(np.uint8)


def overlaid(picture: Uint8, values: Float32, opacity: float) -> Uint8:
    """The picture uint8 RGB (h, w, 3) with the map, any size, in [-1, 1], over it: uint8 (h, w, 3).

    A place is covered by `opacity` times the map's strength there, so that where the map is 0 the face stays as it is.
    """
    strength = _sized(values, picture.shape[:2])
    cover = (opacity * np.abs(np.nan_to_num(strength, nan=1.0)).clip(0, 1))[..., None]
    return np.rint((1 - cover) * picture + cover * colours(strength)).astype(np.uint8)


def put_back(photo: Uint8, frame: Frame, values: Float32, opacity: float) -> Uint8:
    """The photo around the frame, upright, with the map where the crop was cut, whose outline is drawn.

    `photo` uint8 RGB (H, W, 3), `frame` in its pixels, the map as in `overlaid`.
    """
    around = cut(photo, Frame(frame.x, frame.y, AROUND * frame.width, AROUND * frame.height))
    height, width = around.shape[:2]
    down, right = np.mgrid[:height, :width] + 0.5
    dx, dy = (right / width - 0.5) * AROUND * frame.width, (down / height - 0.5) * AROUND * frame.height
    c, s = math.cos(frame.roll), math.sin(frame.roll)
    u, v = (c * dx + s * dy) / frame.width + 0.5, (c * dy - s * dx) / frame.height + 0.5
    inside = (u >= 0) & (u < 1) & (v >= 0) & (v < 1)
    full = np.zeros((height, width), np.float32)
    full[inside] = values[(v[inside] * values.shape[0]).astype(int), (u[inside] * values.shape[1]).astype(int)]
    edge = 1.5 / width * AROUND
    near = np.minimum.reduce([np.abs(u), np.abs(1 - u), np.abs(v), np.abs(1 - v)]) < edge / 2
    out = overlaid(around, full, opacity)
    out[near & (u > -edge) & (u < 1 + edge) & (v > -edge) & (v < 1 + edge)] = _OUTLINE
    return out


def scale_bar(opacity: float, signed: bool, width: int = 240, height: int = 14) -> Uint8:
    """The scale of the colours on mid-grey, from 0, or from -1 where signed, to 1: uint8 (height, width, 3)."""
    values = np.tile(np.linspace(-1 if signed else 0, 1, width, dtype=np.float32), (height, 1))
    return overlaid(np.full((height, width, 3), 128, np.uint8), values, opacity)


def points_in(points: Float32, frame: Frame, shape: tuple[int, ...]) -> Float32 | None:
    """A photo's landmarks (5, 2) in pixels of the crop that the frame gives, `shape` (h, w, ...); None if unknown."""
    if points.shape != (5, 2) or not np.isfinite(points).all():
        return None
    dx, dy = (np.asarray(points, np.float64) - (frame.x, frame.y)).T
    c, s = math.cos(frame.roll), math.sin(frame.roll)
    shares = np.stack([(c * dx + s * dy) / frame.width + 0.5, (c * dy - s * dx) / frame.height + 0.5], axis=1)
    return np.asarray(shares * shape[1::-1], np.float32)


def look_for_points(detector: Detector, crop: Uint8) -> Float32 | None:
    """The landmarks of a crop that comes without its photo, in its pixels, (5, 2); None where no face is found in it.

    It is looked at enlarged and in its own edge pixels, as a face in a photo.
    """
    side = 192
    height, width = crop.shape[:2]
    large = np.asarray(Image.fromarray(crop).resize((side, side), Image.Resampling.BICUBIC))
    margin = side // 2
    wide = np.pad(large, ((margin, margin), (margin, margin), (0, 0)), "edge")
    found = detector.detect(wide)
    if not found:
        return None
    best = max(found, key=lambda face: (face.box[2] - face.box[0]) * face.confidence)
    return np.asarray((best.landmarks - margin) * (width / side, height / side), np.float32)


def _sized(values: Float32, size: tuple[int, ...]) -> Float32:
    """A map at another size: float32 (h, w), bilinear."""
    if values.shape == tuple(size):
        return values
    image = Image.fromarray(np.asarray(values, np.float32))
    return np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR))
