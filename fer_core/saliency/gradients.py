"""Methods that ask a network for gradients at its input: maps of its own pixels, brought to the faces' size at the end.

All are per unit of brightness, so that networks with other value ranges compare: 1 is a pixel's way from black to
white. Channels are summed: what a grey change of the pixel does.
"""

from __future__ import annotations

import numpy as np

from fer_core.predictor import BasePredictor
from fer_core.preprocess import network_input
from fer_core.saliency.task import Task, plain, spread
from fer_core.types import Float32, InputSpec

STEPS = 32
"""Places on the way from the plain face at which integrated gradients asks for a gradient."""
SAMPLES, NOISE = 32, 0.15
"""SmoothGrad's noisy copies, and their noise's standard deviation as a share of the face's range of values: Smilkov et
al. found 10 to 20 % best, and little gained beyond 50 copies."""


def integrated_gradients(part: BasePredictor, task: Task, steps: int = STEPS) -> Float32:
    """Sundararajan et al. 2017: float32 (N, H, W) that sum to logit(face) - logit(plain face), but for the steps.

    The integral is taken by Gauss and Legendre, as captum takes it.
    """
    places, shares = np.polynomial.legendre.leggauss(steps)
    x, base = (network_input(faces, part.spec.input) for faces in (task.faces, [plain(f) for f in task.faces]))
    total = np.zeros_like(x)
    task.work.expect(steps)
    for place, share in zip((places + 1) / 2, shares / 2, strict=True):
        task.work.step()
        total += np.float32(share) * part.gradient_at(base + np.float32(place) * (x - base), task.target)
    return _maps((x - base) * total, task)


def smooth_grad(part: BasePredictor, task: Task, samples: int = SAMPLES) -> Float32:
    """Smilkov et al. 2017: the mean gradient over noisy copies, its magnitude; float32 (N, H, W), >= 0."""
    x, chance = network_input(task.faces, part.spec.input), task.chance()
    spans = x.max(axis=(1, 2, 3), keepdims=True, initial=-np.inf) - x.min(axis=(1, 2, 3), keepdims=True, initial=np.inf)
    total = np.zeros_like(x)
    task.work.expect(samples)
    for _ in range(samples):
        task.work.step()
        noise = chance.standard_normal(x.shape[1:], np.float32) * np.float32(NOISE)  # the same for every face
        total += part.gradient_at(x + noise * spans, task.target)
    return np.abs(_maps(_per_brightness(total / np.float32(samples), part.spec.input), task))


def guided_backpropagation(part: BasePredictor, task: Task) -> Float32:
    """Springenberg et al. 2015: the magnitude of the gradient that rectifiers let pass above 0; (N, H, W), >= 0."""
    task.work.expect(1)
    task.work.step()
    gradient = part.gradient_at(network_input(task.faces, part.spec.input), task.target, guided=True)
    return np.abs(_maps(_per_brightness(gradient, part.spec.input), task))


def _per_brightness(gradient: Float32, spec: InputSpec) -> Float32:
    return np.asarray(gradient * (255 / np.asarray(spec.std, np.float32)), np.float32)


def _maps(amounts: Float32, task: Task) -> Float32:
    maps = [spread(one.sum(axis=-1), task.size) for one in amounts]
    return np.stack(maps) if maps else np.empty((0, *task.size), np.float32)
