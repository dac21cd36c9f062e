"""seven-faces predict: the page's numbers, past bad files, on from where it stopped, and a status that says so."""

import csv
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import skimage.data
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.pages_table import VIEWS
from fer_core import artifacts, command, exports

ROOT = Path(__file__).resolve().parents[1]
BAD = b"\xff\xd8\xff\xe0 torn"


def _predict(*words, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "fer_core.command", "predict", *map(str, words)],
        capture_output=True, text=True, cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "400"} | environment, timeout=300,
    )  # fmt: skip


def _rows(path):
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pair of faces, the same mirrored, a wall, and a file that is no photo."""
    root = tmp_path_factory.mktemp("class")
    astronaut = Image.fromarray(skimage.data.astronaut()[:320, 60:380])
    pair = Image.new("RGB", (640, 320))
    for x in (0, 320):
        pair.paste(astronaut, (x, 0))
    (root / "in").mkdir()
    pair.save(root / "in" / "a-pair.png")
    pair.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(root / "in" / "b-mirrored.jpg", quality=95)
    Image.new("RGB", (90, 90), "grey").save(root / "in" / "c-wall.png")
    (root / "in" / "d-torn.jpg").write_bytes(BAD)
    return root


@pytest.fixture(scope="module")
def done(folder):
    """The command's first run over the folder."""
    return _predict("in", "--out", "faces.csv", cwd=folder)


def test_the_shell_has_the_command_by_its_name():
    (installed,) = metadata.entry_points(group="console_scripts", name="seven-faces")
    assert installed.load() is command.main


def test_it_goes_on_past_bad_files_and_says_so_by_its_status(folder, done):
    assert done.returncode == 3, done.stderr
    assert "in/d-torn.jpg: This JPEG file is damaged" in done.stderr and "Traceback" not in done.stderr
    ledger = [(row["file"], row["outcome"], row["faces"]) for row in _rows(folder / "faces.ledger.csv")]
    assert ledger == [
        ("in/a-pair.png", "read", "2"), ("in/b-mirrored.jpg", "read", "2"), ("in/c-wall.png", "no face", "0"),
        ("in/d-torn.jpg", "failed", "0"),
    ]  # fmt: skip
    assert [(row["photo"], row["face"]) for row in _rows(folder / "faces.csv")] == [*zip("1122", "1212", strict=True)]


def test_its_numbers_are_those_of_the_page(folder, done):
    at = AppTest.from_file(str(VIEWS / "photos.py"), default_timeout=300).run()
    names = ("a-pair.png", "b-mirrored.jpg", "c-wall.png", "d-torn.jpg")
    at.file_uploader[0].set_value([(n, (folder / "in" / n).read_bytes(), "image/png") for n in names]).run()
    assert not at.exception
    made = cache.works().get(at.query_params["work"])
    assert made is not None
    page = csv.DictReader(exports.faces_csv(made, artifacts.ids()).decode("utf-8-sig").splitlines())
    shell = _rows(folder / "faces.csv")
    assert [row | {"file": f"in/{row['file']}"} for row in page] == shell
    assert len(shell) == 4 and {f"{id}:happy" for id in artifacts.ids()} <= set(shell[0])


def test_it_goes_on_where_it_was_stopped(folder, done, tmp_path):
    before = (folder / "faces.csv").read_bytes()
    for name in ("faces.csv", "faces.ledger.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "in").symlink_to(folder / "in")
    ledger = (tmp_path / "faces.ledger.csv").read_text("utf-8-sig").splitlines(keepends=True)
    # as if the power went while the second photo was written: half a row of a face, no row in the ledger
    (tmp_path / "faces.ledger.csv").write_text("".join(ledger[:2]), "utf-8-sig")
    (tmp_path / "faces.csv").write_bytes(before[: before.rindex(b"in/b-mirrored") + 40])
    again = _predict("in", "--out", "faces.csv", cwd=tmp_path)
    assert again.returncode == 3 and "1 of the photos before" in again.stderr
    assert (tmp_path / "faces.csv").read_bytes() == before


def test_with_nothing_left_it_loads_no_model(folder, done, tmp_path):
    for name in ("faces.csv", "faces.ledger.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "in").symlink_to(folder / "in")
    code = "import sys; from fer_core.command import main\ntry: main()\n"
    code += "except SystemExit as e: print('torch' in sys.modules, e.code)"
    words = ["predict", "in/a-pair.png", "in/c-wall.png", "--out", "faces.csv"]
    found = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path,
                           env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=120)  # fmt: skip
    assert found.stdout.split() == ["False", "0"], found.stderr


def test_another_model_or_a_foreign_file_is_not_mixed_in(folder, done, tmp_path):
    for name in ("faces.csv", "faces.ledger.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    before = (tmp_path / "faces.csv").read_bytes()
    for words, said in (
        (["--models", "keras-native"], "other columns"),
        (["--minimum-face", "40"], "other models, weights or options"),
        (["--minimum-face", "3"], "minimum face of 12"),
        (["--models", "keras-nativ"], "Did you mean 'keras-native'"),
    ):
        refused = _predict(folder / "in", "--out", "faces.csv", *words, cwd=tmp_path)
        assert refused.returncode == 1 and said in refused.stderr, refused.stderr
    (tmp_path / "mine.csv").write_text("my,own\n1,2\n")
    assert _predict(folder / "in", "--out", "mine.csv", cwd=tmp_path).returncode == 1
    assert (tmp_path / "mine.csv").read_text() == "my,own\n1,2\n" and (tmp_path / "faces.csv").read_bytes() == before


def test_patterns_one_model_and_the_standard_output(folder):
    found = _predict("in/a-*.png", "--models", "keras-native", cwd=folder)
    assert found.returncode == 0, found.stderr
    rows = list(csv.DictReader(found.stdout.splitlines()))
    assert len(rows) == 2 and rows[0]["keras-native:label"] == "happy" and "torch-native:label" not in rows[0]


def test_statuses_of_a_run_that_can_do_nothing(tmp_path):
    (tmp_path / "torn.jpg").write_bytes(BAD)
    assert _predict("torn.jpg", "gone.jpg", "no*.png", cwd=tmp_path).returncode == 1
    assert _predict(cwd=tmp_path).returncode == 2
    assert _predict("x", "--bogus", cwd=tmp_path).returncode == 2
    none = _predict("torn.jpg", cwd=tmp_path, SEVEN_FACES_ARTIFACTS=str(tmp_path))
    assert none.returncode == 1 and "python -m trainers train" in none.stderr
