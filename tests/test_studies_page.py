"""The Studies page: sizes are said, versions and curves are drawn, the projects' figures have their blanks."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from dashboard import figures_studies
from fer_core import artifacts, seeds, studies
from fer_core.studies import Outcome, Study
from tests.page_runs import run as run_page, text

page = partial(run_page, "studies")


def outcome(title: str, answers: str, rates: tuple[float, ...]) -> Outcome:
    curves = [
        {"epoch": n + 1.0, "train_loss": 2.0 - n, "train_accuracy": 0.2, "public_loss": 1.9, "public_accuracy": rate}
        for n, rate in enumerate(rates)
    ]
    right = sum(a == t for a, t in zip(answers, "0123456", strict=True)) / 7
    return Outcome(title, {}, 0, title, answers, right, 2, 90.0, "cpu", curves)


STUDY = Study(
    "mine", "Rates of a network", "keras-native", 1000, 2, 3, "0123456",
    [outcome("keras-native as it is", "0123450", (0.3, 0.5)), outcome("rate 0.01", "0100000", (0.2, 0.25))],
    full="python -m trainers study mine --full",
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    return tmp_path


def test_a_study_says_its_size_and_the_command_to_run_it_in_full(root: Path) -> None:
    studies.save(STUDY, root)
    at = page()
    assert not at.exception
    said = text(at)
    assert "1,000 Training images, 2 epochs" in said and "2 of 3 results are there, of 2 trainings in 3 minutes" in said
    assert "uv run python -m trainers study mine --full" in said
    table = at.dataframe[0].value
    assert table["version"].tolist() == ["keras-native as it is", "rate 0.01"]
    assert table["PublicTest"].tolist() == pytest.approx([600 / 7, 200 / 7])
    assert table["against the base"].tolist()[1] == pytest.approx(-400 / 7)


def test_the_largest_study_comes_first_and_versions_stand_beside_guessing(root: Path) -> None:
    learned = Study("small", "Two versions", "keras-native", 300, 2, 2, "3333300",
                    [outcome("good", "3333300", (0.5, 1.0)), outcome("guessed", "3333333", (0.7, 0.7))])  # fmt: skip
    studies.save(learned, root)
    assert learned.guessing == pytest.approx(5 / 7) and Study("x", "", "", 1, 1, 1, "3309999").guessing == 2 / 3
    assert "right on 71.4\N{NO-BREAK SPACE}%: **1 of 2 versions**" in text(page())
    studies.save(STUDY, root)
    at = page()
    assert at.selectbox[0].options == [STUDY.title, "Two versions"] and at.selectbox[0].value == "mine"
    assert "right on 14.3\N{NO-BREAK SPACE}%: **1 of 2 versions**" in text(at)
    figure = figures_studies.accuracies(learned)
    assert [shape.x0 for shape in figure.layout.shapes] == [learned.accuracy("good").value, learned.guessing]


def test_guessing_is_not_drawn_where_it_would_crowd_the_versions() -> None:
    truth = "0123456" * 20
    rivals = [replace(STUDY.outcomes[0], title=str(wrong), answers=truth[:-wrong] + "0" * wrong) for wrong in (20, 10)]
    far = Study("far", "Two versions", "keras-native", 300, 2, 2, truth, rivals)
    assert [shape.x0 for shape in figures_studies.accuracies(far).layout.shapes] == [far.accuracy("20").value]
    below = replace(far, truth="0" * 138 + "11", outcomes=[replace(rivals[0], answers="1" * 140)])
    assert [shape.x0 for shape in figures_studies.accuracies(below).layout.shapes] == [below.accuracy("20").value]


def test_a_full_study_has_no_command_to_run_it_in_full(root: Path) -> None:
    studies.save(Study(**{**STUDY.__dict__, "full": ""}), root)
    at = page()
    assert not at.exception and "In full" not in text(at)


def test_curves_are_those_of_the_chosen_versions(root: Path) -> None:
    studies.save(STUDY, root)
    at = page(versions="1", measure="public_loss")
    assert not at.exception
    assert set(at.dataframe[1].value["version"]) == {"rate 0.01"}
    figure = figures_studies.curves(STUDY, ["rate 0.01"], "public_accuracy")
    assert list(figure.data[0].y) == [0.2, 0.25] and list(figure.data[0].x) == [1, 2]
    at.multiselect[0].set_value([]).run()
    assert not at.exception and "Choose at least one version" in text(at)


def test_versions_that_learn_as_the_base_does_are_not_drawn_over_it(root: Path) -> None:
    asked = replace(STUDY.outcomes[0], title="with flips at test time", answers="0123456")
    studies.save(replace(STUDY, outcomes=[*STUDY.outcomes, asked], planned=3), root)
    at = page()
    assert set(at.dataframe[1].value["version"]) == {"keras-native as it is", "rate 0.01"}
    assert "so that its curve is theirs: with flips at test time" in text(at)
    assert "3 of 3 results are there, of 2 trainings in 3 minutes" in text(at)
    assert set(page(versions="2").dataframe[1].value["version"]) == {"with flips at test time"}


def test_intervals_of_the_chart_are_the_tables(root: Path) -> None:
    figure = figures_studies.accuracies(STUDY)
    (points,) = figure.data
    interval = STUDY.accuracy("rate 0.01")
    assert points.x[1] == interval.value and points.error_x.array[1] == pytest.approx(interval.high - interval.value)
    assert figures_studies.versions_table(STUDY)["95 %"][1] == f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


def test_without_studies_it_says_how_to_make_one(root: Path) -> None:
    at = page()
    assert not at.exception and "python -m trainers study" in text(at)


def test_a_damaged_study_is_named_and_the_others_shown(root: Path) -> None:
    studies.save(STUDY, root)
    (root / studies.FOLDER / "broken.json").write_text("{")
    at = page()
    assert not at.exception and "broken.json" in at.warning[0].value
    assert "1,000 Training images" in text(at)


def test_every_system_of_the_projects_is_a_row(tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tiny_artifacts))
    at = page(part="seeds")
    assert not at.exception
    table = at.dataframe[0].value
    assert len(table) == len(seeds.seeds())
    run = table[table["ours"].notna()]
    assert set(run["recipe"]) == {"keras-native", "torch-native"} <= set(artifacts.ids())
    assert f"2 of {len(table)} systems were trained here" in text(at)


def test_a_short_run_stands_beside_the_projects_figure_and_in_its_own_table(
    root: Path,
) -> None:
    run = Study("burney-vgg16-scratch", "VGG16, from scratch", "burney-vgg16", 300, 1, 1, "0123459", STUDY.outcomes[:1])
    studies.save(run, root, studies.SHORT_RUNS)
    (root / studies.SHORT_RUNS / "broken.json").write_text("{")
    at = page(part="seeds")
    assert not at.exception and "0 of 40 systems were trained here, 1 more in a short run" in text(at)
    table = at.dataframe[0].value.set_index("recipe")
    assert table["short run"]["burney-vgg16"] == 100 and table["short run"].notna().sum() == 1
    at = page(part="short")
    assert not at.exception and "broken.json" in at.warning[0].value and "short-run broken" in at.warning[0].value
    (row,) = at.dataframe[0].value.to_dict("records")
    assert (row["recipe"], row["PublicTest"], row["Training images"], row["PublicTest images"]) == (
        "burney-vgg16-scratch", 100, 300, 6,
    )  # fmt: skip
    assert row["commonest label"] == pytest.approx(100 / 6)
    drawn = json.loads(at.dataframe[0].proto.columns)
    formats = [drawn[name]["type_config"]["format"] for name in ("PublicTest", "commonest label", "minutes")]
    assert formats == ["%.1f %%", "%.1f %%", "%.1f"]
    assert "1 of 1 runs** are above always giving the commonest label" in text(at)


def test_without_short_runs_it_says_how_to_make_them(root: Path) -> None:
    at = page(part="short")
    assert not at.exception and "python -m trainers short-run" in text(at)
