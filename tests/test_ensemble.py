"""The ensemble's artifact: members referred to, never copied; distillation from it; flags of the train command."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from dashboard.entries import START_WORDS
from fer_core import artifacts, catalog, datasets, seeds
from fer_core.calibration import apply_temperature
from fer_core.types import Start
from tests.training_cases import recipe_of
from trainers import ensemble, readme, recipe as recipes, run as runs, study, teaching
from trainers.fitting import Run, TrainingError
from trainers.recipe import Ensemble, RecipeError
from trainers.teaching import taught

pytestmark = pytest.mark.usefixtures("tiny")
BOTH = Ensemble(title="Both", members=("keras-native", "torch-native"))


@pytest.fixture(scope="module")
def data(fer2013_csv: Path) -> datasets.Dataset:
    return datasets.load(fer2013_csv)


@pytest.fixture(scope="module")
def made(tiny_artifacts: Path, data, tmp_path_factory) -> Path:
    """A root with both tiny artifacts and their ensemble."""
    root = Path(shutil.copytree(tiny_artifacts, tmp_path_factory.mktemp("ensemble") / "root"))
    ensemble.make("both", BOTH, data, root)
    return root


def test_the_stored_answers_are_the_members_mean(made: Path) -> None:
    members = [
        apply_temperature(artifacts.predictions(id, made).probabilities, artifacts.card(id, made).temperature or 1.0)
        for id in BOTH.members
    ]
    stored = artifacts.predictions("both", made).probabilities
    np.testing.assert_allclose(stored, np.mean(members, axis=0), atol=1e-5)


def test_what_is_loaded_predicts_what_is_stored(made: Path, data) -> None:
    test = data.subset(np.flatnonzero(data.splits != 0))
    faces = np.repeat(test.faces[..., None], 3, axis=-1)
    card, stored = artifacts.card("both", made), artifacts.predictions("both", made)
    calibrated = apply_temperature(stored.probabilities, card.temperature or 1.0)
    np.testing.assert_allclose(catalog.load("both", made).predict_proba(faces), calibrated, atol=1e-5)


def test_an_ensemble_can_be_asked_about_the_mirror_image_too(made: Path, data, tmp_path: Path) -> None:
    root = Path(shutil.copytree(made, tmp_path / "root"))
    card = ensemble.make("twice", BOTH.model_copy(update={"test_time": "flip"}), data, root)
    faces = np.repeat(data.split("PublicTest").faces[..., None], 3, axis=-1)
    once, twice = (catalog.load(id, root) for id in ("both", "twice"))
    once.temperature = twice.temperature = None
    mean = (once.predict_proba(faces) + once.predict_proba(faces[:, :, ::-1])) / 2
    np.testing.assert_allclose(twice.predict_proba(faces), mean, atol=1e-5)
    assert np.abs(mean - once.predict_proba(faces)).max() > 1e-4, "else nothing was shown"
    stored = artifacts.predictions("twice", root).probabilities[: len(faces)]
    np.testing.assert_allclose(stored, mean, atol=1e-5)
    assert card.recipe["test_time"] == "flip" and twice.parameters() == once.parameters()


def test_the_card_says_who_the_members_are(made: Path) -> None:
    card = artifacts.card("both", made)
    own = [artifacts.card(id, made) for id in BOTH.members]
    assert (card.architecture, card.framework, card.epochs) == ("ensemble", "ensemble", 0)
    assert card.parameters == sum(c.parameters for c in own) and card.weights_bytes == sum(c.weights_bytes for c in own)
    assert card.initial_weights == "random" == own[0].initial_weights == own[1].initial_weights
    assert card.device == own[0].device and card.seconds == pytest.approx(sum(c.seconds for c in own), abs=0.1)
    assert card.recipe["members_sha256"] == {c.id: c.weights_sha256 for c in own}
    assert artifacts.has_weights("both", made) and artifacts.curves("both", made) == []
    assert not (made / "both" / "weights.safetensors").exists()


def test_an_ensemble_is_called_pretrained_only_as_far_as_its_members_are() -> None:
    card = artifacts.card("ensemble")
    own = {artifacts.card(id).initial_weights for id in card.recipe["members"]}
    assert own == {"random", "imagenet"} and card.initial_weights == "mixed"


def test_a_member_trained_anew_is_noticed(made: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(made, tmp_path / "root"))
    path = root / "torch-native" / "card.json"
    path.write_text(path.read_text().replace(artifacts.card("torch-native", root).weights_sha256, "0" * 64))
    with pytest.raises(artifacts.ArtifactError, match=r"'torch-native'.*trained again.*trainers train both"):
        catalog.load("both", root)


def test_a_member_without_weights_leaves_an_ensemble_without(made: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(made, tmp_path / "root"))
    (root / "torch-native" / "weights.safetensors").unlink()
    assert not artifacts.has_weights("both", root)


@pytest.mark.parametrize(
    ("members", "said"),
    [(("torch-native", "torch-natve"), "Unknown artifact 'torch-natve'"), (("mine", "torch-native"), "of itself")],
)
def test_members_that_cannot_be_joined_are_named(tiny_artifacts: Path, data, members, said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        ensemble.make("mine", Ensemble(title="Mine", members=members), data, tiny_artifacts)
    assert "mine" not in artifacts.ids(tiny_artifacts)


def test_one_member_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('title = "Mine"\nmembers = ["a", "a"]\n')
    with pytest.raises(RecipeError, match=r"members: .*each once"):
        recipes.load("mine", tmp_path)
    (tmp_path / "mine.toml").write_text('title = "Mine"\nmembers = ["a", "b"]\nepochs = 3\n')
    with pytest.raises(RecipeError, match=r"mine\.toml: Unknown key 'epochs'"):
        recipes.load("mine", tmp_path)


def test_a_taught_network_keeps_its_own_initial_weights_and_an_ensemble_its_members() -> None:
    card = artifacts.card("torch-native")
    taught_one = replace(card, recipe={**card.recipe, "distil": {"teacher": "ensemble"}})
    from_imagenet = replace(taught_one, initial_weights="imagenet")
    assert [one.start for one in (card, taught_one, from_imagenet)] == ["random", "random-taught", "imagenet-taught"]
    for table in (START_WORDS, seeds.STARTS, readme.STARTS):
        assert len(set(table.values())) == len(table) and set(table) == set(get_args(Start))
    for distilled in (id for id in artifacts.ids() if id.endswith("-distilled")):
        own = artifacts.card(distilled)
        plain = artifacts.card(distilled.removesuffix("-distilled"))
        assert own.initial_weights == plain.initial_weights and own.start == f"{plain.start}-taught"


def test_a_student_learns_from_its_teachers_probabilities(made: Path, data, tmp_path: Path) -> None:
    recipe = recipe_of("torch", schedule={"epochs": 1}, distil={"teacher": "both", "temperature": 2.0})
    run = Run(tmp_path / "run", device="cpu")
    run.folder.mkdir()
    card = runs.train("student", recipe, data, run, made)
    assert card.start == "random-taught" and card.teacher_sha256 == artifacts.card("both", made).weights_sha256
    assert artifacts.card("student", made) == card and artifacts.card("both", made).teacher_sha256 is None
    faces = np.repeat(data.split("Training").faces[..., None], 3, axis=-1)
    soft = taught(recipe, data.split("Training"), run, made)
    assert soft.shape == (56, 7) and soft.dtype == np.float32
    teacher = catalog.load("both", made)
    both = [teacher.predict_logits(view) / 2 for view in (faces, faces[:, :, ::-1])]
    softened = [np.exp(logits) / np.exp(logits).sum(1, keepdims=True) for logits in both]
    np.testing.assert_allclose(soft, np.mean(softened, axis=0), atol=1e-3)


def test_another_teacher_does_not_go_on_with_the_checkpoint_of_the_first(made: Path, data, tmp_path: Path) -> None:
    root = Path(shutil.copytree(made, tmp_path / "root"))

    def folder(teacher: str) -> Path:
        recipe = recipe_of("torch", distil={"teacher": teacher})
        return runs.checkpoint_folder(tmp_path / "runs", "student", recipe, data, restart=False, root=root)

    first = folder("both")
    assert folder("both") == first != folder("torch-native")
    artifacts.save_card(root / "both", replace(artifacts.card("both", root), weights_sha256="ef" * 32))
    assert folder("both") != first
    with pytest.raises(TrainingError, match=r"distil\.teacher: .*gone"):
        folder("gone")


def test_a_teacher_that_answers_by_other_views_is_another_teacher(made: Path, data, tmp_path: Path) -> None:
    root, recipe = Path(shutil.copytree(made, tmp_path / "root")), recipe_of("torch", distil={"teacher": "both"})

    def asked() -> tuple[Path, str, np.ndarray]:
        folder = runs.checkpoint_folder(tmp_path / "runs", "student", recipe, data, restart=False, root=root)
        return folder, study._key(recipe, data, root), taught(recipe, data.split("Training"), Run(folder), root)

    sha256 = artifacts.card("both", root).weights_sha256
    folder, key, p = asked()
    said = recipe.model_dump_json(exclude_defaults=True) + data.sha256 + sha256
    assert folder.name == f"student-{hashlib.sha256(said.encode()).hexdigest()[:12]}", "as it was without such views"
    assert teaching.teacher_key(recipe.distil, root) == sha256
    ensemble.make("both", BOTH.model_copy(update={"test_time": "ten_crop"}), data, root)
    assert artifacts.card("both", root).weights_sha256 == sha256, "else nothing was shown"
    other = asked()
    assert other[0] != folder and other[1] != key and np.abs(other[2] - p).max() > 1e-4
    assert len(list((tmp_path / "runs").glob("taught-*.npz"))) == 2
    ensemble.make("both", BOTH, data, root)
    member = artifacts.card("torch-native", root)
    artifacts.save_card(root / member.id, replace(member, recipe={**member.recipe, "test_time": "flip"}))
    assert teaching.teacher_key(recipe.distil, root) == f"{sha256} torch-native: flip", "a member answers otherwise"
    shutil.rmtree(root / member.id)
    assert teaching.teacher_key(recipe.distil, root) == sha256, "who is absent is told of when it is loaded"


def test_a_teacher_is_asked_once_and_goes_on_where_it_was_stopped(made: Path, data, tmp_path, monkeypatch) -> None:
    recipe, lessons = recipe_of("torch", distil={"teacher": "both"}), data.split("Training")
    whole = taught(recipe, lessons, Run(tmp_path / "whole" / "run"), made)
    monkeypatch.setattr(teaching, "CHUNK", 20)

    def stop(done: int, _of: int) -> None:
        if done == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taught(recipe, lessons, Run(tmp_path / "run", asked=stop), made)
    heard: list[int] = []
    run = Run(tmp_path / "run", asked=lambda done, _of: heard.append(done))
    np.testing.assert_allclose(taught(recipe, lessons, run, made), whole, atol=1e-6)
    assert heard == [40, 56], "two of three chunks were answered before"
    warmer = recipe_of("torch", distil={"teacher": "both", "temperature": 4.0})
    assert taught(warmer, lessons, run, made).max() < whole.max() and heard[2:] == [56]
    (kept,) = tmp_path.glob("taught-*.npz")
    kept.write_bytes(kept.read_bytes()[:200])
    np.testing.assert_allclose(taught(recipe, lessons, run, made), whole, atol=1e-6)
    assert heard[3:] == [0, 20, 40, 56], "a damaged file is asked anew"


@pytest.mark.parametrize(
    ("labels", "teacher", "said"),
    [("seven", "nobody", "distil.teacher: Unknown artifact"), ("four", "both", "distil.teacher: 'both' knows")],
)
def test_a_teacher_that_cannot_teach_is_named(made: Path, data, tmp_path, labels: str, teacher: str, said: str) -> None:
    recipe = recipe_of("torch", labels=labels, distil={"teacher": teacher})
    with pytest.raises(TrainingError, match=said):
        runs.train("student2", recipe, data, Run(tmp_path / "run", device="cpu"), made)


def test_another_seed_and_random_weights_are_named_in_id_and_title() -> None:
    recipe = recipe_of("torch", initial_weights="imagenet")
    id, changed = recipes.changed("mine", recipe, "random", 3)
    assert id == "mine-scratch-seed3" and changed.title == "A test, from scratch, seed 3"
    assert changed.initial_weights == "random" and changed.seed == 3
    assert recipes.changed("mine", recipe, None, None) == ("mine", recipe)
    assert recipes.changed("mine", recipe_of("torch"), "random", 7)[0] == "mine", "as the recipe is already"
    with pytest.raises(RecipeError, match="--init: expected random, got 'imagenet'"):
        recipes.changed("mine", recipe, "imagenet", None)
