"""Methods that need nothing but answers: parts of the face hidden behind its mean colour, and the model asked again.

What is hidden is hidden in the picture, before any model's own preprocessing, so that every model reads the same faces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice, product

import numpy as np

from fer_core.predictor import BATCH, BasePredictor, resized
from fer_core.saliency.task import Int, Task, cells, plain, small
from fer_core.types import Float32, Uint8

PATCH = 1 / 6
"""Side of the patch that occlusion hides, as a share of the face's: 8 of 48 pixels. It moves by half its side."""
MASKS, GRID, SHOWN = 1000, 7, 0.5
"""RISE's masks, the cells of a mask's side, and the share of cells shown, as in the paper but for fewer masks."""
CELLS, ORDERS = 8, 10
"""Cells of a face's side that Shapley values are shared among, and orders in which they come, each backwards too."""

Method = Callable[[BasePredictor, Uint8, Task], Float32]


def occlusion(model: BasePredictor, task: Task) -> Float32:
    """Zeiler and Fergus 2014: how much logit is lost with the patches over a pixel, their mean; float32 (N, H, W)."""
    return _each(model, task, _occlusion, lambda face: 1 + len(list(windows(face))))


def rise(model: BasePredictor, task: Task) -> Float32:
    """Petsiuk et al. 2018: mean logit over random masks that show a pixel, less over those that hide it; (N, H, W).

    The paper has the first mean alone, which gives every pixel the face's logit even where no pixel matters.
    """
    return _each(model, task, _rise, lambda _: MASKS)


def shapley(model: BasePredictor, task: Task) -> Float32:
    """Strumbelj and Kononenko 2010: what each of 8 x 8 cells adds, over random orders of them; float32 (N, H, W).

    A face's cells sum to logit(face) - logit(plain face). Every order is taken backwards too (Mitchell et al. 2022).
    """
    return _each(model, task, _shapley, lambda _: 2 + 2 * ORDERS * (CELLS**2 - 1))


def scores(model: BasePredictor, faces: Iterable[Uint8], task: Task) -> Float32:
    """The target's logit for each of any number of faces: float32 (n,), asked in batches as they are made."""
    weights, source, found = model.target_weights(task.target), iter(faces), [np.empty(0, np.float32)]
    while batch := list(islice(source, BATCH)):
        task.work.step()
        found.append(model.predict_logits(batch) @ weights)
    return np.concatenate(found)


def _each(model: BasePredictor, task: Task, method: Method, questions: Callable[[Uint8], int]) -> Float32:
    faces = [small(face) for face in task.faces]
    for face in faces:
        task.work.expect(-(-questions(face) // BATCH))
    maps = [resized(method(model, face, task), task.size) for face in faces]
    return np.stack(maps) if maps else np.empty((0, *task.size), np.float32)


def _occlusion(model: BasePredictor, face: Uint8, task: Task) -> Float32:
    patches = list(windows(face))
    answers = scores(model, chain([face], hidden(face, patches)), task)
    total, count = np.zeros((2, *face.shape[:2]), np.float32)
    for window, answer in zip(patches, answers[1:], strict=True):
        total[window] += answers[0] - answer
        count[window] += 1
    return total / count


def windows(face: Uint8) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of each patch; those at the edge are cut by it, so that every pixel is hidden as often."""
    starts = []
    for side in face.shape[:2]:
        long = max(2, round(side * PATCH))
        starts.append([slice(max(0, at), at + long) for at in range(long // 2 - long, side, long // 2)])
    yield from product(*starts)


def hidden(face: Uint8, patches: Iterable[tuple[slice, slice]]) -> Iterator[Uint8]:
    """The face with one patch after the other behind its mean colour."""
    base = plain(face)
    for window in patches:
        covered = face.copy()
        covered[window] = base[window]
        yield covered


def _rise(model: BasePredictor, face: Uint8, task: Task) -> Float32:
    chance, answered = task.chance(), 0.0
    weighted, total = np.zeros((2, *face.shape[:2]))
    for start in range(0, MASKS, BATCH):
        masks = np.stack([_mask(face.shape[:2], chance) for _ in range(min(BATCH, MASKS - start))])
        answers = scores(model, _mixed(face, masks), task).astype(np.float64)
        weighted += np.tensordot(answers, masks, 1)
        total += masks.sum(axis=0)
        answered += answers.sum()
    shown = np.clip(total, 1e-6, MASKS - 1e-6)
    return np.asarray(weighted / shown - (answered - weighted) / (MASKS - shown), np.float32)


def _mask(shape: tuple[int, ...], chance: np.random.Generator) -> Float32:
    """Cells shown at random, enlarged with soft edges and shifted by up to a cell: float32 (h, w) in [0, 1]."""
    cell = [-(-side // GRID) for side in shape]
    cells = (chance.random((GRID + 1, GRID + 1)) < SHOWN).astype(np.float32)
    large = resized(cells, ((GRID + 1) * cell[0], (GRID + 1) * cell[1]))
    top, left = (int(chance.integers(0, side)) for side in cell)
    return large[top : top + shape[0], left : left + shape[1]]


def _mixed(face: Uint8, masks: Float32) -> Iterator[Uint8]:
    """The face where a mask is 1, its mean colour where it is 0."""
    base = plain(face).astype(np.float32)
    shown = face.astype(np.float32) - base
    for mask in masks:
        yield (base + mask[..., None] * shown + 0.5).astype(np.uint8)


def _shapley(model: BasePredictor, face: Uint8, task: Task) -> Float32:
    cell, chance = cells((face.shape[0], face.shape[1]), CELLS), task.chance()
    orders = [order for _ in range(ORDERS) for order in _both_ways(chance.permutation(CELLS**2))]
    faces = chain([plain(face), face], (grown for order in orders for grown in _grown(face, cell, order)))
    answers = scores(model, faces, task)
    values = np.zeros(CELLS**2)
    for order, middle in zip(orders, answers[2:].reshape(len(orders), -1), strict=True):
        values[order] += np.diff([answers[0], *middle, answers[1]])
    return np.asarray(values[cell] / len(orders), np.float32)


def _both_ways(order: Int) -> tuple[Int, Int]:
    return order, order[::-1]


def _grown(face: Uint8, cell: Int, order: Int) -> Iterator[Uint8]:
    """The face as its cells come one after the other; neither with none nor with all of them."""
    growing = plain(face)
    for number in order[:-1]:
        growing = np.where((cell == number)[..., None], face, growing)
        yield growing
