"""What all commands share that leave a study beside each artifact: options, which artifacts lack it, where it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from fer_core import artifacts, datasets
from fer_core.bootstrap import bootstrap_interval
from fer_core.datasets import Dataset
from fer_core.types import Interval
from trainers.evaluation import same_split

Ids = Annotated[list[str] | None, typer.Argument(help="artifacts; all that lack the study where none is named")]
Data = Annotated[Path | None, typer.Option("--data", help="FER2013 in any form; else FER2013_PATH")]
Out = Annotated[Path | None, typer.Option(help="where the artifacts are; else artifacts/")]
Steps = Callable[[int, int], None]
"""Told how many steps of how many are done."""
Study = TypeVar("Study")
console = Console()


@dataclass(frozen=True)
class StoredStudy(Generic[Study]):
    """A kind of study, a dataclass that `artifacts` keeps under `name`.

    `read` gives an artifact's, and raises artifacts.ArtifactError where there is none or it is outdated; `summary` is
    what a person at the console wants to see of it. `own`: only models with weights of their own can be asked.
    """

    name: str
    read: Callable[[str, Path | None], Study]
    summary: Callable[[str, Study], Table]
    own: bool = False

    def made(self, id: str, root: Path | None = None) -> bool:
        """Whether the artifact has one that is not outdated."""
        try:
            return bool(self.read(id, root))
        except artifacts.ArtifactError:
            return False

    def make(self, ids: Sequence[str] | None, root: Path | None, examine: Callable[[str, Steps], Study]) -> None:
        """Nothing comes back; each of these artifacts, or else all that lack one, has what `examine` finds.

        artifacts.ArtifactError where one was made anew meanwhile: what was found is not kept then.
        """
        wanted = ids or [id for id in models(root, self.own) if not self.made(id, root)]
        if not wanted:
            console.print("Every artifact has its study. Name one to make it anew.")
        for id in wanted:
            with Progress(console=console, transient=True) as bars:
                task = bars.add_task(id, total=None)

                def tell(done: int, of: int, task: Any = task, bars: Progress = bars) -> None:
                    bars.update(task, completed=done, total=of)

                asked = artifacts.card(id, root).weights_sha256
                result = examine(id, tell)
            if artifacts.card(id, root).weights_sha256 != asked:
                raise artifacts.ArtifactError(f"{id!r} was made anew while it was asked. Give the command again.")
            artifacts.save_study(self.name, asdict(result), id, root)  # type: ignore[call-overload]  # a dataclass
            console.print(self.summary(id, result))


def images_for(ids: Sequence[str] | None, data: Path | None, root: Path | None = None) -> Dataset:
    """FER2013, to ask these artifacts about, or all; ValueError where one of them learned from another split of it."""
    images = datasets.load(data)
    for id in ids or models(root):
        same_split(artifacts.card(id, root), images)
    return images


def models(root: Path | None = None, own: bool = False) -> tuple[str, ...]:
    """The ids of all artifacts that can be asked; `own`: of those with weights of their own, so no ensembles."""
    found = (id for id in artifacts.ids(root) if artifacts.has_weights(id, root))
    return tuple(id for id in found if not (own and artifacts.card(id, root).framework == "ensemble"))


def silent(done: int, of: int) -> None:
    """Nothing comes back, and nobody is told."""


def mean(values: Sequence[float] | np.ndarray) -> Interval:
    """The mean with its 95 % interval over resamples."""
    array = np.asarray(values, np.float64)
    return bootstrap_interval(lambda counts: array @ counts / counts.sum(axis=0), len(array))
