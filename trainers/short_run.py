"""`python -m trainers short-run`: recipes at a reduced, stated size, to show that each trains; no weights are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fer_core import artifacts, datasets, studies
from trainers import recipe as recipes, study
from trainers.fitting import Run, TrainingError
from trainers.recipe import Ensemble
from trainers.run import TRAINING
from trainers.study import Plan


def command(
    names: Annotated[
        list[str] | None, typer.Argument(help="recipes; where none is named all without an artifact or a short run")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="FER2013; else FER2013_PATH")] = None,
    images: Annotated[int, typer.Option(min=0, help="Training images; 0: all")] = 1000,
    judged: Annotated[int, typer.Option(min=0, help="PublicTest images; 0: all")] = 500,
    epochs: Annotated[int, typer.Option(min=1, help="of all stages together, one at least in each")] = 1,
    init: Annotated[str | None, typer.Option(help="random: from scratch, where the recipe names ImageNet")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda (PyTorch recipes)")] = "auto",
    restart: Annotated[bool, typer.Option(help="give up what is stored and begin anew")] = False,
    runs_folder: Annotated[Path, typer.Option("--runs", help="where checkpoints are kept")] = Path(".runs"),
    out: Annotated[Path | None, typer.Option(help="where artifacts are; else artifacts/")] = None,
) -> None:
    """Train recipes briefly and store curves and PublicTest's answers; a stopped command goes on where it was."""
    console, faces, left = Console(), datasets.load(data), []
    for name in names or missing(out):
        id, recipe = recipes.changed(*recipes.network_recipe(name), init, None)
        start = {"initial_weights": recipe.initial_weights}
        plan = Plan(
            title=recipe.title, base=name, images=images or TRAINING, judged=judged, epochs=epochs, change=start
        )  # fmt: skip
        full = f"python -m trainers train {name}{f' --init {init}' if init else ''}"
        run = Run(runs_folder, device=device)
        try:
            found = study.run(id, plan, faces, run, out, full=full, folder=studies.SHORT_RUNS, restart=restart)
        except TrainingError as error:
            if names:
                raise
            left.append(name)
            console.print(f"{name}: {error}", markup=False, soft_wrap=True)
            continue
        one = found.accuracy(found.titles[0])
        console.print(f"{id}: {one.value:.1%} ({one.low:.1%} to {one.high:.1%}), {found.outcomes[0].seconds:.0f} s")
    if left:
        raise TrainingError(f"No short run of {', '.join(left)}; why is said above.")


def missing(root: Path | None = None) -> list[str]:
    """The ids of all networks' recipes that have neither an artifact nor a short run, from scratch or not."""
    there = {*artifacts.ids(root), *studies.ids(root, studies.SHORT_RUNS)}
    networks = [id for id in recipes.available() if not isinstance(recipes.load(id)[1], Ensemble)]
    return [id for id in networks if not there & {id, f"{id}-scratch"}]
