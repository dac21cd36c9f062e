"""The ladder: ours from artifacts alone, in their place among published figures, seeds as one row."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_core import artifacts, evidence, seed_runs
from fer_core.artifacts import StoredPredictions
from fer_core.types import EMOTIONS, ModelCard
from tests.artifact_cases import CARD, fill
from trainers import ladder
from trainers.evaluation import assess
from trainers.ladder import ANCHORS, page, rungs, write

N = 400
"""Images of each test part."""


def reference() -> artifacts.Reference:
    truth = np.tile(np.arange(7, dtype=np.uint8), 2 * N)[: 2 * N]
    splits = np.repeat(np.array([1, 2], np.uint8), N)
    votes, copied = np.zeros((2 * N, 10), np.uint8), np.zeros(2 * N, bool)
    return artifacts.Reference(np.arange(2 * N, dtype=np.int32), truth, splits, votes, copied)


def add(root: Path, id: str, right: float, **changes: Any) -> ModelCard:
    """An artifact that answers that share of the images right, the first of each part."""
    known, card = reference(), replace(CARD, id=id, **{"labels": EMOTIONS, "title": id.title()} | changes)
    k = len(card.labels)
    correct = np.arange(2 * N) % N < round(right * N)
    answered = np.where(correct, known.truth, known.truth + 1) % k
    p = np.full((2 * N, k), 0.1 / (k - 1), np.float32)
    p[np.arange(2 * N), answered] = 0.9
    stored = StoredPredictions(known.ids, known.truth, known.splits, p)
    temperature, reports = assess(card, stored, known)
    with artifacts.writing(id, root) as folder:
        fill(folder)
        artifacts.save_predictions(folder, stored)
        artifacts.save_evidence(folder, reports, {})
        artifacts.save_card(folder, replace(card, temperature=temperature))
    return card


def rows(text: str) -> list[list[str]]:
    """The table's cells, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_rows_stand_by_their_private_test_accuracy_ours_among_the_published(tmp_path: Path) -> None:
    add(tmp_path, "low", 0.5)
    add(tmp_path, "high", 0.735, initial_weights="imagenet")
    found = rows(page(tmp_path))
    accuracies = [float(re.sub(r"[^\d.]", "", cells[1])) for cells in found]
    assert accuracies == sorted(accuracies, reverse=True) and len(found) == len(ANCHORS) + 2
    titles = [cells[0] for cells in found]
    mine = next(n for n, title in enumerate(titles) if "`high`" in title)
    assert "Residual Masking" in titles[mine - 1] and "ResNet-50" in titles[mine + 1]
    assert "`low`" in titles[-1] and found[mine][3] == "ImageNet"


def test_a_row_of_ours_has_its_interval_n_and_macro_f1_from_the_artifact(tmp_path: Path) -> None:
    add(tmp_path, "mine", 0.6)
    (rung,) = rungs(tmp_path)
    stored = evidence.stored_reports("mine", tmp_path)
    assert rung.private == stored["PrivateTest"].metrics["accuracy"] and rung.n == N
    assert rung.macro_f1 == stored["PrivateTest"].metrics["macro_f1"].value
    cells = next(cells for cells in rows(page(tmp_path)) if "`mine`" in cells[0])
    assert cells[1] == "**60.0 %**" and cells[5] == str(N) and cells[6] == "60.0 %"
    low, high = map(float, cells[2].split(" to "))
    assert 54 < low < 60 < high < 66


def test_artifacts_that_differ_in_their_seed_are_one_row_with_their_mean(tmp_path: Path) -> None:
    add(tmp_path, "mine", 0.60, seed=0)
    add(seed_runs.place(tmp_path), "mine-seed1", 0.64, seed=1)
    add(seed_runs.place(tmp_path), "mine-seed2", 0.65, seed=2)
    (rung,) = rungs(tmp_path)
    assert rung.id == "mine" and rung.seeds == (0, 1, 2)
    assert rung.private.value == pytest.approx(0.63)
    assert rung.private.low == pytest.approx(0.63 - 1.96 * (0.63 * 0.37 / N) ** 0.5, abs=0.012)
    assert rung.spread == pytest.approx(np.std([0.60, 0.64, 0.65], ddof=1))
    cells = next(cells for cells in rows(page(tmp_path)) if "`mine`" in cells[0])
    assert cells[7] == "0, 1, 2: mean (sd 2.6)" and "mean over 3 seeds" in cells[0]
    (seed_runs.place(tmp_path) / "mine-seed2" / "metrics.json").write_text("{}")
    assert rungs(tmp_path)[0].seeds == (0, 1)


def test_views_of_test_time_augmentation_are_counted(tmp_path: Path) -> None:
    add(tmp_path, "one", 0.5)
    add(tmp_path, "ten", 0.6, recipe={"test_time": "ten_crop"})
    assert [(rung.id, rung.views) for rung in rungs(tmp_path)] == [("ten", 10), ("one", 1)]


def test_models_of_fewer_emotions_are_not_compared_with_those_of_seven(tmp_path: Path) -> None:
    add(tmp_path, "four", 0.9, labels=("happy", "sad", "surprise", "neutral"))
    assert rungs(tmp_path) == []


def test_without_artifacts_the_published_stand_alone(tmp_path: Path) -> None:
    assert len(rows(page(tmp_path / "nothing"))) == len(ANCHORS)


def test_every_published_figure_has_its_source_and_number() -> None:
    text = page()
    for number, anchor in enumerate(ANCHORS, 1):
        assert f"{anchor.title} [{number}]" in text
        assert re.search(rf"^{number}\. {re.escape(anchor.title)}.*(arXiv:\d{{4}}\.\d{{4,5}}|https://)", text, re.M)
    assert "73.28" in ladder.LEFT_OUT and not [anchor for anchor in ANCHORS if anchor.accuracy == 73.28]


def test_writing_says_what_was_stale_and_leaves_the_rest_of_the_readme(tmp_path: Path) -> None:
    root, path, readme = tmp_path / "artifacts", tmp_path / "ladder.md", tmp_path / "README.md"
    add(root, "mine", 0.6)
    readme.write_text(f"before\n{ladder.BEGIN}\nold\n{ladder.END}\nafter\n")
    assert write(root, path, readme) == [path, readme]
    assert write(root, path, readme) == []
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text and "`mine`" in text
    add(root, "mine", 0.7)
    assert write(root, path, readme) == [path, readme]


def test_a_readme_without_the_marks_is_left_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("mine\n")
    assert write(tmp_path / "artifacts", tmp_path / "ladder.md", readme) == [tmp_path / "ladder.md"]
    assert readme.read_text() == "mine\n"
