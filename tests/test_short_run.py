"""Short runs: what is stored of a recipe at a reduced size, that it goes on, and which recipes still lack one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fer_core import artifacts, studies
from tests.training_cases import RECIPE
from trainers import recipe as recipes, run, short_run
from trainers.__main__ import app
from trainers.fitting import mixup_alpha


@pytest.fixture
def place(tiny: Any, tmp_path: Path) -> Path:
    (tmp_path / "mine.toml").write_text(RECIPE.replace("tiny-keras", "tiny-torch"))
    return tmp_path / "mine.toml"


def test_it_stores_the_size_and_public_tests_answers_and_no_artifact(
    place: Path, fer2013_csv: Path, tmp_path: Path
) -> None:
    asked = ["short-run", str(place), "--images", "28", "--judged", "14", "--data", str(fer2013_csv)]
    asked += ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    found = studies.load("mine", tmp_path / "out", studies.SHORT_RUNS)
    assert (found.images, found.epochs, len(found.truth), found.planned) == (28, 1, 14, 1)
    (outcome,) = found.outcomes
    assert len(outcome.answers) == 14 and len(outcome.curves) == 1
    assert found.full == f"python -m trainers train {place}"
    assert artifacts.ids(tmp_path / "out") == () and studies.ids(tmp_path / "out") == ()
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert studies.load("mine", tmp_path / "out", studies.SHORT_RUNS).outcomes == [outcome], "nothing was run again"


def test_recipes_with_an_artifact_or_a_short_run_are_not_missing(tiny_artifacts: Path, tmp_path: Path) -> None:
    everything = set(short_run.missing(tmp_path))
    ensembles = {id for id in recipes.available() if recipes.load(id)[1].architecture == "ensemble"}
    assert "ensemble" in ensembles and everything == set(recipes.available()) - ensembles
    assert set(short_run.missing(tiny_artifacts)) == everything - {"keras-native", "torch-native"}
    outcome = studies.Outcome("one", {}, 0, "key", "0", 1.0, 1, 1.0, "cpu", [{"epoch": 1.0}])
    one = studies.Study("burney-vgg16-scratch", "VGG16", "burney-vgg16", 1, 1, 1, "0", [outcome])
    studies.save(one, tmp_path, studies.SHORT_RUNS)
    assert set(short_run.missing(tmp_path)) == everything - {"burney-vgg16"}


def test_a_recipe_without_its_teacher_does_not_keep_the_others_from_their_short_runs(
    place: Path, fer2013_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught = tmp_path / "taught.toml"
    taught.write_text(place.read_text() + '[distil]\nteacher = "ensemble-two-cores"\n')
    monkeypatch.setattr(short_run, "missing", lambda _root: [str(taught), str(place)])
    asked = ["short-run", "--images", "28", "--judged", "14", "--data", str(fer2013_csv)]
    asked += ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, asked)
    assert studies.ids(tmp_path / "out", studies.SHORT_RUNS) == ("mine",)
    assert "python -m trainers train ensemble-two-cores" in done.output, "what to do first"
    assert done.exit_code == 1 and str(done.exception) == f"No short run of {taught}; why is said above."


def test_a_smoke_run_tries_mixup(fer2013_csv: Path) -> None:
    from fer_core import datasets

    data = datasets.load(fer2013_csv)
    found = [recipe for id in recipes.available() if isinstance(recipe := recipes.load(id)[1], recipes.Recipe)]
    mixed = [recipe for recipe in found if recipe.regularise.mixup]
    assert mixed
    for smoke, _ in (run.smoke(recipe, data) for recipe in mixed):
        assert all(mixup_alpha(smoke, epoch) for epoch in range(smoke.schedule.epochs)), smoke.title


def test_images_are_repeated_in_proportion_where_fewer_are_learned_from(fer2013_csv: Path) -> None:
    from fer_core import datasets

    _, balanced = recipes.network_recipe("moodmirror-advanced-adam")
    assert balanced.sampling.at_least == 8989
    smoke, _ = run.smoke(balanced, datasets.load(fer2013_csv))
    assert smoke.sampling.at_least == round(8989 * 512 / 28_709)
    assert balanced.sampling.of_fewer(2.0).at_least == 8989
