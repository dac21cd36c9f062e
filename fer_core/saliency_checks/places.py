"""Whether class activation maps can say where: what the cells of a model's Grad-CAM layer read, found by hiding it.

A map is drawn as if each cell read the part of the face that it is drawn on. Convolutions see far beyond, and the last
of a deep network at a small size may read the whole face from every cell: then its map tells channels, not places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_core.predictor import BATCH, BasePredictor
from fer_core.saliency.hiding import hidden, windows
from fer_core.types import Uint8

KEPT = 0.5
"""A layer keeps places where the middle of what a cell reads moves at least so far, as a share of the cell's way."""
Float = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Places:
    """Where the `cells` (down, across) of a model's Grad-CAM layer read, on the mean of `n` faces.

    `follows`: from one cell to the next, how far the middle of what is read moves, as a share of how far the drawn
    place does: 1 where cells read where they are drawn, 0 where all read the same.
    `off`: the mean distance between the two, as a share of the face's side. Cells count as much as they change.
    """

    n: int
    cells: tuple[int, int]
    follows: float
    off: float

    @property
    def kept(self) -> bool:
        """Whether a class activation map of this layer can say where."""
        return self.follows >= KEPT


def places(predictor: BasePredictor, faces: Uint8) -> Places | None:
    """What the cells read of faces uint8 (N, h, w, 3), N >= 1, for the label that the model gives each; None: of none.

    A patch is hidden after the other, as in occlusion; what a cell reads is where hiding changes its share of the map,
    squared. None where hiding changes nothing. ValueError for a model that is made of others.
    """
    part, *others = predictor.parts
    if others:
        raise ValueError(f"{predictor.spec.id!r} is made of several networks: check its members.")
    labels = [predictor.labels[i] for i in predictor.predict_logits(faces).argmax(axis=1)]
    heard = np.sum([_changes(part, face, label) for face, label in zip(faces, labels, strict=True)], axis=0)
    if not heard.any():
        return None
    shape, border = (heard.shape[1], heard.shape[2]), part.spec.grad_cam_border
    drawn = np.stack(np.meshgrid(*(_middles(side, border) for side in shape), indexing="ij"), axis=-1)
    read = np.tensordot(heard, _centres(faces[0]), (0, 0)) / np.maximum(heard.sum(axis=0), 1e-30)[..., None]
    return Places(len(faces), shape, *_compared(drawn, read, heard.sum(axis=0)))


def _changes(part: BasePredictor, face: Uint8, label: str) -> Float:
    """How much each hidden patch changes each cell of the map, squared, all summing to 1: (patches, rows, columns)."""
    whole, gradients = part.layer_gradient(face[None], label)
    importance, patches = gradients[0].mean(axis=(0, 1)), list(windows(face))
    changed = []
    for start in range(0, len(patches), BATCH):
        activations, _ = part.layer_gradient(list(hidden(face, patches[start : start + BATCH])), label)
        changed.append((((activations - whole) @ importance) ** 2).astype(np.float64))
    squares = np.concatenate(changed)
    return np.asarray(squares / max(float(squares.sum()), 1e-30))


def _middles(side: int, border: int) -> Float:
    """Where a side's cells are drawn, in shares of the face's side."""
    return np.asarray((np.arange(side) + border + 0.5) / (side + 2 * border))


def _centres(face: Uint8) -> Float:
    """The middles of the patches, down and across in shares of the face's sides: (patches, 2)."""
    sides = np.array(face.shape[:2])
    patches = (zip(patch, sides, strict=True) for patch in windows(face))
    middles = [[(one.start + min(one.stop, side)) / 2 for one, side in patch] for patch in patches]
    return np.array(middles) / sides


def _compared(drawn: Float, read: Float, weight: Float) -> tuple[float, float]:
    """How far what is read follows what is drawn, and the mean distance between the two; both (rows, columns, 2)."""
    share = weight[..., None] / weight.sum()
    (d, r) = (one - (share * one).sum(axis=(0, 1)) for one in (drawn, read))
    spread = float((share * d * d).sum())
    off = float((share[..., 0] * np.hypot(*np.moveaxis(read - drawn, -1, 0))).sum())
    return float((share * d * r).sum()) / spread if spread > 0 else 0.0, off
