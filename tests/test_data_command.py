"""python -m trainers data check | fetch | clean | split, as a user types them."""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_core import datasets
from fer_core.cleaning import report_from_json
from fer_core.datasets import DatasetMissing
from fer_core.fer2013_source import PixelError
from fer_core.splits import resplit
from tests import fer2013_builder as make
from trainers import data as command

pytest_plugins = ("tests.fer2013_fixtures",)
pytestmark = pytest.mark.usefixtures("own_places")


@pytest.fixture
def csv(data, tmp_path, known):
    make.write_votes(data, tmp_path / "fer2013new.csv")
    return make.write_csv(data, tmp_path / "fer2013.csv")


def run(*arguments):
    return CliRunner().invoke(command.app, [str(argument) for argument in arguments])


def test_check_prints_form_counts_verdict_and_notes(csv):
    done = run("check", csv)
    assert done.exit_code == 0
    for expected in ("Form: fer2013.csv", "of no published table", "FER+ votes: on 42 images", "disgust", "28,709"):
        assert expected in done.output
    assert "sha256 of the content: " in done.output


def test_check_knows_a_published_md5(csv, monkeypatch):
    monkeypatch.setitem(command.datasets.KNOWN_MD5, "fer2013.csv", hashlib.md5(csv.read_bytes()).hexdigest())
    assert "that of the published fer2013.csv" in run("check", csv).output


def test_check_counts_test_images_of_unknown_half(data, tmp_path):
    done = run("check", make.write_ananthu(data, tmp_path / "tree"))
    assert done.exit_code == 0
    assert "Test" in done.output and "compare with neither" in done.output
    assert "MD5" not in done.output.split("Form:")[1].split("sha256")[0]


def test_check_without_data_says_how_to_get_them(tmp_path):
    assert isinstance(run("check").exception, DatasetMissing)
    assert isinstance(run("check", tmp_path / "none").exception, DatasetMissing)


def test_check_of_damaged_data_fails_with_its_error(csv):
    csv.write_text(csv.read_text().replace(" ", ",", 1))
    done = run("check", csv)
    assert done.exit_code == 1
    assert isinstance(done.exception, PixelError)


def test_fetch_without_kagglehub_says_what_to_download_and_where_to_put_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    done = run("fetch")
    assert done.exit_code == 1
    for expected in ("uv sync --extra fetch", "kaggle.com/datasets/deadskull7/fer2013", "export FER2013_PATH="):
        assert expected in done.output


def test_the_extra_that_fetch_names_has_the_package_and_the_default_install_has_not():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert any(package.startswith("kagglehub") for package in project["optional-dependencies"]["fetch"])
    assert not any(package.startswith("kagglehub") for package in project["dependencies"])


def test_split_writes_one_file_that_recipes_take_and_counts_copies(data, tmp_path):
    faces, alike = data.faces.copy(), np.flatnonzero(data.splits == 2)[:2]
    faces[alike] = faces[0]
    place = make.write_csv(make.Sample(faces, data.labels, data.splits, data.votes), tmp_path / "fer2013.csv")
    done = run("split", "70/20/10", place, "--out", tmp_path / "mine.npz", "--seed", 4)
    assert done.exit_code == 0, done.output
    found = datasets.load(tmp_path / "mine.npz")
    assert found.form == "fer2013.csv, split anew 70/20/10, seed 4"
    np.testing.assert_array_equal(found.splits, resplit(datasets.load(place), "70/20/10", 4).splits)
    for n in found.counts.values():
        assert str(n) in done.output
    now = "with an exact copy in Training: " + ", ".join(
        f"0 of {found.counts[name]} in {name}" for name in ("PublicTest", "PrivateTest")
    )
    for expected in (now, "before, with an exact copy in Training: 0 of 7 in PublicTest, 2 of 14 in PrivateTest"):
        assert expected in done.output
    assert f"--data {tmp_path / 'mine.npz'}" in done.output and "--out FOLDER" in done.output


def test_split_grouped_counts_near_copies_too(csv, tmp_path):
    done = run("split", "grouped", csv, "--out", tmp_path / "mine.npz")
    assert done.exit_code == 0, done.output
    assert "a copy or near copy in Training: 0 of" in done.output


def test_split_official_is_the_data_as_one_file(csv, tmp_path):
    done = run("split", "official", csv, "--out", tmp_path / "mine.npz")
    assert done.exit_code == 0 and "before" not in done.output and "--out FOLDER" not in done.output
    assert datasets.load(tmp_path / "mine.npz").sha256 == datasets.load(csv).sha256


def test_split_overwrites_nothing(csv):
    kept = csv.read_bytes()
    done = run("split", "80/10/10", csv, "--out", csv)
    assert isinstance(done.exception, datasets.DatasetError) and "there already" in str(done.exception)
    assert csv.read_bytes() == kept


def test_fetch_without_a_network_says_so(monkeypatch):
    def fail(name):
        raise ConnectionError("no route")

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=fail))
    done = run("fetch")
    assert done.exit_code == 1
    assert "no route" in done.output and "export FER2013_PATH=" in done.output


def test_fetch_without_a_login_says_so(monkeypatch):
    class UnauthenticatedError(Exception):
        """As kagglehub's: of no common base."""

    def fail(name):
        raise UnauthenticatedError("User is not authenticated")

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=fail))
    done = run("fetch")
    assert done.exit_code == 1
    assert "User is not authenticated" in done.output and "export FER2013_PATH=" in done.output


def test_fetch_checks_what_came_and_says_where_it_is(csv, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=lambda name: str(csv.parent)))
    done = run("fetch")
    assert done.exit_code == 0
    assert f"export FER2013_PATH={csv}" in done.output.replace("\n", "")
    assert "Form: fer2013.csv" in done.output


def test_clean_writes_a_report_and_pictures(data, tmp_path):
    faces = data.faces.copy()
    faces[1], faces[2] = faces[0], 7
    place = make.write_csv(make.Sample(faces, data.labels, data.splits, data.votes), tmp_path / "fer2013.csv")
    done = run("clean", place, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    report = report_from_json((tmp_path / "out" / "report.json").read_text())
    assert (report.exact, report.blank) == (((0, 1),), (2,))
    assert json.loads((tmp_path / "out" / "report.json").read_text())["counts"]["distinct"] == 41
    page = (tmp_path / "out" / "sheet.html").read_text()
    assert page.count("<img alt=") >= 3
    assert 'alt="image 2, labelled' in page and "Blank images (1)" in page
    assert "http" not in page
    assert "deduplicated" in done.output


def test_clean_can_leave_near_copies_out(csv, tmp_path):
    done = run("clean", csv, "--no-near", "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert report_from_json((tmp_path / "out" / "report.json").read_text()).near is None
    kept, whole = (
        output.partition("index")[2].partition("Written")[0]
        for output in (done.output, run("clean", csv, "--out", tmp_path / "out").output)
    )
    assert "deduplicated" in kept and "clean" in whole and "clean" not in kept


def test_clean_can_ask_a_detector(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "detect_faces", lambda faces: np.arange(len(faces)) > 1)
    done = run("clean", csv, "--faces", "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert report_from_json((tmp_path / "out" / "report.json").read_text()).no_face == (0, 1)


def test_faces_are_shown_to_the_detector_enlarged_in_colour(data, monkeypatch):
    seen = []

    class Seeing:
        def detect(self, image, options):
            seen.append((image.shape, image.dtype))
            return [object()] if len(seen) == 2 else []

    monkeypatch.setattr("fer_core.detection.Detector", Seeing)
    assert command.detect_faces(data.faces[:3]).tolist() == [False, True, False]
    assert set(seen) == {((288, 288, 3), np.dtype(np.uint8))}
