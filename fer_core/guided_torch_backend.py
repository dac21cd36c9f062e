"""Guided backpropagation for whatever PyTorch computes: Springenberg et al. 2015, arXiv:1412.6806.

Rectifiers are caught where they are called, not where they stand: `nn.ReLU`, `nn.ReLU6`, in place or not, used twice,
`torch.nn.functional.relu` inside a `forward`, and Keras's on its PyTorch backend. Nothing is hooked or left behind, and
other threads compute as ever. (captum's hooks see `nn.ReLU` alone, and so pass over EfficientNet-Lite0's ReLU6.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

INFINITY = float("inf")


class _Guided(torch.autograd.Function):
    """A rectifier with a ceiling whose gradient passes back only where it is above 0 and the rectifier was open."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, ceiling: float) -> Tensor:
        """The rectified tensor."""
        ctx.save_for_backward((x > 0) & (x < ceiling))
        return x.clamp(0, ceiling)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """What passes back."""
        (is_open,) = ctx.saved_tensors
        return gradients[0].clamp(min=0) * is_open, None


class GuidedRectifiers(TorchFunctionMode):
    """`with GuidedRectifiers():` every ReLU and ReLU6 that this thread calls hands back guided gradients."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        """What the function answers, or its guided stand-in."""
        if func in (functional.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_):
            return _Guided.apply(args[0], INFINITY)
        if func is functional.relu6 or (func is functional.hardtanh and _is_relu6(args, kwargs or {})):
            return _Guided.apply(args[0], 6.0)
        return func(*args, **(kwargs or {}))


def _is_relu6(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether these arguments make a ReLU6 of hardtanh, which is what `nn.ReLU6` calls."""
    given = dict(zip(("input", "min_val", "max_val"), args, strict=False)) | dict(kwargs)
    return (given.get("min_val"), given.get("max_val")) == (0.0, 6.0)
