"""The training images as Keras's fit wants them, in the order of `fitting.epoch_rows`."""

from __future__ import annotations

import keras
import numpy as np

from trainers.fitting import Images, epoch_rows, mixup_alpha
from trainers.recipe import Recipe


class Batches(keras.utils.PyDataset):
    """Batches of one epoch: inputs of `keras_step.learning_model` and targets of `keras_step.SoftCrossEntropy`."""

    def __init__(self, images: Images, recipe: Recipe) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.images, self.recipe, self.targets = images, recipe, images.targets(recipe)
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """Nothing comes back; the batches are now those of this epoch of the recipe's plan, counted from 0."""
        self.epoch = epoch
        self.rows = epoch_rows(self.images.y, self.recipe, epoch)

    def __len__(self) -> int:
        return -(-len(self.rows) // self.recipe.schedule.batch_size)

    def __getitem__(self, number: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        size, alpha = self.recipe.schedule.batch_size, mixup_alpha(self.recipe, self.epoch)
        rows = self.rows[number * size : (number + 1) * size]
        targets, share, partner = self.targets[rows], np.float32(1), np.arange(len(rows))
        if alpha:
            chance = np.random.default_rng([self.recipe.seed, self.epoch, number])
            share, partner = np.float32(chance.beta(alpha, alpha)), chance.permutation(len(rows))
            targets = share * targets + (1 - share) * targets[partner]
        label = self.images.y[rows if share >= 0.5 else rows[partner]].astype(np.float32)
        inputs = {"pixels": self.images.pixels[rows], "partner": partner.astype(np.int32)}
        inputs["share"] = np.full(len(rows), share, np.float32)
        return inputs, np.concatenate([targets, label[:, None]], axis=1)
