"""What a training run shows while it runs: a bar with time left, and one line an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trainers.fitting import CurveRow, Run


@contextmanager
def progress(console: Console, epochs: int, folder: Path, device: str, compile: bool = False) -> Iterator[Run]:
    """A run whose steps and epochs appear on the console."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("training")

        def step(done: int, of: int) -> None:
            bars.update(task, completed=done, total=of)

        def epoch(row: CurveRow) -> None:
            bars.reset(task, description=f"epoch {row['epoch'] + 1:.0f} of {epochs}")
            console.print(
                f"epoch {row['epoch']:3.0f}/{epochs}  loss {row['train_loss']:.3f}  train {row['train_accuracy']:.1%}  "
                f"PublicTest {row['public_accuracy']:.1%} (loss {row['public_loss']:.3f})  {row['seconds']:.0f} s"
            )

        yield Run(folder, step, epoch, device, compile=compile)
