"""What test-time augmentation brings: fer_core.test_time, its command, its rows in the ladder and on a model's page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dashboard import model_tables
from fer_core import artifacts, catalog, datasets, evidence, test_time
from fer_core.composite import TEST_TIME, TestTimePredictor
from fer_core.datasets import Dataset, content_sha256
from fer_core.test_time import TITLES, Study, Way, study
from fer_core.types import Float32, Interval
from tests.artifact_cases import make
from tests.pasted_cases import Brightness
from tests.test_ladder import add, rows
from trainers import ladder, test_time as command
from trainers.__main__ import app

SOME, NONE = Interval(0.6, 0.58, 0.62), Interval(0.0, 0.0, 0.0)
GAIN = Interval(0.02, 0.01, 0.03)


def found(sha256: str = "", *, chosen: str = "flip") -> Study:
    best = Interval(0.7, 0.65, 0.75)
    ways = tuple(Way(way, best if way == chosen else SOME, NONE if way == "none" else GAIN) for way in TEST_TIME)
    return Study(sha256, 400, ways, 300, Way(chosen, Interval(0.81, 0.8, 0.82), NONE if chosen == "none" else GAIN))


class OneSided(Brightness):
    """Sure that a face is happy where its left is brighter, and half sure that it is sad where it is not."""

    def _logits(self, x: Float32) -> Float32:
        left = x[:, :, :24].mean(axis=(1, 2, 3)) > x[:, :, 24:].mean(axis=(1, 2, 3))
        return np.where(left[:, None], [[3.0, 0.0]], [[0.0, 0.5]]).astype(np.float32)


def sided(public: Sequence[int], private: Sequence[int]) -> Dataset:
    """Happy faces in both test parts, lit from the left where it says 1 and from the right where 0; one angry one."""
    lit = np.zeros((2, 48, 48), np.uint8)
    lit[1, :, :24] = lit[0, :, 24:] = 200
    faces = lit[[*public, *private, 0]]
    labels = np.array([3] * (len(faces) - 1) + [0], np.uint8)
    splits = np.array([1] * len(public) + [2] * len(private) + [1], np.uint8)
    ids = np.arange(len(faces), dtype=np.int32)
    return Dataset(faces, labels, splits, ids, None, content_sha256(faces, labels, splits), "sided")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make(tmp_path)
    return tmp_path


def test_every_way_is_asked_on_public_test_and_the_best_alone_on_private_test(root: Path, monkeypatch) -> None:
    monkeypatch.setattr(catalog, "load", lambda *_asked: OneSided())
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(command, "CHUNK", 2)
    one = command.examine("torch-native", sided([1, 1, 1, 0], [1, 0]), root, lambda *at: asked.append(at))
    accuracies = {way.test_time: (way.accuracy.value, way.gain.value) for way in one.ways}
    assert accuracies == {"none": (0.75, 0.0), "flip": (1.0, 0.25), "ten_crop": (1.0, 0.25)}
    assert one.chosen.test_time == one.private.test_time == "flip", "as good as ten crops, with fewer views"
    assert (one.n, one.private_n) == (4, 2), "the angry face is none of the model's"
    assert (one.private.accuracy.value, one.private.gain.value) == (1.0, 0.5)
    assert one.private.accuracy.low < 1 and one.private.gain.low < 0.5 < one.private.gain.high
    assert asked == [(done, 8) for done in range(1, 9)], "three ways in two chunks, then two in one"


def test_a_model_whose_recipe_has_views_is_asked_without_them_first(root: Path, monkeypatch) -> None:
    monkeypatch.setattr(catalog, "load", lambda *_asked: TestTimePredictor(OneSided(), "flip"))
    one = command.examine("torch-native", sided([1, 0], [1, 0]), root)
    assert [way.accuracy.value for way in one.ways] == [0.5, 1.0, 1.0]


def test_where_views_bring_nothing_the_face_alone_is_chosen(root: Path, monkeypatch) -> None:
    monkeypatch.setattr(catalog, "load", lambda *_asked: OneSided())
    one = command.examine("torch-native", sided([1, 1], [1, 0]), root)
    assert one.private == Way("none", one.private.accuracy, NONE) and one.private.accuracy.value == 0.5


def test_the_command_leaves_a_study_once_and_says_what_it_found(root: Path, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(catalog, "load", lambda *_asked: OneSided())
    path = tmp_path / "sided.npz"
    datasets.save(sided([1, 1, 0], [1, 0]), path)
    arguments = ["test-time", "--data", str(path), "--out", str(root)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert study("torch-native", root).private.accuracy.value == 1.0
    assert "66.7%" in done.output and "PrivateTest" in done.output
    assert "has its study" in CliRunner().invoke(app, arguments).output


def test_a_model_made_anew_while_it_is_asked_keeps_no_study_of_what_it_was(root: Path, monkeypatch, tmp_path) -> None:
    class MadeAnew(OneSided):
        def _logits(self, x: Float32) -> Float32:
            card = artifacts.card("torch-native", root)
            artifacts.save_card(root / "torch-native", replace(card, weights_sha256="ef" * 32))
            return super()._logits(x)

    monkeypatch.setattr(catalog, "load", lambda *_asked: MadeAnew())
    path = tmp_path / "sided.npz"
    datasets.save(sided([1, 1, 0], [1, 0]), path)
    done = CliRunner().invoke(app, ["test-time", "--data", str(path), "--out", str(root)])
    assert done.exit_code != 0 and "made anew while it was asked" in str(done.exception)
    with pytest.raises(artifacts.ArtifactError):
        study("torch-native", root)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(weights_sha256="other"), "made with other weights"),
        (lambda c: c.pop("ways"), "damaged: ways"),
        (lambda c: c["ways"].pop(), "other ways of asking"),
        (lambda c: c["private"].update(test_time="ten_crop"), "other ways of asking"),
        (lambda c: c["ways"][1]["gain"].pop("low"), r"damaged: ways\.1\.gain\.low"),
    ],
)
def test_a_damaged_or_outdated_study_is_refused_with_the_command(root: Path, change, words: str) -> None:
    content = json.loads(json.dumps(asdict(found(artifacts.card("torch-native", root).weights_sha256))))
    change(content)
    artifacts.save_study("test_time", content, "torch-native", root)
    with pytest.raises(artifacts.ArtifactError, match=rf"{words}.*python -m trainers test-time torch-native"):
        study("torch-native", root)


@pytest.mark.parametrize(("chosen", "second"), [("flip", True), ("none", False)])
def test_the_ladder_has_a_second_row_where_views_are_better(tmp_path: Path, chosen: str, second: bool) -> None:
    add(tmp_path, "mine", 0.6)
    sha256 = artifacts.card("mine", tmp_path).weights_sha256
    artifacts.save_study("test_time", asdict(found(sha256, chosen=chosen)), "mine", tmp_path)
    cells = [cells for cells in rows(ladder.page(tmp_path)) if "`mine`" in cells[0]]
    assert len(cells) == 1 + second and cells[-1][1] == "**60.0 %**"
    if second:
        assert TITLES["flip"].lower() in cells[0][0] and cells[0][1] == "**81.0 %**"
        assert (cells[0][5], cells[0][6], cells[0][8]) == ("300", "70.0 %", "2")


def test_a_models_table_has_gains_in_points_and_the_chosen_way_on_private_test() -> None:
    table = model_tables.several_views(found())
    assert table["images"].tolist() == ["PublicTest"] * 3 + ["PrivateTest"]
    assert table["gain"].tolist() == ["", *["+2.0 (+1.0 to +3.0)"] * 3]
    assert table["views"].tolist() == [1, 2, 10, 2] and table["accuracy"].tolist()[-1] == "81.0\N{NO-BREAK SPACE}%"


def test_the_shipped_studies_are_of_the_shipped_weights() -> None:
    known = [id for id in artifacts.ids() if (artifacts.default_root() / id / "test_time.json").is_file()]
    assert known
    for id in known:
        one = test_time.study(id)
        stored = evidence.stored_reports(id)["PublicTest"].metrics["accuracy"].value
        assert one.ways[0].accuracy.value == pytest.approx(stored, abs=0.002), "by its export, but for a face or two"
