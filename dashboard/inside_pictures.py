"""Kernels and feature maps as pictures and tables; no streamlit here."""

from __future__ import annotations

import numpy as np
import pandas as pd
from PIL import Image

from fer_core.inside import Kernels
from fer_core.overlay import colours
from fer_core.types import Float32, Uint8

TILE = 96
"""Pixels of a picture's side."""
PALE = 244
"""Grey of a kernel's weight of 0, between the colours of what is above and below it."""


def kernel(values: Float32, largest: float) -> Uint8:
    """One kernel as a picture: red above 0, blue below, pale at 0; `largest` is full colour. uint8 (TILE, TILE, 3)."""
    share = np.asarray(values / (largest or 1.0), np.float32).clip(-1, 1)
    strength = np.abs(share)[..., None]
    mixed = (1 - strength) * PALE + strength * colours(np.sign(share) * np.maximum(np.abs(share), 0.35))
    small = Image.fromarray(np.rint(mixed).astype(np.uint8))
    return np.asarray(small.resize((TILE, TILE), Image.Resampling.NEAREST))


def pair(found: Kernels, i: int) -> Uint8:
    """A kernel before and after training, side by side on one scale: uint8 (TILE, 2 TILE + gap, 3)."""
    before, after = (kernels[i] for kernels in found.flat)
    largest = float(max(np.abs(before).max(), np.abs(after).max()))
    gap = np.full((TILE, 8, 3), 255, np.uint8)
    return np.concatenate([kernel(before, largest), gap, kernel(after, largest)], axis=1)


def kernel_table(found: Kernels) -> pd.DataFrame:
    """A row a kernel: what it began as, how far it moved, how like it is to what it was, and its weights as drawn."""
    weights = {
        f"{when} {row + 1},{column + 1}": kernels[:, row, column]
        for when, kernels in zip(("before", "after"), found.flat, strict=True)
        for row in range(kernels.shape[1])
        for column in range(kernels.shape[2])
    }
    about = {"kernel": np.arange(1, len(found.after) + 1), "began as": list(found.names), "change": found.change,
             "cosine": found.likeness}  # fmt: skip
    return pd.DataFrame(about | weights)


def most_changed(found: Kernels) -> list[int]:
    """The kernels' places: those that began by design first, then the rest, the most changed first."""
    designed = [i for i, name in enumerate(found.names) if name]
    rest = [int(i) for i in np.argsort(-found.change, kind="stable") if not found.names[int(i)]]
    return designed + rest


def feature_map(values: Float32, low: float, high: float) -> Uint8:
    """One channel (h, w) as a picture, black at `low`, white at `high`: uint8 (TILE, TILE), its places plain to see."""
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    small = Image.fromarray(np.rint(255 * np.clip(np.nan_to_num(share), 0, 1)).astype(np.uint8))
    return np.asarray(small.resize((TILE, TILE), Image.Resampling.NEAREST))


def feature_table(maps: Float32) -> pd.DataFrame:
    """A row a channel of (h, w, C): mean, largest value and the share of places at 0 or below, the strongest first."""
    flat = maps.reshape(-1, maps.shape[-1])
    table = pd.DataFrame({"channel": np.arange(1, maps.shape[-1] + 1), "mean": flat.mean(axis=0),
                          "largest": flat.max(axis=0), "at 0 or below": (flat <= 0).mean(axis=0)})  # fmt: skip
    return table.sort_values("mean", ascending=False, kind="stable").reset_index(drop=True)
