"""Scores and comparisons of people in, tables out; no streamlit here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dashboard import words
from fer_core.answers import NONE, Int64
from fer_core.artifacts import Reference
from fer_core.comparison import Comparison
from fer_core.crowd import majority
from fer_core.evidence import Rater
from fer_core.human.faces import face_id
from fer_core.human.scores import PersonScore, Sureness, score
from fer_core.human.versus import Shared, Standing, against, known
from fer_core.types import EMOTIONS, Interval

MODELS_RIGHT = "models right"
BLANK = "–"
"""What stands where there is no figure."""
_RANDOM = re.compile(r"(?=\d*[a-f])[0-9a-f]{12}")
"""The names that our own quiz draws, or drew: they say nothing, and their head is enough."""


def percent(interval: Interval) -> str:
    """An interval of shares in words."""
    if np.isnan(interval.value):
        return BLANK
    value, low, high = (words.percent(share, 1) for share in (interval.value, interval.low, interval.high))
    return f"{value} ({low} to {high})"


def seconds(milliseconds: float) -> str:
    """A time in words."""
    return BLANK if np.isnan(milliseconds) else f"{milliseconds / 1000:.2f} s"


def by_class(found: PersonScore) -> pd.DataFrame:
    """A row an emotion: how many faces, hit rate, unbiased hit rate, chance, reaction time, what was answered."""
    return pd.DataFrame({
        "emotion": EMOTIONS,
        "faces": found.report.per_class.support.astype(int),
        "hit rate": 100 * found.report.per_class.recall,
        "unbiased hit rate": 100 * found.unbiased,
        "by chance": 100 * found.chance,
        "shown": 100 * found.shown,
        "answered": [100 * one.value for one in found.answered],
        "more often than shown": [_bias(one, shown) for one, shown in zip(found.answered, found.shown, strict=True)],
        "median reaction": found.reaction / 1000,
    })  # fmt: skip


def sureness(found: Sequence[Sureness]) -> pd.DataFrame:
    """A row for each level of sureness: answers, and the share of them that was right with its interval, percent."""
    return pd.DataFrame([
        {"how sure": one.level, "answers": one.n, "right": 100 * one.right.value, "from": 100 * one.right.low,
         "to": 100 * one.right.high}
        for one in found
    ])  # fmt: skip


def _bias(answered: Interval, shown: float) -> str:
    """Whether a label was answered more or less often than shown, beyond its interval."""
    if answered.low > shown:
        return "more often"
    return "less often" if answered.high < shown else ""


def people(table: pd.DataFrame) -> pd.DataFrame:
    """A row a person of a class: name, answers, accuracy with its interval, macro-F1, consistency, attention, speed."""
    heads = Counter(str(rater)[:6] for rater in table["rater"].unique())
    rows = [_person(str(rater), mine, heads) for rater, mine in table.groupby("rater", sort=False)]
    columns = ["person", "answers", "accuracy", "from", "to", "macro-F1", "same twice", "attention", "median reaction"]
    return pd.DataFrame(rows, columns=columns).sort_values("accuracy", ascending=False, ignore_index=True)


def _person(rater: str, mine: pd.DataFrame, heads: Mapping[str, int]) -> list[object]:
    nickname, head = mine["nickname"].iloc[0], rater[:6]
    called = head if _RANDOM.fullmatch(rater) and heads[head] == 1 else rater
    name = called if pd.isna(nickname) else str(nickname)
    found = score(mine, bootstrap=0)
    if found is None:
        return [name, len(mine), *[None] * 7]
    a = found.accuracy
    return [
        name, len(mine), 100 * a.value, 100 * a.low, 100 * a.high, found.report.metrics["macro_f1"].value,
        f"{words.percent(found.repeated.value)} of {found.repeats}" if found.repeats else "",
        f"{found.attentive} of {found.checks}" if found.checks else "", found.overall_reaction / 1000,
    ]  # fmt: skip


def comparisons(on: Shared, answers: Int64, models: Sequence[Rater]) -> pd.DataFrame:
    """A row a model: how these answers, (M,) on the shared faces, compare with it; exact McNemar test.

    On the faces whose label it knows; a model without any has no row.
    """
    return pd.DataFrame(
        [_compared(model.title, against(on, answers, model)) for model in models if known(on, model).any()]
    )


def together(on: Shared) -> str:
    """What people together are, in words, and on how many faces they say nothing, or what one person said."""
    none, alone = int((on.together == NONE).sum()), int(((on.people != NONE).sum(axis=0) == 1).sum())
    faces = words.counted(len(on.ids), "face")
    tied = f" On {none} of {faces} there is none, as two have equally many or none came in time: counted as wrong."
    one = f" On {alone} of {faces} one person alone answered."
    return f"Together: the label that most people gave to a face.{tied if none else ''}{one if alone else ''}"


def _compared(title: str, one: Comparison) -> dict[str, object]:
    d = one.difference
    small = f"{one.p_value:.3f}" if one.p_value >= 0.001 else "< 0.001"
    return {
        "model": title, "faces": one.n, "people less model": 100 * d.value,
        "95 % interval": f"{words.points(d.low, True)} to {words.points(d.high, True)}",
        "only people right": one.only_a, "only the model right": one.only_b, "McNemar p": small,
        "same answer": 100 * one.agreement, "kappa": one.kappa,
    }  # fmt: skip


def standings(found: Sequence[Standing]) -> pd.DataFrame:
    """A row a rater: kind, faces, accuracy and interval in percent."""
    rows = [(s.title, s.kind, s.n, 100 * s.accuracy.value, 100 * s.accuracy.low, 100 * s.accuracy.high) for s in found]
    return pd.DataFrame(rows, columns=["rater", "kind", "faces", "accuracy", "from", "to"])


def missed(
    table: pd.DataFrame, models: Sequence[Rater], reference: Reference | None, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """A row a test face that was answered wrongly: face, truth, my answer, how many models were right, all answers.

    Blank where a model or the crowd knows nothing of the face; without the crowd where nobody voted. `names` as in
    `versus.shared`.
    """
    wrong = table[(table["kind"] == "test") & (table["correct"] == 0)]
    known = names or ([] if reference is None else [face_id(id) for id in reference.ids.tolist()])
    places = {name: place for place, name in enumerate(known)}
    rows = [places.get(face, NONE) for face in wrong["face"]]
    voted = reference is not None and reference.votes.any()
    crowd = majority(reference.votes) if reference is not None and voted else None
    crowds = {"crowd": _said(crowd, rows)} if voted else {}
    answers = {m.title: _said(m.answered, rows) for m in models}
    truth = wrong["truth"].tolist()
    return pd.DataFrame({
        "face": wrong["face"].to_numpy(), "label": truth, "you": wrong["label"].fillna("too late").to_numpy(), **crowds,
        **right_of(models, answers, truth), **answers,
    })  # fmt: skip


def right_of(
    models: Sequence[Rater], answers: Mapping[str, Sequence[str]], truth: Sequence[str]
) -> dict[str, list[str]]:
    """How many of the models that know a face's label were right about it, in words, a column; none without models."""
    said = list(zip(*answers.values(), strict=True))
    asked = [sum(t in model.labels for model in models) for t in truth]
    rows = zip(said, truth, asked, strict=True)
    return {MODELS_RIGHT: [f"{row.count(t)} of {n}" for row, t, n in rows]} if said else {}


def _said(labels: Int64 | None, rows: Sequence[int]) -> list[str]:
    if labels is None:
        return [""] * len(rows)
    return ["" if row == NONE else "none of these" if labels[row] == NONE else EMOTIONS[labels[row]] for row in rows]


def titled(found: Sequence[Standing], mine: str | None) -> list[Standing]:
    """The standings with people numbered by rank, so that nobody is named, and the own run called You."""
    numbers: Mapping[str, int] = {s.id: i for i, s in enumerate((s for s in found if s.kind == "person"), 1)}
    return [
        Standing(s.id, "You" if s.id == mine else f"Person {numbers[s.id]}", s.kind, s.n, s.accuracy)
        if s.id in numbers
        else s
        for s in found
    ]


def answers_of(
    faces: Sequence[int], together: Mapping[int, int], on: Shared, models: Sequence[Rater]
) -> dict[str, list[str]]:
    """What people together and each model said of these faces, by title, and how many models were right."""
    rows = dict(zip(on.ids.tolist(), on.rows.tolist(), strict=True))
    places = [rows[face] for face in faces]
    people = ["divided" if together[face] == NONE else EMOTIONS[together[face]] for face in faces]
    answers = {model.title: _said(model.answered, places) for model in models}
    truth = [EMOTIONS[on.y[at]] for at in map(on.ids.tolist().index, faces)]
    return {"people": people} | right_of(models, answers, truth) | answers
