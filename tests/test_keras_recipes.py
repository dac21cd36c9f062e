"""Keras recipes run through from beginning to end: stages, preprocessing, from scratch where there is no ImageNet."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_core import artifacts, catalog, datasets
from fer_core.catalog import CATALOG
from fer_core.types import EMOTIONS
from trainers import recipe as recipes, run as runs
from trainers.fitting import Run

PROJECTS = ("keras-", "moodmirror-", "dzubak-", "burney-")


def test_every_system_of_the_projects_is_a_recipe() -> None:
    found = set(recipes.available())
    copenhagen = {"native", "native-five", "native-distilled", "resnet50v2", "resnet50v2-frozen", "resnet50v2-one"}
    copenhagen |= {f"efficientnetv2b3{end}" for end in ("", "-five", "-weighted", "-disgust", "-average")}
    advanced = {f"advanced-{data}" for data in ("raw", "reduced", "adam", "rmsprop")}
    mood = {"basic", "advanced", "vgg19", "vgg19-features", "efficientnetb0", "efficientnetb5"} | advanced
    burney = {name.split("-")[1] for name in CATALOG if name.startswith("burney-")}
    expected = {f"keras-{n}" for n in copenhagen | {"efficientnet-lite0"}} | {f"moodmirror-{n}" for n in mood}
    expected |= {f"dzubak-{n}" for n in ("vgg16", "resnet50v2", "efficientnetb0")} | {f"burney-{n}" for n in burney}
    assert len(burney) == 9 and expected <= found


def test_no_two_recipes_have_one_title_from_scratch_either() -> None:
    found = {name: recipes.load(name)[1] for name in recipes.available()}
    titles = [chosen.title for chosen in found.values()]
    titles += [
        recipes.changed(name, chosen, "random", None)[1].title
        for name, chosen in found.items()
        if not isinstance(chosen, recipes.Ensemble) and chosen.initial_weights != "random"
    ]
    assert len(titles) == len(set(titles)), sorted(title for title in titles if titles.count(title) > 1)


@pytest.mark.parametrize("id", [name for name in recipes.available() if name.startswith(PROJECTS)])
def test_a_recipe_asks_of_its_network_what_it_can(id: str) -> None:
    _, recipe = recipes.network_recipe(id)
    spec = catalog.spec(recipe.architecture)
    assert spec.framework == "keras"
    assert recipe.initial_weights == "random" or spec.pretrained
    assert bool(recipe.preprocess) == bool(spec.options.get("whitened"))
    fixed = spec.options.get("pool") == "flatten" or recipe.architecture in ("keras-native", "moodmirror-basic")
    assert not (fixed and (recipe.augment.crop or recipe.augment.start_size))
    assert recipe.augment.crop <= spec.input.size
    assert recipe.labels != "seven" or recipe.emotions == EMOTIONS


@pytest.mark.parametrize("id", ["moodmirror-advanced", "dzubak-vgg16"])
def test_it_runs_to_its_end(id: str, fer2013_csv: Path, tmp_path: Path) -> None:
    id, recipe = recipes.changed(*recipes.network_recipe(id), init="random", seed=None)
    recipe, data = runs.smoke(recipe, datasets.load(fer2013_csv))
    card = runs.train(id, recipe, data, Run(tmp_path / "run"), tmp_path)
    assert card.initial_weights == "random" and card.labels == recipe.emotions
    assert card.epochs == max(len(recipe.stages), 1)
    loaded = catalog.load(id, tmp_path)
    assert loaded.predict_proba([]).shape == (0, len(recipe.emotions))
    stored = artifacts.predictions(id, tmp_path)
    assert stored.probabilities.shape == (56, len(recipe.emotions))


def test_without_the_download_nothing_is_made(
    fer2013_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keras.src.applications import vgg16

    monkeypatch.setattr(vgg16, "WEIGHTS_PATH_NO_TOP", "http://127.0.0.1:9/vgg16.h5")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    id, recipe = recipes.network_recipe("dzubak-vgg16")
    recipe, data = runs.smoke(recipe, datasets.load(fer2013_csv))
    with pytest.raises(runs.TrainingError, match=r"dzubak-vgg16 cannot start from imagenet .*--init random"):
        runs.train(id, recipe, data, Run(tmp_path / "run"), tmp_path / "artifacts")
    assert artifacts.ids(tmp_path / "artifacts") == ()


def test_preprocessing_of_a_pytorch_recipe_is_refused() -> None:
    _, recipe = recipes.network_recipe("torch-native")
    with pytest.raises(ValueError, match="preprocess: expected only with Keras"):
        type(recipe).model_validate(recipe.model_dump() | {"preprocess": ["zca"]})


def test_a_smoke_run_of_stages_has_an_epoch_of_each(fer2013_csv: Path) -> None:
    _, recipe = recipes.network_recipe("keras-resnet50v2")
    short, _ = runs.smoke(recipe, datasets.load(fer2013_csv))
    assert [(s.epochs, s.train, s.count) for s in short.stages] == [(1, "head", 0), (1, "layers", 49)]
    assert short.schedule.epochs == 2
