"""A collection's figures beside FER2013's: tables for the Collection and the gallery page; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dashboard.confusion_data import occurrences_of
from dashboard.looks import distinct
from fer_core.answers import Float64
from fer_core.collection import Collection
from fer_core.collection_answers import AnsweredFace, answered, labelled, own_accuracy
from fer_core.evidence import Rater
from fer_core.face_size import Study, Trust, size_of, trust
from fer_core.human.faces import PIXELS
from fer_core.metrics import EvaluationReport
from fer_core.scores import ratio
from fer_core.types import EMOTIONS, Interval


def accuracy_table(
    here: Mapping[str, EvaluationReport], there: Mapping[str, EvaluationReport | None], titles: Mapping[str, str]
) -> pd.DataFrame:
    """A row a model: its accuracy here and on FER2013 (`there`) in percent, with intervals and numbers of images."""
    return pd.DataFrame(
        [
            {"model": titles[id]}
            | _accuracy(report, "here", own_accuracy(report))
            | _accuracy(there.get(id), "FER2013")
            for id, report in here.items()
        ]
    )


def raters(collection: Collection, names: Sequence[str]) -> tuple[Rater, ...]:
    """The models that read all faces of these names (`pixel_id`), as raters of them in that order."""
    found = []
    titles = distinct({id: made.title for id, made in collection.answers.items()})
    for made in collection.answers.values():
        rows = [made.probabilities.get(name.removeprefix(PIXELS)) for name in names]
        there = [row for row in rows if row is not None]
        if there and len(there) == len(rows):
            p = np.stack(there).astype(np.float64)
            answered = np.array([EMOTIONS.index(made.labels[k]) for k in p.argmax(axis=1)], np.int64)
            found.append(Rater(made.id, titles[made.id], "model", made.labels, answered, p, made.calibrated))
    return tuple(found)


def readers(collection: Collection) -> dict[str, str]:
    """The titles by id of the models that read every face that `occurrences` counts."""
    faces = labelled(collection) or collection.faces
    return {rater.id: rater.title for rater in raters(collection, [face.found.digest for face in faces])}


def _accuracy(report: EvaluationReport | None, where: str, found: Interval | None = None) -> dict[str, object]:
    if report is None:
        return {f"{where}: accuracy": None, f"{where}: 95 % interval": None, f"{where}: macro F1": None,
                f"{where}: images": None}  # fmt: skip
    found, f1 = found or report.metrics["accuracy"], report.metrics["macro_f1"].value
    return {
        f"{where}: accuracy": 100 * found.value,
        f"{where}: 95 % interval": f"{100 * found.low:.1f} to {100 * found.high:.1f}",
        f"{where}: macro F1": None if np.isnan(f1) else f1,
        f"{where}: images": report.n,
    }


def row_shares(report: EvaluationReport) -> Float64:
    """The confusion matrix as shares of each truth, (K, K); NaN where a label does not occur."""
    return ratio(report.confusion, report.confusion.sum(axis=1, keepdims=True))


def distribution(collection: Collection, ids: Sequence[str]) -> pd.DataFrame:
    """How often each label is said of the collection's faces, 0..1: a row an emotion, a column a model; "truth" first.

    Where some faces are labelled, on those only, so that models and labels are on the same faces.
    """
    counts = occurrences(collection, ids)
    return counts / counts.sum().replace(0, np.nan)


def occurrences(collection: Collection, ids: Sequence[str]) -> pd.DataFrame:
    """The same as numbers of faces."""
    faces = answered(collection, ids)
    posed = [one for one in faces if one.collected.label]
    return occurrences_of(_given(posed or faces, ids, bool(posed)))


def _given(faces: Sequence[AnsweredFace], ids: Sequence[str], labelled: bool) -> dict[str, list[str]]:
    truth = {"truth": [str(one.collected.label) for one in faces]} if labelled else {}
    return truth | {id: [one.predictions[id].label for one in faces if id in one.predictions] for id in ids}


def stored_distribution(reports: Mapping[str, EvaluationReport], emotions: Sequence[str]) -> pd.DataFrame:
    """The same on the images behind stored evaluations: what their confusion matrices say of the answers given."""
    columns: dict[str, pd.Series] = {}
    for id, report in reports.items():
        if "truth" not in columns:
            columns["truth"] = pd.Series(report.per_class.support / report.n, list(report.labels))
        columns[id] = pd.Series(report.confusion.sum(axis=0) / report.n, list(report.labels))
    return pd.DataFrame(columns, index=list(emotions)).fillna(0.0)


def too_small(faces: Sequence[AnsweredFace], studies: Mapping[str, Study]) -> list[tuple[AnsweredFace, Trust]]:
    """The faces that are too small for at least one model with a study, the smallest first, with who is not trusted."""
    judged = [(one, trust(size_of(one.collected.face), studies)) for one in faces]
    return sorted((pair for pair in judged if pair[1].too_small), key=lambda pair: pair[1].pixels)


def small_table(
    faces: Sequence[tuple[AnsweredFace, Trust]], studies: Mapping[str, Study], titles: Mapping[str, str]
) -> pd.DataFrame:
    """A row a model with a study: from which size on it is trusted, and how many of these faces are smaller."""
    return pd.DataFrame(
        [
            {"model": titles[id], "trusted from, pixels": study.smallest,
             "faces too small": sum(id in judged.too_small for _, judged in faces)}
            for id, study in studies.items()
        ]
    )  # fmt: skip
