"""Depthwise convolutions whose gradients a processor finds quickly in bfloat16.

oneDNN has no fast way, in bfloat16, to two gradients of a depthwise convolution: that of a 5 x 5 kernel, and that of
the input where the stride is 2. Both are found here by what it is fast at, matrix products and convolutions of stride 1
(docs/decisions/0013-depthwise-gradients.md). A GPU needs none of this.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from fer_core.models.torch_efficientnet_lite0 import SamePadded

SMALL_PLANE = 16
"""Greatest side in pixels of feature maps whose kernel gradient is found from all pairs of pixels."""


class _Depthwise(torch.autograd.Function):
    """What conv2d gives for one kernel a channel, in bfloat16: x (N, C, H, W), weight float32 (C, 1, k, k)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        x = x.bfloat16()
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return functional.conv2d(x, weight.bfloat16(), None, stride, padding, 1, len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        (x, weight), gradient = ctx.saved_tensors, gradients[0]
        of_x = _of_input(gradient, x, weight, ctx.stride, ctx.padding) if ctx.needs_input_grad[0] else None
        of_weight = _of_weight(gradient, x, weight, ctx.stride, ctx.padding) if ctx.needs_input_grad[1] else None
        return of_x, of_weight, None, None


def _of_input(gradient: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    """The input's gradient: one of stride 1, over a gradient with zeros between its pixels."""
    high, wide = (size + 2 * padding - weight.shape[-1] + 1 for size in x.shape[2:])  # the output's sides at stride 1
    if stride > 1:
        sparse = gradient.new_zeros((*x.shape[:2], high, wide)).contiguous(memory_format=torch.channels_last)
        sparse[:, :, ::stride, ::stride] = gradient
        gradient = sparse
    return _native(gradient, x, weight.bfloat16(), 1, padding, of_input=True)


def _of_weight(gradient: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    """The kernel's gradient, float32 (C, 1, k, k)."""
    kernel = weight.shape[-1]
    if kernel < 5:
        return _native(gradient, x, weight.bfloat16(), stride, padding, of_input=False).float()
    if max(gradient.shape[2:]) > SMALL_PLANE or max(x.shape[2:]) > SMALL_PLANE:
        return _native(gradient.float(), x.float(), weight, stride, padding, of_input=False)
    ours, theirs = tuple(gradient.shape[2:]), tuple(x.shape[2:])
    # each output pixel with each input pixel, summed over the batch: (C, h w, N) by (C, N, H W)
    pairs = torch.bmm(gradient.permute(1, 2, 3, 0).flatten(1, 2), x.permute(1, 0, 2, 3).flatten(2))
    taps = pairs.flatten(1).float() @ _taps(ours, theirs, kernel, stride, padding)
    return taps.view(-1, 1, kernel, kernel)


@lru_cache(maxsize=64)
def _taps(ours: tuple[int, int], theirs: tuple[int, int], kernel: int, stride: int, padding: int) -> Tensor:
    """Which kernel element joins an output pixel and an input pixel: 0 or 1, float32 (h w H W, k k)."""
    rows, columns = (
        torch.arange(n)[None, :, None] == torch.arange(m)[:, None, None] * stride + torch.arange(kernel) - padding
        for m, n in zip(ours, theirs, strict=True)
    )  # each bool (m, n, k)
    table = rows[:, None, :, None, :, None] & columns[None, :, None, :, None, :]
    return table.reshape(-1, kernel * kernel).float()


def _native(gradient: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int, of_input: bool) -> Tensor:
    found = torch.ops.aten.convolution_backward(
        gradient, x, weight, None, (stride,) * 2, (padding,) * 2, (1, 1), False, (0, 0), len(weight),
        (of_input, not of_input, False),
    )  # fmt: skip
    return cast(Tensor, found[0 if of_input else 1])


class QuickDepthwise(SamePadded):
    """A depthwise convolution padded as TensorFlow's "same" that learns in bfloat16."""

    def convolve(self, x: Tensor, padding: int) -> Tensor:
        """The feature maps, bfloat16."""
        return cast(Tensor, _Depthwise.apply(x, self.weight, self.stride[0], padding))


def quicken(network: nn.Module) -> None:
    """Nothing comes back; depthwise convolutions answer and learn in bfloat16, their weights stay float32."""
    for module in network.modules():
        if type(module) is SamePadded and module.groups == module.in_channels == module.out_channels:
            module.__class__ = QuickDepthwise
