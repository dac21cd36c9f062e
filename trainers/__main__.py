"""The command line for makers of models: python -m trainers train|recipes|data."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from fer_core import artifacts, datasets, seed_runs, studies
from fer_core.metrics import EvaluationReport
from fer_core.types import EMOTIONS
from trainers import (
    ablation,
    average_maps,
    crop_rule,
    deep_svm,
    ensemble,
    evaluation,
    explain_sheet,
    export,
    face_size,
    findings,
    ladder,
    readme,
    recipe as recipes,
    run as runs,
    sanity,
    seeds,
    short_run,
    study_command,
    test_time,
    what_if,
)
from trainers.data import app as data_commands
from trainers.fitting import TrainingError
from trainers.progress import progress

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
console = Console()

app.add_typer(data_commands, name="data", help="Check, fetch and clean FER2013.")
app.command("crop-rule")(crop_rule.command)
app.command("face-size")(face_size.command)
app.command("sanity")(sanity.command)
app.command("export")(export.command)
app.command("svm")(deep_svm.command)
app.command("ladder")(ladder.command)
app.command("ablate")(ablation.command)
app.command("study")(study_command.command)
app.command("short-run")(short_run.command)
app.command("seeds")(seeds.command)
app.command("what-if")(what_if.command)
app.command("test-time")(test_time.command)
app.command("average-maps")(average_maps.command)
app.command("findings")(findings.command)
app.command("explain-sheet")(explain_sheet.command)

Data = Annotated[Path | None, typer.Option("--data", help="FER2013 in any form it is published in; else FER2013_PATH")]


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="a recipe's id, or the path of a TOML file")],
    data: Data = None,
    smoke: Annotated[
        bool, typer.Option(help="one epoch on 512 images, into .runs/smoke: does it run to the end?")
    ] = False,
    restart: Annotated[bool, typer.Option(help="forget the checkpoint and begin anew")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda (PyTorch recipes)")] = "auto",
    init: Annotated[str | None, typer.Option(help="random: from scratch, where the recipe names ImageNet")] = None,
    seed: Annotated[
        int | None, typer.Option(help="another seed: artifacts/other-seeds/RECIPE-seed<N>, for the mean over seeds")
    ] = None,
    compile: Annotated[bool, typer.Option(help="torch.compile the network (PyTorch recipes)")] = False,
    runs_folder: Annotated[Path, typer.Option("--runs", help="where checkpoints are kept")] = Path(".runs"),
    out: Annotated[Path | None, typer.Option(help="where artifacts go; else artifacts/")] = None,
) -> None:
    """Train one recipe and leave its artifact; stopped at any time, the same command goes on where it was."""
    id, chosen = recipes.load(recipe)
    wanted = EMOTIONS if isinstance(chosen, recipes.Ensemble) else chosen.emotions
    images = datasets.load(data, emotions=wanted)
    evaluation.keep_apart(images, out or (runs_folder if smoke else None))
    home = out or artifacts.default_root()
    if isinstance(chosen, recipes.Ensemble):
        if init is not None or seed is not None:
            raise recipes.RecipeError(f"{id!r} is an ensemble: nothing is trained for it. Leave --init and --seed out.")
        if smoke:
            images, out, home = runs.few(images), out or runs_folder / "smoke", ensemble.members_place(chosen, home)
        ensemble.make(id, chosen, images, out, home)
        console.print(_summary(id, out))
        return
    own_seed, (id, chosen) = chosen.seed, recipes.changed(id, chosen, init, seed)
    if smoke:
        chosen, images = runs.smoke(chosen, images)
        out = out or runs_folder / "smoke"
    elif chosen.seed != own_seed:
        out = seed_runs.place(out)
    folder = runs.checkpoint_folder(runs_folder, id, chosen, images, restart or smoke, home)
    with progress(console, chosen.schedule.epochs, folder, device, compile) as run:
        runs.train(id, chosen, images, run, out, home)
    console.print(_summary(id, out))


@app.command("recipes")
def list_recipes() -> None:
    """All recipes, and whether their artifact is here."""
    others = ("title", "architecture", "epochs", "artifact")
    whole = (Column(name, overflow="fold") for name in others)  # a narrow console or a pipe would cut their words
    table = Table(Column("recipe", no_wrap=True), *whole)
    made, short = artifacts.ids(), studies.ids(folder=studies.SHORT_RUNS)
    for id in recipes.available():
        _, chosen = recipes.load(id)
        epochs = "" if isinstance(chosen, recipes.Ensemble) else str(chosen.schedule.epochs)
        names = {id, f"{id}-scratch"}
        state = "yes" if names & {*made} else "short run" if names & {*short} else ""
        table.add_row(id, chosen.title, chosen.architecture, epochs, state)
    console.print(table)


@app.command()
def evaluate(
    ids: Annotated[list[str] | None, typer.Argument(help="artifacts; all where none is named")] = None,
    data: Data = None,
    predict: Annotated[bool, typer.Option(help="ask the networks again, not only their stored answers")] = False,
    out: Annotated[Path | None, typer.Option(help="where the artifacts are; else artifacts/")] = None,
) -> None:
    """Make temperatures, metrics and people's figures anew from stored answers; with data, the reference too."""
    images = datasets.load(data) if data or predict or os.environ.get("FER2013_PATH") else None
    if images is not None:
        for id in ids or artifacts.ids(out):
            evaluation.same_split(artifacts.card(id, out), images)
    if images is not None and (images.votes is not None or not artifacts.changed(artifacts.REFERENCE, out)):
        reference = evaluation.write_reference(images, out)
    else:
        reference = artifacts.reference(out)
    for id in ids or artifacts.ids(out):
        evaluation.reassess(id, reference, images if predict else None, out)
        console.print(_summary(id, out))
    for id in [] if ids else artifacts.ids(place := seed_runs.place(out)):
        evaluation.reassess(id, reference, None, place)  # their weights are seldom here
        console.print(_summary(id, place))


@app.command("readme")
def write_readme() -> None:
    """Write the README's model table anew from the artifacts."""
    console.print(
        "README.md or docs/gpu.md changed." if readme.write() else "README.md and docs/gpu.md were up to date."
    )


def _summary(id: str, root: Path | None) -> Table:
    table = Table("split", "n", "accuracy", "95 % interval", "macro-F1", title=id)
    for split, stored in artifacts.metrics(id, root).items():
        report = EvaluationReport.from_dict(stored)
        accuracy, f1 = report.metrics["accuracy"], report.metrics["macro_f1"]
        interval = f"{accuracy.low:.1%} to {accuracy.high:.1%}"
        table.add_row(split, str(report.n), f"{accuracy.value:.1%}", interval, f"{f1.value:.3f}")
    return table


NO_MEMORY = ("out of memory", "can't allocate memory", "Unable to allocate", "RESOURCE_EXHAUSTED")
"""What CUDA, PyTorch on a processor, NumPy and XLA say where memory is short."""


def _stop(why: str) -> None:
    console.print(f"[bold red]Stopped.[/] {escape(why)}", highlight=False, soft_wrap=True)
    sys.exit(1)


def main() -> None:
    """Runs the command; an error that a user can mend is one line, not a stack trace, and exit status 1."""
    try:
        app()
    except (recipes.RecipeError, TrainingError, artifacts.ArtifactError, ValueError, OSError) as error:
        _stop(str(error))
    except (MemoryError, RuntimeError) as error:
        if not any(said in str(error) for said in NO_MEMORY):
            raise
        _stop(
            "The device has no memory left. Lower the recipe's schedule.batch_size, or end what else uses the device."
        )
    except SystemExit as end:
        if end.code == 130:  # what typer makes of Ctrl-C
            console.print("Stopped by you. The same command goes on from the last finished epoch.")
        raise


if __name__ == "__main__":
    main()
