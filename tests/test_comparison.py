"""Two raters against paper, published examples and scikit-learn; models with fewer labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import binomtest, multinomial
from sklearn.metrics import cohen_kappa_score

from fer_core.answers import NONE
from fer_core.comparison import compare, compare_all, holm, mcnemar, restrict, shared_labels, wilson_interval
from fer_core.metrics import evaluate
from fer_core.types import EMOTIONS

Y = np.zeros(10, dtype=int)
A = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 2])  # right on 7
B = np.array([0, 0, 1, 1, 1, 2, 2, 0, 1, 1])  # right on 3: two that A got right too, one that A did not


def test_a_comparison_on_paper() -> None:
    found = compare(Y, A, B)
    assert (found.n, found.only_a, found.only_b) == (10, 5, 1)
    assert found.difference.value == pytest.approx(7 / 10 - 3 / 10)
    # of six images that only one got right, one or fewer (or five or more) for B: 2 (1 + 6) / 2^6
    assert found.p_value == pytest.approx(14 / 64)
    # equal answers: the first two and the ninth
    assert found.agreement == pytest.approx(3 / 10)
    # chance: label 0 .7 x .3, label 1 .2 x .5, label 2 .1 x .2 = .33; (.3 - .33) / (1 - .33)
    assert found.kappa == pytest.approx(-0.03 / 0.67)
    assert found.p_adjusted is None


@given(st.integers(0, 10**6), st.integers(2, 60))
@settings(max_examples=25, deadline=None)
@pytest.mark.filterwarnings("ignore")  # scikit-learn warns where kappa is undefined
def test_agrees_with_scipy_and_scikit_learn(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    y, a, b = rng.integers(0, 3, (3, n))
    found = compare(y, a, b)
    assert found.difference.value == pytest.approx((a == y).mean() - (b == y).mean())
    assert found.difference.low <= found.difference.value <= found.difference.high
    discordant = found.only_a + found.only_b
    assert found.p_value == pytest.approx(binomtest(found.only_a, discordant).pvalue if discordant else 1.0)
    assert found.kappa == pytest.approx(cohen_kappa_score(a, b), nan_ok=True)
    turned = compare(y, b, a)
    assert (turned.only_a, turned.only_b, turned.p_value) == (found.only_b, found.only_a, found.p_value)
    assert turned.difference.value == -found.difference.value


@given(st.integers(0, 10**6), st.integers(2, 60), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_images_changes_nothing(seed: int, n: int, random: Any) -> None:
    rng = np.random.default_rng(seed)
    y, p, b = rng.integers(0, 3, n), rng.dirichlet(np.ones(3), n), rng.integers(-1, 3, n)  # -1 is `NONE`
    order = np.arange(n)
    random.shuffle(order)
    one, other = compare(y, p, b), compare(y[order], p[order], b[order])
    assert (one.n, one.only_a, one.only_b, one.p_value) == (other.n, other.only_a, other.only_b, other.p_value)
    assert one.difference.value == other.difference.value
    assert one.agreement == pytest.approx(other.agreement)
    assert one.kappa == pytest.approx(other.kappa, nan_ok=True)


def test_the_interval_is_that_of_resampled_pairs_and_not_of_two_models_apart() -> None:
    rng = np.random.default_rng(0)
    y = np.zeros(1000, dtype=int)
    a = (rng.random(1000) < 0.3).astype(int)
    b = np.where(rng.random(1000) < 0.05, 1 - a, a)  # nearly the same model: the pair differs far less than each alone
    found = compare(y, a, b).difference
    drawn = rng.integers(0, 1000, (4000, 1000))
    by_images = np.percentile((b[drawn] - a[drawn]).mean(axis=1), [2.5, 97.5])
    np.testing.assert_allclose([found.low, found.high], by_images, atol=0.0015)
    apart = np.percentile((b[drawn[::-1]] - a[drawn]).mean(axis=1), [2.5, 97.5])
    assert found.high - found.low < 0.5 * (apart[1] - apart[0])


@pytest.mark.parametrize(("n", "p"), [(7, (0.1, 0.02)), (14, (0.3, 0.1)), (14, (0.02, 0.02)), (35, (0.1, 0.02))])
def test_the_interval_of_few_images_covers_the_true_difference_too(n: int, p: tuple[float, float]) -> None:
    covered = 0.0
    y = np.zeros(n, dtype=int)
    for a in range(n + 1):
        for b in range(n + 1 - a):
            wrong_a, wrong_b = np.arange(n) < b, np.arange(n) >= n - a  # else right, both
            found = compare(y, wrong_a.astype(int), wrong_b.astype(int)).difference
            chance = multinomial.pmf([a, b, n - a - b], n, [*p, 1 - sum(p)])
            covered += chance * (found.low <= p[0] - p[1] <= found.high)
    assert covered >= 0.94


def test_the_interval_covers_the_true_difference_95_times_in_100() -> None:
    rng, covered = np.random.default_rng(0), 0
    for _ in range(300):
        y = np.zeros(300, dtype=int)
        a, b = rng.random(300) > 0.7, rng.random(300) > 0.6  # accuracies .7 and .6
        found = compare(y, a.astype(int), b.astype(int)).difference
        covered += found.low <= 0.1 <= found.high
    assert 0.90 <= covered / 300 <= 0.99


def test_probabilities_and_their_labels_compare_alike() -> None:
    rng = np.random.default_rng(0)
    p, q, y = rng.dirichlet(np.ones(4), 50), rng.dirichlet(np.ones(4), 50), rng.integers(0, 4, 50)
    assert compare(y, p, q) == compare(y, p.argmax(axis=1), q.argmax(axis=1)) == compare(y, p, q.argmax(axis=1))


def test_a_model_against_itself_and_one_that_answers_nothing() -> None:
    same = compare(Y, A, A)
    assert same.difference.value == 0 and -0.3 < same.difference.low == -same.difference.high < 0  # of ten images
    assert (same.p_value, same.agreement, same.kappa) == (1, 1, 1)
    nothing = compare(Y, A, np.full(10, NONE))
    assert (nothing.only_a, nothing.only_b, nothing.agreement) == (7, 0, 0)
    silent = np.array([NONE, 0, 0, 1, NONE, NONE, 1, 1, 0, NONE])
    assert (compare(Y, silent, silent).agreement, compare(Y, silent, silent).kappa) == (
        1,
        1,
    )  # to be silent is to agree
    assert math.isnan(compare(Y, Y, Y).kappa)  # always the same one answer: chance explains it all


def test_holms_correction_on_paper() -> None:
    y = np.zeros(20, dtype=int)
    raters = {name: (np.arange(20) < wrong).astype(int) for name, wrong in {"a": 0, "b": 6, "c": 9}.items()}
    found = compare_all(y, raters)
    # only one of the two right on 6, 9 and 3 images, always the same one: p = 2 / 2^6, 2 / 2^9, 2 / 2^3
    assert [c.p_value for c in found.values()] == pytest.approx([2 / 64, 2 / 512, 2 / 8])
    # smallest first: 3 x 2/512, then 2 x 2/64, then 1 x 2/8
    assert {k: c.p_adjusted for k, c in found.items()} == pytest.approx(
        {("a", "b"): 4 / 64, ("a", "c"): 6 / 512, ("b", "c"): 2 / 8}
    )


def test_compare_all_takes_chosen_pairs_and_names_an_unknown_one() -> None:
    raters = {"one": A, "two": B, "three": Y}
    assert list(compare_all(Y, raters, [("two", "three")])) == [("two", "three")]
    with pytest.raises(ValueError, match=r"Unknown rater 'thre'\. Did you mean 'three'"):
        compare_all(Y, raters, [("one", "thre")])
    with pytest.raises(ValueError, match=r"expected at least two to compare, got \['one'\]"):
        compare_all(Y, {"one": A})


def test_raters_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 10 labels, one for each in y, got 9"):
        compare(Y, A, B[:9])
    p = np.full((10, 3), 1 / 3)
    with pytest.raises(ValueError, match="expected 3 columns, one for each label, got 4"):
        compare(Y, p, np.full((10, 4), 1 / 4))


def test_shared_labels() -> None:
    four = ("happy", "sad", "surprise", "neutral")
    assert shared_labels(EMOTIONS, four) == four
    assert shared_labels(("neutral", "angry", "sad"), EMOTIONS) == ("neutral", "angry", "sad")
    with pytest.raises(ValueError, match="expected at least two shared labels to compare on, got 1"):
        shared_labels(("happy", "angry"), four)


def test_restricting_to_fewer_labels_on_paper() -> None:
    labels = ("a", "b", "c")
    p = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.0, 1.0, 0.0], [0.1, 0.8, 0.1]])
    found = restrict([0, 2, 2, 1], p, labels, ("c", "a"), truth_labels=labels)
    assert found.left_out == 1  # the one whose truth is b
    np.testing.assert_array_equal(found.rows, [0, 1, 2])
    np.testing.assert_array_equal(found.y, [1, 0, 0])
    np.testing.assert_allclose(found.p, [[2 / 7, 5 / 7], [3 / 4, 1 / 4], [1 / 2, 1 / 2]])  # nothing left: evenly
    bare = restrict([0, 2, 2, 1], [0, 1, 2, 0], labels, ("c", "a"), truth_labels=labels)
    np.testing.assert_array_equal(bare.p, [1, NONE, 0])
    assert evaluate(bare.y, bare.p, bare.labels).metrics["accuracy"].value == pytest.approx(2 / 3)


def test_models_with_seven_and_four_labels_meet_on_the_four() -> None:
    rng = np.random.default_rng(0)
    four = ("happy", "sad", "surprise", "neutral")
    y, seven, few = rng.integers(0, 7, 200), rng.dirichlet(np.ones(7), 200), rng.dirichlet(np.ones(4), 200)
    kept = shared_labels(EMOTIONS, four)
    a, b = restrict(y, seven, EMOTIONS, kept), restrict(y, few, four, kept)
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_array_equal(a.y, b.y)
    assert [EMOTIONS[i] for i in y[a.rows]] == [kept[i] for i in a.y]
    np.testing.assert_allclose(b.p, few[b.rows])
    assert a.left_out == 200 - len(a.y) == np.isin(y, [0, 1, 2]).sum()
    assert compare(a.y, a.p, b.p).n == len(a.y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kept": ("happy", "sda")}, r"Unknown label 'sda'\. Did you mean 'sad'"),
        ({"y": [0, 0], "kept": ("happy", "sad")}, "expected some images whose truth is one of"),
        ({"p": np.full((3, 7), 1 / 7)}, "expected 2 rows, one for each label in y, got 3"),
        ({"p": np.full((2, 4), 1 / 4)}, "expected 7 columns, one for each label, got 4"),
        ({"p": [0, 1, 2]}, "expected 2 labels, one for each in y, got 3"),
        ({"p": [0, 7]}, r"p: expected labels in -1\.\.6, got 0\.\.7"),
    ],
)
def test_what_cannot_be_restricted_is_refused(change: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"y": [3, 4], "p": np.full((2, 7), 1 / 7), "labels": EMOTIONS, "kept": ("happy", "sad")}
    with pytest.raises(ValueError, match=message):
        restrict(**{**usual, **change})


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17: 857-872, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_as_published(successes: int, n: int, low: float, high: float) -> None:
    found = wilson_interval(successes, n)
    assert (found.value, round(found.low, 4), round(found.high, 4)) == (successes / n, low, high)


def test_wilsons_interval_at_the_edges() -> None:
    assert math.isnan(wilson_interval(0, 0).value) and math.isnan(wilson_interval(0, 0).low)
    assert all(wilson_interval(0, n).low == 0 and wilson_interval(n, n).high == 1 for n in range(1, 600))
    for successes in (-1, 4):
        with pytest.raises(ValueError, match=r"expected a count in 0\.\.n with n = 3"):
            wilson_interval(successes, 3)


@given(st.integers(0, 400), st.integers(0, 400))
@settings(max_examples=40, deadline=None)
def test_mcnemar_is_that_of_statsmodels(only_a: int, only_b: int) -> None:
    from statsmodels.stats.contingency_tables import mcnemar as theirs

    expected = theirs([[0, only_a], [only_b, 0]], exact=True).pvalue
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
@settings(max_examples=40, deadline=None)
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    from statsmodels.stats.multitest import multipletests

    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1], atol=1e-12)
