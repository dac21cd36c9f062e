"""The figures in the README's sentences are those of the stored artifacts, and so is what it concludes from them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from fer_core import artifacts, evidence, seed_runs
from fer_core.artifacts import Reference
from fer_core.comparison import Comparison, compare, compare_all, restrict
from fer_core.crowd import EMOTION_COLUMNS, emotion_votes
from fer_core.types import EMOTIONS

README = Path(__file__).resolve().parents[1] / "README.md"
SPLIT, ALPHA = "PrivateTest", 0.05
TAUGHT = {f"{id}-distilled": id for id in ("keras-native", "torch-native", "torch-compact")}
"""The networks called distilled and their untaught twins."""


@pytest.fixture(scope="module")
def prose() -> str:
    """The README without its tables, every line break and indent one space."""
    text = re.sub(r"^\|.*$", "", README.read_text("utf-8"), flags=re.M)
    return " ".join(text.split())


@pytest.fixture(scope="module")
def reference() -> Reference:
    return artifacts.reference()


@pytest.fixture(scope="module")
def private(reference: Reference) -> np.ndarray:
    """Which of the reference's images are PrivateTest's."""
    return evidence.mask(reference, SPLIT)


def rater(id: str, reference: Reference) -> evidence.Rater:
    """A shipped model, or a shipped run of one with another seed."""
    root = None if id in artifacts.ids() else seed_runs.place()
    return evidence.model(artifacts.card(id, root), artifacts.predictions(id, root), reference)


def compared(a: str, b: str, reference: Reference) -> Comparison:
    """Two models' answers to PrivateTest."""
    rows = evidence.mask(reference, SPLIT)
    return compare(reference.truth[rows], *(rater(id, reference).answered[rows] for id in (a, b)))


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def two_cores() -> str:
    """docs/two-cores.md, whose artifacts are in the repository's history, on one line."""
    return " ".join((README.parent / "docs" / "two-cores.md").read_text("utf-8").split())


def test_the_copies(prose: str, reference: Reference, private: np.ndarray) -> None:
    assert f"leaves out the {int(reference.copied[private].sum())} PrivateTest images that Training has too" in prose


def test_two_runs_of_keras_native(prose: str) -> None:
    found = seed_runs.again("keras-native", SPLIT)
    assert found is not None and sorted(found.accuracy) == [0, 1]
    first, second = (percent(found.accuracy[seed]) for seed in (0, 1))
    assert f"Two runs of `keras-native` ({first} and {second} % with seeds 0 and 1) show that" in prose
    assert artifacts.card("keras-native").seed == 0 and "The row above is the first" in prose
    assert "how far, two are too few to say" in prose
    assert "[63.9 to 66.1 %](docs/two-cores.md)" in prose and "read 63.9, 66.1 and 64.8 %" in two_cores()


def test_votes_that_tie(prose: str, reference: Reference, private: np.ndarray) -> None:
    """A fixed order favours some labels: what drawing lots would give stands beside it."""
    truth, rows, shares, tied = reference.truth[private], np.arange(private.sum()), [], []
    for votes in (reference.votes[private], emotion_votes(reference.votes[private])):
        most = votes == votes.max(axis=1, keepdims=True)
        column = np.array(EMOTION_COLUMNS)[truth] if votes.shape[1] == 10 else truth
        shares.append(percent(float((most[rows, column] / most.sum(axis=1)).mean())))
        tied.append(float((most.sum(axis=1) > 1).mean()))
    assert {f"{100 * share:.0f}" for share in tied} == {"5"}
    assert f"by lot the majority would have {shares[0]} and the crowd {shares[1]} %" in prose


def test_whom_the_ensembles_answers_helped(prose: str, reference: Reference, private: np.ndarray) -> None:
    shipped = [id for id in artifacts.ids() if artifacts.card(id).labels == EMOTIONS]
    answers = {id: rater(id, reference).answered[private] for id in shipped}
    y, pairs = reference.truth[private], list(TAUGHT.items())
    corrected = {pair[0]: one.p_adjusted for pair, one in compare_all(y, answers, pairs).items()}
    helped, unclear = "torch-compact-distilled", ("keras-native-distilled", "torch-native-distilled")
    assert {id for id, p in corrected.items() if p is not None and p < ALPHA} == {helped}
    majority = next(one.answered[private] for one in evidence.people(reference) if one.id == evidence.MAJORITY)
    everybody = compare_all(y, answers | {evidence.MAJORITY: majority})  # as the page Pairs opens
    certain = {frozenset(pair) for pair, one in everybody.items() if (one.p_adjusted or 0.0) < ALPHA}
    assert [pair[0] for pair in pairs if frozenset(pair) in certain] == [helped]
    assert f"`{helped}` for certain, also when corrected over all pairs at once" in prose
    epochs = {id: artifacts.card(id).epochs for pair in pairs for id in pair}
    assert f"learned for {epochs[helped]} epochs where its twin had {epochs[TAUGHT[helped]]}" in prose
    assert {(epochs[id], epochs[TAUGHT[id]]) for id in unclear} == {(110, 150)}
    said = " and ".join(f"`{id}`" for id in unclear)
    reads = [[percent(evidence.stored_reports(one)[SPLIT].metrics["accuracy"].value) for one in (id, TAUGHT[id])]
             for id in unclear]  # fmt: skip
    shown = ", ".join(f"{taught} against {alone} %" for taught, alone in reads)
    assert f"Of {said}, with 110 epochs where their twins had 150, nothing can be said ({shown})" in prose


def test_a_support_vector_machine_for_the_last_layer(prose: str, reference: Reference) -> None:
    one = compared("torch-compact-svm", "torch-compact", reference)
    value, low, high = (
        percent(abs(share)) for share in (one.difference.value, one.difference.low, one.difference.high)
    )
    assert one.difference.low < one.difference.value < 0 < one.difference.high
    same = f"{100 * one.agreement:.0f} % of its PrivateTest answers are those of `torch-compact`"
    less = f"its accuracy is {value} points less (paired 95 % interval {low} less to {high} more"
    assert f"{same}, and {less}; McNemar's exact test, p = {one.p_value:.2f})" in prose


def test_two_frameworks_tell_no_difference_but_answer_differently(prose: str, reference: Reference) -> None:
    one = compared("keras-efficientnet-lite0", "torch-efficientnet-lite0", reference)
    assert "one run of each tells no difference in accuracy, yet the twins often give the same image" in prose
    assert one.p_value >= ALPHA and one.agreement < 0.9


def test_what_the_time_brought_the_taught_compact_network(prose: str) -> None:
    """docs/two-cores.md tells the three earlier runs, whose artifacts are in the repository's history."""
    told = two_cores()
    assert "its three runs read 67.8, 67.4 and 67.7 %" in told and "[read 67.4 to 67.8 %](docs/two-cores.md)" in prose
    reads = {id: percent(evidence.stored_reports(id)[SPLIT].metrics["accuracy"].value) for id in TAUGHT.values()}
    assert f"`torch-compact`, also after 45 epochs, reads {reads['torch-compact']} %" in told
    assert artifacts.card("torch-compact").epochs == 45
    erased = [artifacts.card(id).recipe["augment"]["erase"] for id in ("torch-compact", "torch-compact-distilled")]
    assert all(erased) and "had the same teacher as today's and no erasing" in told
    assert "or with the erasing that those three learned without" in prose  # two things changed, not the time alone


def test_five_labels_are_an_easier_question(prose: str, reference: Reference, private: np.ndarray) -> None:
    five, seven = rater("keras-native-five", reference), rater("keras-native", reference)
    on = [restrict(reference.truth[private], r.probabilities[private], r.labels, five.labels)
          for r in (five, seven) if r.probabilities is not None]  # fmt: skip
    assert (
        "`keras-native`, which learned all seven and for longer, is the better one (McNemar's exact test, p < 0.001;"
        in prose
    )
    one = compare(on[0].y, on[0].p, on[1].p)
    assert one.p_value < 0.001 and one.only_b > one.only_a
    longer, shorter = (artifacts.card(id).epochs for id in ("keras-native", "keras-native-five"))
    assert f"the labels or the {longer} epochs where the other had {shorter}, this pair cannot tell" in prose
