"""What Explain says of a map: its unit, both its ends, its scale, and whose weights were checked."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache, explain_facts
from fer_core import artifacts
from fer_core.saliency_checks import Outcome, Places, Sanity
from fer_core.types import Interval
from tests.page_runs import run, text
from tests.test_explain_pages import asked


def test_an_ensembles_map_which_has_no_unit_shares_no_scale_with_those_that_have_one():
    joint = replace(asked([[0.5, 0.1]], "ensemble", "grad_cam"), relative=True)
    maps = [asked([[0.02, 0.0]], "keras-native", "grad_cam"), asked([[0.01, 0.0]], "torch-native", "grad_cam"), joint]
    assert [one.tolist() for one in explain_facts.drawn(maps, True)] == [
        [[1, 0]],
        [[0.5, 0]],
        [[1, pytest.approx(0.2)]],
    ]
    assert "activation" in explain_facts.extent_in_words(maps[0])
    assert explain_facts.extent_in_words(joint) == (
        "Maximum **0.5** of 1, the mean of its members' maps, each by its own largest."
    )
    card = artifacts.card("ensemble")
    assert explain_facts.wish(card, "grad_cam", "fear").relative
    assert not explain_facts.wish(card, "occlusion", "fear").relative  # it asks the ensemble as one
    assert not explain_facts.wish(artifacts.card("torch-vgg"), "grad_cam", "fear").relative


def test_a_map_with_signs_says_both_ends_and_what_its_colours_and_its_mass_are():
    words = explain_facts.extent_in_words(asked([[0.4, -1.07]]))
    assert words == "Maximum **0.4**, minimum **\N{MINUS SIGN}1.07** logits."
    said = text(run("explain", models="keras-native", methods="integrated_gradients", target="disgust"))
    assert "the map's own largest magnitude" in said and "the map's own maximum" not in said
    assert "minimum **\N{MINUS SIGN}" in said and "Of what speaks for it: " in said and "Of its mass" not in said


def _sanity_alone():
    from dashboard import cache, ui_checks

    titles = {"ensemble": "The ensemble", "torch-vgg": "VGG", "gone": "Unchecked"}
    known = next(iter(cache.sanity_studies().values()))
    ui_checks.sanity_table({"torch-vgg": known}, titles, ["ensemble"])


def test_an_ensemble_is_not_said_to_wait_for_a_check_that_it_cannot_have():
    said = text(AppTest.from_function(_sanity_alone, default_timeout=60).run())
    assert "The ensemble has no weights of its own to make random" in said
    assert "Not checked yet: Unchecked. " in said


def test_a_map_with_nothing_for_the_target_says_what_is_against_it():
    assert asked([[-0.5, 0.0]]).remark.startswith("Nothing speaks for the target: all that the method found")
    assert asked([[0.0, 0.0]]).remark.startswith("All zero")
    assert asked([[-0.5, 0.1]]).remark == ""


def test_a_layers_maps_that_fail_twice_say_both(tmp_path, monkeypatch):
    shutil.copytree(artifacts.default_root() / "keras-native", tmp_path / "keras-native")
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    failed = tuple(Outcome(one, 8, (Interval(0.4, 0.3, 0.5),), (0.1,), False) for one in ("grad_cam", "smooth_grad"))
    sha256 = artifacts.card("keras-native").weights_sha256
    study = Sanity(sha256, "PublicTest", 8, 0, 0.5, 7, (7,), failed, Places(8, (3, 3), 0.24, 0.28))
    artifacts.save_study("sanity", asdict(study), "keras-native")
    assert cache.sanity_verdicts("keras-native") == {
        "grad_cam": "fails the sanity check, cannot say where",
        "smooth_grad": "fails the sanity check",
    }


def test_models_of_one_title_are_told_apart_and_curves_of_two_labels_say_whose_probability(tmp_path, monkeypatch):
    for id in ("keras-native", "torch-compact"):
        shutil.copytree(artifacts.default_root() / id, tmp_path / id)
    card = tmp_path / "torch-compact" / "card.json"
    mine, other = (artifacts.card(id).title for id in ("keras-native", "torch-compact"))
    card.write_text(card.read_text("utf-8").replace(f'"title": "{other}"', f'"title": "{mine}"'), "utf-8")
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    alone = text(run("explain", curves="true"))
    assert f"**{mine} (keras-native)** says" in alone and f"**{mine} (torch-compact)** says" in alone
    assert "Insertion: a blurred face" in alone and "where the two alone are asked about" not in alone
    assert "where the two alone are asked about" in text(run("explain", curves="true", than="second"))


def test_what_maps_are_worth_is_no_heading_before_there_is_a_map():
    head = "What the maps are worth"
    assert head not in text(run("explain", models="keras-native", methods="occlusion"))
    assert head in text(run("explain", models="keras-native", methods="grad_cam"))
