"""What a run computes in: bfloat16 where the recipe asks for it and the device multiplies it."""

from __future__ import annotations

from collections.abc import Callable

from fer_core.compiled import has_bfloat16
from trainers.fitting import Run
from trainers.recipe import Recipe


def possible(recipe: Recipe, run: Run, chip: Callable[[], bool | None]) -> Recipe:
    """The recipe as the device can follow it: in float32 where it could only imitate bfloat16.

    `chip`: whether a GPU multiplies bfloat16, None where there is none and the processor is asked. On a processor with
    AVX2 alone the imitation takes six to eight times as long as float32 in both frameworks (benchmarks/precision.py),
    and gains nothing; the run's listener is told. Weights are float32 in either, so that a run may go on in the other.
    """
    if recipe.precision != "bf16":
        return recipe
    if has_bfloat16() if (found := chip()) is None else found:
        return recipe
    run.said("The recipe asks for bfloat16, which this device has not: float32 takes its place.")
    return recipe.model_copy(update={"precision": "float32"})
