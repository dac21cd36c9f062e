"""The five course projects' figures beside ours: theirs as data with their source, ours from the artifacts."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from fer_core import artifacts, evidence, seed_runs, studies
from fer_core.studies import Study
from fer_core.types import Interval, ModelCard

FILE = Path(__file__).with_name("seeds.toml")
STARTS = {
    "random": "from scratch", "imagenet": "from ImageNet", "mixed": "from ImageNet in part",
    "random-taught": "from scratch, taught", "imagenet-taught": "from ImageNet, taught",
}  # fmt: skip


@dataclass(frozen=True)
class Seed:
    """A project's system: `accuracy` in percent on the images that `on` names, None where none is printed.

    `recipe` is ours for the same system, `why` the known reasons why the two figures differ.
    """

    project: str
    system: str
    on: str
    recipe: str
    accuracy: float | None = None
    source: str = ""
    why: str = ""


@dataclass(frozen=True)
class Compared:
    """A seed and what our artifact has on PrivateTest: its id, accuracy 0..1 with interval, number of images.

    All None where nothing was run; `why` holds the seed's reasons and those that the artifact's card tells. `short` is
    the recipe's short run where there is no artifact but one of these.
    """

    seed: Seed
    id: str | None
    accuracy: Interval | None
    n: int | None
    why: str
    short: Study | None = None


def seeds() -> list[Seed]:
    """Every system of the five projects, in the projects' order."""
    return TypeAdapter(list[Seed]).validate_python(tomllib.loads(FILE.read_text("utf-8"))["seed"])


def compared(root: Path | None = None) -> list[Compared]:
    """Every system beside our artifact of its recipe, or of that recipe from scratch where there is no other."""
    here = artifacts.ids(root)
    return [_compared(seed, here, root) for seed in seeds()]


def _compared(seed: Seed, here: tuple[str, ...], root: Path | None) -> Compared:
    id = next((name for name in _names(seed.recipe) if name in here), None)
    if id is None:
        short = _short(seed.recipe, root)
        began = "the short run began from scratch" if short and short.id != seed.recipe else ""
        return Compared(seed, None, None, None, "; ".join(filter(None, [began, seed.why])), short)
    try:
        card, report = artifacts.card(id, root), evidence.stored_reports(id, root).get("PrivateTest")
    except artifacts.ArtifactError:
        return Compared(seed, None, None, None, seed.why)
    if report is None:
        return Compared(seed, id, None, None, seed.why)
    why = "; ".join(filter(None, [_told(card), _means(id, card, root), seed.why]))
    return Compared(seed, id, report.metrics["accuracy"], report.n, why)


def _told(card: ModelCard) -> str:
    return f"{STARTS[card.start]}, {card.epochs} epochs on {card.images_learned:,} images"


def _means(id: str, card: ModelCard, root: Path | None) -> str:
    """That the figure is one seed's and what the mean over all is, where there are several."""
    found = seed_runs.again(id, "PrivateTest", root)
    if found is None:
        return ""
    return f"ours is seed {card.seed}, the mean over {len(found.accuracy)} seeds is {100 * found.mean:.1f} %"


def _names(recipe: str) -> tuple[str, str]:
    """What an artifact of the recipe may be called: as the recipe, or as trained from scratch."""
    return recipe, f"{recipe}-scratch"


def _short(recipe: str, root: Path | None) -> Study | None:
    here = studies.ids(root, studies.SHORT_RUNS)
    try:
        return next((studies.load(id, root, studies.SHORT_RUNS) for id in _names(recipe) if id in here), None)
    except artifacts.ArtifactError:
        return None
