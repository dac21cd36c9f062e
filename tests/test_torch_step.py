"""One step in PyTorch: optimizers by hand, what freezing freezes, BatchNorm over processes, targets and weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from trainers import torch_step
from trainers.recipe import Optimizer, Stage


def network() -> nn.Sequential:
    """A backbone of two blocks and a head of one layer."""
    block = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3), nn.BatchNorm2d(o), nn.ReLU())  # noqa: E731
    return nn.Sequential(nn.Sequential(block(1, 2), block(2, 3)), nn.Flatten(), nn.Linear(48, 7))


def learning(stage: Stage) -> list[str]:
    made = network()
    torch_step.freeze(made, stage)
    return sorted({name.rsplit(".", 1)[0] for name, p in made.named_parameters() if p.requires_grad})


@pytest.mark.parametrize(
    ("stage", "layers"),
    [
        (Stage(epochs=1), ["0.0.0", "0.0.1", "0.1.0", "0.1.1", "2"]),
        (Stage(epochs=1, train="head"), ["2"]),
        (Stage(epochs=1, train="layers", count=1), ["0.1.1", "2"]),
        (Stage(epochs=1, train="layers", count=3), ["0.0.1", "0.1.0", "0.1.1", "2"]),
        (Stage(epochs=1, train="layers", count=0), ["2"]),
        (Stage(epochs=1, train="blocks", count=1), ["0.1.0", "0.1.1", "2"]),
        (Stage(epochs=1, train="blocks", count=99), ["0.0.0", "0.0.1", "0.1.0", "0.1.1", "2"]),
    ],
)
def test_a_stage_trains_what_it_names(stage: Stage, layers: list[str]) -> None:
    assert learning(stage) == layers


def test_frozen_norms_keep_their_statistics_and_others_learn() -> None:
    made = network()
    torch_step.freeze(made, Stage(epochs=1, train="blocks", count=1))
    torch_step.learn(made)
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    made(torch.rand(4, 1, 8, 8))
    changed = {name for name, tensor in made.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {f"0.1.1.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")}


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "nadam", "rmsprop"])
def test_every_optimizer_goes_downhill(name: str) -> None:
    x = nn.Parameter(torch.tensor([3.0]))
    chosen = torch_step.optimizer([x], Optimizer(name=name, learning_rate=0.05))  # type: ignore[arg-type]
    for _ in range(200):
        chosen.zero_grad()
        (x * x).sum().backward()
        chosen.step()
    assert abs(x.item()) < 0.3


def test_weight_decay_of_sgd_by_hand() -> None:
    x = nn.Parameter(torch.tensor([2.0]))
    chosen = torch_step.optimizer([x], Optimizer(learning_rate=0.1, momentum=0, weight_decay=0.5))
    x.grad = torch.tensor([1.0])
    chosen.step()
    assert x.item() == pytest.approx(2 - 0.1 * (1 + 0.5 * 2))


def test_the_loss_by_hand() -> None:
    logits, targets = torch.log(torch.tensor([[0.5, 0.25, 0.25]])), torch.tensor([[0.5, 0.5, 0.0]])
    weight = torch.tensor([1.0, 2.0, 1.0])
    by_hand = -(0.5 * np.log(0.5) + 2 * 0.5 * np.log(0.25))
    assert torch_step.loss_sum(logits, targets, weight, 0.0).item() == pytest.approx(by_hand)


def test_one_processes_synced_norm_is_batch_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_step, "all_reduce", lambda tensor: tensor)
    plain, synced = nn.BatchNorm2d(3), torch_step.SyncedBatchNorm(3)
    for made in (plain, synced):
        with torch.no_grad():
            made.weight.copy_(torch.tensor([1.0, 2.0, 0.5]))
            made.bias.copy_(torch.tensor([0.0, -1.0, 3.0]))
    x = torch.randn(4, 3, 5, 5)
    inputs = [x.clone().requires_grad_(), x.clone().requires_grad_()]
    outputs = [made(one) for made, one in zip((plain, synced), inputs, strict=True)]
    torch.testing.assert_close(outputs[0], outputs[1])
    for output in outputs:
        (output**2).sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad)
    torch.testing.assert_close(dict(plain.state_dict()), dict(synced.state_dict()))
    plain.eval(), synced.eval()
    torch.testing.assert_close(plain(x), synced(x))
