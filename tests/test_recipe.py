"""Recipes: what is shipped is right, what is wrong is named with its file, its key and the nearest right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_core.catalog import CATALOG
from fer_core.labels import LABEL_SETS
from trainers import recipe as recipes
from trainers.recipe import Recipe, RecipeError

GOOD = """
title = "A test"
architecture = "torch-native"

[optimizer]
learning_rate = 0.01

[schedule]
epochs = 2
"""


@pytest.mark.parametrize("id", recipes.available())
def test_every_shipped_recipe_is_right(id: str) -> None:
    name, recipe = recipes.load(id)
    assert name == id
    assert recipe.architecture in CATALOG or isinstance(recipe, recipes.Ensemble)
    assert recipe.title and recipe.limits, "a recipe says what its model is called and what it cannot do"


def test_there_are_recipes() -> None:
    assert {"keras-native", "torch-native"} <= set(recipes.available())


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str, name: str = "mine.toml") -> str:
        (tmp_path / name).write_text(text, "utf-8")
        return str(tmp_path / name)

    return write


def refusal(path: str) -> str:
    """What the recipe at `path` is refused with."""
    with pytest.raises(RecipeError) as caught:
        recipes.load(path)
    return str(caught.value)


def test_a_path_to_a_toml_file_is_a_recipe_of_that_name(written) -> None:
    id, recipe = recipes.network_recipe(written(GOOD, "my-own.toml"))
    assert id == "my-own"
    assert (recipe.optimizer.learning_rate, recipe.schedule.epochs) == (0.01, 2)
    assert recipe.emotions == LABEL_SETS["seven"]


def test_a_recipe_comes_back_from_what_the_card_keeps_of_it(written) -> None:
    _, recipe = recipes.load(written(GOOD + "[augment]\nscale = [0.9, 1.2]\n"))
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


def test_labels_choose_the_emotions(written) -> None:
    _, recipe = recipes.network_recipe(written('labels = "four"\n' + GOOD))
    assert recipe.emotions == ("happy", "sad", "surprise", "neutral")


@pytest.mark.parametrize(
    ("wrong", "nearest", "where"),
    [
        (GOOD.replace("title =", "titel ="), "Did you mean 'title'?", ""),
        (GOOD.replace("learning_rate", "learning_rat"), "Did you mean 'learning_rate'?", "[optimizer]"),
        (GOOD + "early_stoping = 3\n", "Did you mean 'early_stopping'?", "[schedule]"),
        (GOOD + "[augment]\nrotate_degree = 3\n", "Did you mean 'rotate_degrees'?", "[augment]"),
        (GOOD + "[regularize]\nema = 0.9\n", "Did you mean 'regularise'?", ""),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_and_its_table(written, wrong: str, nearest: str, where: str) -> None:
    message = refusal(written(wrong))
    assert message.startswith("mine.toml: ")
    assert nearest in message and where in message


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("epochs = 2", 'epochs = "many"', "schedule.epochs"),
        ("epochs = 2", "epochs = 0", "schedule.epochs"),
        ("epochs = 2", "epochs = 2.5", "schedule.epochs"),
        ("epochs = 2", "epochs = 2\nbatch_size = -1", "schedule.batch_size"),
        ("epochs = 2", 'epochs = 2\nshape = "cosin"', "schedule.shape"),
        ("learning_rate = 0.01", "learning_rate = 0", "optimizer.learning_rate"),
        ("learning_rate = 0.01", "learning_rate = nan", "optimizer.learning_rate"),
        ("learning_rate = 0.01", "learning_rate = inf", "optimizer.learning_rate"),
        ("learning_rate = 0.01", 'learning_rate = 0.01\nname = "lion"', "optimizer.name"),
        ("learning_rate = 0.01", "learning_rate = 0.01\nmomentum = 1.0", "optimizer.momentum"),
        ("[schedule]", "[augment]\nscale = [1.2, 0.8]\n[schedule]", "augment.scale"),
        ("[schedule]", "[augment]\nscale = [0.0, 1.0]\n[schedule]", "augment.scale"),
        ("[schedule]", "[augment]\nscale = [1.0]\n[schedule]", "augment.scale"),
        ("[schedule]", "[augment]\nerase = 1.5\n[schedule]", "augment.erase"),
        ("[schedule]", "[regularise]\nema = 1.0\n[schedule]", "regularise.ema"),
        ("[schedule]", "[regularise]\nmixup = 0.4\nmixup_off = 2\n[schedule]", "regularise.mixup_off"),
        ('title = "A test"', 'title = "A test"\nlabels = "eight"', "labels"),
        ('title = "A test"', 'title = "A test"\nseed = -1', "seed"),
        ('title = "A test"', 'title = "A test"\nseed = 4294967296', "seed"),
        ('title = "A test"', "", "title"),
        ("learning_rate = 0.01", "", "optimizer.learning_rate"),
        ("learning_rate = 0.01", "learning_rate = 0.01\nmomentum = 0\nnesterov = true", "nesterov"),
        ("epochs = 2", "epochs = 2\nwarmup_epochs = 3", "schedule.warmup_epochs"),
        ("[schedule]", "[augment]\ncrop = 40\nstart_size = 44\n[schedule]", "start_size"),
        ("[schedule]", "[augment]\nstart_size = 1\n[schedule]", "start_size"),
        ('title = "A test"', 'title = "A test"\nlabels = "five"\nsampling.emotions = ["disgust"]', "sampling.emotions"),
    ],
)
def test_a_wrong_value_is_named_with_file_and_key(written, old: str, new: str, key: str) -> None:
    assert old in GOOD
    message = refusal(written(GOOD.replace(old, new)))
    assert message.startswith("mine.toml: ") and key in message
    assert len(message) < 300, "one line about the key, not the whole recipe"


def test_a_missing_table_is_said_to_be_missing(written) -> None:
    message = refusal(written(GOOD.partition("[schedule]")[0]))
    assert "schedule: expected, and missing." in message and "learning_rate" not in message


def test_an_ensembles_unknown_key_is_met_with_an_ensembles_keys(written) -> None:
    message = refusal(written('title = "Both"\nmembers = ["a", "b"]\nseed = 3\n'))
    assert message == "mine.toml: Unknown key 'seed'. Known: title, members, test_time, limits."


@pytest.mark.parametrize("name", ["reference", "studies", "short-runs", "other-seeds"])
def test_a_model_cannot_take_the_place_of_what_lies_beside_the_artifacts(written, name: str) -> None:
    assert "Rename it" in refusal(written(GOOD, f"{name}.toml"))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_no_framework_takes_is_refused(written, seed: int) -> None:
    with pytest.raises(RecipeError, match=rf"--seed: expected a number from 0 to 4294967295, got {seed}"):
        recipes.changed(*recipes.network_recipe(written(GOOD)), None, seed)


def test_all_mistakes_are_told_at_once(written) -> None:
    message = refusal(written(GOOD.replace("epochs = 2", "epochs = 0").replace("0.01", "-1")))
    assert "schedule.epochs" in message and "optimizer.learning_rate" in message


def test_an_unknown_architecture_is_answered_with_the_nearest(written) -> None:
    assert "Did you mean 'torch-native'?" in refusal(written(GOOD.replace("torch-native", "torch-nativ")))


@pytest.mark.parametrize("name", ["torch-nativ", "torch_native"])
def test_an_unknown_recipe_is_answered_with_the_nearest(name: str) -> None:
    assert "Did you mean 'torch-native'?" in refusal(name)


def test_a_path_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    for name in ("nothing.toml", "folder.toml"):
        assert refusal(str(tmp_path / name)) == f"{tmp_path / name} is no file.", "other recipes' ids are no help"


@pytest.mark.parametrize("text", ["title = ", "[optimizer\n", "just words"])
def test_what_is_no_toml_is_said_to_be_none(written, text: str) -> None:
    assert refusal(written(text)).startswith("mine.toml is no TOML file: ")


def test_bytes_that_are_no_text_are_no_toml(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b'title = "\xff\xfe"')
    assert refusal(str(tmp_path / "mine.toml")).startswith("mine.toml is no TOML file: ")


def test_a_recipe_cannot_be_changed_in_use(written) -> None:
    _, recipe = recipes.load(written(GOOD))
    with pytest.raises(ValueError, match="frozen"):
        recipe.title = "Another"
