"""Class activation maps: channels of the last feature maps, weighted by what they do to the target's logit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fer_core.predictor import BasePredictor, placed
from fer_core.saliency.task import Task
from fer_core.types import Float32


def grad_cam(part: BasePredictor, task: Task) -> Float32:
    """Selvaraju et al. 2017: each channel weighted by its mean gradient, held at 0; float32 (N, H, W)."""
    return _each(part, task, lambda a, g: np.maximum((a * g.mean(axis=(0, 1))).sum(axis=-1), 0))


def grad_cam_plus_plus(part: BasePredictor, task: Task) -> Float32:
    """Chattopadhay et al. 2018: gradients above 0, weighted so that several places count as one does; (N, H, W).

    Their equations 10 and 19, with the exponential of the logit as score, whose own factor scales the map alone.
    """
    return _each(part, task, _plus_plus)


def hires_cam(part: BasePredictor, task: Task) -> Float32:
    """Draelos and Carin 2020: activation times gradient, place by place, held at 0; float32 (N, H, W).

    Where one linear layer follows, the places sum to the logit less its bias, which Grad-CAM's mean gradient does not
    keep; behind average pooling both are the same.
    """
    return _each(part, task, lambda a, g: np.maximum((a * g).sum(axis=-1), 0))


def _plus_plus(activations: Float32, gradients: Float32) -> Float32:
    squared, cubed = gradients**2, gradients**3
    below = 2 * squared + activations.sum(axis=(0, 1)) * cubed
    alpha = np.divide(squared, below, out=np.zeros_like(below), where=below != 0)
    importance = (alpha * np.maximum(gradients, 0)).sum(axis=(0, 1))
    return np.asarray(np.maximum((activations * importance).sum(axis=-1), 0), np.float32)


def _each(part: BasePredictor, task: Task, combine: Callable[[Float32, Float32], Float32]) -> Float32:
    task.work.expect(1)
    task.work.step()
    activations, gradients = part.layer_gradient(task.faces, task.target)
    border = part.spec.grad_cam_border
    maps = [placed(combine(a, g), border, task.size) for a, g in zip(activations, gradients, strict=True)]
    return np.stack(maps) if maps else np.empty((0, *task.size), np.float32)
