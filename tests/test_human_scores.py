"""The figures of a person, each against a published example or a trusted library, and against simulated people."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats.contingency import expected_freq
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score
from statsmodels.stats.proportion import proportion_confint

from fer_core.human import scores
from fer_core.human.scores import PersonScore, at_shares, chance_hit_rates, unbiased_hit_rates
from fer_core.types import EMOTIONS
from tests.human_cases import accurate


def table(truth, label, kind="test", rater="a", face=None, reaction=None):
    """A table as `answers_table` gives it, from lists of emotions."""
    n = len(truth)
    return pd.DataFrame({
        "rater": rater, "kind": kind, "face": [f"f{i}" for i in range(n)] if face is None else face,
        "truth": truth, "label": label, "correct": [int(a == b) for a, b in zip(truth, label, strict=True)],
        "reaction_ms": pd.array(reaction or [800] * n, dtype="Int64"),
    })  # fmt: skip


def score(answers, **options) -> PersonScore:
    found = scores.score(answers, **options)
    assert found is not None
    return found


def test_unbiased_hit_rates_of_a_published_example():
    # stats.stackexchange.com/q/156774, worked out there from Wagner 1993: answers in rows, so turned here
    answered = np.array([[4, 1, 0, 1], [0, 3, 2, 1], [0, 0, 6, 0], [2, 0, 0, 4]])
    assert unbiased_hit_rates(answered.T) == pytest.approx([16 / 36, 9 / 24, 36 / 48, 16 / 36])


def test_unbiased_hit_rates_and_chance_are_what_the_libraries_parts_make():
    chance = np.random.default_rng(2)
    for _ in range(20):
        y, said = chance.integers(7, size=300), chance.choice(7, size=300, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05])
        matrix = confusion_matrix(y, said)
        by_hand = recall_score(y, said, average=None) * precision_score(y, said, average=None)
        assert unbiased_hit_rates(matrix) == pytest.approx(by_hand)
        assert chance_hit_rates(matrix) == pytest.approx(expected_freq(matrix).diagonal() / 300)


def test_unbiased_hit_rates_at_the_edges():
    # one label for everything: a raw hit rate of 1, an unbiased one of that class's share, as chance gives
    assert unbiased_hit_rates([[5, 0], [5, 0]]).tolist() == [0.5, 0.0]
    assert chance_hit_rates([[5, 0], [5, 0]]).tolist() == [0.5, 0.0]
    assert unbiased_hit_rates([[5, 0], [0, 5]]).tolist() == [1.0, 1.0]
    assert chance_hit_rates([[4, 1], [2, 3]]) == pytest.approx([6 / 10 * 5 / 10, 4 / 10 * 5 / 10])
    assert np.isnan(unbiased_hit_rates([[0, 0], [2, 3]])[0])
    assert unbiased_hit_rates([[2, 0], [0, 2]], support=[4, 2]).tolist() == [0.5, 1.0]  # two got no answer
    with pytest.raises(ValueError, match="shape"):
        unbiased_hit_rates([[1, 2, 3]])


def test_guessing_with_any_habit_has_the_chance_hit_rate():
    chance = np.random.default_rng(0)
    y, said = (
        chance.integers(7, size=200_000),
        chance.choice(7, size=200_000, p=[0.4, 0.3, 0.1, 0.05, 0.05, 0.05, 0.05]),
    )
    matrix = confusion_matrix(y, said)
    assert unbiased_hit_rates(matrix) == pytest.approx(chance_hit_rates(matrix), abs=0.002)


@pytest.fixture
def person():
    chance = np.random.default_rng(5)
    truth = list(np.repeat(EMOTIONS, 10))
    say = accurate(0.65, chance)
    return table(truth, [say(t) for t in truth], reaction=chance.integers(300, 2000, 70).tolist())


def test_accuracy_f1_and_confusion_are_those_of_the_libraries(person):
    found = score(person)
    right = int(person["correct"].sum())
    low, high = proportion_confint(right, 70, method="wilson")
    assert (found.accuracy.value, found.accuracy.low, found.accuracy.high) == pytest.approx((right / 70, low, high))
    assert found.report.metrics["macro_f1"].value == pytest.approx(
        f1_score(person.truth, person.label, average="macro")
    )
    expected = confusion_matrix(person.truth, person.label, labels=list(EMOTIONS))
    assert np.array_equal(found.report.confusion, expected)


def test_wilsons_interval_of_a_published_example():
    # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3
    published = ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718))
    for right, n, low, high in published:
        found = score(table(["happy"] * n, ["happy"] * right + ["sad"] * (n - right)), bootstrap=0).accuracy
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_reaction_times_are_medians_by_class_without_what_no_person_can_do():
    found = score(table(["happy", "happy", "happy", "sad", "sad"], ["happy"] * 5, reaction=[50, 400, 700, 900, None]))
    assert found.reaction[EMOTIONS.index("happy")] == 550  # 50 ms is begun before the face is seen
    assert found.reaction[EMOTIONS.index("sad")] == 900
    assert math.isnan(found.reaction[EMOTIONS.index("fear")])
    assert found.overall_reaction == 700


def test_consistency_counts_faces_called_the_same_twice():
    first = table(["happy", "sad", "fear", "fear"], ["happy", "angry", "fear", None])
    again = table(["happy", "sad", "fear", "fear"], ["happy", "angry", "sad", "fear"], kind="repeat")
    stranger = table(["happy"], ["sad"], kind="repeat", rater="b")
    found = score(pd.concat([first, again, stranger]))
    assert found.repeats == 3 and found.repeated.value == pytest.approx(2 / 3)  # the unanswered face is left out
    assert found.n == 4 and score(first).repeats == 0 and math.isnan(score(first).repeated.value)


def test_bias_is_what_was_answered_beside_what_was_shown():
    found = score(table(["happy", "happy", "sad", "fear"], ["happy", "happy", "happy", None]))
    shares = {e: (a.value, s) for e, a, s in zip(EMOTIONS, found.answered, found.shown, strict=True)}
    assert shares["happy"] == (1.0, 0.5) and shares["sad"] == (0.0, 0.25) and shares["fear"] == (0.0, 0.25)


def test_only_test_faces_are_scored_and_attention_is_counted():
    practice = table(["happy"] * 5, ["sad"] * 5, kind="practice")
    checks = table(["sad", "fear"], ["sad", "happy"], kind="attention", face=[None, None])
    found = score(pd.concat([practice, table(["happy"], ["happy"]), checks]))
    assert (found.n, found.accuracy.value, found.checks, found.attentive) == (1, 1.0, 2, 1)
    assert scores.score(practice) is None


def test_an_answer_that_came_too_late_is_wrong_and_in_no_column():
    found = score(table(["happy", "happy"], ["happy", None]))
    assert found.accuracy.value == 0.5 and found.report.confusion.sum() == 1


def class_of(people, chance, each=30, spread=0.2):
    """Pooled answers of people whose own accuracies differ around 0.6, all of one class: right or wrong, and whose."""
    own = np.clip(chance.normal(0.6, spread, people), 0, 1)
    return (chance.random((people, each)) < own[:, None]).ravel(), np.repeat(np.arange(people), each)


def test_an_interval_of_pooled_answers_is_over_people():
    """Wilson's, as if all answers were independent, holds the truth in far fewer than 95 of 100 classes."""
    chance, inside, naive = np.random.default_rng(3), [], []
    for _ in range(300):
        hits, whose = class_of(12, chance)
        found, plain = scores.pooled_interval(hits, whose), proportion_confint(hits.sum(), len(hits), method="wilson")
        assert found.value == hits.mean()
        inside.append(found.low <= 0.6 <= found.high)
        naive.append(plain[0] <= 0.6 <= plain[1])
    assert np.mean(inside) > 0.92 and np.mean(naive) < 0.8


def test_the_pooled_figures_have_that_interval_and_one_persons_wilsons():
    rows = [
        table(["happy"] * 20, [said] * 20, rater=who) for who, said in (("a", "happy"), ("b", "sad"), ("c", "happy"))
    ]
    found, alone = score(pd.concat(rows)), score(rows[0])
    assert found.accuracy.value == pytest.approx(2 / 3) and found.accuracy.high - found.accuracy.low > 0.8
    assert found.answered[EMOTIONS.index("sad")].high > 0.8
    assert (alone.accuracy.low, alone.accuracy.high) == pytest.approx(proportion_confint(20, 20, method="wilson"))
    everyone = scores.pooled_interval([True] * 6, list("aabbcc"))
    assert everyone.value == 1 and 0 < everyone.low < 1


def test_accuracy_at_the_shares_of_fer2013():
    assert at_shares([1.0, 0.0], [5, 5], [3, 1]).value == 0.75
    assert at_shares([1.0, np.nan], [5, 0], [1, 0]).value == 1.0
    assert math.isnan(at_shares([1.0, np.nan], [5, 0], [1, 1]).value)
    one = at_shares([0.4], [10], [7])
    assert (one.low, one.high) == pytest.approx(proportion_confint(4, 10, method="wilson"))


def test_the_accuracy_at_other_shares_is_inside_its_interval_as_often_as_it_says():
    chance, shares = np.random.default_rng(5), np.array([491, 55, 528, 879, 594, 416, 626])
    recall = np.array([0.55, 0.6, 0.4, 0.95, 0.6, 0.8, 0.7])
    true, inside = float(recall @ shares / shares.sum()), []
    for _ in range(400):
        found = at_shares(chance.binomial(10, recall) / 10, [10] * 7, shares)
        inside.append(found.low <= true <= found.high)
    assert 0.92 <= np.mean(inside) <= 0.99


def test_simulated_people_of_known_accuracy_are_recovered_within_their_intervals():
    truth, inside = list(np.repeat(EMOTIONS, 10)), []
    for seed in range(60):
        for accuracy in (0.3, 0.65, 0.95):
            say = accurate(accuracy, np.random.default_rng([seed, int(100 * accuracy)]))
            found = score(table(truth, [say(t) for t in truth]), bootstrap=0).accuracy
            inside.append(found.low <= accuracy <= found.high)
    assert np.mean(inside) > 0.95 - 3 * math.sqrt(0.95 * 0.05 / len(inside))  # a 95 % interval, 180 times


def test_sureness_counts_each_level_by_hand():
    answers = table(["sad"] * 6, ["sad", "sad", "fear", "happy", None, "sad"])
    answers["confidence"] = pd.array([5, 5, 5, 1, 3, None], dtype="Int64")
    more = table(["happy"], ["happy"], kind="repeat").assign(confidence=5)
    found = scores.sureness(pd.concat([answers, more]))
    assert [(one.level, one.n, one.right.value) for one in found] == [(1, 1, 0.0), (5, 3, pytest.approx(2 / 3))]
    low, high = proportion_confint(2, 3, method="wilson")
    assert (found[1].right.low, found[1].right.high) == pytest.approx((low, high))


def test_nobody_was_asked_how_sure():
    answers = table(["sad", "fear"], ["sad", "sad"])
    answers["confidence"] = pd.array([None, None], dtype="Int64")
    assert scores.sureness(answers) == []
