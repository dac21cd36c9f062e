"""Depthwise convolutions that learn in bfloat16 on a processor: the gradients are those of a plain convolution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from fer_core import catalog
from fer_core.compiled import has_bfloat16
from fer_core.models.torch_efficientnet_lite0 import SamePadded
from trainers import fit_torch, precision as precisions
from trainers.fitting import Images, Run
from trainers.recipe import Recipe
from trainers.torch_depthwise import SMALL_PLANE, QuickDepthwise, quicken

SHAPES = [  # side, kernel, stride: planes smaller and larger than those read pair by pair, odd and even
    (3, 5, 1), (6, 5, 1), (6, 5, 2), (7, 5, 2), (12, 5, 1), (12, 3, 2), (13, 3, 2), (10, 3, 1), (24, 5, 2), (25, 5, 1),
]  # fmt: skip

NEAR = 0.004 if has_bfloat16() else 0.01
"""Half a unit in bfloat16's last place is 0.002 to 0.004; a processor that imitates it rounds within a sum too."""


def gradients(conv: SamePadded, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Answer, gradient of the input, gradient of the kernel, of a loss that weighs every output differently."""
    x = x.clone().requires_grad_()
    answer = conv(x).float()
    weights = torch.linspace(-1, 1, answer.numel()).reshape(answer.shape)
    of_x, of_kernel = torch.autograd.grad((answer * weights).sum(), (x, conv.weight))
    return answer, of_x, of_kernel


def far(ours: Tensor, theirs: Tensor) -> float:
    """How far from one another, as a share of the length."""
    assert ours.shape == theirs.shape
    return ((ours.float() - theirs.float()).norm() / theirs.float().norm()).item()


@pytest.mark.parametrize(("side", "kernel", "stride"), SHAPES)
def test_answers_and_gradients_are_a_plain_convolutions(side: int, kernel: int, stride: int) -> None:
    torch.manual_seed(side)
    plain = SamePadded(8, 8, kernel, stride, groups=8, bias=False)
    with torch.no_grad():  # numbers that bfloat16 has exactly, so that what differs is the way of reckoning
        plain.weight.copy_(plain.weight.bfloat16())
    quick = SamePadded(8, 8, kernel, stride, groups=8, bias=False)
    quick.load_state_dict(plain.state_dict())
    quicken(nn.Sequential(quick))
    assert type(quick) is QuickDepthwise
    x = torch.randn(16, 8, side, side).bfloat16().float().contiguous(memory_format=torch.channels_last)
    for ours, theirs in zip(gradients(quick, x), gradients(plain, x), strict=True):
        assert far(ours, theirs) < NEAR


def test_planes_of_both_kinds_are_tested() -> None:
    sides = {side > SMALL_PLANE for side, kernel, _ in SHAPES if kernel == 5}
    assert sides == {True, False}


def test_a_frozen_kernel_has_no_gradient_and_hands_the_inputs_on() -> None:
    conv = SamePadded(4, 4, 5, groups=4, bias=False).requires_grad_(False)
    quicken(nn.Sequential(conv))
    x = torch.randn(2, 4, 6, 6, requires_grad=True)
    conv(x).float().square().sum().backward()
    assert conv.weight.grad is None and x.grad is not None and x.grad.abs().sum() > 0


def test_only_depthwise_convolutions_of_that_network_change() -> None:
    network = catalog.network("torch-efficientnet-lite0")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    quicken(network)
    assert sum(type(module) is QuickDepthwise for module in network.modules()) == 16, "one a block"
    assert sum(type(module) is SamePadded for module in network.modules()) == 33, "the stem, 15 + 16 of 1 x 1, the top"
    after = network.state_dict()
    assert after.keys() == before.keys() and all(torch.equal(after[name], before[name]) for name in before)


def test_a_step_of_the_whole_network_goes_where_a_plain_one_goes() -> None:
    torch.manual_seed(0)
    plain, quick = catalog.network("torch-efficientnet-lite0"), catalog.network("torch-efficientnet-lite0")
    catalog.start_from_imagenet("torch-efficientnet-lite0", plain)
    quick.load_state_dict(plain.state_dict())
    quicken(quick)
    x = torch.randn(16, 3, 64, 64).contiguous(memory_format=torch.channels_last)
    found = []
    for network in (plain, quick):
        network.eval()  # running statistics, no dropout: the same function of the weights
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(x).float()
        functional.cross_entropy(logits, torch.arange(16) % 7).backward()
        found.append(torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None]))
    assert functional.cosine_similarity(found[0], found[1], dim=0).item() > 0.99


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("precision", "has", "expected"), [("bf16", True, 1), ("bf16", False, 0), ("float32", True, 0)]
)
def test_training_quickens_in_bfloat16_alone(
    lessons: tuple[Images, Images], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str, has: bool,
    expected: int,
) -> None:  # fmt: skip
    quickened: list[Any] = []
    monkeypatch.setattr(precisions, "has_bfloat16", lambda: has)
    monkeypatch.setattr(fit_torch, "quicken", quickened.append)
    content: dict[str, Any] = {
        "title": "A test",
        "architecture": "tiny-torch",
        "precision": precision,
        "schedule": {"epochs": 1},
    }
    content |= {"optimizer": {"learning_rate": 0.03}}
    recipe = Recipe.model_validate(content)
    fit_torch.fit(catalog.spec("tiny-torch"), recipe, *lessons, Run(tmp_path, device="cpu"))
    assert len(quickened) == expected
