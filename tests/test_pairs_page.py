"""The Pairs page: every two raters compared as fer_core does, with Holm's correction, each leading to its matrix."""

from functools import partial

import numpy as np
import pytest
from test_confusion_page import four_labels, text  # noqa: F401

from dashboard import cache, confusion_data as data, figures_pairs, pair_facts, ui_pairs
from fer_core import artifacts
from fer_core.comparison import compare, compare_all
from fer_core.types import EMOTIONS
from tests.page_runs import run as run_page

run = partial(run_page, "pairs")


def together(name="PrivateTest"):
    chosen = [r for r in cache.raters() if r.labels == EMOTIONS and (r.kind == "model" or r.id == "majority")]
    return chosen, data.together(chosen, artifacts.reference(), name)


@pytest.mark.parametrize("name", ["PrivateTest", "PublicTest without copies"])
def test_the_table_has_every_pair_as_fer_core_compares_it(name):
    at = run(set=name)
    assert not at.exception
    table = at.dataframe[0].value
    chosen, found = together(name)
    titles = {rater.title: rater.id for rater in chosen}
    expected = compare_all(found.y, found.answered)
    assert len(table) == len(chosen) * (len(chosen) - 1) // 2
    for row in table.to_dict("records"):
        a, b = titles[row["more accurate"]], titles[row["less accurate"]]
        one = compare(found.y, found.answered[a], found.answered[b])
        pair = expected[(a, b)] if (a, b) in expected else expected[(b, a)]
        assert row["difference"] == pytest.approx(100 * one.difference.value) and row["difference"] >= 0
        assert (row["p (McNemar)"], row["kappa"]) == pytest.approx((one.p_value, one.kappa))
        assert row["p (Holm)"] == pytest.approx(pair.p_adjusted)
        assert row["low"] <= row["difference"] <= row["high"]
        assert (row["only first right"], row["only second right"]) == (one.only_a, one.only_b)


def test_an_interval_is_of_its_pair_by_itself_and_the_page_says_so():
    of = pair_facts.pairs(together()[1])
    apart = [one for one in of.found.values() if one.difference.low > 0 and (one.p_adjusted or 0) >= pair_facts.ALPHA]
    assert apart and "of its pair by itself, so it may leave out 0" in ui_pairs.METHODS


def test_the_triangle_is_the_difference_of_the_accuracies():
    _, found = together()
    of = pair_facts.pairs(found)
    values = pair_facts.differences(of)
    assert [of.accuracy[id] for id in of.ids] == sorted(of.accuracy.values(), reverse=True)
    for i, worse in enumerate(of.ids):
        for j, better in enumerate(of.ids):
            if i > j:
                assert values[i, j] == pytest.approx(of.accuracy[worse] - of.accuracy[better])
            else:
                assert np.isnan(values[i, j])


def raters_right(*right):
    y = np.zeros(40, np.int64)
    answered = {f"m{i}": np.where(np.arange(40) < n, 0, 1) for i, n in enumerate(right)}
    return data.Together(EMOTIONS, np.arange(40), y, answered, {}, 0)


def test_what_may_be_chance_is_in_brackets_and_a_click_gives_the_pair():
    of = pair_facts.pairs(raters_right(40, 38, 20))
    titles = {id: id.upper() for id in of.ids}
    figure = figures_pairs.triangle(of, titles)
    texts = {t for trace in figure.data[:2] for row in trace.text for t in row if t}
    assert texts == {"(−5.0)", "−50.0", "−45.0"}
    points = figure.data[-1]
    assert [list(place) for place in points.customdata] == [[2, 1], [3, 1], [3, 2]]
    assert "M2<br>less M0<br>−50.0 points" in points.text[1]


def test_many_raters_have_dots_for_figures():
    of = pair_facts.pairs(raters_right(*range(40, 26, -1)))
    texts = {
        t for trace in figures_pairs.triangle(of, {id: id for id in of.ids}).data[:2] for row in trace.text for t in row
    }
    assert texts == {"", "•"}


def test_a_model_with_fewer_labels_is_compared_on_the_shared_ones_when_asked(four_labels):  # noqa: F811
    at = run()
    assert "Four labels" not in at.dataframe[0].value["less accurate"].tolist()
    at.multiselect[0].set_value([*(id for id in artifacts.ids() if id != "four"), "four"]).run()
    assert not at.exception and "Four labels knows no others" in at.info[0].value
    assert len(at.dataframe[0].value) == 1


def test_fewer_than_two_and_no_artifacts(tmp_path, monkeypatch):
    assert "at least two" in text(run().multiselect[0].set_value(["majority"]).run())
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    assert "python -m trainers evaluate" in text(run())
