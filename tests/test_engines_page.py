"""The switch on the page Photos: a face through both engines of each model, with both times and the difference."""

import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.pages_table import VIEWS
from dashboard.ui_engines import row
from fer_core import catalog, onnx_exports
from fer_core.artifacts import card, default_root
from fer_core.engine_comparison import EngineComparison, compare

FACE = np.random.default_rng(0).integers(0, 256, (61, 50, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two shipped models, the second without its export; both PyTorch's, so that a test loads one framework."""
    root = tmp_path_factory.mktemp("artifacts")
    for id in ("torch-compact", "torch-native"):
        shutil.copytree(default_root() / id, root / id)
    onnx_exports.remove(root / "torch-native")
    return root


def test_the_switch_shows_both_times_and_the_difference_and_how_to_make_a_missing_export(root, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
    page = AppTest.from_file(str(VIEWS / "photos.py"), default_timeout=400).run()
    assert not page.exception and not _tables(page)
    page.toggle(key="engines").set_value(True).run()
    assert not page.exception, page.exception[0].message
    (table,) = _tables(page)
    assert list(table["native"]) == ["PyTorch"]
    assert table["native ms"][0] > 0 and table["compiled ms"][0] > 0 and table["difference"][0] < 10
    assert any("trainers export torch-native" in one.value for one in page.caption)


def test_a_model_is_compiled_once_its_export_is_there(root, monkeypatch, tmp_path):
    shutil.copytree(default_root() / "torch-native", tmp_path / "torch-native")
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
    sha256 = card("torch-native", root).weights_sha256
    assert type(cache.predictor("torch-native", sha256)).__name__ == "TorchPredictor"
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    made = cache.predictor("torch-native", sha256)
    assert type(made).__name__ == "CompiledPredictor" and cache.predictor("torch-native", sha256) is made
    line = cache.queue("torch-native", sha256)
    onnx_exports.remove(tmp_path / "torch-native")
    assert type(cache.predictor("torch-native", sha256)).__name__ == "TorchPredictor"
    assert cache.queue("torch-native", sha256) is not line


def _tables(page):
    return [one.value for one in page.dataframe if "compiled ms" in one.value.columns]


def test_the_comparison_is_of_the_two_engines_answers(root):
    native, compiled = (catalog.load("torch-compact", root, how, "float32") for how in ("native", "compiled"))
    found = compare(native, compiled, FACE, runs=3)
    np.testing.assert_array_equal(found.native, native.predict_proba([FACE])[0])
    np.testing.assert_array_equal(found.compiled, compiled.predict_proba([FACE])[0])
    assert found.greatest_difference < 1e-4 and found.precision == "float32"
    assert found.times_faster == pytest.approx(found.native_milliseconds / found.compiled_milliseconds)


def test_a_row_says_where_the_engines_part(root):
    both = EngineComparison(("happy", "sad"), np.array([0.6, 0.4]), np.array([0.45, 0.55]), 50.0, 0.5, "bfloat16")
    said = row(card("torch-compact", root), both)
    assert (
        said["native answer"] == "happy 60.0\N{NO-BREAK SPACE}%"
        and said["compiled answer"] == "sad 55.0\N{NO-BREAK SPACE}%"
    )
    assert said["faster"] == 100 and said["difference"] == pytest.approx(15)
