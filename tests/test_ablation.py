"""Ablations and the studies below them: plans, resuming, what is stored, the table; PrivateTest stays out of sight."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_core import artifacts, datasets, studies
from fer_core.datasets import SPLITS, Dataset
from fer_core.studies import Outcome, Study
from trainers import ablation, fit_torch, recipe as recipes, run as runs, study
from trainers.fitting import Fitted, Run, TrainingError
from trainers.recipe import RecipeError
from trainers.study import Plan, Version

BASE = """
title = "A test"
architecture = "tiny-torch"
[optimizer]
learning_rate = 0.03
[schedule]
epochs = 9
batch_size = 16
[augment]
flip = true
rotate_degrees = 5
"""
PLAN = """
title = "Ingredients of the tiny network"
base = "{base}"
images = 28
[change.schedule]
epochs = 2
[[versions]]
title = "without flips"
change.augment = {{ flip = false }}
[[versions]]
title = "with flips at test time"
change.test_time = "flip"
"""


@pytest.fixture
def plan(tiny: Any, tmp_path: Path) -> Plan:
    (tmp_path / "base.toml").write_text(BASE)
    (tmp_path / "mine.toml").write_text(PLAN.format(base=tmp_path / "base.toml"))
    return study.load(str(tmp_path / "mine.toml"))[1]


@pytest.fixture(scope="module")
def data(fer2013_csv: Path) -> Dataset:
    return datasets.load(fer2013_csv)


def made(plan: Plan, data: Dataset, folder: Path, **options: Any) -> Study:
    return study.run("mine", plan, data, Run(folder / "runs", device="cpu"), folder, **options)


def test_versions_are_the_base_with_one_thing_other(plan: Plan) -> None:
    (title, _, base), (_, _, flips), (_, _, views) = study.versions(plan)
    assert title.endswith("as it is") and base.schedule.epochs == 2 and base.augment.rotate_degrees == 5
    assert flips.augment == base.augment.model_copy(update={"flip": False})
    assert views == base.model_copy(update={"test_time": "flip"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"augment": {"flop": True}}, "Unknown key 'flop'. Did you mean 'flip'"),
        ({"schedule": {"epochs": 0}}, "schedule.epochs"),
    ],
)
def test_a_wrong_change_is_named_with_its_version(plan: Plan, change: dict[str, Any], said: str) -> None:
    wrong = plan.model_copy(update={"versions": (Version(title="bad one", change=change),)})
    with pytest.raises(RecipeError, match=f"'bad one': {said}"):
        study.versions(wrong)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("images = 28", "images = 0", "images"),
        ("images = 28", "image = 28", "image"),
        ("title = ", "title ", "no TOML"),
    ],
)
def test_a_wrong_plan_is_named_with_its_key(plan: Plan, tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "wrong.toml").write_text(PLAN.format(base="torch-compact").replace(old, new, 1))
    with pytest.raises(RecipeError, match=rf"wrong\.toml.*{said}"):
        study.load(str(tmp_path / "wrong.toml"))


def test_an_unknown_plan_is_met_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'ingredients'"):
        study.load("ingredient", ablation.ABLATIONS)


@pytest.mark.parametrize("id", study.available(ablation.ABLATIONS))
def test_every_shipped_ablation_is_right_and_has_five_rows_or_more(id: str) -> None:
    asked = study.versions(study.load(id, ablation.ABLATIONS)[1])
    assert len(asked) >= 6 and len({title for title, _, _ in asked}) == len(asked)
    recipes = [recipe.model_dump_json() for _, _, recipe in asked]
    assert len(set(recipes)) == len(recipes), "two versions are the same recipe"


def test_the_reduced_data_have_no_private_test_and_all_of_public_test(data: Dataset) -> None:
    part = study.reduced(data, 20)
    assert [int((part.splits == n).sum()) for n in range(3)] == [20, int((data.splits == 1).sum()), 0]
    assert part.sha256 == study.reduced(data, 20).sha256 != study.reduced(data, 21).sha256
    np.testing.assert_array_equal(part.split("PublicTest").faces, data.split("PublicTest").faces)


@pytest.mark.parametrize(
    ("title", "change", "said"),
    [("without flips", {"seed": 1}, "a title of its own"), ("five", {"labels": "five"}, "labels: expected 'seven'")],
)
def test_versions_that_cannot_be_told_apart_or_compared_are_refused(
    plan: Plan, title: str, change: dict[str, Any], said: str
) -> None:
    more = (*plan.versions, Version(title=title, change=change))
    with pytest.raises(RecipeError, match=said):
        study.versions(plan.model_copy(update={"versions": more}))


def test_a_seed_named_twice_is_trained_once(plan: Plan) -> None:
    assert len(study._asked(plan.model_copy(update={"seeds": (0, 0)}))) == 3


def test_a_damaged_study_is_made_anew_and_copies_are_not_counted(plan: Plan, data: Dataset, tmp_path: Path) -> None:
    plan = plan.model_copy(update={"versions": plan.versions[:1], "images": 99, "change": {"images": "deduplicated"}})
    with_copy = data.subset(np.array([*range(len(data)), np.flatnonzero(data.splits == 0)[0]]))
    found = made(plan, with_copy, tmp_path)
    assert found.images == 56
    (tmp_path / "studies" / "mine.json").write_text("{}")
    assert made(plan, with_copy, tmp_path) == found


def test_outcomes_hold_answers_that_give_their_accuracy(plan: Plan, data: Dataset, tmp_path: Path) -> None:
    found = made(plan, data, tmp_path)
    assert found == studies.load("mine", tmp_path) and found.planned == len(found.outcomes) == 3
    truth = "".join(map(str, data.split("PublicTest").labels.tolist()))
    assert found.truth == truth and (found.images, found.epochs) == (28, 2)
    for outcome in found.outcomes:
        right = np.mean([a == t for a, t in zip(outcome.answers, truth, strict=True)])
        assert outcome.public_accuracy == pytest.approx(right) == found.accuracy(outcome.title).value
        assert len(outcome.curves) == 2
    base, _, views = found.outcomes
    assert base.curves == views.curves, "asking otherwise needs no other training"
    assert base.public_accuracy == pytest.approx(max(row["public_accuracy"] for row in base.curves), abs=0.04)


def test_a_stopped_study_goes_on_where_it_was(
    plan: Plan, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StopError(Exception):
        pass

    def stop(outcome: Outcome) -> None:
        if outcome.title == "without flips":
            raise StopError

    with pytest.raises(StopError):
        made(plan, data, tmp_path, tell=stop)
    half = studies.load("mine", tmp_path)
    assert len(half.outcomes) == 2 < half.planned
    fits, fit = [], fit_torch.fit

    def counted(*arguments: Any) -> Fitted:
        fits.append("fit")
        return fit(*arguments)

    monkeypatch.setattr(fit_torch, "fit", counted)
    whole = made(plan, data, tmp_path)
    assert len(fits) == 1 and whole.outcomes[:2] == half.outcomes and len(whole.outcomes) == 3
    assert made(plan, data, tmp_path) == whole and len(fits) == 1


def test_outcomes_of_another_size_are_not_mixed_in(plan: Plan, data: Dataset, tmp_path: Path) -> None:
    single = plan.model_copy(update={"versions": plan.versions[:1]})
    before = made(single, data, tmp_path)
    other = single.model_copy(update={"images": 35})
    with pytest.raises(TrainingError, match="another size"):
        made(other, data, tmp_path)
    assert studies.load("mine", tmp_path).outcomes == before.outcomes
    after = made(other, data, tmp_path, restart=True)
    assert len(after.outcomes) == 2 and {o.key for o in before.outcomes}.isdisjoint(o.key for o in after.outcomes)
    assert studies.load("mine", tmp_path).images == 35


def test_restart_forgets_the_checkpoints_even_damaged_ones(plan: Plan, data: Dataset, tmp_path: Path) -> None:
    before = made(plan, data, tmp_path)
    checkpoints = [*(tmp_path / "runs").rglob(fit_torch.CHECKPOINT)]
    assert len(checkpoints) == 2
    for checkpoint in checkpoints:
        checkpoint.write_bytes(b"damaged")
    after = made(plan, data, tmp_path, restart=True)  # as the error about a damaged one advises
    assert [o.answers for o in after.outcomes] == [o.answers for o in before.outcomes]


def test_a_version_that_cannot_be_trained_leaves_what_was_done(plan: Plan, data: Dataset, tmp_path: Path) -> None:
    taught = Version(title="taught", change={"distil": {"teacher": "nobody"}})
    with pytest.raises(TrainingError, match="nobody"):
        made(plan.model_copy(update={"versions": (taught,)}), data, tmp_path)
    assert [o.title for o in studies.load("mine", tmp_path).outcomes] == [study.versions(plan)[0][0]]


def test_a_version_is_taught_anew_after_its_teacher_was_made_anew(plan: Plan, data: Dataset, tmp_path: Path) -> None:
    (tmp_path / "teacher.toml").write_text(BASE.replace("epochs = 9", "epochs = 1"))
    run = Run(tmp_path / "run", device="cpu")
    card = runs.train("teacher", recipes.network_recipe(str(tmp_path / "teacher.toml"))[1], data, run, tmp_path)
    taught = plan.model_copy(update={"versions": (Version(title="taught", change={"distil": {"teacher": "teacher"}}),)})
    before = [one.key for one in made(taught, data, tmp_path).outcomes]
    assert [one.key for one in made(taught, data, tmp_path).outcomes] == before
    artifacts.save_card(tmp_path / "teacher", replace(card, weights_sha256="ef" * 32))
    with pytest.raises(TrainingError, match="teacher"):  # the weights are not those of that card, so it is asked indeed
        made(taught, data, tmp_path)


def outcome(title: str, answers: str, seed: int = 0) -> Outcome:
    return Outcome(title, {}, seed, f"{title}{seed}", answers, 0.5, 1, 60.0, "cpu", [{"epoch": 1.0}])


def example(*outcomes: Outcome) -> Study:
    return Study("ingredients", "Ingredients", "torch-compact", 100, 2, 3, "0123" * 25, list(outcomes))


def test_gains_are_paired_and_seeds_are_averaged() -> None:
    half = example(outcome("base", "0120" * 25), outcome("all", "0123" * 25), outcome("all", "0120" * 25, seed=1))
    assert half.accuracy("base").value == pytest.approx(0.75)
    gain = half.gain("all")
    assert gain.value == pytest.approx(0.125) and 0.07 < gain.low < 0.125 < gain.high < 0.18
    assert half.gain("base").low == half.gain("base").high == 0


def test_the_page_says_size_n_and_what_each_row_brought(tmp_path: Path) -> None:
    assert "None was run yet" in ablation.page(tmp_path)
    studies.save(example(outcome("base", "0120" * 25), outcome("without", "0000" * 25)), tmp_path)
    text = ablation.page(tmp_path)
    assert "100 Training images, 2 epochs; n = 100" in text and "2 of 3 results are there" in text
    assert "against the same runs of the base, whose luck is in every difference" in text
    row = next(line for line in text.splitlines() if line.startswith("| without"))
    assert "| 25.0 % |" in row and "-50.0 (" in row
    studies.save(replace(example(outcome("base", "0" * 100)), id="someone-elses"), tmp_path)
    assert ablation.page(tmp_path) == text
    path = tmp_path / "ablations.md"
    assert ablation.write(tmp_path, path) and not ablation.write(tmp_path, path)


def test_a_damaged_study_is_refused_with_the_remedy(tmp_path: Path) -> None:
    studies.save(example(outcome("base", "0" * 100)), tmp_path)
    (tmp_path / "studies" / "ingredients.json").write_text("{}")
    with pytest.raises(artifacts.ArtifactError, match="is no study"):
        studies.load("ingredients", tmp_path)
    with pytest.raises(artifacts.ArtifactError, match="Did you mean 'ingredients'"):
        studies.load("ingredient", tmp_path)


def test_studies_are_no_artifacts(tmp_path: Path) -> None:
    studies.save(example(outcome("base", "0" * 100)), tmp_path)
    assert artifacts.ids(tmp_path) == () and studies.ids(tmp_path) == ("ingredients",)


def test_the_command_runs_a_plan_small_and_leaves_the_page_alone(plan: Plan, tmp_path: Path, fer2013_csv: Path) -> None:
    from trainers.__main__ import app

    before = ablation.PAGE.read_bytes()
    arguments = ["ablate", str(tmp_path / "mine.toml"), "--data", str(fer2013_csv), "--smoke", "--device", "cpu"]
    done = CliRunner().invoke(app, [*arguments, "--runs", str(tmp_path / "runs")])
    assert done.exit_code == 0, done.output
    assert "without flips" in done.output and studies.load("mine", tmp_path / "runs" / "smoke").epochs == 1
    assert ablation.PAGE.read_bytes() == before and SPLITS[2] not in done.output


def test_studies_of_another_folder_do_not_rewrite_the_page(
    plan: Plan, tmp_path: Path, fer2013_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainers.__main__ import app

    monkeypatch.setattr(ablation, "write", lambda *_: pytest.fail("the page is of the program's own artifacts"))
    arguments = ["ablate", str(tmp_path / "mine.toml"), "--data", str(fer2013_csv), "--device", "cpu"]
    done = CliRunner().invoke(app, [*arguments, "--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
