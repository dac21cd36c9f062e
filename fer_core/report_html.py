"""A collection as one HTML page that needs nothing else: pictures inside, names escaped, no request to anywhere."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from fer_core.collection import Collection
from fer_core.collection_answers import AnsweredFace, answered, evaluation, labelled, own_accuracy
from fer_core.exports import annotated_jpeg, blurred, jpeg
from fer_core.types import Prediction, Uint8, distinct

SIDE = 96
"""Pixels of a face's height in the report."""


def report_html(collection: Collection, ids: Sequence[str], blur: bool = False, photos: bool = True) -> bytes:
    """The report as UTF-8 HTML; faces blurred where asked for, and the annotated photos in it where wanted."""
    found = answered(collection, ids)
    titles = distinct({id: collection.answers[id].title for id in ids if id in collection.answers})
    page = _environment().get_template("report.html")
    return page.render(
        name=collection.name, photos=len(collection.shown), labelled=len(labelled(collection)), blur=blur,
        made=date.today().isoformat(), titles=list(titles.values()),
        faces=[_face(one, list(titles), blur) for one in found], ledger=collection.told_ledger,
        evaluations=list(_evaluations(collection, titles)),
        pictures=list(_pictures(collection, blur)) if photos else [],
    ).encode()  # fmt: skip


def _environment() -> Environment:
    return Environment(loader=PackageLoader("fer_core"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def _uri(data: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


def _small(crop: Uint8, blur: bool) -> Uint8:
    height, width = crop.shape[:2]
    size = max(1, round(SIDE * width / height)), SIDE
    return np.asarray(Image.fromarray(blurred(crop) if blur else crop).resize(size, Image.Resampling.BILINEAR))


def _face(one: AnsweredFace, ids: Sequence[str], blur: bool) -> dict[str, Any]:
    truth = one.collected.label
    return {
        "photo": one.photo.number, "number": one.collected.number, "label": truth or "",
        "uri": _uri(jpeg(_small(one.collected.face.crop, blur))),
        "answers": [_answer(one.predictions.get(id), truth) for id in ids],
    }  # fmt: skip


def _answer(p: Prediction | None, truth: str | None) -> dict[str, Any] | None:
    """What a cell says of one model's answer; None, an empty cell, where the model was not asked about the face."""
    if p is None:
        return None
    order = np.argsort(-p.probabilities, kind="stable")[1:3]
    rest = ", ".join(f"{p.labels[i]} {p.probabilities[i]:.0%}" for i in order)
    right = p.label == truth if truth in p.labels else None
    return {"label": p.label, "share": f"{p.confidence:.0%}", "rest": rest, "right": right}


def _evaluations(collection: Collection, titles: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for id, title in titles.items():
        report = evaluation(collection, id, bootstrap=0)
        if report is None:
            continue
        accuracy, f1 = own_accuracy(report), report.metrics["macro_f1"].value
        yield {
            "title": title, "n": report.n, "labels": report.labels,
            "accuracy": f"{accuracy.value:.1%}", "interval": f"{accuracy.low:.1%} to {accuracy.high:.1%}",
            "f1": "" if math.isnan(f1) else f"{f1:.3f}",
            "rows": list(zip(report.labels, report.confusion.astype(int).tolist(), strict=True)),
        }  # fmt: skip


def _pictures(collection: Collection, blur: bool) -> Iterator[dict[str, Any]]:
    for photo in collection.shown:
        data = annotated_jpeg(collection, photo, blur)
        if data:
            yield {"number": photo.number, "name": photo.name, "uri": _uri(data)}
