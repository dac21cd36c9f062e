"""From recipe to artifact: it says what happened, and what is shipped is what was judged."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from fer_core import artifacts, catalog, datasets
from fer_core.calibration import apply_temperature
from fer_core.compiled import has_bfloat16
from fer_core.metrics import EvaluationReport
from fer_core.predictor import softmax
from fer_core.types import EMOTIONS
from tests.training_cases import (
    FRAMEWORKS,
    fit,
    recipe_of,
)
from trainers import precision, recipe as recipes, run as runs
from trainers.fitting import Images, Run, TrainingError
from trainers.recipe import Recipe
from trainers.run_notes import DEVICES

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture(scope="module")
def data(fer2013_csv: Path) -> datasets.Dataset:
    return datasets.load(fer2013_csv)


@pytest.mark.parametrize("id", ["keras-native", "torch-native"])
def test_an_artifact_says_what_happened(tiny_artifacts: Path, data, id: str) -> None:
    assert artifacts.ids(tiny_artifacts) == ("keras-native", "torch-native")
    card, spec = artifacts.card(id, tiny_artifacts), catalog.spec(id)
    _, shipped = recipes.network_recipe(id)
    assert (card.id, card.architecture, card.framework) == (id, id, spec.framework)
    assert card.parameters == spec.parameters and card.labels == EMOTIONS
    assert (card.epochs, card.best_epoch, card.seed, card.initial_weights) == (1, 1, shipped.seed, "random")
    assert card.data.images == {"Training": 56, "PublicTest": 28, "PrivateTest": 28}
    assert card.data.sha256 == data.sha256
    used = Recipe.model_validate(card.recipe)
    assert (used.optimizer, used.augment) == (shipped.optimizer, shipped.augment)
    assert used.regularise == shipped.regularise.model_copy(update={"mixup_off": 0}), "a smoke run mixes too"
    file = tiny_artifacts / id / "weights.safetensors"
    assert card.weights_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert card.weights_bytes == file.stat().st_size < 2.2 * card.parameters
    assert card.seconds > 0 and card.device.startswith("CPU") and card.limits and card.licence
    assert len(artifacts.curves(id, tiny_artifacts)) == 1
    environment = artifacts.environment(id, tiny_artifacts)
    assert {"numpy", "torch"} <= environment["libraries"].keys()
    assert environment["precision"] == ("bf16" if has_bfloat16() else "float32"), "the recipes ask for bf16"


@pytest.mark.parametrize("id", ["keras-native", "torch-native"])
def test_what_is_loaded_predicts_what_is_stored(tiny_artifacts: Path, data, id: str) -> None:
    stored, card = artifacts.predictions(id, tiny_artifacts), artifacts.card(id, tiny_artifacts)
    test = data.subset(np.flatnonzero(data.splits > 0))
    np.testing.assert_array_equal(stored.ids, test.ids)
    np.testing.assert_array_equal(stored.truth, test.labels)
    np.testing.assert_array_equal(stored.splits, test.splits)
    predictor = catalog.load(id, tiny_artifacts)
    faces = np.repeat(test.faces[..., None], 3, axis=-1)
    np.testing.assert_allclose(softmax(predictor.predict_logits(faces)), stored.probabilities, atol=1e-5)
    assert predictor.temperature == card.temperature is not None
    calibrated = apply_temperature(stored.probabilities, predictor.temperature or 1)
    np.testing.assert_allclose(predictor.predict_proba(faces), calibrated, atol=1e-5)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_figures_are_those_of_the_weights_that_are_kept(framework: str, data, lessons, tmp_path) -> None:
    recipe = recipe_of(framework, optimizer={"learning_rate": 0.1})
    runs.train("mine", recipe, data, Run(tmp_path / "run", device="cpu"), tmp_path)
    stored = artifacts.predictions("mine", tmp_path).probabilities
    exact = catalog.untrained(recipe.architecture)
    exact.load_weights(fit(recipe, lessons, tmp_path / "run").weights)
    faces = np.repeat(data.subset(np.flatnonzero(data.splits > 0)).faces[..., None], 3, axis=-1)
    difference = {
        name: np.abs(softmax(predictor.predict_logits(faces)) - stored).max()
        for name, predictor in {"kept": catalog.load("mine", tmp_path), "exact": exact}.items()
    }
    assert difference["kept"] < 1e-5 < difference["exact"], "float16 makes a difference, and it is in the figures"


@pytest.mark.parametrize("id", ["keras-native", "torch-native"])
def test_both_parts_are_reported_with_their_n(tiny_artifacts: Path, id: str) -> None:
    stored, temperature = artifacts.predictions(id, tiny_artifacts), artifacts.card(id, tiny_artifacts).temperature
    found = artifacts.metrics(id, tiny_artifacts)
    for number, split in ((1, "PublicTest"), (2, "PrivateTest")):
        report, of_split = EvaluationReport.from_dict(found[split]), stored.splits == number
        assert report.n == 28
        truth, p = stored.truth[of_split], stored.probabilities[of_split]
        assert report.metrics["accuracy"].value == pytest.approx((p.argmax(axis=1) == truth).mean())
        calibrated = apply_temperature(p, temperature or 1)
        loss = -np.log(calibrated[np.arange(28), truth]).mean()
        assert report.metrics["log_loss"].value == pytest.approx(loss, abs=1e-4), "reports are of calibrated answers"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_fewer_labels_leave_the_other_images_out(framework: str, data, tmp_path) -> None:
    recipe = recipe_of(framework, schedule={"epochs": 1}, labels="four")
    card = runs.train("four", recipe, data, Run(tmp_path / "run", device="cpu"), tmp_path)
    stored = artifacts.predictions("four", tmp_path)
    assert card.labels == ("happy", "sad", "surprise", "neutral") and stored.probabilities.shape == (56, 4)
    assert set(stored.truth) == set(range(7)), "FER2013's own labels, whatever the model knows"
    assert artifacts.metrics("four", tmp_path)["PrivateTest"]["n"] == 16
    assert artifacts.card("four", tmp_path) == card


def test_a_recipe_can_name_a_cleaned_index(data, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = data.subset(np.r_[np.arange(len(data)), np.flatnonzero(data.splits == 0)[:9]])  # nine exact copies
    seen: list[int] = []

    def counted(_spec: object, _recipe: object, train: Images, _val: object, _run: object) -> None:
        seen.append(len(train))
        raise TrainingError("enough seen")

    monkeypatch.setattr("trainers.fit_torch.fit", counted)
    for images in ("official", "deduplicated"):
        with pytest.raises(TrainingError, match="enough seen"):
            runs.train("mine", recipe_of("torch", images=images), twice, Run(tmp_path), tmp_path)
    assert seen[0] - seen[1] == 9


def test_labels_become_places_among_the_models_own() -> None:
    labels = np.array([EMOTIONS.index(e) for e in ("neutral", "angry", "happy", "disgust")], np.uint8)
    np.testing.assert_array_equal(runs.class_indices(labels, ("happy", "neutral")), [1, 255, 0, 255])


def test_initial_weights_that_are_not_there_are_refused(data, tmp_path) -> None:
    recipe = recipe_of("torch", initial_weights="imagenet")
    with pytest.raises(TrainingError, match=r"'tiny-torch' has no published ImageNet weights.*--init random"):
        runs.train("mine", recipe, data, Run(tmp_path / "run"), tmp_path)
    assert artifacts.ids(tmp_path) == ()


@pytest.mark.parametrize("split", ["Training", "PublicTest"])
def test_a_missing_part_of_the_data_is_named(split: str, data, tmp_path) -> None:
    rest = data.subset(np.flatnonzero(data.splits != datasets.SPLITS.index(split)))
    with pytest.raises(TrainingError, match=f"no {split} images"):
        runs.train("mine", recipe_of("torch"), rest, Run(tmp_path / "run"), tmp_path)


def test_a_machine_without_git_still_gets_its_artifact(data, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    recipe = recipe_of("torch", schedule={"epochs": 1})
    assert runs.train("mine", recipe, data, Run(tmp_path / "run", device="cpu"), tmp_path).commit == "unknown"
    monkeypatch.setenv("SEVEN_FACES_COMMIT", "0123456789ab")
    assert runs.code_version() == "0123456789ab", "a copy without its history is told it"


def test_a_card_names_the_code_that_trained_and_not_what_came_later(data, tmp_path, monkeypatch) -> None:
    def stop(_row: object) -> None:
        raise KeyboardInterrupt

    def commit(now: str, **listeners) -> str:
        monkeypatch.setattr(runs, "code_version", lambda: now)
        run = Run(tmp_path / "run", device="cpu", **listeners)
        return runs.train("mine", recipe_of("torch", schedule={"epochs": 2}), data, run, tmp_path).commit

    with pytest.raises(KeyboardInterrupt):
        commit("aaa", epoch=stop)
    assert commit("bbb") == "aaa, bbb"
    assert commit("ccc") == "aaa, bbb", "nothing was left to be trained"


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_a_card_names_all_devices_that_trained(framework: str, data, tmp_path) -> None:
    recipe = recipe_of(framework, schedule={"epochs": 1})
    alone = runs.train("mine", recipe, data, Run(tmp_path / "run", device="cpu"), tmp_path)
    assert alone.device.startswith("CPU: ") and ", then" not in alone.device
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved" / DEVICES).write_text("NVIDIA H200\n")  # as its first epochs on such a card leave it
    moved = runs.train("mine", recipe, data, Run(tmp_path / "moved", device="cpu"), tmp_path)
    assert moved.device == f"NVIDIA H200, then {alone.device}"


def test_a_run_finished_elsewhere_says_what_its_epochs_computed_in(data, tmp_path, monkeypatch) -> None:
    def told(has: bool) -> tuple[str, str]:
        monkeypatch.setattr(precision, "has_bfloat16", lambda: has)
        recipe = recipe_of("torch", schedule={"epochs": 1}, precision="bf16")
        runs.train("mine", recipe, data, Run(tmp_path / "run", device="cpu"), tmp_path)
        environment = artifacts.environment("mine", tmp_path)
        return environment["precision"], environment["device"]

    assert told(True) == ("bf16", "cpu")
    (tmp_path / "run" / DEVICES).write_text("NVIDIA H200\n")
    assert told(False) == ("bf16", "NVIDIA H200"), "nothing was left to be trained"


def test_a_card_counts_the_images_that_were_learned_from(data, tmp_path) -> None:
    recipe = recipe_of("torch", schedule={"epochs": 1}, labels="five")
    card = runs.train("mine", recipe, data, Run(tmp_path / "run", device="cpu"), tmp_path)
    of_five = np.isin(data.split("Training").labels, [EMOTIONS.index(label) for label in recipe.emotions])
    assert card.images_learned == card.learned_from == of_five.sum() < card.data.images["Training"]


def test_a_checkpoint_belongs_to_one_recipe_and_one_dataset(data, tmp_path) -> None:
    recipe = recipe_of("torch")
    folder = runs.checkpoint_folder(tmp_path, "mine", recipe, data, restart=False)
    (folder / "last.pt").write_text("a checkpoint")
    assert runs.checkpoint_folder(tmp_path, "mine", recipe, data, restart=False) == folder
    assert (folder / "last.pt").exists()
    others = [
        runs.checkpoint_folder(tmp_path, "mine", recipe.model_copy(update={"seed": 9}), data, restart=False),
        runs.checkpoint_folder(tmp_path, "mine", recipe, data.subset(np.arange(60)), restart=False),
        runs.checkpoint_folder(tmp_path, "other", recipe, data, restart=False),
    ]
    assert len({folder, *others}) == 4
    assert runs.checkpoint_folder(tmp_path, "mine", recipe, data, restart=True) == folder
    assert not (folder / "last.pt").exists()
