"""Agreement between people against the published examples of each coefficient."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from fer_core.answers import NONE
from fer_core.human.agreement import (
    agreement,
    alpha_interval,
    cohen,
    fleiss_interval,
    krippendorff_alpha,
    ratings,
    votes,
)
from fer_core.human.errors import HumanError
from fer_core.types import EMOTIONS

_ = 0
KRIPPENDORFF_C = np.array([  # Krippendorff 2011, section C: four observers, twelve units, blanks
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]) - 1  # fmt: skip
KRIPPENDORFF_B = np.array([  # section B: two observers, nominal a to e
    [0, 0, 1, 1, 3, 2, 2, 2, 4, 3, 3, 0],
    [1, 0, 1, 1, 1, 2, 2, 2, 4, 3, 3, 3],
])  # fmt: skip
KRIPPENDORFF_A = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]])
"""Section A: two observers, two labels."""
DIAGNOSES = """
444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445
333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555
"""
"""Fleiss 1971, Psychological Bulletin 76:378-382, table 1: thirty patients, six psychiatrists, five diagnoses each; as
R's irr and statsmodels have it. The paper says kappa .430."""
FOURTEEN = np.array([  # en.wikipedia.org/wiki/Fleiss'_kappa, worked example: ten subjects, fourteen raters; .210
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
], float)  # fmt: skip


def test_krippendorffs_alpha_of_its_published_examples():
    assert krippendorff_alpha(votes(KRIPPENDORFF_C)) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(votes(KRIPPENDORFF_B)) == pytest.approx(0.692, abs=5e-4)
    assert krippendorff_alpha(votes(KRIPPENDORFF_A)) == pytest.approx(0.095, abs=5e-4)


def test_krippendorffs_alpha_at_the_edges():
    assert krippendorff_alpha(votes(np.array([[0, 1, 2], [0, 1, 2]]))) == 1.0
    assert math.isnan(krippendorff_alpha(votes(np.array([[3, 3], [3, 3]]))))
    assert math.isnan(alpha_interval(votes(np.array([[0, 1, NONE], [NONE, NONE, 2]]))).value)
    lone = np.column_stack([KRIPPENDORFF_B, [6, NONE]])  # a face that one person answered says nothing
    assert krippendorff_alpha(votes(lone)) == krippendorff_alpha(votes(KRIPPENDORFF_B))


def test_fleiss_kappa_of_its_published_examples():
    diagnoses = votes(np.array([list(map(int, patient)) for patient in DIAGNOSES.split()]).T - 1)
    for counts, kappa in ((diagnoses, 0.430), (FOURTEEN, 0.210)):
        found = fleiss_interval(counts)
        assert found.value == pytest.approx(kappa, abs=5e-4)
        assert found.low < found.value < found.high
    assert math.isnan(fleiss_interval(FOURTEEN[:0]).value)


def test_cohens_kappa_of_a_published_example():
    # Cohen 1960, table 1, proportions of 200 as in its footnotes: kappa .492
    cells = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    a, b = np.array([(i, j) for (i, j), n in np.ndenumerate(cells) for _n in range(n)]).T
    assert cohen(a, b) == pytest.approx(0.492, abs=5e-4) == cohen_kappa_score(a, b)
    assert cohen([*a, 5, NONE], [*b, NONE, 6]) == cohen(a, b)  # only what both answered
    assert math.isnan(cohen([1, NONE], [NONE, 1]))


def people(accuracy, raters=6, faces=140, seed=0):
    """Answers int64 (raters, faces) of people who agree with one truth that often."""
    chance = np.random.default_rng(seed)
    truth = np.arange(faces) % 7
    wrong = (truth + chance.integers(1, 7, (raters, faces))) % 7
    return np.where(chance.random((raters, faces)) < accuracy, truth, wrong)


def test_all_three_agree_on_complete_answers_and_find_the_simulated_agreement():
    matrix = people(0.8)
    found = agreement(matrix)
    share = 0.8**2 + 0.2**2 / 6  # of pairs that agree; chance agrees on a seventh
    expected = (share - 1 / 7) / (1 - 1 / 7)
    assert (found.raters, found.faces, found.shared_faces, found.pairs) == (6, 140, 140, 15)
    for interval in (found.alpha, found.fleiss):
        assert interval.low <= expected <= interval.high
    assert found.cohen == pytest.approx(found.fleiss.value, abs=0.02) == pytest.approx(found.alpha.value, abs=0.02)


def test_missing_answers_cost_precision_and_no_bias():
    matrix = people(0.8, raters=12, seed=1)
    holes = np.where(np.random.default_rng(2).random(matrix.shape) < 0.5, NONE, matrix)
    found = agreement(holes)
    assert found.alpha.value == pytest.approx(agreement(matrix).alpha.value, abs=0.05)
    assert found.shared_faces == 0 and math.isnan(found.fleiss.value)


def test_people_in_mid_quiz_do_not_leave_fleiss_kappa_next_to_nothing():
    matrix = people(0.8, raters=8)
    whole = agreement(matrix[:6])
    matrix[6:, 3:] = NONE  # two have answered three faces so far
    found = agreement(matrix)
    assert (found.fleiss_raters, found.shared_faces, found.raters) == (6, 140, 8)
    assert found.fleiss == whole.fleiss


def test_people_who_guess_agree_by_chance():
    found = agreement(people(1 / 7, raters=8, faces=300))
    assert found.alpha.low <= 0.01 and abs(found.alpha.value) < 0.05


def test_pairs_of_people_with_faces_of_their_own_who_share_a_few_do_not_lower_cohens_kappa():
    matrix = people(0.65, raters=20, faces=3500)
    for rater, row in enumerate(matrix):
        row[np.random.default_rng([1, rater]).permutation(3500)[70:]] = NONE
    assert agreement(matrix, bootstrap=0).pairs == 0  # two share a face or two by chance; alpha takes them all
    matrix[:4, :70] = people(0.65, raters=4, faces=70, seed=2)
    found = agreement(matrix, bootstrap=0)
    assert found.pairs == 6 and found.cohen == pytest.approx(0.35, abs=0.06)


def test_one_person_or_nobody_agrees_with_nobody():
    for matrix in (np.array([[1, 2, 3]]), np.empty((0, 0), np.int64)):
        found = agreement(matrix)
        assert math.isnan(found.alpha.value) and math.isnan(found.cohen) and found.pairs == 0


def test_ratings_are_test_answers_by_rater_and_face():
    table = pd.DataFrame({
        "rater": ["b", "a", "a", "a"], "kind": ["test", "test", "repeat", "test"], "face": ["x", "x", "x", "y"],
        "label": ["sad", "happy", "fear", None],
    })  # fmt: skip
    matrix, raters, faces = ratings(table)
    assert (raters, faces) == (["a", "b"], ["x", "y"])
    assert matrix.tolist() == [[EMOTIONS.index("happy"), NONE], [EMOTIONS.index("sad"), NONE]]


def test_two_people_of_one_name_are_not_taken_for_one():
    table = pd.DataFrame({"rater": "p1", "kind": "test", "face": ["x", "x"], "label": ["sad", "happy"]})
    with pytest.raises(HumanError, match="got two of 'p1' to 'x'"):
        ratings(table)
