"""The command line for everybody: seven-faces predict PHOTO...

Exit status: 0 every photo was read; 1 nothing could be done (no model, no photo that could be read); 2 wrong use;
3 some photos could not be read, all others were; 130 stopped by Ctrl-C, the same command goes on from there.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fer_core import artifacts, catalog
from fer_core.detection import DetectionOptions
from fer_core.photo_sources import find, opened
from fer_core.predict_run import Run
from fer_core.types import ModelCard, remake, unknown

NOTHING, SOME = 1, 3
"""Exit statuses, see above."""

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(stderr=True)


@app.callback()
def seven_faces() -> None:
    """See how differently models read the same face."""


@app.command(epilog="Exit status: 0 all read, 1 nothing could be done, 2 wrong use, 3 some photos could not be read.")
def predict(
    photos: Annotated[list[str], typer.Argument(help="photos, folders, ZIPs, or patterns such as 'class/*.jpg'")],
    models: Annotated[str, typer.Option(help="models' ids with commas between; else all that can answer")] = "",
    out: Annotated[Path | None, typer.Option(help="a CSV file, one row a face; else the standard output")] = None,
    minimum_face: Annotated[int, typer.Option(help="the smallest face to look for, in pixels")] = 20,
    confidence: Annotated[float, typer.Option(help="how sure the detector must be, 0 to 1")] = 0.9,
    restart: Annotated[bool, typer.Option(help="forget what --out has already")] = False,
) -> None:
    """Find the faces in photos and write every model's answer to each, the numbers of the dashboard.

    Beside --out stands a ledger (faces.ledger.csv) with one row for every file. Stopped at any time, the same command
    goes on: photos that are in --out already, with the same models and options, are not read again.
    """
    options = DetectionOptions(minimum_face=minimum_face, confidence=confidence)
    run = Run(_cards(models), options, out, restart)
    found = list(find(photos))
    with _bar() as bar:
        for one in bar.track(found, description="Photos"):
            for given in opened(one):
                row = run.take(given)
                if row and row.outcome == "failed":
                    said = f"[yellow]{escape(row.file)}[/]: {escape(row.reason)}"
                    bar.console.print(said, highlight=False, soft_wrap=True)
    raise typer.Exit(_told(run))


def _cards(wanted: str) -> list[ModelCard]:
    """The cards of the models asked for; where none is, of all that can answer, those left out said on stderr.

    ValueError saying what there is and what to do.
    """
    here = artifacts.ids()
    if not here:
        raise ValueError("No trained model is here yet. Train one with: python -m trainers train keras-native")
    ids = [id.strip() for id in wanted.split(",") if id.strip()]
    for id in ids:
        if id not in here:
            raise ValueError(unknown("model", id, here))
    found: list[ModelCard] = []
    for id in dict.fromkeys(ids or here):
        try:
            found.append(_able(id))
        except artifacts.ArtifactError as error:
            if ids:
                raise
            console.print(f"[yellow]Left out[/] {escape(str(error))}", highlight=False, soft_wrap=True)
    if not found:
        raise ValueError("No model here can answer. Train one with: python -m trainers train keras-native")
    return found


def _able(id: str) -> ModelCard:
    """The card of a model that can answer; ArtifactError where a file of it is absent or damaged."""
    if not artifacts.has_weights(id):
        raise artifacts.ArtifactError(f"The weights of {id!r} are not here. Make them with: {remake(id)}")
    return catalog.check(id)


def _bar() -> Progress:
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*parts, console=console, transient=True)


def _told(run: Run) -> int:
    """The exit status, after a line on what was done."""
    done = run.counts["read"] + run.counts["no face"] + run.counts["same"] + run.before
    failed = run.counts["failed"]
    parts = [f"{done} photo{'s' * (done != 1)} read", f"{run.faces} face{'s' * (run.faces != 1)} found"]
    parts += [f"{run.before} of the photos before"] if run.before else []
    parts += [f"{run.counts['no face']} without a face"] if run.counts["no face"] else []
    parts += [f"{failed} could not be read"] if failed else []
    parts += [f"{run.counts['skipped']} skipped, no photos by their names"] if run.counts["skipped"] else []
    console.print("; ".join(parts) + ".", highlight=False, soft_wrap=True)
    return 0 if done and not failed else SOME if done else NOTHING


def main() -> None:
    """Runs the command; an error that a user can mend is one line, not a stack trace."""
    try:
        app()
    except (ValueError, KeyError, OSError) as error:
        text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
        console.print(f"[bold red]Stopped.[/] {escape(text)}", highlight=False, soft_wrap=True)
        sys.exit(NOTHING)
    except SystemExit as end:
        if end.code == 130:  # what typer makes of Ctrl-C
            console.print("Stopped by you. The same command goes on from there.")
        raise


if __name__ == "__main__":
    main()
