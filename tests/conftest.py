"""What many tests share: a small FER2013, networks that a test can afford, artifacts trained on the spot."""

from __future__ import annotations

import functools
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

if "PYTEST_XDIST_WORKER" in os.environ:  # with `-n`: side by side, not each with all cores; before NumPy's import
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")
os.environ.pop("COLUMNS", None)  # else Rich takes it for good, as xdist sets it: no test could ask for a wider table

import numpy as np
import psutil
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report of a browser's test that failed says what the page showed and what each server was doing."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and page is not None:
        report.sections.append(("what the page showed", _shown(page)))
        report.sections.append(("what the servers were doing", _stacks()))
    return report


def _shown(page: Any) -> str:
    try:
        state = page.locator("[data-test-script-state]").first.get_attribute("data-test-script-state", timeout=5000)
        return f"{page.url}\nscript: {state}\n{page.locator('body').aria_snapshot(timeout=5000)[:6000]}"
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not hide why the test failed
        return f"the page does not answer: {error}"


def _stacks() -> str:
    """The end of each server's log, and where those of its threads stand that are in our code; on Linux alone."""
    found = []
    try:
        for server in (one for one in psutil.Process().children() if "streamlit" in one.cmdline()):
            log = Path(f"/proc/{server.pid}/fd/2").resolve(strict=True)
            said = log.read_text(errors="replace")
            server.send_signal(signal.SIGUSR1)  # see diagnosed/sitecustomize.py
            time.sleep(1)
            threads = log.read_text(errors="replace")[len(said) :].split("\n\n")
            found += [said[-2000:], *(thread for thread in threads if "/dashboard/" in thread)]
    except (psutil.Error, OSError) as error:
        found.append(f"not known: {error}")
    return "\n\n".join(found)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing; no test writes to the home directory's cache, nor to the user's own quiz database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEVEN_FACES_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("SEVEN_FACES_DATABASE", f"sqlite:///{tmp_path_factory.mktemp('quiz')}/quiz.sqlite3")
        yield


@pytest.fixture(scope="session", autouse=True)
def components_looked_for_once() -> Iterator[None]:
    """Nothing; every run of an AppTest read the metadata of all installed packages anew, a second or more each time."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def own_main() -> None:
    """Nothing; an AppTest leaves its page in the place of `__main__`, which a spawned process would run again."""
    sys.modules["__main__"] = MAIN


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
    resource = pytest.importorskip("resource", reason="Windows sets no such limit.")

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
