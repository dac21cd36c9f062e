"""Explain, Where models look, Inside, What if: they draw what was asked, and nothing in the URL breaks them."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
from collection_cases import collection, picture, reads

from dashboard import average_facts, cache, explain_facts, inside_pictures, ui_averages, ui_explain
from dashboard.cache.maps import Kept
from dashboard.chosen_face import of_collection
from dashboard.explain_facts import Asked
from fer_core import artifacts, average_maps, collection_edit as edit
from fer_core.average_maps import Group, pack
from fer_core.collection import Collection
from fer_core.collection_add import add
from fer_core.face_regions import REGIONS, regions
from fer_core.inside import Kernels
from fer_core.photo_sources import Input
from fer_core.saliency_checks import Outcome, Places, Sanity
from fer_core.types import EMOTIONS, Interval, Prediction, SaliencyMap
from tests.page_runs import run, text

SOME = Interval(0.4, 0.3, 0.5)
IDS = ("keras-native", "torch-native")
SHIPPED = artifacts.default_root()


def group(n, top):
    values = np.zeros((average_maps.SIDE, average_maps.SIDE), np.float32)
    values[18, 12] = top
    return Group(
        n, n + 3, 1, pack(values), {"mouth": SOME, "rest": replace(SOME, value=0.6)}, {"mouth": 0.1, "rest": 0.9}
    )


AVERAGES = average_maps.Study("", "PublicTest", 99, 100, 0, "ab", {e: {"right": group(30, 4.0), "wrong": group(2, 9.0)} for e in EMOTIONS})  # noqa: E501  # fmt: skip


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The two artifacts' cards, without weights or any study."""
    for id in IDS:
        (tmp_path / id).mkdir()
        shutil.copy(SHIPPED / id / "card.json", tmp_path / id)
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def studied(root):
    """The same with the mean maps of each."""
    for id in IDS:
        sha256 = artifacts.card(id).weights_sha256
        artifacts.save_study("average_maps", asdict(replace(AVERAGES, weights_sha256=sha256)), id)
    return root


def asked(raw, model="keras-native", method="integrated_gradients", target="fear"):
    raw = np.asarray(raw, np.float32)[None]
    top = np.maximum(raw, 0).max()
    return Asked(model, method, target, SaliencyMap(np.maximum(raw, 0) / (top or 1), np.array([top], np.float32), raw))


def test_targets_are_the_models_own_the_true_one_or_a_difference():
    said = Prediction("m", ("happy", "sad", "neutral"), np.array([0.2, 0.5, 0.3], np.float32))
    of = explain_facts.target_of
    assert of(said, "happy", "answer", "nothing") == "sad"
    assert of(said, "happy", "truth", "nothing") == "happy"
    assert of(said, None, "truth", "nothing") is None
    assert of(said, None, "answer", "second") == ("sad", "neutral")
    assert of(said, None, "sad", "happy") == ("sad", "happy") and of(said, None, "sad", "sad") is None
    assert of(said, None, "fear", "nothing") is None and of(said, None, "sad", "fear") is None
    assert explain_facts.in_words(("sad", "neutral")) == "sad rather than neutral"


def test_each_map_has_its_own_scale_or_its_methods():
    maps = [asked([[2.0, -1.0]]), asked([[1.0, 0.5]], "torch-native"), asked([[50.0, 0.0]], "torch-native", "grad_cam")]
    own, shared = explain_facts.drawn(maps, False), explain_facts.drawn(maps, True)
    assert own[0].tolist() == [[1.0, -0.5]] and own[1].tolist() == [[1.0, 0.5]]
    assert shared[1].tolist() == [[0.5, 0.25]] and shared[0].tolist() == own[0].tolist()
    assert shared[2].tolist() == [[1.0, 0.0]]  # another method has another unit


def test_the_region_table_ends_with_the_regions_own_sizes():
    values = np.zeros((48, 48), np.float32)
    values[38, 24] = 3.0
    table = explain_facts.region_table([asked(values)], None, {"keras-native": "Keras"})
    assert table["mouth"].tolist()[0] == 1.0 and 0.05 < table["mouth"].tolist()[1] < 0.3
    assert explain_facts.places_in_words(asked(values), None).startswith("mouth 100\N{NO-BREAK SPACE}%")
    assert explain_facts.places_in_words(asked(np.zeros((9, 9))), None) == "" and asked(np.zeros((9, 9))).remark


def test_explain_draws_every_models_map_of_the_example():
    at = run("explain", models=list(artifacts.ids()))
    assert not at.exception
    said = text(at)
    for id in artifacts.ids():
        assert f"**{artifacts.card(id).title}** says" in said
    assert said.count("Maximum **") == len([id for id in artifacts.ids() if artifacts.has_weights(id)])
    assert "mouth" in said and "Which methods can be believed" in said
    regions = next(frame.value for frame in at.dataframe if "brows" in frame.value)
    shares = regions[["brows", "eyes", "nose", "mouth", "rest"]].sum(axis=1)
    assert len(regions) == len(artifacts.ids()) + 1 and shares.tolist() == pytest.approx([1.0] * len(regions), abs=1e-5)


def test_explain_by_two_methods_says_how_far_they_agree_and_slow_ones_wait():
    at = run(
        "explain", models="torch-native", methods=["grad_cam", "hires_cam", "occlusion"], target="fear", than="second"
    )
    assert not at.exception
    assert "Why **fear rather than" in text(at)
    assert any("Do the methods agree?" in one.label for one in at.expander)
    assert "Not made yet" in text(at)
    button = next(b for b in at.button if b.label == "Run Occlusion for 1 model")
    button.click().run()
    assert not at.exception and "Not made yet" not in text(at)
    assert text(at).count("Maximum **") == 3


def test_a_picture_of_the_gallery_opens_by_its_link_and_without_one_the_page_says_where_to_pose():
    made, id = collection(), cache.new_work_id()
    made = edit.label_photo(made, made.shown[1].sha256, "sad")
    cache.works().put(id, made)
    face = next(face for face in made.faces if face.found.photo == made.shown[1].sha256)
    at = run("explain", source="gallery", gallery=id, face=face.key, models="keras-native", target="truth")
    assert not at.exception
    assert f"**Face {face.number} of photo 2**, labelled **sad**" in text(at) and "Why **sad**?" in text(at)
    empty = run("explain", source="gallery", models="keras-native")
    assert not empty.exception and "Pose some expressions on the page Gallery" in text(empty)
    gone = run("explain", source="gallery", gallery="gone", models="keras-native")
    assert not gone.exception and "no longer in memory" in text(gone)


@pytest.mark.parametrize(("page", "query", "said"), [
    ("explain", {"models": "torch-compact"}, "**Face 1 of photo 1**"),
    ("what_if", {"models": "torch-compact"}, "**Face 1 of photo 1**"),
    ("inside", {"model": "torch-compact", "part": "features"}, "for this face"),
])  # fmt: skip
def test_a_drawn_face_which_has_no_landmarks_is_a_face_like_any_other(page, query, said):
    made, id = cache.example_work(), cache.new_work_id()
    made = edit.draw(made, made.photos[0].sha256, (20, 20, 120, 140))  # above the found one, so the first
    assert made.faces[0].found.origin == "drawn"
    cache.works().put(id, made)
    at = run(page, work=id, **query)
    assert not at.exception, at.exception[0].message
    assert said in text(at)


def _sizes(kept):
    return [one.values.shape[1:] for one in kept._kept.values()]


def test_the_maps_of_a_large_face_are_small_and_its_regions_where_they_were(monkeypatch):
    box = (100.0, 100.0, 1500.0, 1500.0)
    made, id, kept = add(Collection(), [Input("large.png", picture(0, (1600, 1600)))], reads([box])), "", Kept()
    points = np.array([[600, 600], [1000, 600], [800, 850], [650, 1050], [950, 1050]], np.float32)
    one = replace(made.photos[0].found[0], face=replace(made.faces[0].face, landmarks=points))
    made, id = replace(made, photos=(replace(made.photos[0], found=(one,)),)), cache.new_work_id()
    cache.works().put(id, made)
    monkeypatch.setattr(cache, "made_maps", lambda: kept, raising=False)
    at = run("explain", work=id, models="torch-compact", methods=["grad_cam", "integrated_gradients"])
    assert not at.exception, at.exception[0].message
    face = of_collection(made, made.faces[0], {})
    whole, shape = regions(face.points, face.crop.shape[:2]), (192, 192)
    assert face.crop.shape[0] > 1000 and _sizes(kept) == [shape, shape]
    shares = next(frame.value for frame in at.dataframe if "brows" in frame.value)
    own = shares[shares["model"] == "The regions' own size"].iloc[0]
    assert own["mouth"] > 0.05 and all(own[name] == pytest.approx(whole[name].mean(), abs=0.005) for name in REGIONS)


def test_insertion_and_deletion_are_drawn_where_they_are_asked_for():
    at = run("explain", models="keras-native", curves="true")
    assert not at.exception
    areas = next(frame.value for frame in at.dataframe if "by chance" in frame.value)
    assert len(areas) == 1 and areas["insertion"].between(0, 1).all()


def test_a_layer_that_keeps_no_places_is_marked_at_its_maps_and_no_others(root):
    sha256 = artifacts.card("keras-native").weights_sha256
    passed = {"grad_cam": True, "hires_cam": True, "smooth_grad": True, "occlusion": False}
    outcomes = tuple(Outcome(method, 8, (SOME,), (0.1,), well) for method, well in passed.items())
    study = Sanity(sha256, "PublicTest", 8, 0, 0.5, 7, (7,), outcomes, Places(8, (3, 3), 0.24, 0.28))
    artifacts.save_study("sanity", asdict(study), "keras-native")
    assert cache.sanity_verdicts("keras-native") == {
        "grad_cam": "cannot say where", "hires_cam": "cannot say where", "smooth_grad": "",
        "occlusion": "fails the sanity check",
    }  # fmt: skip
    said = explain_facts.layers_in_words({"keras-native": study}, {"keras-native": "Keras"})
    assert said == "Keras 0.24 and 28\N{NO-BREAK SPACE}% of the face (3 × 3 cells)"
    better = replace(study, places=Places(8, (6, 6), 0.9, 0.05))
    artifacts.save_study("sanity", asdict(better), "keras-native")
    assert cache.sanity_verdicts("keras-native")["grad_cam"] == ""


@pytest.mark.parametrize("query", [
    {"models": "nobody"}, {"methods": "astrology"}, {"methods": ""}, {"target": "boredom", "than": "?"},
    {"face": "nobody"}, {"source": "moon"}, {"opacity": "-3"}, {"work": "gone"}, {"source": "fer2013", "face": "x"},
])  # fmt: skip
def test_a_bad_url_is_never_a_trace(query):
    assert not run("explain", **({"models": "keras-native"} | query)).exception


def test_without_any_model_the_pages_show_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    for page, command in (("explain", "train"), ("inside", "train"), ("what_if", "what-if"),
                          ("where_models_look", "average-maps")):  # fmt: skip
        assert f"python -m trainers {command}" in text(run(page))


def test_average_maps_are_a_table_of_models_and_emotions(studied):
    at = run("where_models_look")
    assert not at.exception
    table = at.dataframe[0].value
    assert len(table) == 4 and table["it is"].tolist() == ["right", "wrong"] * 2
    assert table["fear"].str.startswith("data:image/png").tolist()[::2] == [True, True]
    assert table["fear"].isna().tolist()[1::2] == [True, True]  # two faces are no mean
    assert "4.0 times an even spread" in text(at) and "up to 100 PublicTest faces" in text(at)
    assert len(run("where_models_look", models="torch-native", of="right").dataframe[0].value) == 1


def test_of_many_models_the_most_accurate_ones_maps_are_shown_first(studied, monkeypatch):
    monkeypatch.setattr(ui_averages, "AT_FIRST", 1)
    ranked = sorted(IDS, key=lambda one: artifacts.metrics(one, SHIPPED)["PublicTest"]["metrics"]["accuracy"][0])
    for id, other in zip(IDS, ranked, strict=True):  # so that the second is the better one
        shutil.copy(SHIPPED / other / "metrics.json", studied / id)
    accuracy = {id: artifacts.metrics(id)["PublicTest"]["metrics"]["accuracy"][0] for id in IDS}
    best = max(accuracy, key=accuracy.__getitem__)
    at = run("where_models_look")
    assert best == IDS[1] and at.pills[0].value == [best]
    assert len(run("where_models_look", models=list(accuracy)).dataframe[0].value) == 4


def test_explain_asks_few_models_at_first(root, monkeypatch):
    monkeypatch.setattr(ui_explain, "AT_FIRST", 1)
    assert run("explain").pills[0].value == cache.most_accurate(dict.fromkeys(sorted(IDS), EMOTIONS), 1)


def test_models_of_fewer_labels_come_after_all_others():
    labels = {"keras-native-five": ("happy",) * 5, "torch-native": EMOTIONS, "gone": EMOTIONS, "keras-native": EMOTIONS}
    assert cache.most_accurate(labels, 2) == ["torch-native", "keras-native"]
    assert cache.most_accurate(labels, 3) == ["torch-native", "gone", "keras-native"]
    assert cache.most_accurate(labels, 9) == list(labels)


def test_the_scale_of_the_average_maps_is_that_of_what_is_shown():
    assert average_facts.top({"a": AVERAGES}, ["right"]) == pytest.approx(4.0)
    cell = average_facts.cell(group(30, 4.0), "fear", None, 8.0, 1.0)
    assert (cell != 128).any() and (cell[:90] == 128).all()
    table = average_facts.share_table({"a": AVERAGES}, {"a": "A"}, ["right"])
    assert len(table) == 14 and set(table["region"]) == {"mouth", "rest"}


def test_inside_shows_what_the_designed_kernels_became():
    at = run("inside")
    assert not at.exception
    table = next(frame.value for frame in at.dataframe if "cosine" in frame.value)
    assert table["began as"].tolist()[:4] == [
        "horizontal edges",
        "vertical edges",
        "one diagonal",
        "the other diagonal",
    ]
    designed = table.loc[0, [f"before {r},{c}" for r in (1, 2, 3) for c in (1, 2, 3)]].tolist()
    assert designed == [-1] * 3 + [0] * 3 + [1] * 3
    assert "cosine −" in text(at) and "cosine -" not in text(at)  # a minus, as elsewhere


@pytest.mark.parametrize("model", IDS)
def test_inside_goes_through_the_layers(model):
    at = run("inside", model=model, part="features")
    assert not at.exception
    assert len(at.selectbox(key="layer").options) > 5
    next(b for b in at.button if b.label == "Layer after").click().run()
    assert not at.exception and "nowhere above 0 for this face" in text(at)


def test_kernels_are_drawn_on_one_scale_and_named_first():
    before = np.zeros((2, 3, 3, 1), np.float32)
    before[:, 1, 1] = 1.0
    after = before.copy()
    after[0] *= 2
    after[1] = -before[1]
    found = Kernels(before, after, ("", "edges"), "random")
    assert found.change.tolist() == [1.0, 2.0] and found.likeness.tolist() == [1.0, -1.0]
    assert inside_pictures.most_changed(found) == [1, 0]
    pair = inside_pictures.pair(found, 0)
    side = inside_pictures.TILE
    assert pair.shape == (side, 2 * side + 8, 3)
    middle = side // 2
    left, right = pair[middle, middle].astype(int), pair[middle, side + 8 + middle].astype(int)
    assert left[1] > right[1]  # half the weight is paler
