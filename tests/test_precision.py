"""What a run computes in and on: bfloat16 where the device multiplies it, float32 where a processor imitates it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import keras
import pytest
import torch

from tests.training_cases import FRAMEWORKS, Killed, assert_same, differ, fit, killer, recipe_of
from trainers import precision, torch_step
from trainers.fitting import Images, Run
from trainers.keras_keeper import device
from trainers.run_notes import PRECISIONS, notes

Lessons = tuple[Images, Images]

pytestmark = pytest.mark.usefixtures("tiny")


def has(monkeypatch: pytest.MonkeyPatch, found: bool) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda: found)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_processor_without_bfloat16_learns_in_float32_and_says_so(
    framework: str, lessons: Lessons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    has(monkeypatch, False)
    fitted = fit(recipe_of(framework, precision="bf16"), lessons, tmp_path / "asked", said=said.append)
    plain = fit(recipe_of(framework), lessons, tmp_path / "plain", said=said.append)
    assert fitted.precision == plain.precision == "float32"
    assert_same(fitted, plain)
    assert len(said) == 1 and "bfloat16" in said[0] and "float32" in said[0], "nothing where the recipe is followed"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_run_goes_on_where_the_processor_has_no_bfloat16(
    framework: str, lessons: Lessons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_of(framework, precision="bf16")
    has(monkeypatch, True)
    whole = fit(recipe, lessons, tmp_path / "whole")
    assert whole.precision == "bf16"
    with pytest.raises(Killed):
        fit(recipe, lessons, tmp_path / "moved", step=killer(6))
    has(monkeypatch, False)
    moved = fit(recipe, lessons, tmp_path / "moved")
    assert moved.precision == "float32" and len(moved.curves) == len(whole.curves)
    assert notes(tmp_path / "moved" / PRECISIONS) == ["bf16", "float32"]
    assert moved.curves[0]["train_loss"] == whole.curves[0]["train_loss"], "the first epoch is not learnt anew"
    assert differ(moved, whole)


@pytest.mark.parametrize(("chip", "expected"), [(True, "bf16"), (False, "float32")])
def test_a_gpu_is_asked_and_not_the_processor_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chip: bool, expected: str
) -> None:
    has(monkeypatch, not chip)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: chip)
    recipe, run = recipe_of("torch", precision="bf16"), Run(tmp_path)
    asked = partial(torch_step.chip_has_bfloat16, "cuda")
    assert precision.possible(recipe, run, asked).precision == expected, "a T4, say, has none"
    assert torch_step.chip_has_bfloat16("cpu") is None


def test_apples_gpu_has_a_name_though_pytorch_knows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    monkeypatch.setattr(keras.ops, "convert_to_tensor", lambda value: SimpleNamespace(device="mps:0"))
    assert device() == "mps:0"
