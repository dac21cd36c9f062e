"""People against models on the same faces, and their place among FER+'s taggers."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, binomtest

from dashboard import people_tables
from fer_core import artifacts, evidence
from fer_core.answers import NONE
from fer_core.crowd import emotion_votes, one_person
from fer_core.evidence import Rater
from fer_core.human import versus
from fer_core.human.versus import against, by_face, poisson_binomial, standings, tagger_chances
from fer_core.types import EMOTIONS

REFERENCE = artifacts.reference()
SEVEN = emotion_votes(REFERENCE.votes).sum(axis=1)
ROWS = np.flatnonzero(evidence.mask(REFERENCE, "PrivateTest") & (SEVEN > 0))[:70]
"""Faces of PrivateTest on which some tagger chose one of the seven."""


def shared(table, reference=REFERENCE):
    found = versus.shared(table, reference)
    assert found is not None
    return found


def percentile(table, reference=REFERENCE):
    found = versus.percentile(table, reference)
    assert found is not None
    return found


def sat(answered, rater="ann", rows=ROWS):
    """The table of a person who gave these labels (indices, `NONE` for none) to faces of the reference."""
    truth = REFERENCE.truth[rows]
    names = np.array([*EMOTIONS, None], dtype=object)
    return pd.DataFrame({
        "rater": rater, "kind": "test", "face": [f"fer2013:{id}" for id in REFERENCE.ids[rows]],
        "truth": names[truth], "label": names[np.asarray(answered)], "correct": (truth == answered).astype(int),
    })  # fmt: skip


def model(id, right):
    """A model that is right where told, over the whole reference, and else says the next label."""
    truth = REFERENCE.truth.astype(np.int64)
    return Rater(id, id.title(), "model", EMOTIONS, np.where(right, truth, (truth + 1) % 7))


def with_wrong(n):
    answered = REFERENCE.truth[ROWS].astype(np.int64)
    answered[:n] = (answered[:n] + 2) % 7
    return answered


def test_mcnemar_is_the_exact_binomial_test_on_the_same_faces():
    right = np.ones(len(REFERENCE.ids), bool)
    right[ROWS[5:15]] = False
    on = shared(sat(with_wrong(8)), REFERENCE)
    found = against(on, on.people[0], model("m", right))
    # wrong: the person 0..7, the model 5..14; so only the person right on 8..14, only the model on 0..4
    assert (found.n, found.only_a, found.only_b) == (70, 7, 5)
    assert found.p_value == pytest.approx(binomtest(5, 12, 0.5).pvalue)


def test_an_answer_that_came_too_late_is_wrong_here_too():
    answered = with_wrong(0)
    answered[:10] = NONE
    on = shared(sat(answered))
    found = against(on, on.people[0], model("m", True))
    assert (found.n, found.only_a, found.only_b, found.difference.value) == (70, 0, 10, pytest.approx(-1 / 7))


def test_faces_from_elsewhere_are_not_compared_with_models():
    mixed = pd.concat([sat(with_wrong(0)), sat(with_wrong(0)).assign(face="sha256:ab", rater="bob").head(1)])
    on = shared(mixed, REFERENCE)
    assert len(on.ids) == 70 and on.raters == ("ann",)
    assert versus.shared(mixed[mixed["rater"] == "bob"], REFERENCE) is None


def test_the_majority_of_people_is_the_plurality_and_a_tie_is_none():
    tables = [sat(with_wrong(n), rater) for n, rater in ((0, "a"), (10, "b"), (20, "c"))]
    on = shared(pd.concat(tables), REFERENCE)
    together = dict(zip(on.ids.tolist(), on.together == on.y, strict=True))
    assert [together[i] for i in REFERENCE.ids[ROWS].tolist()] == [i >= 10 for i in range(70)]
    two = shared(pd.concat(tables[:2]), REFERENCE)
    assert (two.together == NONE).sum() == 10


def test_everybody_stands_on_one_axis_with_intervals():
    right = np.ones(len(REFERENCE.ids), bool)
    right[ROWS[:35]] = False
    people = pd.concat([sat(with_wrong(7), "ann"), sat(with_wrong(60)[:5], "short", ROWS[:5])])
    on = shared(people, REFERENCE)
    found = {one.id: one for one in standings(on, [evidence.truth(REFERENCE), model("m", right)], REFERENCE)}
    assert set(found) == {"ann", "together", "m", "person"}  # five answers are too few to be shown
    assert found["ann"].accuracy.value == 0.9 and found["m"].accuracy.value == 0.5 and found["m"].n == 70
    assert all(one.accuracy.low < one.accuracy.value < one.accuracy.high for one in found.values())
    expected = one_person(REFERENCE.votes[on.rows], on.y, among_seven=True, bootstrap=0).metrics["accuracy"].value
    assert found["person"].accuracy.value == pytest.approx(expected)


def test_faces_that_only_somebody_without_an_answer_was_shown_are_not_counted_against_people_together():
    away = sat(np.full(35, NONE), "away", ROWS[35:])  # begun with a time limit, and left
    late = with_wrong(0)[:35]
    late[:5] = NONE
    on = shared(pd.concat([sat(late, "ann", ROWS[:35]), away]))
    assert (len(on.ids), on.raters, on.asked.tolist(), (on.together == on.y).sum()) == (35, ("ann",), [35], 30)
    assert versus.shared(away, REFERENCE) is None


def test_right_is_the_references_label_for_people_from_elsewhere_too():
    other = sat(with_wrong(0), "subject").assign(truth="sad", correct=0)  # an experiment with labels of its own
    elsewhere = sat(with_wrong(0), "subject").assign(face=[f"elsewhere{i}" for i in range(70)], correct=0)
    on = shared(pd.concat([other, elsewhere]))
    found = {one.id: one for one in standings(on, [], REFERENCE)}
    assert (found["subject"].n, found["subject"].accuracy.value, found["together"].accuracy.value) == (70, 1, 1)


def test_faces_that_nobody_voted_on_have_no_tagger_and_all_others():
    unvoted = replace(REFERENCE, votes=np.zeros_like(REFERENCE.votes))
    people = sat(with_wrong(7))
    found = standings(shared(people, unvoted), [model("m", True)], unvoted)
    assert [one.id for one in found] == ["m", "ann", "together"]


def test_where_people_beat_models_comes_first_and_the_reverse_last():
    right = np.ones(len(REFERENCE.ids), bool)
    right[ROWS[60:]] = False
    on = shared(pd.concat([sat(with_wrong(5), "a"), sat(with_wrong(10), "b")]), REFERENCE)
    table = by_face(on, [model("m", right)])
    rows = REFERENCE.ids[ROWS].tolist()
    assert set(table["face"][:10]) == set(rows[60:]) and (table["gap"][:10] == 1).all()
    assert set(table["face"][-5:]) == set(rows[:5]) and (table["gap"][-5:] == -1).all()
    assert table.set_index("face").loc[rows[7], ["people", "of", "models", "gap"]].tolist() == [1, 2, 1, -0.5]


def test_a_model_of_fewer_labels_is_scored_on_the_faces_that_have_one_of_them():
    five = replace(model("five", True), labels=("angry", "happy", "neutral", "sad", "surprise"))
    people = sat(with_wrong(70))
    on = shared(people)
    can = np.isin(on.y, [EMOTIONS.index(label) for label in five.labels])
    assert 0 < can.sum() < 70
    cannot = replace(five, answered=np.where(np.isin(REFERENCE.truth, on.y[~can]), 0, five.answered))
    found = {one.id: one for one in standings(on, [cannot, model("m", True)], REFERENCE)}
    assert (found["five"].n, found["five"].accuracy.value, found["m"].n) == (can.sum(), 1, 70)
    assert against(on, on.people[0], cannot).n == can.sum()
    table = by_face(on, [cannot, model("m", True)]).set_index("face")
    assert table.loc[on.ids[can], ["models", "of_models", "gap"]].drop_duplicates().to_numpy().tolist() == [[2, 2, -1]]
    assert table.loc[on.ids[~can], ["models", "of_models", "gap"]].drop_duplicates().to_numpy().tolist() == [[1, 1, -1]]
    assert by_face(on, [cannot])["gap"].isna().sum() == (~can).sum()
    nothing = replace(five, labels=("disgust",))
    kept = REFERENCE.truth[ROWS] != EMOTIONS.index("disgust")
    people = sat(with_wrong(0)[kept], rows=ROWS[kept])
    assert "five" not in {one.id for one in standings(shared(people), [nothing], REFERENCE)}
    assert people_tables.comparisons(shared(people), shared(people).together, [nothing]).empty


def test_poisson_binomial_is_the_binomial_where_all_chances_are_equal():
    assert poisson_binomial(np.full(40, 0.3)) == pytest.approx(binom.pmf(np.arange(41), 40, 0.3))
    assert poisson_binomial(np.empty(0)).tolist() == [1.0]


def simulated_tagger(chance, rows=ROWS):
    votes = REFERENCE.votes[rows]
    return np.array([chance.choice(7, p=seven / seven.sum()) for seven in emotion_votes(votes)])


def test_the_percentile_is_what_simulated_single_taggers_give():
    p = tagger_chances(ROWS, REFERENCE)
    assert not np.isnan(p).any()
    chance = np.random.default_rng(0)
    truth = REFERENCE.truth[ROWS]
    simulated = np.array([(simulated_tagger(chance) == truth).sum() for _ in range(1500)])
    for wrong in (20, 28, 36):
        place, n = percentile(sat(with_wrong(wrong)), REFERENCE)
        right = 70 - wrong
        expected = 100 * ((simulated < right).mean() + (simulated == right).mean() / 2)
        assert n == 70 and place == pytest.approx(expected, abs=4)


def test_simulated_taggers_are_at_every_percentile_alike():
    chance = np.random.default_rng(3)
    places = [percentile(sat(simulated_tagger(chance)), REFERENCE)[0] for _ in range(200)]
    assert abs(np.mean(places) - 50) < 5 * 29 / math.sqrt(200)
    assert 0.7 < np.mean([10 < place < 90 for place in places]) < 0.9


def test_a_person_without_shared_faces_has_no_percentile():
    assert versus.percentile(sat(with_wrong(0)).assign(face="sha256:ab").head(1), REFERENCE) is None
    assert versus.percentile(pd.concat([sat(with_wrong(0), "a"), sat(with_wrong(0), "b")]), REFERENCE) is None


def test_answers_that_came_too_late_cost_percentiles_as_wrong_ones_do():
    late, wrong = with_wrong(0), with_wrong(35)
    late[:35] = NONE
    place, n = percentile(sat(late))
    assert n == 70 and place == percentile(sat(wrong))[0] < 50
