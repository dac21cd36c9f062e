"""Two models of one title, which any two folders may have: no page breaks, and each is told from the other."""

import json
import shutil
from dataclasses import replace

import pytest
from collection_cases import answered_collection

from dashboard import cache, collection_facts
from fer_core import artifacts, collection_edit as edit
from tests.page_runs import opened, text

IDS = ("torch-compact", "torch-native")
TOLD = [f"Twin ({id})" for id in IDS]


@pytest.fixture
def twins(tmp_path, monkeypatch):
    """Two shipped models under one title; both have an export, so that no framework is loaded."""
    for id in IDS:
        shutil.copytree(artifacts.default_root() / id, tmp_path / id)
        card = json.loads((tmp_path / id / "card.json").read_text())
        (tmp_path / id / "card.json").write_text(json.dumps(card | {"title": "Twin"}))
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))


def labelled():
    """Six faces, of which three are labelled, with the answers of a third model of that title from a saved file."""
    made = answered_collection()
    made = replace(made, answers={"model-a": replace(made.answers["model-a"], title="Twin")})
    return edit.label_photo(made, made.photos[0].sha256, "happy")


def page(name, made, key="work", **query):
    id = cache.new_work_id()
    cache.works().put(id, made)
    return opened(name, **{key: id}, **query)


def columns(at, one):
    (found,) = [list(table.value) for table in at.dataframe if one in table.value]
    return found


def test_photos_counts_the_labels_of_each(twins):
    assert columns(page("photos", labelled()), "label") == ["label", *TOLD]


def test_the_collections_results_are_of_each_and_of_the_files_models(twins):
    at = page("collection", labelled(), part="results")
    everyone = [*TOLD, "Twin (model-a)"]
    assert at.dataframe[0].value["model"].tolist() == everyone
    assert columns(at, "What was posed") == ["label", "What was posed", *everyone]


def test_the_gallery_shows_each(twins):
    made = labelled()
    made = edit.delete(made, [face.key for face in made.faces[1:]])
    at = page("gallery", made, "gallery")
    assert columns(at, "posed") == ["posed", *TOLD]
    assert [metric.label for metric in at.metric] == TOLD
    assert all(f"{title}: **" in text(at) for title in TOLD)


def test_models_lists_each(twins):
    names = [table.value["name"].tolist() for table in opened("models").dataframe if "name" in table.value]
    assert names and all(set(TOLD) <= set(found) for found in names)


def test_a_collections_models_are_told_apart_as_raters():
    made = answered_collection()
    made = replace(made, answers={id: replace(one, title="Twin") for id, one in made.answers.items()})
    found = collection_facts.raters(made, [face.found.digest for face in made.faces])
    assert [rater.title for rater in found] == ["Twin (model-a)", "Twin (model-b)"]
