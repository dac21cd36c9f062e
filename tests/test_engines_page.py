"""The switch on the page Photos: a face through both engines of each model, with both times and the difference."""

import dataclasses
import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.pages_table import VIEWS
from dashboard.ui_engines import row
from fer_core import catalog, onnx_exports
from fer_core.artifacts import card
from fer_core.engine_comparison import EngineComparison, compare

FACE = np.random.default_rng(0).integers(0, 256, (61, 50, 3), dtype=np.uint8)


@pytest.fixture
def shown(tiny_artifacts, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tiny_artifacts))

    def open(on):
        page = AppTest.from_file(str(VIEWS / "photos.py"), default_timeout=240)
        if on:
            page.query_params["engines"] = "true"
        page.run()
        assert not page.exception, page.exception[0].message
        return page

    return open


def _tables(page):
    return [one.value for one in page.dataframe if "compiled ms" in one.value.columns]


def test_the_switch_shows_both_times_and_the_difference_for_every_model(shown):
    assert not _tables(shown(on=False))
    page = shown(on=True)
    (table,) = _tables(page)
    assert list(table["native"]) == ["Keras", "PyTorch"]
    assert (table["native ms"] > 0).all() and (table["compiled ms"] > 0).all()
    assert (table["difference"] < 5).all()
    page.toggle(key="engines").set_value(False).run()
    assert not _tables(page)


def test_a_model_without_an_export_says_how_to_make_one(shown, tiny_artifacts, tmp_path, monkeypatch):
    root = tmp_path / "artifacts"
    shutil.copytree(tiny_artifacts, root)
    onnx_exports.remove(root / "torch-native")
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
    page = AppTest.from_file(str(VIEWS / "photos.py"), default_timeout=240)
    page.query_params["engines"] = "true"
    page.run()
    assert any("trainers export torch-native" in one.value for one in page.caption)
    assert len(_tables(page)[0]) == 1


def test_the_comparison_is_of_the_two_engines_answers(tiny_artifacts):
    native, compiled = (catalog.load("torch-native", tiny_artifacts, how, "float32") for how in ("native", "compiled"))
    found = compare(native, compiled, FACE, runs=3)
    np.testing.assert_array_equal(found.native, native.predict_proba([FACE])[0])
    np.testing.assert_array_equal(found.compiled, compiled.predict_proba([FACE])[0])
    assert found.greatest_difference < 1e-4 and found.precision == "float32"
    assert found.times_faster == pytest.approx(found.native_milliseconds / found.compiled_milliseconds)


def test_a_row_says_where_the_engines_part(tiny_artifacts):
    both = EngineComparison(("happy", "sad"), np.array([0.6, 0.4]), np.array([0.45, 0.55]), 50.0, 0.5, "bfloat16")
    said = row(dataclasses.replace(card("torch-native", tiny_artifacts), title="One"), both)
    assert said["native answer"] == "happy 60.0%" and said["compiled answer"] == "sad 55.0%"
    assert said["faster"] == 100 and said["difference"] == pytest.approx(15)
