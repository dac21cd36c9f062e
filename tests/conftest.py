"""What many tests share: a small FER2013, networks that a test can afford, artifacts trained on the spot."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_core.catalog import CATALOG
from fer_core.types import EMOTIONS, InputSpec, ModelSpec

SIZES = {"Training": 8, "PublicTest": 4, "PrivateTest": 4}
"""Images of each class in each split of the synthetic FER2013."""

_INPUT = InputSpec(size=48, channels=1)
TINY = {
    "torch": ModelSpec("tiny-torch", "Tiny", "torch", f"{__name__}:tiny_torch", _INPUT, 2_559, "0", "a test"),
    "keras": ModelSpec("tiny-keras", "Tiny", "keras", f"{__name__}:tiny_keras", _INPUT, 2_575, "conv", "a test"),
}
"""One architecture a framework, with all that resuming must get right: running statistics and dropout."""


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing; no test writes to the home directory's cache, nor to the user's own quiz database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEVEN_FACES_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("SEVEN_FACES_DATABASE", f"sqlite:///{tmp_path_factory.mktemp('quiz')}/quiz.sqlite3")
        yield


@pytest.fixture(scope="session")
def fer2013_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A csv as FER2013 is published: 56 Training, 28 PublicTest, 28 PrivateTest images, easy to tell apart."""
    chance = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for split, size in SIZES.items():
        for label in chance.permutation(np.repeat(np.arange(len(EMOTIONS)), size)).tolist():
            pixels = " ".join(map(str, banded(label, chance).ravel().tolist()))
            lines.append(f"{label},{pixels},{split}")
    path = tmp_path_factory.mktemp("data") / "fer2013.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def banded(label: int, chance: np.random.Generator) -> np.ndarray:
    """A picture uint8 (48, 48) of noise with a bright band whose height tells the class, mirrored or not."""
    picture = chance.integers(0, 120, (48, 48))
    top = label * 48 // len(EMOTIONS)
    picture[top : top + 7] += 130
    return picture.astype(np.uint8)


@pytest.fixture(scope="session")
def lessons(fer2013_csv: Path) -> tuple[Any, Any]:
    """The Training and the PublicTest images of that csv as the trainers get them: two `trainers.fitting.Images`."""
    from fer_core import datasets
    from trainers.fitting import Images

    data = datasets.load(fer2013_csv)
    parts = [data.split(name) for name in ("Training", "PublicTest")]
    train, val = (Images(part.faces[..., None], part.labels.astype(np.int64)) for part in parts)
    return train, val


@pytest.fixture(scope="session")
def tiny_artifacts(fer2013_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the artifacts keras-native and torch-native: their own recipes on that csv, cut to one epoch."""
    from fer_core import datasets
    from trainers import recipe as recipes, run as runs
    from trainers.fitting import Run

    root, data = tmp_path_factory.mktemp("artifacts"), datasets.load(fer2013_csv)
    for name in ("keras-native", "torch-native"):
        id, chosen = recipes.network_recipe(name)
        short, images = runs.smoke(chosen, data)
        runs.train(id, short, images, Run(tmp_path_factory.mktemp("run"), device="cpu"), root)
    return root


@pytest.fixture(scope="module")
def tiny() -> Iterator[dict[str, ModelSpec]]:
    """The two tiny architectures by framework; in the catalog while this module's tests run."""
    with pytest.MonkeyPatch.context() as patch:
        for spec in TINY.values():
            patch.setitem(CATALOG, spec.id, spec)
        yield TINY


def tiny_torch(classes: int = 7) -> Any:
    """A network of 2,559 parameters with seven classes."""
    from torch import nn

    layers = [nn.Conv2d(1, 8, 8, stride=8), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Dropout(0.1)]
    return nn.Sequential(*layers, nn.Linear(288, classes))


def tiny_keras(classes: int = 7) -> Any:
    """The same network in Keras, which counts BatchNorm's running statistics too."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Conv2D(8, 8, strides=8, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.1),
            layers.Dense(classes, dtype="float32", name="logits"),
        ],
        name="tiny_keras",
    )


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """`with full_disk(n):` lets no file of this process grow beyond n bytes: the kernel refuses, as on a full disk."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
