"""The projects' figures beside ours: every system a row, ours from artifacts alone, blanks where nothing was run."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from fer_core import artifacts, evidence, seed_runs, seeds, studies
from trainers import recipe as recipes, seeds as command
from trainers.recipe import Augment, Regularise


def test_every_row_names_a_recipe_that_is_here() -> None:
    found = seeds.seeds()
    assert {seed.recipe for seed in found} <= set(recipes.available())
    assert len({seed.system + seed.project for seed in found}) == len(found) >= 38
    assert len({seed.project for seed in found}) == 5
    assert all(seed.accuracy is None or 20 < seed.accuracy < 80 for seed in found), "percent"
    assert all(seed.source for seed in found if seed.accuracy is not None), "a figure has its source"


@pytest.mark.parametrize(
    ("recipe", "figure"),
    [
        ("keras-native", 51.59),
        ("keras-resnet50v2", 63.7),
        ("moodmirror-advanced-rmsprop", 66.7),
        ("burney-vgg16", 25.1),
    ],
)
def test_figures_are_those_of_the_projects(recipe: str, figure: float) -> None:
    assert figure in [seed.accuracy for seed in seeds.seeds() if seed.recipe == recipe]


def test_ours_are_private_test_and_of_the_artifact(tiny_artifacts: Path) -> None:
    found = {one.seed.recipe: one for one in seeds.compared(tiny_artifacts) if one.id}
    assert set(found) == {"keras-native", "torch-native"}
    ours = found["keras-native"]
    report = evidence.stored_reports("keras-native", tiny_artifacts)["PrivateTest"]
    assert ours.accuracy == report.metrics["accuracy"] and ours.n == report.n == 28
    assert ours.why.startswith("from scratch, 1 epochs on 56 images; augmentation")


def test_what_was_run_from_scratch_stands_for_what_was_not_run(tiny_artifacts: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(tiny_artifacts / "keras-native", tmp_path / "burney-vgg16-scratch")
    found = {one.seed.recipe: one for one in seeds.compared(tmp_path)}
    assert found["burney-vgg16"].id == "burney-vgg16-scratch" and "from scratch" in found["burney-vgg16"].why
    assert found["burney-vgg19"].id is None and found["burney-vgg19"].accuracy is None


def test_a_damaged_artifact_is_a_blank(tiny_artifacts: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(tiny_artifacts / "keras-native", tmp_path / "keras-native")
    (tmp_path / "keras-native" / artifacts.CARD).write_text("{")
    assert all(one.accuracy is None for one in seeds.compared(tmp_path))


def test_the_page_has_a_row_for_every_system_and_is_written_once(tiny_artifacts: Path, tmp_path: Path) -> None:
    path = tmp_path / "seeds.md"
    assert command.write(tiny_artifacts, path) and not command.write(tiny_artifacts, path)
    rows = [line for line in path.read_text().splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(seeds.seeds())
    assert all(row.count("|") == 9 for row in rows)
    (blank,) = [row for row in rows if "`keras-resnet50v2-one`" in row]
    assert blank.split("|")[3].strip() == blank.split("|")[5].strip() == ""


def test_docs_seeds_is_that_of_the_artifacts() -> None:
    assert command.PAGE.read_text("utf-8") == command.page(), "Run: python -m trainers seeds"


def test_a_short_run_is_told_with_its_size_and_never_as_ours(tmp_path: Path) -> None:
    outcome = studies.Outcome("burney-vgg16 as it is", {}, 0, "key", "0120", 0.75, 1, 90.0, "cpu", [{"epoch": 1.0}])
    run = studies.Study("burney-vgg16-scratch", "VGG16, from scratch", "burney-vgg16", 300, 1, 1, "0123", [outcome])
    studies.save(run, tmp_path, studies.SHORT_RUNS)
    (row,) = [one for one in seeds.compared(tmp_path) if one.seed.recipe == "burney-vgg16"]
    assert row.short == run and row.accuracy is None and row.id is None
    lines = command.page(tmp_path).splitlines()
    (told,) = [line for line in lines if "VGG16, six labels" in line]
    assert told.split("|")[5].strip() == "" and "1 epoch on 300 images, read on 4 of PublicTest" in told.split("|")[6]
    assert told.split("|")[8].strip().startswith("the short run began from scratch; their figures by epochs")
    (run_row,) = [line for line in lines if line.startswith("| `burney-vgg16-scratch` | VGG16, from scratch | 75.0 %")]
    assert [cell.strip() for cell in run_row.split("|")[4:6]] == ["25.0 %", "3"]
    same = dataclasses.replace(run, outcomes=[dataclasses.replace(outcome, answers="2222")])
    studies.save(same, tmp_path, studies.SHORT_RUNS)
    assert "learned anything. 1 answer one label to every image" in command.page(tmp_path)


def test_a_short_run_is_held_against_always_answering_the_commonest_label(tmp_path: Path) -> None:
    """Several labels answered are no sign of learning: 14 right of 40 are not above the 10 of one label."""
    truth = "0123" * 10
    outcome = studies.Outcome("as it is", {}, 0, "key", truth[:14] + "3210" * 6 + "32", 0.5, 1, 90.0, "cpu", [])
    run = studies.Study("burney-vgg16-scratch", "VGG16", "burney-vgg16", 300, 1, 1, truth, [outcome])
    studies.save(run, tmp_path, studies.SHORT_RUNS)
    assert run.guessing == 0.25 and not run.above_guessing("as it is") and run.answered("as it is") == 4
    assert "Of the 1 short runs below 0 are above always answering the commonest label" in command.page(tmp_path)
    good = dataclasses.replace(run, outcomes=[dataclasses.replace(outcome, answers=truth[:30] + "3" * 10)])
    studies.save(good, tmp_path, studies.SHORT_RUNS)
    assert "Of the 1 short runs below 1 is above always answering" in command.page(tmp_path)


def test_the_projects_own_training_has_rows() -> None:
    found = {seed.recipe: seed.accuracy for seed in seeds.seeds()}
    assert (found["keras-native-seed"], found["torch-native-seed"]) == (51.59, 52.58)
    assert found["keras-efficientnetv2b3-frozen"] == 56.8
    plain = recipes.network_recipe("torch-native-seed")[1]
    assert plain.augment == Augment() and plain.regularise == Regularise() and plain.schedule.shape == "constant"


def test_where_other_seeds_were_run_their_mean_is_told(tiny_artifacts: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_artifacts, tmp_path, dirs_exist_ok=True)
    own = next(one for one in seeds.compared(tmp_path) if one.id == "keras-native")
    assert "seeds is" not in own.why and own.accuracy is not None
    again = seed_runs.place(tmp_path) / "keras-native-seed7"
    shutil.copytree(tmp_path / "keras-native", again)
    card = json.loads((again / "card.json").read_text())
    (again / "card.json").write_text(json.dumps(card | {"id": "keras-native-seed7", "seed": 7}))
    told = next(one for one in seeds.compared(tmp_path) if one.id == "keras-native")
    assert f"ours is seed 0, the mean over 2 seeds is {100 * own.accuracy.value:.1f} %" in told.why
