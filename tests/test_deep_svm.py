"""An SVM for a last layer: the machine is scikit-learn's, the artifact like any other, wrong sources are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_core import artifacts, catalog, datasets
from fer_core.datasets import Dataset
from fer_core.predictor import softmax
from tests.training_cases import recipe_of
from trainers import deep_svm, run as runs
from trainers.deep_svm import Features, choose, fit_linear, try_kernel
from trainers.fitting import Run, TrainingError


def blobs(n: int, seed: int = 0) -> Features:
    """Three clouds in four dimensions of very different scale, one of them constant."""
    chance = np.random.default_rng(seed)
    y = chance.integers(0, 3, n)
    x = chance.normal(size=(n, 4)) + np.eye(4)[y] * 2
    return Features(np.asarray(x * [1, 1000, 0.01, 0] + [0, 5, 0, 3], np.float32), y)


def rings(n: int, seed: int = 0) -> Features:
    """A ring around a cloud, and a third class far off: no line parts the first two."""
    chance = np.random.default_rng(seed)
    y, angle = chance.integers(0, 3, n), chance.uniform(0, 2 * np.pi, n)
    radius = np.where(y == 1, 3.0, 0.5) + chance.normal(0, 0.1, n)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle) + 9 * (y == 2)], axis=1)
    return Features(x.astype(np.float32), y)


def test_the_hyperplanes_answer_as_scikit_learn_does_on_standardised_features() -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    train, public = blobs(300), blobs(200, seed=1)
    machine = fit_linear(train, public, 0.1)
    theirs = make_pipeline(StandardScaler(), LinearSVC(C=0.1, dual=False)).fit(train.x, train.y)
    logits = public.x @ machine.weight.T + machine.bias
    np.testing.assert_allclose(logits, theirs.decision_function(public.x), atol=1e-4)
    assert machine.trial.public_accuracy == pytest.approx(theirs.score(public.x, public.y))
    assert machine.trial.public_accuracy > 0.7


def test_a_kernel_sees_what_no_line_parts() -> None:
    train, public = rings(300), rings(200, seed=1)
    machine, trials = choose(train, public, kernel_images=300)
    assert machine.trial.public_accuracy < 0.85
    assert max(t.public_accuracy for t in trials if t.kernel == "rbf") > 0.98
    assert try_kernel(train, public, 1.0) in trials


def test_c_is_chosen_on_public_test_and_every_trial_is_told() -> None:
    told: list[deep_svm.Trial] = []
    machine, trials = choose(blobs(300), blobs(200, seed=1), 100, told.append)
    assert told == trials
    whole = [t for t in trials if t.images == 300]
    assert [t.cost for t in whole] == list(deep_svm.COSTS)
    assert machine.trial == max(whole, key=lambda t: (t.public_accuracy, -t.cost))
    assert [(t.kernel, t.images) for t in trials[5:]] == [("linear", 100)] * 5 + [("rbf", 100)] * 3
    assert len(choose(blobs(300), blobs(200, seed=1), 0)[1]) == len(deep_svm.COSTS)


@pytest.fixture(scope="module")
def data(fer2013_csv: Path) -> Dataset:
    return datasets.load(fer2013_csv)


@pytest.fixture(scope="module")
def root(tiny: Any, data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the artifact `mine` of the tiny network."""
    root = tmp_path_factory.mktemp("artifacts")
    runs.train("mine", recipe_of("torch"), data, Run(tmp_path_factory.mktemp("run"), device="cpu"), root)
    return root


@pytest.fixture(scope="module")
def made(root: Path, data: Dataset) -> Any:
    return deep_svm.make("mine", data, root, kernel_images=30)


def test_the_artifact_is_the_network_with_another_last_layer(made: Any, root: Path) -> None:
    before, after = (artifacts.weights(id, root) for id in ("mine", "mine-svm"))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {"5.weight", "5.bias"} and before.keys() == after.keys()
    card, source = artifacts.card("mine-svm", root), artifacts.card("mine", root)
    assert (card.architecture, card.parameters, card.labels) == (source.architecture, source.parameters, source.labels)
    assert card.seconds > source.seconds and card.temperature
    assert card.recipe["svm"]["source_sha256"] == source.weights_sha256
    assert card.recipe["svm"]["features"] == 288 and card.recipe["svm"]["cost"] in deep_svm.COSTS


def test_what_is_stored_is_what_the_loaded_predictor_answers(made: Any, root: Path, data: Dataset) -> None:
    predictor, stored = catalog.load("mine-svm", root), artifacts.predictions("mine-svm", root)
    test = data.subset(np.flatnonzero(data.splits != 0))
    faces = np.repeat(test.faces[..., None], 3, axis=-1)
    decided = predictor.predict_proba(faces).argmax(axis=1)
    np.testing.assert_allclose(softmax(predictor.predict_logits(faces)), stored.probabilities, atol=1e-5)
    public = stored.splits == 1
    accuracy = (decided == stored.truth)[public].mean()
    best = max(t for t in made.recipe["svm"]["tried"] if f"{made.recipe['svm']['cost']:g}," in t and "56 images" in t)
    assert f"{accuracy:.2%}" in best, "the machine's own figure, float16 apart"
    maps = predictor.grad_cam(faces[:2], "happy")
    assert maps.values.shape == (2, 48, 48) and maps.maxima.max() > 0


def test_the_source_stays_as_it_was(made: Any, root: Path) -> None:
    assert "svm" not in artifacts.card("mine", root).recipe
    assert len(artifacts.curves("mine-svm", root)) == len(artifacts.curves("mine", root)) == made.epochs


def test_an_svms_features_are_not_taken_again(made: Any, root: Path, data: Dataset) -> None:
    with pytest.raises(TrainingError, match="own last layer"):
        deep_svm.make("mine-svm", data, root)


def test_other_data_than_the_sources_are_refused(root: Path, data: Dataset) -> None:
    fewer = data.subset(np.arange(len(data.labels) - 1))
    with pytest.raises(TrainingError, match=r"may be among these test images.*trainers train mine"):
        deep_svm.make("mine", fewer, root)


def test_a_keras_artifact_is_refused(data: Dataset) -> None:
    with pytest.raises(TrainingError, match="PyTorch"):
        deep_svm.make("keras-native", data)


def test_an_unknown_artifact_is_met_with_the_nearest(root: Path, data: Dataset) -> None:
    with pytest.raises(artifacts.ArtifactError, match="Did you mean 'mine'"):
        deep_svm.make("mine2", data, root)


def test_an_emotion_without_images_is_named(tiny: Any, data: Dataset, root: Path, tmp_path: Path) -> None:
    without = data.subset(np.flatnonzero((data.splits != 0) | (data.labels != 1)))
    runs.train("no-disgust", recipe_of("torch", schedule={"epochs": 1}), without, Run(tmp_path, device="cpu"), root)
    with pytest.raises(TrainingError, match="none of 'disgust'"):
        deep_svm.make("no-disgust", without, root)
    assert "no-disgust-svm" not in artifacts.ids(root)


def test_the_command_shows_what_was_tried(made: Any, root: Path, fer2013_csv: Path) -> None:
    from trainers.__main__ import app

    arguments = ["svm", "mine", "--data", str(fer2013_csv), "--out", str(root), "--kernel-images", "20"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "rbf" in done.output and "mine-svm" in done.output
