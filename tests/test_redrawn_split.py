"""A model of a split drawn anew: it trains, stands in a folder of its own, is judged on its own test images alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fer_core import artifacts, datasets
from tests.training_cases import RECIPE
from trainers import evaluation
from trainers.__main__ import app


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    error = done.exception if isinstance(done.exception, ValueError) else ""
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


def test_the_official_reference_is_not_replaced(redrawn: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        evaluation.write_reference(datasets.load(redrawn))
    assert not (tmp_path / "official" / artifacts.REFERENCE).exists()
