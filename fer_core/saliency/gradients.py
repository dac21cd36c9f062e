"""Methods that ask a network for gradients at its input: maps of its own pixels, brought to the faces' size at the end.

All are per unit of brightness, so that networks with other value ranges compare: 1 is a pixel's way from black to
white. Channels are summed: what a grey change of the pixel does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from fer_core.predictor import BasePredictor
from fer_core.preprocess import network_input
from fer_core.saliency.task import Task, plain, spread
from fer_core.types import Float32, InputSpec

STEPS, MORE_STEPS, OFF = 32, 256, 0.05
"""Places on the way from the plain face at which integrated gradients asks for a gradient; and how many it asks at for
a face whose map is then off its sum by more than that share, as its authors advise (section 5), and so many logits."""
AT_ONCE = 32
"""Gradients asked for at once: half of what is predicted at once, since a network must remember all it computed."""
SAMPLES, NOISE = 32, 0.15
"""SmoothGrad's noisy copies, and their noise's standard deviation as a share of the face's range of values: Smilkov et
al. found 10 to 20 % best, and little gained beyond 50 copies."""


def integrated_gradients(part: BasePredictor, task: Task) -> Float32:
    """Sundararajan et al. 2017: float32 (N, H, W) that sum to logit(face) - logit(plain face), but for the steps.

    The integral is taken by Gauss and Legendre, as captum takes it, more finely for faces that need it.
    """
    found, wanted = path_integral(part, task, STEPS), _difference(part, task)
    rough = np.flatnonzero(np.abs(found.sum(axis=(1, 2)) - wanted) > OFF * np.maximum(1, np.abs(wanted))).tolist()
    if rough:
        found[rough] = path_integral(part, replace(task, faces=[task.faces[i] for i in rough]), MORE_STEPS)
    return found


def _difference(part: BasePredictor, task: Task) -> Float32:
    """What the faces' maps are to sum to: the target's logit less that of the plain face, (N,).

    By the engine that gives the gradients: one that rounds otherwise would find every map off.
    """
    native = getattr(part, "native", part)
    here, there = (native.predict_logits(list(faces)) for faces in (task.faces, map(plain, task.faces)))
    return np.asarray((here - there) @ part.target_weights(task.target), np.float32)


def path_integral(part: BasePredictor, task: Task, steps: int) -> Float32:
    """Integrated gradients at so many places on the way."""
    places, shares = np.polynomial.legendre.leggauss(steps)
    x, base = (network_input(faces, part.spec.input) for faces in (task.faces, [plain(f) for f in task.faces]))
    gone = np.asarray((places + 1) / 2, np.float32)
    total = _sum_of_gradients(
        part, task, shares / 2, lambda step, face: base[face] + gone[step] * (x[face] - base[face])
    )
    return _maps((x - base) * total, task)


def smooth_grad(part: BasePredictor, task: Task, samples: int = SAMPLES) -> Float32:
    """Smilkov et al. 2017: the mean gradient over noisy copies, its magnitude; float32 (N, H, W), >= 0."""
    x, chance = network_input(task.faces, part.spec.input), task.chance()
    noises = [chance.standard_normal(x.shape[1:], np.float32) for _ in range(samples)]  # the same for every face
    spread_of = [np.float32(NOISE) * np.ptp(one) for one in x]
    shares = np.full(samples, 1 / samples)
    mean = _sum_of_gradients(part, task, shares, lambda step, face: x[face] + spread_of[face] * noises[step])
    return np.abs(_maps(_per_brightness(mean, part.spec.input), task))


def guided_backpropagation(part: BasePredictor, task: Task) -> Float32:
    """Springenberg et al. 2015: the magnitude of the gradient that rectifiers let pass above 0; (N, H, W), >= 0."""
    task.work.expect(1)
    task.work.step()
    gradient = part.gradient_at(network_input(task.faces, part.spec.input), task.target, guided=True)
    return np.abs(_maps(_per_brightness(gradient, part.spec.input), task))


def _sum_of_gradients(
    part: BasePredictor, task: Task, shares: Sequence[float] | np.ndarray, place: Callable[[int, int], Float32]
) -> Float32:
    """Gradients at `place(step, face)` summed over the steps by their shares: float32 (N, s, s, c).

    Steps and faces fill the batches together, for one face alone would leave a processor idle.
    """
    asked = [(step, face) for face in range(len(task.faces)) for step in range(len(shares))]
    size = part.spec.input.size
    total = np.zeros((len(task.faces), size, size, part.spec.input.channels), np.float32)
    task.work.expect(-(-len(asked) // AT_ONCE))
    for start in range(0, len(asked), AT_ONCE):
        batch = asked[start : start + AT_ONCE]
        task.work.step()
        found = part.gradient_at(np.stack([place(*one) for one in batch]), task.target)
        for (step, face), gradient in zip(batch, found, strict=True):
            total[face] += np.float32(shares[step]) * gradient
    return total


def _per_brightness(gradient: Float32, spec: InputSpec) -> Float32:
    return np.asarray(gradient * (255 / np.asarray(spec.std, np.float32)), np.float32)


def _maps(amounts: Float32, task: Task) -> Float32:
    maps = [spread(one.sum(axis=-1), task.size) for one in amounts]
    return np.stack(maps) if maps else np.empty((0, *task.size), np.float32)
