"""A study: one recipe in several versions at a reduced, stated size, each read on PublicTest, never on PrivateTest.

A plan is one TOML file: a base recipe, the size, and the versions as changes to the recipe's keys, listed one by one or
as a grid whose axes are combined. A stopped study goes on: versions that are stored are not trained again, one in
training resumes from its checkpoint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fer_core import artifacts, catalog, studies
from fer_core.datasets import SPLITS, Dataset
from fer_core.studies import Outcome, Study
from fer_core.types import unknown
from trainers import recipe as recipes
from trainers.fitting import Run, TrainingError, class_indices
from trainers.own_process import in_own_process
from trainers.recipe import SEEDS, Recipe, RecipeError, content_of, explained
from trainers.run import TRAINING, checkpoint_folder, fit_recipe, learned_from, trained
from trainers.teaching import teacher_key

FOLDER = Path(__file__).parent / "studies"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Version(_Part):
    """One version of the recipe: its name, and what is other than in the base, as the recipe's tables and keys."""

    title: str
    change: dict[str, Any] = {}


class Plan(_Part):
    """A study's plan. `change` applies to all versions, the base included; it holds the reduced number of epochs.

    An axis of `grid` has changes by their titles; every combination of one of each axis is a version too. Without
    versions it asks for the base alone.
    """

    title: str
    base: str
    images: int = Field(ge=1, description="of Training, drawn at random once for all versions")
    judged: int = Field(default=0, ge=0, description="of PublicTest, drawn at random once; 0: all")
    epochs: int = Field(default=0, ge=0, description="in place of every version's own; 0: as the recipe says")
    seeds: tuple[Annotated[int, Field(ge=0, lt=SEEDS)], ...] = Field(default=(0,), min_length=1)
    change: dict[str, Any] = {}
    versions: tuple[Version, ...] = ()
    grid: tuple[dict[str, dict[str, Any]], ...] = ()

    @property
    def asked(self) -> list[Version]:
        """The versions that are listed and those of the grid."""
        listed = list(self.versions)
        for chosen in product(*(axis.items() for axis in self.grid)) if self.grid else ():
            change: dict[str, Any] = {}
            for _, one in chosen:
                change = _merged(change, one)
            listed.append(Version(title=", ".join(title for title, _ in chosen), change=change))
        return listed


def available(folder: Path = FOLDER) -> tuple[str, ...]:
    """The ids of all plans, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def load(name: str, folder: Path = FOLDER) -> tuple[str, Plan]:
    """The id and the plan behind an id or a path to a TOML file; RecipeError naming the file and the key."""
    path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    if not path.is_file():
        raise RecipeError(unknown("study", name, available(folder)))
    try:
        plan = Plan.model_validate(content_of(path))
    except ValidationError as error:
        raise RecipeError(f"{path.name}: {explained(error, Plan, {'versions': Version})}") from error
    if not plan.asked:
        raise RecipeError(f"{path.name}: versions: expected one or more, or a grid.")
    return path.stem, plan


def versions(plan: Plan) -> list[tuple[str, Mapping[str, Any], Recipe]]:
    """Every version's title, change and whole recipe, the unchanged base first; RecipeError naming a wrong one."""
    _, base = recipes.network_recipe(plan.base)
    start = changed(base, plan.change, "change")
    listed = [Version(title=f"{plan.base} as it is"), *plan.asked]
    found: list[tuple[str, Mapping[str, Any], Recipe]] = [
        (v.title, v.change, _reduced(changed(start, v.change, v.title), plan)) for v in listed
    ]
    for number, (title, _, recipe) in enumerate(found):
        if title in {other for other, _, _ in found[:number]}:
            raise RecipeError(f"{title!r}: expected a title of its own, two versions have it.")
        if recipe.labels != start.labels:
            raise RecipeError(f"{title!r}: labels: expected {start.labels!r}, as the base, to be compared with it.")
    return found


def _reduced(recipe: Recipe, plan: Plan) -> Recipe:
    fewer = recipe.sampling.of_fewer(plan.images / TRAINING)
    return shortened(recipe.model_copy(update={"sampling": fewer}), plan.epochs)


def shortened(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe at so many epochs, 0: its own; stages, warm-up and what ends before the last epochs in proportion."""
    share = epochs / recipe.schedule.epochs
    if not epochs or share >= 1:
        return recipe
    stages = tuple(s.model_copy(update={"epochs": max(round(s.epochs * share), 1)}) for s in recipe.stages)
    new = {
        "epochs": sum(s.epochs for s in stages) or epochs,
        "warmup_epochs": round(recipe.schedule.warmup_epochs * share, 2),
    }
    off = {"mixup_off": round(recipe.regularise.mixup_off * share)}
    return recipe.model_copy(
        update={
            "schedule": recipe.schedule.model_copy(update=new),
            "regularise": recipe.regularise.model_copy(update=off),
            "stages": stages,
        }
    )


def changed(recipe: Recipe, change: Mapping[str, Any], title: str) -> Recipe:
    """The recipe with those keys in place of its own, tables merged key by key; RecipeError where one is wrong."""
    try:
        return Recipe.model_validate(_merged(recipe.model_dump(mode="json"), change))
    except ValidationError as error:
        raise RecipeError(f"{title!r}: {explained(error, Recipe)}") from error


def reduced(data: Dataset, images: int, judged: int = 0) -> Dataset:
    """So many images of Training and of PublicTest, 0: all of it, drawn once for all; PrivateTest is not in it."""
    training, public = (np.flatnonzero(data.splits == SPLITS.index(name)) for name in ("Training", "PublicTest"))
    few = np.random.default_rng(0).permutation(training)[:images]
    asked = np.random.default_rng(1).permutation(public)[: judged or len(public)]
    return data.subset(np.concatenate([np.sort(few), np.sort(asked)]))


def run(
    id: str, plan: Plan, data: Dataset, run: Run, root: Path | None = None,
    tell: Callable[[Outcome], None] = lambda _outcome: None, full: str = "", folder: str = studies.FOLDER,
    restart: bool = False,
) -> Study:  # fmt: skip
    """The study, stored after each version; `run.folder` keeps checkpoints, `tell` hears of each finished version.

    `full` is the command that asks it in full; `folder` is where at `root` it is stored. What is stored there at
    another size is given up for `restart` alone, which forgets the checkpoints too; otherwise a TrainingError says so.
    """
    part, asked = reduced(data, plan.images, plan.judged), _asked(plan)
    first = asked[0][2]
    study = Study(
        id=id, title=plan.title, base=plan.base, images=learned_from(first, part), epochs=first.schedule.epochs,
        planned=len(asked), truth=_truth(first, part), full=full,
    )  # fmt: skip
    keys = [_key(recipe, part, root) for _, _, recipe in asked]
    before = [] if restart else _before(study, root, folder)
    for _, _, recipe in asked if restart else ():
        with suppress(TrainingError):  # an absent teacher is told of when its version is trained
            _checkpoints(recipe, part, run, root, restart=True)
    done = {outcome.key: outcome for outcome in before if outcome.key in keys}
    for key, (title, change, recipe) in zip(keys, asked, strict=True):
        if key not in done:
            done[key] = _asked_alone(title, change, recipe, key, part, run, root)
        together = [replace(done[k], title=t) for k, (t, _, _) in zip(keys, asked, strict=True) if k in done]
        study = replace(study, outcomes=together)
        studies.save(study, root, folder)
        tell(replace(done[key], title=title))
    return study


def _before(study: Study, root: Path | None, folder: str) -> list[Outcome]:
    """The outcomes that are stored; TrainingError where they are of another size than this study's."""
    try:
        stored = studies.load(study.id, root, folder)
    except artifacts.ArtifactError:  # none yet, or damaged: then it is made anew from the checkpoints
        return []
    if stored.outcomes and (stored.images, stored.epochs, stored.truth) != (study.images, study.epochs, study.truth):
        raise TrainingError(
            f"{study.id} is stored at another size: {stored.size}, not {study.size}. Ask for that size to go on with "
            "it, for another place with --out, or for --restart, which gives up what is stored."
        )
    return stored.outcomes


def _asked(plan: Plan) -> list[tuple[str, Mapping[str, Any], Recipe]]:
    """Title, change and recipe of every training: each version with each seed."""
    return [
        (title, change, recipe.model_copy(update={"seed": seed}))
        for title, change, recipe in versions(plan)
        for seed in dict.fromkeys(plan.seeds)
    ]


def _key(recipe: Recipe, data: Dataset, root: Path | None) -> str:
    """What an outcome is kept under, so that it stays for this recipe, these data and this teacher, if any, alone."""
    content = recipe.model_dump_json(exclude={"title", "limits"}, exclude_defaults=True) + data.sha256
    with suppress(TrainingError):  # an absent teacher is told of when its version is trained
        content += teacher_key(recipe.distil, root)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        inside = merged.get(key)
        merged[key] = _merged(inside, value) if isinstance(inside, dict) and isinstance(value, dict) else value
    return merged


def _asked_alone(
    title: str, change: Mapping[str, Any], recipe: Recipe, key: str, data: Dataset, run: Run, root: Path | None
) -> Outcome:
    """The outcome; of a Keras network by a process of its own, since TensorFlow keeps some 0.6 GB of each large one."""
    asked = (title, change, recipe, key, data, run, root)
    keras = catalog.spec(recipe.architecture).framework == "keras"
    return in_own_process(_outcome, *asked) if keras else _outcome(*asked)


def _outcome(
    title: str, change: Mapping[str, Any], recipe: Recipe, key: str, data: Dataset, run: Run, root: Path | None
) -> Outcome:
    spec, folder = catalog.spec(recipe.architecture), _checkpoints(recipe, data, run, root)
    fitted = fit_recipe(spec, recipe, data, replace(run, folder=folder), root)
    public = data.split("PublicTest")
    logits = trained(spec, recipe, fitted).predict_logits(np.repeat(public.faces[..., None], 3, axis=-1))
    answers = studies.digits(logits.argmax(axis=1))
    pairs = [(a, t) for a, t in zip(answers, _truth(recipe, data), strict=True) if t != studies.NO_LABEL]
    accuracy = float(np.mean([a == t for a, t in pairs]))
    return Outcome(
        title=title, change=dict(change), seed=recipe.seed, key=key, answers=answers, public_accuracy=accuracy,
        best_epoch=fitted.best_epoch, seconds=round(fitted.seconds, 1), device=fitted.device, curves=fitted.curves,
    )  # fmt: skip


def _checkpoints(recipe: Recipe, data: Dataset, run: Run, root: Path | None, restart: bool = False) -> Path:
    """The folder of a version's checkpoint: one training serves all ways of asking."""
    lesson = recipe.model_copy(update={"test_time": "none"})
    return checkpoint_folder(run.folder, "study", lesson, data, restart, root)


def _truth(recipe: Recipe, data: Dataset) -> str:
    """PublicTest's labels as digits; `studies.NO_LABEL` where the recipe's labels lack one."""
    y = class_indices(data.split("PublicTest").labels, recipe.emotions)
    return studies.digits(np.minimum(y, int(studies.NO_LABEL)))
