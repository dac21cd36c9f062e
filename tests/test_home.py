"""Home: two models of one title are told apart in its table and in the limits under it."""

import json
import shutil

from fer_core import artifacts
from fer_core.types import EMOTIONS
from tests.page_runs import opened, text

IDS = ("keras-native", "torch-native")


def test_models_of_one_title_are_told_apart(tmp_path, monkeypatch):
    for id in IDS:
        (tmp_path / id).mkdir()
        shutil.copy(artifacts.default_root() / id / "metrics.json", tmp_path / id)
        card = json.loads((artifacts.default_root() / id / "card.json").read_text())
        said = {"title": "Twin", "limits": [*card["limits"], f"Limit of {id}."]}
        (tmp_path / id / "card.json").write_text(json.dumps(card | said))
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    at = opened("home")
    assert not at.exception
    for id in IDS:
        assert f"Twin ({id})" in text(at)
    assert "| Twin |" not in text(at)


def test_what_the_figures_are_of_stands_above_them():
    words = text(opened("home"))
    above = words[: words.index("| model |")]
    assert "48 × 48" in above and all(said in above for said in (*EMOTIONS, "PublicTest", "PrivateTest"))
    assert "Macro-F1:" in words and "Taught:" in words
