"""Numbers are written in one way on every page, and charts and choices show what is in force."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import charts, figures, figures_averages, looks, words
from dashboard.figures_pairs import _text as pair_text
from fer_core import artifacts
from fer_core.types import EMOTIONS, Interval
from tests.page_runs import opened, text

DASHBOARD = Path(words.__file__).parent


def test_percent_stays_with_its_number_and_words_with_theirs():
    assert words.percent(0.7159, 1) == "71.6\N{NO-BREAK SPACE}%" and words.percent(0.5) == "50\N{NO-BREAK SPACE}%"
    assert words.counted(1, "face") == "1 face" and words.counted(1200, "face") == "1,200 faces"
    assert words.counted(0, "person", "people") == "0 people"


def test_differences_have_a_true_minus_and_nothing_has_no_sign():
    assert words.points(-0.057, True) == "−5.7" and words.points(0.012, True) == "+1.2"
    assert words.points(-0.0001) == "0.0" == words.points(-0.0) and words.points(-0.0001, True) == "+0.0"
    assert pair_text(-0.0002, False) == "(0.0)"


def test_no_page_formats_percent_by_itself():
    wrong = [f"{file.name}: {found}" for file in DASHBOARD.rglob("*.py")
             for found in re.findall(r"(?<!%)\{[^{}%]*:\.\d%\}", file.read_text("utf-8"))]  # fmt: skip
    assert not wrong


def test_a_table_to_take_along_has_plain_spaces():
    import pandas as pd

    assert charts.csv_bytes(pd.DataFrame({"a": [words.percent(0.5)]})).decode("utf-8-sig") == "a\n50 %\n"


def test_a_long_legend_is_never_cut_off():
    layout = figures.below(20, 184)
    assert layout["legend"]["maxheight"] >= 20 * 20, "plotly's own limit is half of the figure's height"


def test_many_models_stay_beside_their_own_label():
    ids = [f"m{i}" for i in range(15)]
    shares = {id: dict.fromkeys(EMOTIONS, Interval(0.2, 0.1, 0.3)) for id in ids}
    figure = figures_averages.region_dots(shares, dict(zip(ids, ids, strict=True)), looks.looks(ids), 0.1)
    drawn = [trace for trace in figure.data if trace.mode == "markers"]
    assert len(drawn) == 15 and all(abs(x - i) < 0.5 for trace in drawn for i, x in enumerate(trace.x))


def test_the_confusion_page_has_the_intervals_of_the_models_page():
    id = next(id for id in artifacts.ids() if len(artifacts.card(id).labels) == 7)
    from fer_core import evidence

    found = evidence.stored_reports(id)["PrivateTest"].metrics["accuracy"]
    low, high = words.percent(found.low, 1), words.percent(found.high, 1)
    assert f"({low} to {high})" in text(opened("confusion", columns=id))


def _choice():
    import streamlit as st

    from dashboard import ui_url

    st.text(str(ui_url.one(st.segmented_control, "Which", {"a": "A", "b": "B"}, "which", "a")))


def test_a_choice_that_has_a_usual_one_cannot_be_left_empty():
    at = AppTest.from_function(_choice).run()
    assert at.button_group[0].proto.required


@pytest.mark.parametrize("kind", ["ui_label", "ui_one_face"])
def test_a_face_is_said_to_be_of_its_photo(kind):
    source = (DASHBOARD / f"{kind}.py").read_text("utf-8")
    assert 'alt=f"Face {face.number} of photo {numbers[face.found.photo]}"' in source
