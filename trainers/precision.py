"""What a run computes in: bfloat16 where the recipe asks for it and the device multiplies it."""

from __future__ import annotations

from fer_core.compiled import has_bfloat16
from trainers.fitting import Run
from trainers.recipe import Recipe


def possible(recipe: Recipe, on_processor: bool, run: Run) -> Recipe:
    """The recipe as this device can follow it: in float32 where a processor could only imitate bfloat16.

    An imitation takes eight to eleven times as long as float32 (an AMD EPYC with AVX2 alone, both frameworks) and gains
    nothing; the run's listener is told. Weights are float32 in either, so that a run may be resumed in the other.
    """
    if recipe.precision != "bf16" or not on_processor or has_bfloat16():
        return recipe
    run.said("This processor has no bfloat16, which the recipe asks for: float32 takes its place.")
    return recipe.model_copy(update={"precision": "float32"})
