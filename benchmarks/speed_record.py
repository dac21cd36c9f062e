"""How soon a network reads PublicTest well: seconds from a warm process to 70, 72 and 73 %.

    uv run python benchmarks/speed_record.py [torch-resnet18] [--epochs 30] [--goals 70 72 73] [--seeds 0 1 2]
        [--data fer2013.csv] [--device cuda] [--compile]

Warm: the pictures are in memory and two epochs have been learned and thrown away, so that kernels are chosen and
compiled. The clock runs from the first weights on, through every epoch's learning, judging and checkpoint. `--epochs`
is the recipe's course shortened, its learning rate with it: the shortest one that reaches a goal gives the record.
Nothing is scored on PrivateTest. A GPU has to be this run's alone.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from machine import describe

from fer_core import catalog, datasets
from trainers import recipe as recipes
from trainers.fitting import CurveRow, Images, Run
from trainers.recipe import Recipe
from trainers.run import begin, images, lessons

WARM = 2
"""Epochs that are thrown away."""


class Reached(Exception):  # noqa: N818 it is no error
    """The highest goal is reached."""


def main() -> None:
    """Prints a line a goal: how many seeds reached it, and the median, least and greatest seconds and epochs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", default="torch-resnet18")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--goals", type=float, nargs="+", default=[70.0, 72.0, 73.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--compile", action="store_true")
    wanted = parser.parse_args()
    data, (id, whole) = datasets.load(wanted.data), recipes.network_recipe(wanted.recipe)
    if whole.distil:
        raise SystemExit(f"{id} is taught: its teacher's answers would have to be counted. Choose a recipe without.")
    spec = catalog.spec(whole.architecture)
    parts = (images(lessons(whole, data), spec, whole), images(data.split("PublicTest"), spec, whole))
    learn(shortened(whole, WARM), parts, wanted.device, wanted.compile)
    found = [
        learn(shortened(whole, wanted.epochs, seed), parts, wanted.device, wanted.compile, max(wanted.goals))
        for seed in wanted.seeds
    ]
    print(describe())
    each = statistics.median(rows[-1][0] / len(rows) for rows in found)
    print(f"{id}, {wanted.epochs} epochs of {each:.2f} s, device {wanted.device}, compiled {wanted.compile}")
    for goal in wanted.goals:
        print(f"{goal:g} %: {said([reached(rows, goal) for rows in found])}")


def shortened(recipe: Recipe, epochs: int, seed: int = 0) -> Recipe:
    """The recipe with a course of that many epochs: warm-up and the end without mixup by the same factor."""
    factor = epochs / recipe.schedule.epochs
    content = recipe.model_dump(mode="json") | {"seed": seed, "stages": []}
    content["schedule"] |= {"epochs": epochs, "warmup_epochs": recipe.schedule.warmup_epochs * factor}
    content["regularise"] |= {"mixup_off": round(recipe.regularise.mixup_off * factor)}
    return Recipe.model_validate(content)


def learn(
    recipe: Recipe, parts: tuple[Images, Images], device: str, compile: bool, highest: float = 101.0
) -> list[tuple[float, CurveRow]]:
    """The seconds since the first weights at the end of each epoch, and its row; until the highest goal is reached."""
    rows: list[tuple[float, CurveRow]] = []
    began = 0.0

    def first(network: object) -> None:
        nonlocal began
        began = time.perf_counter()
        begin(recipe, network)

    def epoch(row: CurveRow) -> None:
        rows.append((time.perf_counter() - began, row))
        if 100 * row["public_accuracy"] >= highest:
            raise Reached

    spec = catalog.spec(recipe.architecture)
    fit = importlib.import_module(f"trainers.fit_{spec.framework}").fit
    with TemporaryDirectory() as folder, suppress(Reached):
        fit(spec, recipe, *parts, Run(Path(folder), epoch=epoch, device=device, begin=first, compile=compile))
    return rows


def reached(rows: Sequence[tuple[float, CurveRow]], goal: float) -> tuple[float, int] | None:
    """The seconds and epochs after which PublicTest was first read that well, in percent; None where it never was."""
    good = [(seconds, number) for number, (seconds, row) in enumerate(rows, 1) if 100 * row["public_accuracy"] >= goal]
    return good[0] if good else None


def said(found: Sequence[tuple[float, int] | None]) -> str:
    """A goal's line in words."""
    known = [one for one in found if one]
    if not known:
        return f"reached by none of {len(found)}"
    seconds, epochs = ([one[part] for one in known] for part in (0, 1))
    return (
        f"reached by {len(known)} of {len(found)}, median {statistics.median(seconds):.1f} s "
        f"({min(seconds):.1f} to {max(seconds):.1f}), {min(epochs)} to {max(epochs)} epochs"
    )


if __name__ == "__main__":
    main()
