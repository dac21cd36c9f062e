"""A training step of a recipe in float32 and in bfloat16 on this processor, by both trainers.

    uv run python benchmarks/precision.py [--recipe keras-native] [--batch 32] [--steps 4] [--rounds 2]

What `trainers.precision` decides by: where the processor has no bfloat16, libraries imitate it. The two take turns,
round by round, so that a busy machine slows both. Random pictures: the arithmetic is the same.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from machine import describe

from fer_core import catalog
from fer_core.compiled import has_bfloat16
from trainers import precision
from trainers.fitting import Images, Run
from trainers.recipe import Recipe, network_recipe

RECIPES = ("keras-native", "torch-native", "torch-compact")


def main() -> None:
    """Prints, for each recipe, median, least and greatest milliseconds a step in either precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", action="append", help=f"several may be named; else {', '.join(RECIPES)}")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    wanted = parser.parse_args()
    print(describe())
    print(
        f"bfloat16 on this processor: {has_bfloat16()}; {wanted.batch} pictures, n={wanted.steps * wanted.rounds} steps"
    )
    precision.has_bfloat16 = lambda: True  # or the trainers would not do here what is to be timed
    for name in wanted.recipe or RECIPES:
        recipe = network_recipe(name)[1]
        times: dict[str, list[float]] = {"float32": [], "bf16": []}
        for _ in range(wanted.rounds):
            for way, found in times.items():
                found += steps(recipe.model_copy(update={"precision": way}), wanted.batch, wanted.steps)
        for way, found in times.items():
            least, middle, most = (1000 * one for one in (min(found), statistics.median(found), max(found)))
            print(f"{name:16} {way:8} median {middle:7.0f} ms   {least:.0f} to {most:.0f}", flush=True)


def steps(recipe: Recipe, batch: int, n: int) -> list[float]:
    """Seconds of each of n steps of one epoch, after two that build and compile."""
    spec, chance, at = catalog.spec(recipe.architecture), np.random.default_rng(0), [0.0]
    shape = (batch * (n + 3), spec.input.size, spec.input.size, spec.input.channels)
    images = Images(chance.integers(0, 256, shape, dtype=np.uint8), chance.integers(0, 7, shape[0]))
    few = Images(images.pixels[:batch], images.y[:batch])
    schedule = {"epochs": 1, "warmup_epochs": 0.0, "batch_size": batch}
    short = recipe.model_copy(update={"schedule": recipe.schedule.model_copy(update=schedule)})
    trainer = importlib.import_module(f"trainers.fit_{spec.framework}")
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), lambda _done, _of: at.append(time.perf_counter()), device="cpu")
        trainer.fit(spec, short, images, few, run)
    return [after - before for before, after in pairwise(at[2 : n + 3])]


if __name__ == "__main__":
    main()
