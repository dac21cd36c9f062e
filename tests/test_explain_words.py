"""What Explain says of a map: its unit, both its ends, its scale, and whose weights were checked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import explain_facts
from fer_core import artifacts
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
