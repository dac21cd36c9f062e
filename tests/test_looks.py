"""Every rater looks the same on every page, and no two of twenty models look alike."""

import numpy as np
import pandas as pd
import pytest
from skimage.color import rgb2lab

from dashboard import figures_confusion, figures_curves, looks
from fer_core import artifacts, evidence
from fer_core.types import EMOTIONS

IDS = [f"m{i:02}" for i in range(24)]


def test_no_two_of_twenty_four_models_look_alike():
    found = looks.looks(IDS, IDS)
    assert len({(look.colour, look.dash) for look in found.values()}) == 24
    assert len({(look.colour, look.hatch) for look in found.values()}) == 24
    assert len({(look.colour, look.symbol) for look in found.values()}) == 24


def test_a_model_keeps_its_look_whichever_are_shown_and_in_any_order():
    everyone = looks.looks(IDS, IDS)
    some = looks.looks(["m17", "truth", "m03"], reversed(IDS))
    assert some["m17"] == everyone["m17"] and some["m03"] == everyone["m03"]
    assert looks.looks(["new"], IDS[:23])["new"] == everyone[IDS[23]]  # one that is no artifact yet comes last


def test_people_look_like_no_model():
    people = looks.looks(["truth", *evidence.PEOPLE], IDS)
    assert not {look.colour for look in people.values()} & set(looks.MODEL_COLOURS)


def test_bars_and_lines_of_a_model_have_one_colour():
    id = artifacts.ids()[-1]
    rater = evidence.Rater(id, "A model", "model", EMOTIONS, np.zeros(1, int))
    others = [evidence.Rater(other, other, "model", EMOTIONS, np.zeros(1, int)) for other in artifacts.ids()[:-1]]
    bars = figures_confusion.occurrence_bars(pd.DataFrame({id: [1, 2]}, index=["happy", "sad"]), {id: "A"}, share=False)
    assert (
        bars.data[0].marker.color == figures_curves.lines([rater, *others])[id]["color"] == looks.looks([id])[id].colour
    )


def luminance(colour):
    return figures_confusion._luminance([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def test_colours_stand_out_on_both_pages():
    for colour in (*looks.MODEL_COLOURS, *looks.PEOPLE_COLOURS.values()):
        for ground in ("#FCFBF8", "#14151B"):
            high, low = sorted((luminance(colour) + 0.05, luminance(ground) + 0.05), reverse=True)
            assert high / low >= 3, (colour, ground)


SIMULATED = {
    "normal": np.eye(3).tolist(),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}  # fmt: skip
"""Linear RGB as seen with each deficiency at its full strength: Machado, Oliveira and Fernandes 2009."""


@pytest.mark.parametrize("sight", SIMULATED)
def test_colours_are_told_apart_with_colour_blindness(sight):
    rgb = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in looks.MODEL_COLOURS])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(SIMULATED[sight]).T, 0, 1)
    seen = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = rgb2lab(seen[None])[0]
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    assert apart[~np.eye(len(apart), dtype=bool)].min() > 20
