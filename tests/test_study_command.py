"""The projects' studies: grids, stated sizes, what the command stores, and that every plan is sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fer_core import studies
from tests.training_cases import RECIPE
from trainers import study, study_command
from trainers.__main__ import app
from trainers.recipe import Recipe, RecipeError, Stage
from trainers.study import Plan

PLAN = """
title = "Optimizers of the tiny network"
base = "{base}"
images = 28
judged = 14
epochs = 1
[[grid]]
"SGD" = {{}}
"Adam" = {{ optimizer = {{ name = "adam" }} }}
[[grid]]
"rate 0.1" = {{ optimizer = {{ learning_rate = 0.1 }} }}
"rate 0.01" = {{ optimizer = {{ learning_rate = 0.01 }} }}
"""


@pytest.fixture
def place(tiny: Any, tmp_path: Path) -> Path:
    (tmp_path / "base.toml").write_text(RECIPE.replace("tiny-keras", "tiny-torch"))
    (tmp_path / "mine.toml").write_text(PLAN.format(base=tmp_path / "base.toml"))
    return tmp_path / "mine.toml"


def test_a_grid_combines_one_change_of_each_axis(place: Path) -> None:
    _, plan = study.load(str(place))
    found = {
        title: (recipe.optimizer.name, recipe.optimizer.learning_rate) for title, _, recipe in study.versions(plan)
    }
    assert list(found.values()) == [("sgd", 0.03), ("sgd", 0.1), ("sgd", 0.01), ("adam", 0.1), ("adam", 0.01)]
    assert list(found)[3] == "Adam, rate 0.1"


def test_a_plan_without_versions_is_refused(place: Path) -> None:
    place.write_text(PLAN.split("[[grid]]")[0].format(base=place.parent / "base.toml"))
    with pytest.raises(RecipeError, match="expected one or more, or a grid"):
        study.load(str(place))


def test_a_shorter_course_keeps_its_stages_in_proportion() -> None:
    content: dict[str, Any] = {"title": "A test", "architecture": "keras-native", "optimizer": {"learning_rate": 0.1}}
    content["schedule"] = {"epochs": 20, "warmup_epochs": 5}
    recipe = Recipe.model_validate(content | {"stages": [{"epochs": 15, "train": "head"}, {"epochs": 5}]})
    short = study.shortened(recipe, 4)
    assert [(s.epochs, s.train) for s in short.stages] == [(3, "head"), (1, "all")]
    assert short.schedule.epochs == 4 and short.schedule.warmup_epochs == 1
    assert Recipe.model_validate(short.model_dump()) == short
    assert study.shortened(recipe, 1).course == (Stage(epochs=1, train="head"), Stage(epochs=1))
    assert study.shortened(recipe, 0) == study.shortened(recipe, 99) == recipe


@pytest.mark.parametrize("id", study.available())
def test_every_plan_is_sound_and_of_many_versions(id: str) -> None:
    _, plan = study.load(id)
    versions = study.versions(plan)
    assert len({title for title, _, _ in versions}) == len(versions) >= 5
    assert len({recipe.model_dump_json() for _, _, recipe in versions[1:]}) == len(versions) - 1
    for _, _, recipe in versions:
        assert Recipe.model_validate(recipe.model_dump()) == recipe


def test_the_projects_studies_are_all_here() -> None:
    burney = {"epochs", "learning-rate", "optimizers", "activations", "normalisation"}
    dzubak = {"vgg16", "resnet50v2", "efficientnetb0"}
    assert {f"burney-{n}" for n in burney} | {f"dzubak-{n}" for n in dzubak} <= set(study.available())
    for name in dzubak:
        assert len(study.versions(study.load(f"dzubak-{name}")[1])) == 12
    assert len(study.load("burney-optimizers")[1].asked) == 9 * 3
    assert len(study.load("burney-activations")[1].asked) == 6 * 3


@pytest.mark.parametrize(
    ("asked", "id", "size"),
    [
        ({}, "burney-epochs", (40, 40)),
        ({"full": True}, "burney-epochs-full", (28_709, 0)),
        ({"images": 7, "judged": 9}, "burney-epochs", (7, 9)),
        ({"init": "random"}, "burney-epochs-scratch", (40, 40)),
        ({"init": "random", "full": True}, "burney-epochs-scratch-full", (28_709, 0)),
    ],
)
def test_the_size_is_what_was_asked_for(asked: dict[str, Any], id: str, size: tuple[int, int]) -> None:
    usual: dict[str, Any] = {"full": False, "images": None, "judged": None, "epochs": None, "init": None}
    found, plan = study_command.sized("burney-epochs", study.load("burney-epochs")[1], **(usual | asked))
    assert (found, (plan.images, plan.judged)) == (id, size)
    starts = {recipe.initial_weights for _, _, recipe in study.versions(plan)}
    assert starts == ({"random"} if "init" in asked else {"imagenet"})
    assert plan.title.endswith("from scratch") == ("init" in asked)


def test_contradictory_sizes_are_refused(place: Path) -> None:
    plan: Plan = study.load(str(place))[1]
    with pytest.raises(RecipeError, match="Leave --images"):
        study_command.sized("mine", plan, full=True, images=5, judged=None, epochs=None, init=None)
    with pytest.raises(RecipeError, match="Leave --images"):
        study_command.sized("mine", plan, full=True, images=None, judged=None, epochs=2, init=None)
    with pytest.raises(RecipeError, match="expected random, got 'imagnet'"):
        study_command.sized("mine", plan, full=False, images=None, judged=None, epochs=None, init="imagnet")


def test_the_command_stores_the_study_at_its_size_and_goes_on(place: Path, fer2013_csv: Path, tmp_path: Path) -> None:
    asked = ["study", str(place), "--data", str(fer2013_csv), "--runs", str(tmp_path / "runs"), "--out", str(tmp_path)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    found = studies.load("mine", tmp_path)
    assert (found.images, len(found.truth), found.epochs, len(found.outcomes)) == (28, 14, 1, 5)
    assert found.full == f"python -m trainers study {place} --full"
    assert all(len(outcome.answers) == 14 and len(outcome.curves) == 1 for outcome in found.outcomes)
    seconds = [outcome.seconds for outcome in found.outcomes]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert [outcome.seconds for outcome in studies.load("mine", tmp_path).outcomes] == seconds, "nothing was run again"


def test_another_size_does_not_take_the_place_of_what_is_stored(place: Path, fer2013_csv: Path, tmp_path: Path) -> None:
    asked = ["study", str(place), "--data", str(fer2013_csv), "--runs", str(tmp_path / "runs"), "--out", str(tmp_path)]
    assert CliRunner().invoke(app, asked).exit_code == 0
    path = tmp_path / studies.FOLDER / "mine.json"
    stored = path.read_bytes()
    refused = CliRunner().invoke(app, [*asked, "--images", "21"])
    said = " ".join((refused.output + str(refused.exception)).split())
    assert refused.exit_code and path.read_bytes() == stored
    assert "1 epoch on 28 images" in said and "not 1 epoch on 21 images" in said and "--restart" in said
    assert CliRunner().invoke(app, [*asked, "--images", "21", "--restart"]).exit_code == 0
    assert studies.load("mine", tmp_path).images == 21


def test_epochs_are_compared_after_the_last_of_them() -> None:
    _, plan = study.load("burney-epochs")
    assert {(r.schedule.keep, r.optimizer.name) for _, _, r in study.versions(plan)} == {("last", "rmsprop")}


def test_of_dzubaks_versions_the_seventh_and_eighth_are_two() -> None:
    for name in ("vgg16", "resnet50v2", "efficientnetb0"):
        recipes = [recipe for _, _, recipe in study.versions(study.load(f"dzubak-{name}")[1])]
        assert [r.stages[0].count for r in recipes[:9]] == [0, 0, 1, 1, 2, 2, 2, 2, 3]
        assert [r.augment.brightness for r in recipes[5:10]] == [0.2, 0.2, 0, 0, 0]


def test_images_of_labels_that_the_recipe_lacks_are_left_out() -> None:
    curves = [{"epoch": 1.0}]
    outcome = studies.Outcome("one", {}, 0, "key", "0123", 0.5, 1, 1.0, "cpu", curves)
    found = studies.Study("mine", "A test", "base", 4, 1, 1, "0199", [outcome])
    assert found.n == 2 and found.accuracy("one").value == 1
