"""A recipe's [augment] as Keras layers, active in training only; on any of Keras's backends."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

from trainers.recipe import Augment


@keras.saving.register_keras_serializable("seven_faces")
class Affine(layers.Layer):
    """Flip, rotation, scale, shift and crop as one bilinear resampling, the twin of `trainers.augment`'s in PyTorch.

    Keras has a layer for each, and each resamples anew: slower, and blurrier with every one. What leaves the picture is
    filled with its edge. `side` is that of what comes back in training, and may be changed between epochs.
    """

    def __init__(self, options: Augment, side: int, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.options, self.side = options, side
        self.seeds = keras.random.SeedGenerator(0)  # the trainer draws its state anew for every epoch

    def call(self, x: Any, training: bool = False) -> Any:
        """Pictures float32 (N, side, side, c) in 0..255; as they came where it is not training."""
        if not training:
            return x
        moved = ops.image.affine_transform(x, self._transforms(ops.shape(x)[0], x.shape[1]), fill_mode="nearest")
        return moved[:, : self.side, : self.side]

    def compute_output_shape(self, shape: Any) -> tuple[Any, ...]:
        """The pictures' shape; sides are open where they change."""
        open_side = shape[1] if self.side == shape[1] else None
        return (shape[0], open_side, open_side, shape[3])

    def _transforms(self, n: Any, full: int) -> Any:
        """Where each pixel of what comes back lies in the picture, (N, 8) as `ops.image.affine_transform` wants it."""
        options, (low, high) = self.options, self.options.scale
        kept = (options.crop or full) / full
        draws = ops.split(keras.random.uniform((n, 7), -1.0, 1.0, seed=self.seeds), 7, axis=1)
        angle = draws[0] * math.radians(options.rotate_degrees)
        size = kept / ((high + low) / 2 + draws[1] * (high - low) / 2)
        mirror = ops.where(draws[2] < 0, -1.0, 1.0) if options.flip else ops.ones_like(size)
        rows = []
        for along, across, shift, crop in (
            (ops.cos(angle) * size * mirror, -ops.sin(angle) * size, draws[3], draws[4]),
            (ops.sin(angle) * size * mirror, ops.cos(angle) * size, draws[5], draws[6]),
        ):
            # in pictures that reach from -1 to 1, as PyTorch's affine_grid has it; then in pixels
            centre = 2 * options.shift * shift + (1 - kept) * crop
            step = full / self.side
            offset = full / 2 * ((along + across) * (1 / self.side - 1) + centre + 1) - 0.5
            rows += [along * step, across * step, offset]
        return ops.concatenate([*rows, ops.zeros_like(size), ops.zeros_like(size)], axis=1)


def augmentation(options: Augment, size: int = 48, side: int = 0) -> list[layers.Layer]:
    """The layers for pictures of that size; the first is an `Affine` to pictures of `side` where one is needed."""
    light: dict[str, Any] = {"value_range": (0, 255), "dtype": "float32"}
    contrast, erase = options.contrast, options.erase  # given twice, as Keras would halve a single number's range
    moves = options.flip or options.rotate_degrees or options.shift or options.scale != (1.0, 1.0)
    resized = options.crop or options.start_size or (side or size) != size
    candidates: list[tuple[Any, Any]] = [
        (moves or resized, lambda: Affine(options, side or options.crop or size)),
        (options.brightness, lambda: layers.RandomBrightness(options.brightness, **light)),
        (contrast, lambda: layers.RandomContrast((contrast, contrast), **light)),
        (erase, lambda: layers.RandomErasing((erase, erase), scale=(0.02, 0.2), fill_value=127.0, **light)),
    ]
    return [make() for wanted, make in candidates if wanted]
