"""`python -m trainers study NAME`: the projects' own studies, each at a stated size, shown on the Studies page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fer_core import datasets
from fer_core.studies import Outcome, Study
from trainers import study
from trainers.fitting import Run
from trainers.recipe import RecipeError, network_recipe
from trainers.run import TRAINING
from trainers.study import Plan


def command(
    name: Annotated[str, typer.Argument(help="a study's id, or the path of a TOML file")],
    data: Annotated[Path | None, typer.Option("--data", help="FER2013; else FER2013_PATH")] = None,
    full: Annotated[bool, typer.Option(help="all images and all epochs of the recipe; stored as NAME-full")] = False,
    images: Annotated[int | None, typer.Option(min=1, help="Training images, in place of the plan's")] = None,
    judged: Annotated[int | None, typer.Option(min=0, help="PublicTest images, in place of the plan's; 0: all")] = None,
    epochs: Annotated[int | None, typer.Option(min=0, help="in place of the plan's; 0: each version's own")] = None,
    init: Annotated[str | None, typer.Option(help="random: from scratch, where the recipe names ImageNet")] = None,
    smoke: Annotated[bool, typer.Option(help="one epoch on 512 images, into .runs/smoke")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda (PyTorch recipes)")] = "auto",
    restart: Annotated[bool, typer.Option(help="give up what is stored and begin anew")] = False,
    runs_folder: Annotated[Path, typer.Option("--runs", help="where checkpoints are kept")] = Path(".runs"),
    out: Annotated[Path | None, typer.Option(help="where artifacts are; else artifacts/")] = None,
) -> None:
    """Train a recipe in all versions of a study; stopped at any time, the same command goes on."""
    console = Console()
    id, plan = study.load(name)
    if smoke:
        full, images, judged, epochs, out = False, 512, 512, 1, out or runs_folder / "smoke"
    id, plan = sized(id, plan, full=full, images=images, judged=judged, epochs=epochs, init=init)
    plan = plan.model_copy(update={"seeds": plan.seeds[:1]}) if smoke else plan
    faces = datasets.load(data)

    def tell(outcome: Outcome) -> None:
        console.print(f"{outcome.public_accuracy:.1%}  {outcome.title}, seed {outcome.seed}, {outcome.seconds:.0f} s")

    in_full = "" if full else f"python -m trainers study {name} --full{f' --init {init}' if init else ''}"
    run = Run(runs_folder, device=device)
    console.print(_summary(study.run(id, plan, faces, run, out, tell, in_full, restart=restart or smoke)))


def sized(
    id: str, plan: Plan, *, full: bool, images: int | None, judged: int | None, epochs: int | None, init: str | None
) -> tuple[str, Plan]:
    """The id and the plan at the size that was asked for; RecipeError where the asking is at odds with itself."""
    if init not in (None, "random"):
        raise RecipeError(f"--init: expected random, got {init!r}.")
    asked = {"images": images, "judged": judged, "epochs": epochs}
    if full and any(value is not None for value in asked.values()):
        raise RecipeError("--full runs on all images in all epochs. Leave --images, --judged and --epochs out.")
    scratch = init is not None and network_recipe(plan.base)[1].initial_weights != "random"
    new: dict[str, Any] = {"images": TRAINING, "judged": 0, "epochs": 0} if full else {}
    new |= {key: value for key, value in asked.items() if value is not None}
    if scratch:
        new |= {"change": {**plan.change, "initial_weights": "random"}, "title": f"{plan.title}, from scratch"}
    id = f"{id}{'-scratch' if scratch else ''}{'-full' if full else ''}"
    return id, Plan.model_validate(plan.model_dump() | new)


def _summary(found: Study) -> Table:
    size = f"{found.images:,} images, {found.epochs} epochs, read on {found.n:,} of PublicTest"
    table = Table("version", "PublicTest", "95 % interval", title=f"{found.title}: {size}")
    for title in found.titles:
        one = found.accuracy(title)
        table.add_row(title, f"{one.value:.1%}", f"{one.low:.1%} to {one.high:.1%}")
    return table
