"""A model of a split drawn anew: it trains, stands in a folder of its own, is judged on its own test images alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fer_core import artifacts, datasets
from tests.artifact_cases import CARD
from tests.training_cases import RECIPE
from trainers import evaluation
from trainers.__main__ import app
from trainers.fitting import TrainingError


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    error = done.exception if isinstance(done.exception, (ValueError, TrainingError)) else ""
    return done.exit_code, " ".join(f"{done.output} {error}".split())


@pytest.fixture
def redrawn(tiny: Any, fer2013_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path / "official"))
    (tmp_path / "mine.toml").write_text(RECIPE)
    code, said = run("data", "split", "80/10/10", fer2013_csv, "--out", tmp_path / "anew.npz")
    assert code == 0, said
    return tmp_path / "anew.npz"


def test_it_is_not_left_among_official_artifacts(redrawn: Path, tmp_path: Path) -> None:
    asked = ("train", tmp_path / "mine.toml", "--data", redrawn, "--runs", tmp_path / "runs")
    code, said = run(*asked)
    assert code != 0 and "cannot stand beside models of the official one" in said and "--out" in said
    assert not (tmp_path / "official" / "mine").exists()
    code, said = run(*asked, "--out", tmp_path / "official")
    assert code != 0 and "cannot stand" in said
    code, said = run(*asked, "--out", tmp_path / "apart")
    assert code == 0, said
    assert "split anew 80/10/10" in artifacts.card("mine", tmp_path / "apart").data.name


def test_it_is_not_judged_on_images_that_it_may_have_learned_from(
    redrawn: Path, fer2013_csv: Path, tmp_path: Path
) -> None:
    apart = tmp_path / "apart"
    trained = ("train", tmp_path / "mine.toml", "--data", redrawn, "--runs", tmp_path / "runs", "--out", apart)
    assert run(*trained)[0] == 0
    before, official, anew = artifacts.metrics("mine", apart), datasets.load(fer2013_csv), datasets.load(redrawn)
    with pytest.raises(ValueError, match="may be what it learned from"):
        evaluation.reassess("mine", evaluation.build_reference(official), official, apart)
    assert artifacts.metrics("mine", apart) == before
    evaluation.reassess("mine", evaluation.build_reference(anew), anew, apart)


@pytest.mark.parametrize("study", ["test-time", "what-if", "face-size", "average-maps", "sanity"])
def test_no_study_asks_about_images_that_a_model_may_have_learned_from(
    study: str, redrawn: Path, fer2013_csv: Path, tmp_path: Path
) -> None:
    apart = tmp_path / "apart"
    card = replace(CARD, id="mine", data=replace(CARD.data, name="FER2013 (fer2013.csv, split anew 80/10/10)"))
    with artifacts.writing("mine", apart) as folder:
        artifacts.save_weights(folder, {})
        artifacts.save_card(folder, card)
    before = sorted(apart.rglob("*"))
    code, said = run(study, "mine", "--data", fer2013_csv, "--out", apart)
    assert code != 0 and "may be what it learned from" in said and "mine was trained on" in said
    assert sorted(apart.rglob("*")) == before


def test_neither_an_ensemble_nor_the_reference_mixes_two_splits(
    redrawn: Path, fer2013_csv: Path, tmp_path: Path
) -> None:
    apart = tmp_path / "apart"
    (tmp_path / "other.toml").write_text(RECIPE)
    for name in ("mine", "other"):
        asked = ("train", tmp_path / f"{name}.toml", "--data", redrawn, "--runs", tmp_path / "runs", "--out", apart)
        assert run(*asked)[0] == 0
    (tmp_path / "both.toml").write_text('title = "Both"\nmembers = ["mine", "other"]\n')
    code, said = run("train", tmp_path / "both.toml", "--data", fer2013_csv, "--out", apart)
    assert code != 0 and "may be what it learned from" in said and "both" not in artifacts.ids(apart)
    (apart / artifacts.REFERENCE).mkdir()
    (apart / artifacts.REFERENCE / artifacts.TEST_IMAGES).write_bytes(b"the reference of the split drawn anew")
    code, said = run("evaluate", "--data", fer2013_csv, "--out", apart)
    assert code != 0 and "may be what it learned from" in said
    assert (apart / artifacts.REFERENCE / artifacts.TEST_IMAGES).read_bytes().startswith(b"the reference")


def test_the_official_reference_is_not_replaced(redrawn: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        evaluation.write_reference(datasets.load(redrawn))
    assert not (tmp_path / "official" / artifacts.REFERENCE).exists()
