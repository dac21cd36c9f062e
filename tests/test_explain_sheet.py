"""The command that draws some test faces x all models in one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from fer_core import datasets
from trainers import explain_sheet
from trainers.__main__ import app
from trainers.explain_sheet import FACES, GAP, LEFT, LINE, SIDE, Cell, drawn, sheet


@pytest.fixture(scope="module")
def images(fer2013_csv: Path) -> datasets.Dataset:
    return datasets.load(fer2013_csv).split("PublicTest")


def box(column: int, row: int) -> tuple[int, int, int, int]:
    """Where the picture of a column and row is, the row of faces being 0."""
    x, y = LEFT + column * (SIDE + GAP), 2 * LINE + GAP + row * (SIDE + LINE + GAP)
    return x, y, x + SIDE, y + SIDE


def test_every_label_comes_as_often_as_it_goes(images) -> None:
    chosen = drawn(images, FACES)
    counts = np.bincount(chosen.labels, minlength=7)
    assert counts.sum() == FACES and counts.min() == 1 and counts.max() == 2
    assert (np.diff(chosen.labels.astype(int)) >= 0).all()
    np.testing.assert_array_equal(chosen.ids, drawn(images, FACES).ids)
    assert len(drawn(images, 99)) == len(images)


def test_a_map_lies_on_its_own_face_and_an_empty_one_leaves_the_face_as_it_is(images) -> None:
    chosen = drawn(images, 2)
    lit = np.zeros((48, 48), np.float32)
    lit[:24] = 1
    rows = [[Cell("happy", 0.5, True, None), Cell("sad", 0.6, False, lit)]]
    page = sheet(chosen, ["One model"], rows, "A method")
    faces = [[np.asarray(page.crop(box(c, r)), int) for c in range(2)] for r in range(2)]
    np.testing.assert_array_equal(faces[1][0], faces[0][0])
    changed = np.abs(faces[1][1] - faces[0][1]).max(axis=-1)
    assert (changed[: SIDE // 2 - 4] > 0).mean() > 0.95 and not changed[SIDE // 2 + 4 :].any()
    under = [{tuple(ink) for ink in np.asarray(page.crop((x, y, x + SIDE, y + LINE))).reshape(-1, 3).tolist()}
             for x, _, _, y in (box(c, 1) for c in range(2))]  # fmt: skip
    assert (0x2E, 0x7D, 0x32) in under[0] and (0xB3, 0x26, 0x1E) in under[1]


def test_the_command_writes_the_picture_where_it_is_told_to(tiny_artifacts: Path, fer2013_csv: Path, tmp_path) -> None:
    path = tmp_path / "sheet.png"
    asked = ["explain-sheet", "--data", str(fer2013_csv), "--out", str(tiny_artifacts), "--to", str(path)]
    done = CliRunner().invoke(app, [*asked, "--faces", "3"])
    assert done.exit_code == 0, done.output
    assert "2 models x 3 faces" in done.output
    with Image.open(path) as page:
        assert page.size == (LEFT + 3 * (SIDE + GAP), box(0, 3)[1])
    wrong = CliRunner().invoke(app, [*asked, "--method", "gradcam"])
    assert wrong.exit_code != 0 and "grad_cam" in str(wrong.exception)
    assert explain_sheet.SPLIT == "PublicTest", "PrivateTest is scored once and shown to nobody who chooses"
