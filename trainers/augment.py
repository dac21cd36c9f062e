"""Random changes to whole batches of faces on their device, as a recipe's [augment] names them."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from trainers.recipe import Augment


def augment(x: Tensor, options: Augment, generator: torch.Generator, side: int = 0) -> Tensor:
    """Images float32 (N, c, s, s) in 0..255, each changed by draws of its own; the input is left as it was.

    `side` is that of what comes back, float32 (N, c, side, side); 0: as it came. With `options.crop`, that square is
    cut out at random and brought to `side`.
    """
    side = side or options.crop or x.shape[-1]
    if options.flip or options.rotate_degrees or options.shift or options.scale != (1.0, 1.0) or side != x.shape[-1]:
        x = _affine(x, options, generator, side)
    if options.brightness or options.contrast:
        x = _light(x, options, generator)
    return _erase(x, options.erase, generator) if options.erase else x


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(n, generator=generator, device=generator.device) * (high - low) + low


def _affine(x: Tensor, options: Augment, generator: torch.Generator, side: int) -> Tensor:
    """Flip, rotation, scale, shift, crop as one bilinear resampling; beyond its edge a picture goes on as its edge."""
    n, (low, high), turn = len(x), options.scale, math.radians(options.rotate_degrees)
    angle, size = _uniform(n, -turn, turn, generator), 1 / _uniform(n, low, high, generator)
    mirror = torch.where(_uniform(n, 0, 1, generator) < 0.5, -1.0, 1.0) if options.flip else torch.ones_like(size)
    theta = torch.zeros(n, 2, 3, device=x.device)
    theta[:, 0, 0], theta[:, 0, 1] = angle.cos() * size * mirror, -angle.sin() * size
    theta[:, 1, 0], theta[:, 1, 1] = angle.sin() * size * mirror, angle.cos() * size
    theta[:, :, 2] = _uniform(2 * n, -2 * options.shift, 2 * options.shift, generator).view(n, 2)
    if options.crop:
        kept = options.crop / x.shape[-1]
        theta[:, :, :2] *= kept
        theta[:, :, 2] += _uniform(2 * n, kept - 1, 1 - kept, generator).view(n, 2)
    grid = functional.affine_grid(theta, [n, x.shape[1], side, side], align_corners=False)
    return functional.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _light(x: Tensor, options: Augment, generator: torch.Generator) -> Tensor:
    n = len(x)
    contrast = 1 + _uniform(n, -options.contrast, options.contrast, generator).view(n, 1, 1, 1)
    brightness = 255 * _uniform(n, -options.brightness, options.brightness, generator).view(n, 1, 1, 1)
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return ((x - mean) * contrast + mean + brightness).clamp(0, 255)


def _erase(x: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """A rectangle of 2 to 20 % of the picture set to its mean grey (Zhong et al. 2020, arXiv:1708.04896)."""
    n, _, height, width = x.shape
    area, ratio = _uniform(n, 0.02, 0.2, generator), _uniform(n, math.log(0.3), math.log(3.3), generator).exp()
    high, wide = (area * ratio).sqrt().clamp(max=1) * height, (area / ratio).sqrt().clamp(max=1) * width
    top, left = _uniform(n, 0, 1, generator) * (height - high), _uniform(n, 0, 1, generator) * (width - wide)
    rows, columns = torch.arange(height, device=x.device), torch.arange(width, device=x.device)
    inside_rows = (rows >= top[:, None]) & (rows < (top + high)[:, None])
    inside_columns = (columns >= left[:, None]) & (columns < (left + wide)[:, None])
    chosen = (_uniform(n, 0, 1, generator) < probability)[:, None, None]
    hole = (inside_rows[:, :, None] & inside_columns[:, None, :] & chosen)[:, None]
    return torch.where(hole, x.mean(dim=(1, 2, 3), keepdim=True), x)
