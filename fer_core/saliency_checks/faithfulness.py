"""Whether a map tells what the model needs: its answer while pixels come and go in the map's order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from fer_core.predictor import BasePredictor, resized, softmax
from fer_core.saliency.task import cells, plain, small
from fer_core.types import Float32, Target, Uint8

STEPS = 24
"""Equal steps from no pixel to all of them."""
BLUR = 1 / 8
"""The blur that insertion begins from: its standard deviation as a share of the face's width."""
ORDERS, CELLS = 4, 8
"""Orders by chance that the map is held against; in each, cells of an eighth of the side come as wholes, as parts of a
face do in a map, for scattered single pixels would be noise to any model."""


@dataclass(frozen=True, eq=False)
class Curves:
    """The model's answer in [0, 1] at each of `fractions` of the pixels, all float32 (S + 1,), and the areas below.

    The more at once insertion rises and deletion falls, the better the map tells what the model needs: a large
    `insertion_area` and a small `deletion_area`, as against the same areas for orders by `chance`.
    """

    fractions: Float32
    insertion: Float32
    deletion: Float32
    insertion_area: float
    deletion_area: float
    chance_insertion_area: float
    chance_deletion_area: float


def insertion_deletion(
    predictor: BasePredictor, face: Uint8, map2d: Float32, target: Target, *, seed: int = 0
) -> Curves:
    """Petsiuk et al. 2018, arXiv:1806.07421: pixels of the blurred face made sharp, pixels of the face made plain.

    `face` uint8 (h, w, 3), `map2d` of any size. The answer is the target's probability; of a pair (a, b) that of a
    where a and b alone are asked about. Pixels that the map holds equal come in an order by chance.
    """
    shown, chance = small(face), np.random.default_rng(seed)
    size = (shown.shape[0], shown.shape[1])
    orders = [_order(resized(map2d, size).ravel(), chance)]
    orders += [_order(chance.permutation(CELLS**2)[cells(size, CELLS)].ravel(), chance) for _ in range(ORDERS)]
    blurred = np.asarray(Image.fromarray(shown).filter(ImageFilter.GaussianBlur(BLUR * size[1])))
    asked = [f for o in orders for start, end in ((blurred, shown), (shown, plain(shown))) for f in _way(start, end, o)]
    answers = _answers(predictor, asked, target).reshape(len(orders), 2, STEPS + 1)
    areas = (answers[..., 1:] + answers[..., :-1]).mean(axis=2) / 2
    by_chance = areas[1:].mean(axis=0)
    fractions = np.linspace(0, 1, STEPS + 1, dtype=np.float32)
    return Curves(fractions, *answers[0], *map(float, areas[0]), *map(float, by_chance))


def _order(values: NDArray[np.generic], chance: np.random.Generator) -> NDArray[np.intp]:
    """The highest first."""
    return np.lexsort((chance.random(len(values)), -values.astype(np.float64)))


def _way(start: Uint8, end: Uint8, order: NDArray[np.intp]) -> Iterator[Uint8]:
    """From one picture to the other, `STEPS` equal parts of the pixels at a time; both ends too."""
    now, goal = start.reshape(-1, 3).copy(), end.reshape(-1, 3)
    yield start
    for part in np.array_split(order, STEPS):
        now[part] = goal[part]
        yield now.reshape(start.shape).copy()


def _answers(predictor: BasePredictor, faces: list[Uint8], target: Target) -> Float32:
    if isinstance(target, str):
        predictor.target_weights(target)
        return predictor.predict_proba(faces)[:, predictor.labels.index(target)]
    logits = predictor.predict_logits(faces) @ predictor.target_weights(target)
    pair = np.stack([logits, np.zeros_like(logits)], axis=1) / np.float32(predictor.temperature or 1)
    return softmax(np.asarray(pair, np.float32))[:, 0]
