"""What a training run shows while it runs: one bar with the time left to its end, and one line an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trainers.fitting import CurveRow, Run
from trainers.run import leads


@contextmanager
def progress(console: Console, epochs: int, folder: Path, device: str, compile: bool = False) -> Iterator[Run]:
    """A run whose steps and epochs appear on the console."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("training", total=None)

        def show(said: str, done: int, of: int) -> None:
            if bars.tasks[0].total != of:  # what comes now is quicker or slower than what came before
                bars.reset(task, total=of, completed=done, description=said)
            bars.update(task, description=said, completed=done)

        def asked(done: int, of: int) -> None:
            show("asking the teacher", done, of)

        def step(done: int, of: int) -> None:
            show(f"epoch {-(-done * epochs // of)} of {epochs}", done, of)

        def epoch(row: CurveRow) -> None:
            console.print(
                f"epoch {row['epoch']:3.0f}/{epochs}  loss {row['train_loss']:.3f}  train {row['train_accuracy']:.1%}  "
                f"PublicTest {row['public_accuracy']:.1%} (loss {row['public_loss']:.3f})  {row['seconds']:.0f} s"
            )

        def said(what: str) -> None:
            if leads():
                console.print(what)

        yield Run(folder, step, epoch, device, compile=compile, asked=asked, said=said)
        done = bars.tasks[0].completed or 1  # fewer steps than planned where it stopped early
        bars.update(task, description="trained", completed=done, total=done)
