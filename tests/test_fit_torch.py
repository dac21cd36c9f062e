"""What is PyTorch's own in its trainer: moving average, mixup, what a step does, what it keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric.accelerators.mps import MPSAccelerator
from torch import nn

from fer_core import artifacts, catalog
from fer_core.preprocess import network_input, to_pixels
from fer_core.types import InputSpec
from trainers import fit_torch, torch_step
from trainers.fitting import Fitted, Images, Run, TrainingError
from trainers.recipe import Recipe
from trainers.run_notes import DEVICES, PRECISIONS

pytestmark = pytest.mark.usefixtures("tiny")


def fit(
    lessons: tuple[Images, Images], folder: Path, seed: int = 0, compile: bool = False, device: str = "cpu",
    **tables: dict[str, object],
) -> Fitted:  # fmt: skip
    """One epoch of the tiny network in one batch size; keywords are a recipe's tables."""
    content = {"title": "A test", "architecture": "tiny-torch", "seed": seed, "optimizer": {"learning_rate": 0.03}}
    recipe = Recipe.model_validate(content | {"schedule": {"epochs": 1, "batch_size": 16}} | tables)
    return fit_torch.fit(catalog.spec("tiny-torch"), recipe, *lessons, Run(folder, device=device, compile=compile))


def test_a_mac_trains_on_its_processor(lessons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MPSAccelerator, "is_available", lambda: True)
    monkeypatch.setattr(MPSAccelerator, "get_parallel_devices", lambda devices: [torch.device("mps", 0)])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert fit(lessons, tmp_path, device="auto").device == "cpu"


def test_the_moving_average_moves_by_its_decay() -> None:
    slow, fast = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    assert slow.running_var is not None and slow.num_batches_tracked is not None
    fast.load_state_dict({k: torch.full_like(v, 11) for k, v in fast.state_dict().items()})
    slow.load_state_dict({k: torch.full_like(v, 1) for k, v in slow.state_dict().items()})
    torch_step.follow(slow, fast, decay=0.9)
    assert slow.weight.tolist() == pytest.approx([2.0, 2.0])
    assert slow.running_var.tolist() == pytest.approx([2.0, 2.0]), "running statistics are averaged too"
    assert slow.num_batches_tracked.item() == 11, "and counters copied"
    assert fast.weight.tolist() == [11.0, 11.0]


def test_the_moving_average_is_what_is_kept(lessons, tmp_path: Path) -> None:
    # at a decay this high the warm-up of the average, (1 + n) / (10 + n), rules: it follows, but lags
    plain = fit(lessons, tmp_path / "plain")
    average = fit(lessons, tmp_path / "average", regularise={"ema": 0.9999})
    content = torch.load(tmp_path / "average" / "last.pt", weights_only=True)
    assert content["steps"] == 4
    kernel = "5.weight"
    np.testing.assert_array_equal(average.weights[kernel], content["average"][kernel].numpy())
    np.testing.assert_array_equal(plain.weights[kernel], content["network"][kernel].numpy())
    assert not np.array_equal(average.weights[kernel], plain.weights[kernel])
    assert average.curves[0]["train_loss"] == plain.curves[0]["train_loss"], "the network itself learns as without it"
    assert average.curves[0]["public_loss"] != plain.curves[0]["public_loss"], "but the average is judged"


def test_counters_are_not_kept(lessons, tmp_path: Path) -> None:
    weights = fit(lessons, tmp_path).weights
    assert weights.keys() == catalog.untrained("tiny-torch").weights().keys()
    assert not any("num_batches_tracked" in name for name in weights)


def test_mixup_blends_two_images_and_their_labels() -> None:
    x, targets = torch.arange(8.0).view(8, 1, 1, 1), torch.eye(8)
    generator, chance = torch.Generator().manual_seed(0), np.random.default_rng(0)
    kept = set()
    for _ in range(8):
        mixed, blended, label = torch_step.mixup(x, targets, torch.arange(8), 0.4, generator, chance)
        assert torch.equal(label, blended.argmax(1)), "answers are compared with the label of the larger share"
        kept.add(bool((label == torch.arange(8)).all()))
        torch.testing.assert_close(blended.sum(1), torch.ones(8))
        assert int((blended > 1e-6).sum(1).max()) <= 2, "of two images at most"
        torch.testing.assert_close(mixed.flatten(), blended @ torch.arange(8.0), msg="image and target share the share")
    assert torch.equal(x.flatten(), torch.arange(8.0)) and torch.equal(targets, torch.eye(8))
    assert kept == {True, False}, "the larger share was now the first image's, now the other's"


def test_answers_to_mixed_images_are_compared_with_the_labels_that_mixup_gives(lessons, tmp_path, monkeypatch) -> None:
    def nothing_is_right(x, targets, y, *_):
        return x, targets, y - 7

    monkeypatch.setattr("trainers.fit_torch.mixup", nothing_is_right)
    assert {row["train_accuracy"] for row in fit(lessons, tmp_path, regularise={"mixup": 0.4}).curves} == {0}


def test_a_machine_without_a_compiler_is_told_what_compile_needs(lessons, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", (None, str(tmp_path / "g++")))
    with pytest.raises(TrainingError, match=r"^--compile: .*C\+\+ compiler.* Leave it out, or install"):
        fit(lessons, tmp_path / "run", compile=True)
    assert not (tmp_path / "run").exists()


def test_no_mixup_is_no_change_and_no_draw() -> None:
    x, targets, generator = torch.rand(4, 1, 2, 2), torch.eye(4), torch.Generator().manual_seed(0)
    state, y = generator.get_state(), torch.arange(4)
    mixed, same, label = torch_step.mixup(x, targets, y, 0.0, generator, np.random.default_rng(0))
    assert mixed is x and same is targets and label is y
    assert torch.equal(generator.get_state(), state)


@pytest.mark.parametrize(
    "spec",
    [
        InputSpec(32, 1),
        InputSpec(32, 3, (123.7, 116.3, 103.5), (58.4, 57.1, 57.4)),
        InputSpec(32, 3, (127.5,), (127.5,)),
    ],
)
def test_training_feeds_the_network_what_predicting_does(spec: InputSpec) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    pixels = torch.from_numpy(to_pixels(faces, spec)).permute(0, 3, 1, 2).float()
    ready = fit_torch._ready(pixels, replace(catalog.spec("torch-native"), input=spec))
    np.testing.assert_allclose(ready.permute(0, 2, 3, 1).numpy(), network_input(faces, spec), atol=1e-5)


def test_a_last_batch_of_one_image_counts_as_one(lessons, tmp_path: Path) -> None:
    train, val = lessons
    fitted = fit((Images(train.pixels[:17], train.y[:17]), val), tmp_path)
    right = 17 * fitted.curves[0]["train_accuracy"]
    assert right == pytest.approx(round(right), abs=1e-5)


@pytest.mark.parametrize(
    ("id", "augment", "message"),
    [
        ("torch-native", {"crop": 40}, "torch-native takes pictures of 48 px, the recipe would show it 40 px"),
        ("torch-native", {"start_size": 24}, "Leave both out"),
        ("torch-resnet18", {"crop": 64}, "expected at most 48, the side of torch-resnet18's pictures, got 64"),
    ],
)
def test_pictures_that_do_not_fit_the_network_are_refused(
    id: str, augment: dict[str, object], message: str, lessons: tuple[Images, Images], tmp_path: Path
) -> None:
    content = {"title": "A test", "architecture": id, "augment": augment, "optimizer": {"learning_rate": 0.03}}
    recipe = Recipe.model_validate(content | {"schedule": {"epochs": 1, "batch_size": 16}})
    with pytest.raises(TrainingError, match=message):
        fit_torch.fit(catalog.spec(id), recipe, *lessons, Run(tmp_path, device="cpu"))
    assert not list(tmp_path.iterdir())


def test_a_leftover_of_a_killed_write_harms_nothing(lessons, tmp_path: Path) -> None:
    (tmp_path / "last.unfinished").write_bytes(b"half a checkpoint")
    assert len(fit(lessons, tmp_path).curves) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [artifacts.CURVES, DEVICES, "last.pt", PRECISIONS]


def test_the_checkpoint_opens_without_pickle_code(lessons, tmp_path: Path) -> None:
    fit(lessons, tmp_path)
    content = torch.load(tmp_path / "last.pt", weights_only=True)
    assert content.keys() == {"network", "average", "optimizer", "curves", "best", "seconds", "steps"}
