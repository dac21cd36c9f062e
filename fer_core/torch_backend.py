"""The predictor's three steps in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fer_core.guided_torch_backend import GuidedRectifiers
from fer_core.predictor import BasePredictor, check_weights
from fer_core.types import Float32, ModelSpec


class TorchPredictor(BasePredictor):
    """A `torch.nn.Module` behind the predictor interface; on the CPU unless `device` says otherwise."""

    _network: nn.Module

    def __init__(
        self,
        spec: ModelSpec,
        labels: tuple[str, ...],
        network: nn.Module,
        temperature: float | None = None,
        device: str = "cpu",
    ) -> None:
        super().__init__(spec, labels, network.to(device).eval(), temperature)
        self._device = torch.device(device)

    def to(self, device: str) -> None:
        """Nothing comes back; the network computes on that device from now."""
        with self._lock:
            self._network.to(device)
            self._device = torch.device(device)

    def parameters(self) -> int:
        """How many parameters the network has; BatchNorm's running statistics are not among them, as PyTorch counts."""
        return sum(p.numel() for p in self._network.parameters())

    def weights(self) -> dict[str, np.ndarray]:
        """The state dict as NumPy arrays; BatchNorm's step counters, which no answer depends on, left out."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self._state().items()}

    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Nothing comes back; the network has these weights. ValueError where they are another network's."""
        state = self._state()
        check_weights(weights, {name: tuple(tensor.shape) for name, tensor in state.items()})
        with self._lock, torch.no_grad():
            for name, tensor in state.items():
                tensor.copy_(torch.from_numpy(np.asarray(weights[name], np.float32)))

    def _state(self) -> dict[str, Tensor]:
        state = self._network.state_dict()
        return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}

    def _tensor(self, x: Float32) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(x)).to(self._device).permute(0, 3, 1, 2)

    def _logits(self, x: Float32) -> Float32:
        with torch.inference_mode():
            logits: Tensor = self._network(self._tensor(x))
        return logits.float().cpu().numpy()

    def _gradient(self, x: Float32, weights: Float32) -> Float32:
        inputs = self._tensor(x).requires_grad_()
        (gradient,) = torch.autograd.grad(self._score(inputs, weights), inputs)
        return gradient.permute(0, 2, 3, 1).cpu().numpy()

    def _guided_gradient(self, x: Float32, weights: Float32) -> Float32:
        with GuidedRectifiers():
            return self._gradient(x, weights)

    def _activations(self, x: Float32, weights: Float32) -> tuple[Float32, Float32]:
        kept: list[Tensor] = []
        layer = self._network.get_submodule(self.spec.grad_cam_layer)
        hook = layer.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
        try:
            score = self._score(self._tensor(x).requires_grad_(), weights)
        finally:
            hook.remove()
        (gradient,) = torch.autograd.grad(score, kept[0])
        channels_last = [t.detach().permute(0, 2, 3, 1).cpu().numpy() for t in (kept[0], gradient)]
        return channels_last[0], channels_last[1]

    def _score(self, inputs: Tensor, weights: Float32) -> Tensor:
        """The logits that count, summed over the batch: faces do not mix, so each gets its own gradient."""
        return (self._network(inputs) @ torch.from_numpy(weights).to(self._device)).sum()

    def _layer_outputs(self, x: Float32) -> dict[str, Float32]:
        kept: dict[str, Tensor] = {}

        def keep(name: str, output: Any) -> None:
            if isinstance(output, Tensor) and output.ndim == 4:
                kept[name] = output[0].permute(1, 2, 0).float().cpu().clone()  # the next layer may write in its place

        leaves = [
            (f"{name} {type(module).__name__}", module)
            for name, module in self._network.named_modules()
            if not list(module.children())
        ]
        hooks = [
            module.register_forward_hook(lambda _module, _inputs, output, name=name: keep(name, output))
            for name, module in leaves
        ]
        try:
            self._logits(x)
        finally:
            for hook in hooks:
                hook.remove()
        return {name: output.numpy() for name, output in kept.items()}


def make(spec: ModelSpec, labels: tuple[str, ...], network: nn.Module, temperature: float | None) -> BasePredictor:
    """The predictor of a built network."""
    return TorchPredictor(spec, labels, network, temperature)


def seed(value: int) -> None:
    """Nothing comes back; networks built from now on are those of this seed."""
    torch.manual_seed(value)
