"""What a run computes in: bfloat16 where the device multiplies it, float32 where a processor would imitate it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training_cases import FRAMEWORKS, Killed, assert_same, differ, fit, killer, recipe_of
from trainers import precision
from trainers.fitting import Images, Run

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
    assert moved.curves[0]["train_loss"] == whole.curves[0]["train_loss"], "the first epoch is not learnt anew"
    assert differ(moved, whole)


def test_a_card_computes_in_what_the_recipe_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, False)
    recipe = recipe_of("torch", precision="bf16")
    assert precision.possible(recipe, on_processor=False, run=Run(tmp_path)) == recipe
