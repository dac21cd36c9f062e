"""A recipe: one trained model as one TOML file, checked key by key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from fer_core.catalog import CATALOG
from fer_core.labels import LABEL_SETS
from fer_core.types import InitialWeights, unknown

FOLDER = Path(__file__).parent / "recipes"


class RecipeError(ValueError):
    """A recipe is absent or wrong; the message names the file, the key and the nearest right one."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Optimizer(_Part):
    """The optimizer and its figures; `weight_decay` is L2 in the gradient for sgd, decoupled for adamw."""

    name: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = Field(gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    nesterov: bool = False
    weight_decay: float = Field(default=0.0, ge=0)


class Schedule(_Part):
    """How long, in what batches, and how the learning rate moves: linear warm-up, then constant or cosine to zero."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(default=64, ge=1)
    warmup_epochs: float = Field(default=0.0, ge=0)
    shape: Literal["constant", "cosine"] = "cosine"
    early_stopping: int = Field(default=0, ge=0, description="epochs without a better PublicTest accuracy; 0: never")


def _small_then_large(scale: tuple[float, float]) -> tuple[float, float]:
    low, high = scale
    if not 0.5 <= low <= high <= 2:
        raise ValueError("expected two numbers, 0.5 <= low <= high <= 2")
    return scale


class Augment(_Part):
    """One random affine map and changes of light, drawn anew for every image."""

    flip: bool = False
    rotate_degrees: float = Field(default=0.0, ge=0, le=180)
    scale: Annotated[tuple[float, float], AfterValidator(_small_then_large)] = (1.0, 1.0)
    shift: float = Field(default=0.0, ge=0, lt=1, description="greatest shift as a share of the side")
    brightness: float = Field(default=0.0, ge=0, lt=1)
    contrast: float = Field(default=0.0, ge=0, lt=1)
    erase: float = Field(default=0.0, ge=0, le=1, description="probability of a grey rectangle")


class Regularise(_Part):
    """What keeps the network from learning the training set by heart."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    mixup: float = Field(default=0.0, ge=0, description="alpha of the Beta distribution; 0: off")
    ema: float = Field(default=0.0, ge=0, lt=1, description="decay of the weights' moving average; 0: off")
    class_weights: Literal["none", "inverse"] = "none"


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
    initial_weights: InitialWeights = "random"
    precision: Literal["float32", "bf16"] = "float32"
    seed: int = Field(default=0, ge=0, lt=2**32)
    limits: tuple[str, ...] = ()
    optimizer: Optimizer
    schedule: Schedule
    augment: Augment = Augment()
    regularise: Regularise = Regularise()

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions that the model is to know."""
        return LABEL_SETS[self.labels]


def available(folder: Path = FOLDER) -> tuple[str, ...]:
    """The ids of all recipes, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def load(name: str, folder: Path = FOLDER) -> tuple[str, Recipe]:
    """The id and the recipe behind an id or a path to a TOML file; RecipeError naming the nearest id or key."""
    path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    if not path.is_file():
        raise RecipeError(unknown("recipe", name, available(folder)))
    try:
        return path.stem, Recipe.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path.name} is no TOML file: {error}.") from error
    except ValidationError as error:
        raise RecipeError(f"{path.name}: " + " ".join(_explain(e) for e in error.errors())) from error


def _explain(error: Any) -> str:
    *inside, key = error["loc"]
    if error["type"] == "missing":
        return f"{'.'.join(map(str, error['loc']))}: expected, and missing."
    if error["type"] != "extra_forbidden":
        return f"{'.'.join(map(str, error['loc']))}: {error['msg']} (it is {error['input']!r})."
    part: Any = Recipe
    for name in inside:
        part = part.model_fields[name].annotation
    return unknown("key", str(key), part.model_fields).rstrip(".") + (
        f" (in [{'.'.join(map(str, inside))}])." if inside else "."
    )
