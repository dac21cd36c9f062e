"""A recipe: one trained model as one TOML file, checked key by key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from fer_core import artifacts, seed_runs, studies
from fer_core.catalog import CATALOG
from fer_core.labels import LABEL_SETS
from fer_core.types import label_index, unknown

FOLDER = Path(__file__).parent / "recipes"
TestTime = Literal["none", "flip", "ten_crop"]
SEEDS = 2**32  # above every seed that NumPy and Keras take
TAKEN = (artifacts.REFERENCE, studies.FOLDER, studies.SHORT_RUNS, seed_runs.FOLDER)
"""Folders beside the artifacts: a model of such a name would take their place."""


class RecipeError(ValueError):
    """A recipe is absent or wrong; the message names the file, the key and the nearest right one."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Optimizer(_Part):
    """The optimizer and its figures; `weight_decay` is decoupled for adamw, L2 in the gradient for all others."""

    name: Literal["sgd", "adam", "adamw", "nadam", "rmsprop"] = "sgd"
    learning_rate: float = Field(gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    nesterov: bool = False
    weight_decay: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _nesterov_has_a_momentum(self) -> Optimizer:
        if self.name == "sgd" and self.nesterov and not self.momentum:
            raise ValueError("nesterov: expected a momentum above 0")
        return self


class Schedule(_Part):
    """How long, in what batches, and how the learning rate moves: linear warm-up, then by `shape`.

    "plateau" multiplies it by `plateau_factor` whenever `plateau_patience` epochs brought no lower PublicTest loss.
    """

    epochs: int = Field(ge=1)
    batch_size: int = Field(default=64, ge=1)
    warmup_epochs: float = Field(default=0.0, ge=0)
    shape: Literal["constant", "cosine", "plateau"] = "cosine"
    plateau_patience: int = Field(default=1, ge=1)
    plateau_factor: float = Field(default=0.1, gt=0, lt=1)
    early_stopping: int = Field(default=0, ge=0, description="epochs without a better PublicTest accuracy; 0: never")
    keep: Literal["last"] | None = Field(default=None, description="the last epoch's weights, not PublicTest's best")


class Stage(_Part):
    """One leg of a fine-tuning: which weights learn, for how long, from which learning rate; the schedule's shape anew.

    `train`: "all"; "head", what stands after the backbone; "layers" or "blocks", the head and the last `count` of them.
    """

    epochs: int = Field(ge=1)
    train: Literal["all", "head", "layers", "blocks"] = "all"
    count: int = Field(default=0, ge=0)
    learning_rate: float | None = Field(default=None, gt=0)


def _small_then_large(scale: tuple[float, float]) -> tuple[float, float]:
    low, high = scale
    if not 0.5 <= low <= high <= 2:
        raise ValueError("expected two numbers, 0.5 <= low <= high <= 2")
    return scale


class Augment(_Part):
    """One random affine map and changes of light, drawn anew for every image.

    `crop` is the side of the square that is cut out at random and learned from (the whole picture is what is predicted
    from); `start_size` shrinks that square at first, growing linearly to its full side at 60 % of the epochs, since
    small pictures cost less (progressive resizing, Howard et al. 2018). Both need a network that takes any size.
    """

    flip: bool = False
    rotate_degrees: float = Field(default=0.0, ge=0, le=180)
    scale: Annotated[tuple[float, float], AfterValidator(_small_then_large)] = (1.0, 1.0)
    shift: float = Field(default=0.0, ge=0, lt=1, description="greatest shift as a share of the side")
    brightness: float = Field(default=0.0, ge=0, lt=1)
    contrast: float = Field(default=0.0, ge=0, lt=1)
    erase: float = Field(default=0.0, ge=0, le=1, description="probability of a grey rectangle")
    crop: int = Field(default=0, ge=0, description="side in pixels of the random crop; 0: the whole picture")
    start_size: int = Field(default=0, ge=0, description="side in pixels in the first epoch; 0: as in all others")

    @model_validator(mode="after")
    def _pictures_grow(self) -> Augment:
        if 0 < self.start_size < 4 or 0 < self.crop < self.start_size:
            raise ValueError("start_size: expected 4 pixels or more, and crop at most; or 0")
        return self


class Regularise(_Part):
    """What keeps the network from learning the training set by heart."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    mixup: float = Field(default=0.0, ge=0, description="alpha of the Beta distribution; 0: off")
    mixup_off: int = Field(default=0, ge=0, description="the last epochs, which are trained without mixup")
    ema: float = Field(default=0.0, ge=0, lt=1, description="decay of the weights' moving average; 0: off")
    class_weights: Literal["none", "inverse"] = "none"


def _known_emotions(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        label_index(name)
    return names


class Sampling(_Part):
    """Which images an epoch sees: each once, and those of rare emotions repeated until there are `at_least` so many.

    Repeats are augmented anew, so this is the projects' "augmented disgust" and "balanced data" without stored copies.
    """

    at_least: int = Field(default=0, ge=0, description="images of an emotion in an epoch; 0: no repeats")
    emotions: Annotated[tuple[str, ...], AfterValidator(_known_emotions)] = Field(
        default=(), description="which emotions are brought to that number; none named: all"
    )

    def of_fewer(self, share: float) -> Sampling:
        """The same where only that share of the images, 0 to 1, is learned from."""
        return self.model_copy(update={"at_least": round(self.at_least * min(share, 1))})


class Distil(_Part):
    """A teacher's probabilities as targets beside the labels (Hinton et al. 2015, arXiv:1503.02531)."""

    teacher: str = Field(description="an artifact's id")
    share: float = Field(default=0.7, ge=0, le=1, description="of the target; the rest is the label")
    temperature: float = Field(default=2.0, gt=0, description="divides the teacher's logits")


def _known_architecture(name: str) -> str:
    if name not in CATALOG:
        raise ValueError(unknown("architecture", name, CATALOG))
    return name


class Recipe(_Part):
    """One model's training, whole."""

    title: str
    architecture: Annotated[str, AfterValidator(_known_architecture)]
    labels: Literal["seven", "six", "five", "four"] = "seven"
    images: Literal["official", "deduplicated", "clean"] = "official"
    initial_weights: Literal["random", "imagenet"] = "random"
    precision: Literal["float32", "bf16"] = "float32"
    test_time: TestTime = "none"
    preprocess: tuple[Literal["centre", "scale", "zca"], ...] = ()
    seed: int = Field(default=0, ge=0, lt=SEEDS)
    limits: tuple[str, ...] = ()
    optimizer: Optimizer
    schedule: Schedule
    augment: Augment = Augment()
    regularise: Regularise = Regularise()
    sampling: Sampling = Sampling()
    distil: Distil | None = None
    stages: tuple[Stage, ...] = ()

    @model_validator(mode="after")
    def _stages_add_up(self) -> Recipe:
        if self.stages and sum(stage.epochs for stage in self.stages) != self.schedule.epochs:
            raise ValueError("schedule.epochs: expected the sum of the stages' epochs")
        if self.schedule.warmup_epochs > min(stage.epochs for stage in self.course):
            raise ValueError("schedule.warmup_epochs: expected at most the epochs of each stage")
        return self

    @model_validator(mode="after")
    def _parts_agree(self) -> Recipe:
        if strays := set(self.sampling.emotions) - set(self.emotions):
            raise ValueError(f"sampling.emotions: {min(strays)!r} is none of the labels {self.labels!r}")
        if self.preprocess and CATALOG[self.architecture].framework != "keras":
            raise ValueError("preprocess: expected only with Keras architectures that have a layer for it")
        if self.regularise.mixup and self.regularise.mixup_off >= self.schedule.epochs:
            raise ValueError("regularise.mixup_off: expected fewer than schedule.epochs; for no mixup, mixup = 0")
        return self

    @property
    def course(self) -> tuple[Stage, ...]:
        """The stages; where none are named, one in which all weights learn."""
        return self.stages or (Stage(epochs=self.schedule.epochs),)

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions that the model is to know."""
        return LABEL_SETS[self.labels]


def _other_than_itself(members: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(members)) < 2 or len(set(members)) < len(members):
        raise ValueError("expected two or more artifacts' ids, each once")
    return members


class Ensemble(_Part):
    """An ensemble's recipe: artifacts whose probabilities are averaged, fixed before PrivateTest is looked at."""

    title: str
    members: Annotated[tuple[str, ...], AfterValidator(_other_than_itself)]
    test_time: TestTime = "none"
    limits: tuple[str, ...] = ()

    architecture: ClassVar[str] = "ensemble"
    """What its card says where others name a network."""


def available(folder: Path = FOLDER) -> tuple[str, ...]:
    """The ids of all recipes, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def load(name: str, folder: Path = FOLDER) -> tuple[str, Recipe | Ensemble]:
    """The id and the recipe behind an id or a path to a TOML file; RecipeError naming the nearest id or key.

    A file with the key `members` is an ensemble's, any other a network's.
    """
    path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    if not path.is_file():
        raise RecipeError(f"{name} is no file." if path == Path(name) else unknown("recipe", name, available(folder)))
    if path.stem in TAKEN or path.stem.startswith("."):
        raise RecipeError(f"{path.name}: the model would be called {path.stem!r}, which no model can be. Rename it.")
    content = content_of(path)
    kind: type[Recipe | Ensemble] = Ensemble if "members" in content else Recipe
    try:
        return path.stem, kind.model_validate(content)
    except ValidationError as error:
        raise RecipeError(f"{path.name}: {explained(error, kind)}") from error


def content_of(path: Path) -> dict[str, Any]:
    """What a TOML file holds; RecipeError where it is none."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path.name} is no TOML file: {error}.") from error


def network_recipe(name: str, folder: Path = FOLDER) -> tuple[str, Recipe]:
    """As `load`, for what needs a network; RecipeError where the recipe is an ensemble's."""
    id, found = load(name, folder)
    if isinstance(found, Ensemble):
        raise RecipeError(f"{id!r} is an ensemble. Expected the recipe of one network, such as one of its members.")
    return id, found


def changed(id: str, recipe: Recipe, init: str | None, seed: int | None) -> tuple[str, Recipe]:
    """The id and the recipe with other initial weights or another seed, which the id then names."""
    if init not in (None, "random"):
        raise RecipeError(f"--init: expected random, got {init!r}. Other initial weights are named in the recipe.")
    if seed is not None and not 0 <= seed < SEEDS:
        raise RecipeError(f"--seed: expected a number from 0 to {SEEDS - 1}, got {seed}.")
    if init and recipe.initial_weights != "random":
        id = f"{id}-scratch"
        title = f"{recipe.title.replace(', fine-tuned', '')}, from scratch"
        recipe = recipe.model_copy(update={"initial_weights": "random", "title": title})
    if seed is not None and seed != recipe.seed:
        id = f"{id}-seed{seed}"
        recipe = recipe.model_copy(update={"seed": seed, "title": f"{recipe.title}, seed {seed}"})
    return id, recipe


_PARTS: dict[str, type[BaseModel]] = {
    "optimizer": Optimizer, "schedule": Schedule, "augment": Augment, "regularise": Regularise,
    "sampling": Sampling, "distil": Distil, "stages": Stage,
}  # fmt: skip


def explained(error: ValidationError, whole: type[BaseModel], parts: Mapping[str, type[BaseModel]] = _PARTS) -> str:
    """What is wrong with a file's keys, each with the nearest right one; `parts` are the tables inside the `whole`."""
    return " ".join(_explain(one, whole, parts) for one in error.errors())


def _explain(error: Any, whole: type[BaseModel], parts: Mapping[str, type[BaseModel]]) -> str:
    place, said = ".".join(map(str, error["loc"])), error["msg"].removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"{place}: expected, and missing."
    if error["type"] != "extra_forbidden":
        of_one_key = f" (it is {error['input']!r})" if not isinstance(error["input"], dict) else ""
        return f"{place}{': ' if place else ''}{said}{of_one_key}."
    *inside, key = error["loc"]
    named = [name for name in inside if isinstance(name, str)]
    part = parts.get(named[0], whole) if named else whole
    return unknown("key", str(key), part.model_fields).rstrip(".") + (f" (in [{'.'.join(named)}])." if named else ".")
