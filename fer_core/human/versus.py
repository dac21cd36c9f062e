"""People against models on the same faces, and people against FER+'s ten taggers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.answers import NONE, Bool, Float64, Int64
from fer_core.artifacts import Reference
from fer_core.comparison import Comparison, compare, wilson_interval
from fer_core.crowd import emotion_votes, one_person, vote_distribution
from fer_core.evidence import Rater
from fer_core.human.agreement import ratings, votes
from fer_core.human.faces import face_id
from fer_core.scores import ratio
from fer_core.types import EMOTIONS, Interval


@dataclass(frozen=True, eq=False)
class Shared:
    """Faces that people and models answered, M of them.

    `ids` are the reference's (rows of fer2013.csv where they are FER2013's), `rows` the places in it, `y` int64 (M,)
    the labels; `people` int64 (raters, M), `NONE` where a person did not answer; `asked` int64 (raters,) how many
    of the faces each was shown, answered in time or not; `raters` their names.
    """

    ids: Int64
    rows: Int64
    y: Int64
    people: Int64
    asked: Int64
    raters: tuple[str, ...]

    @property
    def together(self) -> Int64:
        """The answer that most people gave to each face, int64 (M,); `NONE` where two labels have equally many."""
        counts = votes(self.people)
        top = counts == counts.max(axis=1, keepdims=True)
        return np.where((top.sum(axis=1) == 1) & counts.any(axis=1), counts.argmax(axis=1), NONE)


@dataclass(frozen=True)
class Standing:
    """One rater's accuracy on `n` faces, with its 95 % interval. `kind` is "person", "people" or "model"."""

    id: str
    title: str
    kind: str
    n: int
    accuracy: Interval


def shared(table: pd.DataFrame, reference: Reference, names: Sequence[str] | None = None) -> Shared | None:
    """The test faces in the table that the models were tested on too; None where there are none.

    `names` are the reference's faces in the table, where they are not FER2013's. People who answered none of them in
    time are left out, and with them the faces that nobody else was asked.
    """
    places = {name: place for place, name in enumerate(names or map(face_id, reference.ids.tolist()))}
    test = table[(table["kind"] == "test") & table["face"].isin(places.keys())]
    test = test[test.groupby("rater")["label"].transform("count") > 0]
    if test.empty:
        return None
    people, raters, faces = ratings(test)
    rows = np.array([places[face] for face in faces], np.int64)
    asked = np.asarray(test.groupby("rater").size().loc[raters], np.int64)
    return Shared(reference.ids[rows].astype(np.int64), rows, reference.truth[rows].astype(np.int64), people, asked,
                  tuple(raters))  # fmt: skip


def known(on: Shared, model: Rater) -> Bool:
    """Which of the faces have a label that the model can give, bool (M,); of the others it cannot be right."""
    return np.isin(on.y, [EMOTIONS.index(label) for label in model.labels])


def standings(on: Shared, models: Sequence[Rater], reference: Reference, least: int = 10) -> list[Standing]:
    """Everybody's accuracy, the best first: each person on the own faces, all others on the faces of all.

    Right is the reference's label, whatever a table from elsewhere takes for it. People who were asked fewer than
    `least` of the faces are left out. A model is scored on the faces whose label it knows, and
    left out where there is none. A single tagger is the mean over FER+'s taggers who chose
    one of the seven, as the quiz asks for, with a bootstrap interval over the faces.
    """
    hits = (on.people == on.y).sum(axis=1).tolist()
    people = [
        Standing(rater, rater, "person", n, wilson_interval(right, n))
        for rater, right, n in zip(on.raters, hits, on.asked.tolist(), strict=True)
        if n >= least
    ]
    together = _standing("together", "People of this quiz, together", "people", on.together == on.y)
    answered = [
        _standing(m.id, m.title, m.kind, (m.answered[on.rows] == on.y)[can])
        for m in models
        if m.kind != "truth" and (can := known(on, m)).any()
    ]
    everybody = [*people, together, *answered, *_single_tagger(on, reference)]
    return sorted(everybody, key=lambda one: -one.accuracy.value)


def _standing(id: str, title: str, kind: str, right: Bool) -> Standing:
    return Standing(id, title, kind, len(right), wilson_interval(int(right.sum()), len(right)))


def _single_tagger(on: Shared, reference: Reference) -> list[Standing]:
    votes = reference.votes[on.rows]
    voted = votes.any(axis=1)  # nobody votes on a user's own photos
    if not voted.any() or not emotion_votes(votes[voted]).any():
        return []
    found = one_person(votes[voted], on.y[voted], among_seven=True)
    return [Standing("person", "FER+: one tagger", "people", found.n, found.metrics["accuracy"])]


def against(on: Shared, people: Int64, model: Rater) -> Comparison:
    """How answers of people to the shared faces, int64 (M,), compare with a model's to the same, by exact McNemar test.

    On the faces whose label the model knows; ValueError where there is none. `NONE`, an answer that came too late or a
    tie, counts as wrong, as it does in an accuracy.
    """
    can = known(on, model)
    return compare(on.y[can], people[can], model.answered[on.rows][can])


def by_face(on: Shared, models: Sequence[Rater]) -> pd.DataFrame:
    """A row a face: who was right. Columns face (row of fer2013.csv), truth, people, of, share, models, of_models, gap.

    `people` of `of` were right, `share` of them; `models` of the `of_models` models that know the label; `gap` is the
    people's share less the models', so the first rows are where people beat models most and the last where models beat
    people; NaN, after those, where no model knows the label.
    """
    answered = on.people != NONE
    of = answered.sum(axis=0)
    right = (on.people == on.y).sum(axis=0)
    can = np.array([known(on, m) for m in models], bool).reshape(len(models), len(on.y))
    correct = can & np.array([m.answered[on.rows] == on.y for m in models], bool).reshape(can.shape)
    asked, beaten = can.sum(axis=0), correct.sum(axis=0)
    share = ratio(right, of)
    table = pd.DataFrame({
        "face": on.ids, "truth": np.array(EMOTIONS)[on.y], "people": right, "of": of, "share": share,
        "models": beaten, "of_models": asked, "gap": share - ratio(beaten, asked),
    })  # fmt: skip
    return table[table["of"] > 0].sort_values(["gap", "of", "face"], ascending=[False, False, True], ignore_index=True)


def tagger_chances(rows: Int64, reference: Reference) -> Float64:
    """How likely one of FER+'s taggers who chose one of the seven gives FER2013's label, (M,); NaN without any."""
    p = vote_distribution(reference.votes[rows])
    return p[np.arange(len(rows)), reference.truth[rows]]


def percentile(table: pd.DataFrame, reference: Reference) -> tuple[float, int] | None:
    """At which percentile, 0..100, of single taggers a person is, and on how many faces; None without shared faces.

    A single tagger answers each face as one of FER+'s taggers would, drawn anew for each face. How many he gets right
    has a Poisson-binomial distribution, computed exactly (Hong 2013, Computational Statistics and Data Analysis
    59:41-51): what any number of simulations tends to. The percentile is the share of taggers with fewer right, and
    half of those with equally many. An answer that came too late is wrong, as in an accuracy.
    """
    on = shared(table, reference)
    if on is None or len(on.people) != 1:
        return None
    p = tagger_chances(on.rows, reference)
    known = ~np.isnan(p)
    if not known.any():
        return None
    right = int((on.people[0] == on.y)[known].sum())
    distribution = poisson_binomial(p[known])
    return 100 * float(distribution[:right].sum() + distribution[right] / 2), int(known.sum())


def poisson_binomial(p: Float64) -> Float64:
    """How likely 0, 1, ..., N of N independent trials with the chances `p` (N,) succeed, float64 (N + 1,)."""
    distribution = np.ones(1)
    for chance in p.tolist():
        distribution = np.convolve(distribution, [1 - chance, chance])
    return distribution
