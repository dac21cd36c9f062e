"""What each ingredient of training brought: studies that leave one out at a time, shown in docs/ablations.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from fer_core import datasets, studies
from fer_core.studies import Outcome, Study
from fer_core.types import Interval
from trainers import study
from trainers.fitting import Run

ABLATIONS = Path(__file__).parent / "ablations"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "ablations.md"
INTRO = """# What each ingredient brought

<!-- written by `python -m trainers ablate`; do not edit -->

Each row is the base recipe with one thing other, trained anew at a reduced size and read on PublicTest, which chose the
epoch too; PrivateTest was not looked at. A difference has the 95 % interval over resampled images, the same for the row
and the base; how much another seed would change it, it does not say unless the row has several. All rows are held
against the same runs of the base, whose luck is in every difference, and nothing is corrected for their number.
What guards against learning by heart (augmentation, mixup, smoothing) seems to cost a short training more than it
brings: the differences are those of this size and length, not of a recipe's own.
"""
HEAD = (
    "| | PublicTest | 95 % interval | against the base | seeds | minutes | best epoch |\n"
    "|---|---:|---|---|---|---:|---:|"
)


def command(
    name: Annotated[str, typer.Argument(help="an ablation's id, or the path of a TOML file")],
    data: Annotated[Path | None, typer.Option("--data", help="FER2013; else FER2013_PATH")] = None,
    smoke: Annotated[bool, typer.Option(help="one epoch on 512 images, into .runs/smoke")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda (PyTorch recipes)")] = "auto",
    restart: Annotated[bool, typer.Option(help="give up what is stored and begin anew")] = False,
    runs_folder: Annotated[Path, typer.Option("--runs", help="where checkpoints are kept")] = Path(".runs"),
    out: Annotated[Path | None, typer.Option(help="where artifacts are; else artifacts/")] = None,
) -> None:
    """Train a recipe with one ingredient other at a time; stopped at any time, the same command goes on."""
    console = Console()
    id, plan = study.load(name, ABLATIONS)
    images = datasets.load(data)
    if smoke:
        small = {"images": 512, "judged": 512, "epochs": 1, "seeds": plan.seeds[:1]}
        plan, out = plan.model_copy(update=small), out or runs_folder / "smoke"

    def tell(outcome: Outcome) -> None:
        console.print(f"{outcome.public_accuracy:.1%}  {outcome.title}, seed {outcome.seed}, {outcome.seconds:.0f} s")

    run = Run(runs_folder, device=device)
    found = study.run(id, plan, images, run, out, tell, restart=restart or smoke)
    console.print(_summary(found))
    if not smoke and out is None and write():  # the page is of the program's own artifacts
        console.print(f"Written: {PAGE.name}.")


def write(root: Path | None = None, path: Path = PAGE) -> bool:
    """Whether docs/ablations.md had to be changed."""
    new = page(root)
    stale = not path.is_file() or path.read_text("utf-8") != new
    if stale:
        path.write_text(new, "utf-8")
    return stale


def page(root: Path | None = None) -> str:
    """What docs/ablations.md says: a table for each stored study whose plan is an ablation's."""
    stored = [studies.load(id, root) for id in studies.ids(root) if id in study.available(ABLATIONS)]
    tables = [_section(found) for found in stored] or ["None was run yet: `python -m trainers ablate ingredients`.\n"]
    return "\n".join([INTRO, *tables])


def _section(found: Study) -> str:
    size = (
        f"Base: `{found.base}`. {found.images:,} Training images, {found.epochs} epochs; n = {found.n:,} on "
        f"PublicTest. {len(found.outcomes)} of {found.planned} results are there; trainings: {len(found.trainings)}."
    )
    rows = [HEAD, *(_row(found, title) for title in found.titles)]
    return "\n".join([f"## {found.title}", "", size, "", *rows, ""])


def _row(found: Study, title: str) -> str:
    outcomes, accuracy = found.of(title), found.accuracy(title)
    first = title == found.titles[0]
    cells = (
        title, f"{100 * accuracy.value:.1f} %", f"{100 * accuracy.low:.1f} to {100 * accuracy.high:.1f}",
        "" if first else _signed(found.gain(title)), ", ".join(str(o.seed) for o in outcomes),
        f"{np.mean([o.seconds for o in outcomes]) / 60:.1f}", ", ".join(str(o.best_epoch) for o in outcomes),
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _signed(gain: Interval) -> str:
    return f"{100 * gain.value:+.1f} ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"


def _summary(found: Study) -> Table:
    table = Table("version", "PublicTest", "against the base", title=found.title)
    for title in found.titles:
        gain = "" if title == found.titles[0] else _signed(found.gain(title))
        table.add_row(title, f"{found.accuracy(title).value:.1%}", gain)
    return table
