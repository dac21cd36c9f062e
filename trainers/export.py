"""The compiled export of an artifact: made, held against the native engine's answers on all of PublicTest, and kept."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, get_args

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from fer_core import artifacts, catalog, datasets, kept_studies, onnx_exports
from fer_core.artifacts import StoredPredictions
from fer_core.compiled import Precision, has_bfloat16
from fer_core.composite import TestTimePredictor
from fer_core.datasets import SPLITS, Dataset
from fer_core.multiply_adds import multiply_adds
from fer_core.onnx_exports import ALLOWED, GREATEST
from fer_core.predictor import BasePredictor, softmax
from fer_core.preprocess import network_input
from fer_core.types import EMOTIONS, Float32, ModelCard, Uint8
from trainers import onnx_graph, peak, quantize
from trainers.onnx_graph import ExportError

JUDGED = "PublicTest"
FILES = (artifacts.EXPORT, artifacts.QUANTIZED, artifacts.ENGINE)
CALIBRATED = 256
"""Training images that ranges of int8 are measured on."""


def leave(folder: Path, card: ModelCard, predictor: BasePredictor, stored: StoredPredictions, data: Dataset) -> None:
    """Nothing comes back; the artifact in `folder` has a checked export of its network, or none and a warning why.

    An ensemble needs none, its members have theirs. Where none can be made, one of the same weights is kept.
    """
    if card.framework == "ensemble":
        return
    if find_spec("openvino") is None and kept_studies.carry(folder, card, FILES):
        return
    if find_spec("openvino") is None:  # as on a GPU's machine that has what trains and no more
        todo = f"python -m trainers export {card.id}, where openvino is installed, makes it"
        warnings.warn(f"{card.id} is left without a compiled export: {todo}.", stacklevel=2)
        return
    try:
        add(folder, card, predictor, stored, data)
    except ExportError as error:  # the trained network is worth more than its export
        warnings.warn(f"{card.id} is left without a compiled export: {error}", stacklevel=2)


def add(
    folder: Path, card: ModelCard, predictor: BasePredictor, stored: StoredPredictions, data: Dataset
) -> dict[str, Any]:
    """What the check found, once export and findings are in `folder`, where the weights and the stored answers are.

    A processor without bfloat16 cannot check it, nor int8: what an earlier export of the same graph and runtime was
    found to do in these is kept. ExportError, and no export in `folder`, where the network cannot be exported or
    answers otherwise than natively.
    """
    earlier = {} if has_bfloat16() else _files(folder)
    onnx_exports.remove(folder)
    inner = predictor.inner if isinstance(predictor, TestTimePredictor) else predictor
    path = onnx_exports.save_graph(folder, onnx_graph.graph(inner, folder / artifacts.WEIGHTS))
    if has_bfloat16() and (small := quantize.graph(path, _lessons(card, data))):
        onnx_exports.save_graph(folder, small, artifacts.QUANTIZED)
    about: dict[str, Any] = {
        "weights_sha256": card.weights_sha256,
        "runtime": f"openvino {version('openvino')}",
        "checked_on": JUDGED,
        "multiply_adds": multiply_adds(path),
        "precisions": checked(folder, card, predictor, stored, data),
    }
    if not about["precisions"]["float32"]["passed"]:
        onnx_exports.remove(folder)
        raise ExportError(f"in float32 it answers otherwise than the network: {about['precisions']['float32']}")
    _keep(folder, about, earlier)
    onnx_exports.save_about(folder, about)
    peak.note(folder, card, about["multiply_adds"])
    return about


def _files(folder: Path) -> dict[str, bytes]:
    """The files of the export in `folder` by name."""
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}


def _keep(folder: Path, about: dict[str, Any], earlier: Mapping[str, bytes]) -> None:
    """Nothing comes back; `about` has the precisions that the earlier export had beside its own, if that is the same.

    A graph holds the checksum of its weights: the same bytes are the same network.
    """
    if earlier.get(artifacts.EXPORT) != (folder / artifacts.EXPORT).read_bytes():
        return
    with suppress(ValueError, KeyError):  # damaged: there is nothing to keep
        before = json.loads(earlier[artifacts.ENGINE])
        if before["runtime"] == about["runtime"]:
            about["precisions"] = before["precisions"] | about["precisions"]
            if artifacts.QUANTIZED in earlier:
                onnx_exports.save_graph(folder, earlier[artifacts.QUANTIZED], artifacts.QUANTIZED)


def checked(
    folder: Path, card: ModelCard, predictor: BasePredictor, stored: StoredPredictions, data: Dataset
) -> dict[str, dict[str, Any]]:
    """For each precision of this processor with a graph in `folder`, how its answers differ from the native ones."""
    faces, native, truth = _judged(card, stored, data)
    found = {}
    for precision in get_args(Precision):
        graph = onnx_exports.file(folder, precision)
        if precision != "float32" and not (has_bfloat16() and graph.is_file()):
            continue
        one = catalog.compiled(card, graph, precision, lambda: predictor)
        one = catalog.with_test_time(one, card.recipe.get("test_time", "none"))
        found[precision] = compared(one.predict_proba(faces), native, truth, precision)
    return found


def _lessons(card: ModelCard, data: Dataset) -> Float32:
    """Network inputs of some Training images, (N, s, s, c)."""
    faces = data.split("Training").faces
    few = faces[np.random.default_rng(0).permutation(len(faces))[:CALIBRATED]]
    return network_input(np.repeat(few[..., None], 3, axis=-1), catalog.spec(card.architecture).input)


def compared(p: Float32, native: Float32, truth: np.ndarray, precision: Precision) -> dict[str, Any]:
    """How probabilities (N, K) differ from the native ones, and whether they pass.

    `truth` (N,) are indices of K, below 0 where the label is none of these: such images have no share in accuracy.
    """
    known = truth >= 0
    accuracy, before = (float((q.argmax(axis=1) == truth)[known].mean()) for q in (p, native))
    greatest = float(np.abs(p - native).max())
    passed = abs(accuracy - before) < ALLOWED[precision] + 1e-9 and (precision != "float32" or greatest <= GREATEST)
    return {
        "images": len(p),
        "greatest_difference": round(greatest, 9),
        "other_label": int((p.argmax(axis=1) != native.argmax(axis=1)).sum()),
        "accuracy": round(accuracy, 6),
        "native_accuracy": round(before, 6),
        "passed": bool(passed),
    }


def _judged(card: ModelCard, stored: StoredPredictions, data: Dataset) -> tuple[Uint8, Float32, np.ndarray]:
    """PublicTest's faces, the native engine's calibrated answers to them, and the truth as index into the labels."""
    part = data.split(JUDGED)
    rows = np.flatnonzero(stored.splits == SPLITS.index(JUDGED))
    if not np.array_equal(stored.truth[rows], part.labels):
        raise ExportError(f"{card.id}: its stored answers are about other images than these data's {JUDGED}.")
    logits = np.log(np.maximum(stored.probabilities[rows], np.finfo(np.float32).tiny))
    native = softmax(np.asarray(logits / (card.temperature or 1.0), np.float32))
    table = np.array([card.labels.index(e) if e in card.labels else -1 for e in EMOTIONS])
    return np.repeat(part.faces[..., None], 3, axis=-1), native, table[part.labels]


def command(
    ids: Annotated[
        list[str] | None, typer.Argument(help="artifacts, an ensemble for its members; all with weights where none")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="FER2013; else FER2013_PATH")] = None,
    out: Annotated[Path | None, typer.Option(help="where artifacts are; else artifacts/")] = None,
) -> None:
    """Make artifacts' compiled exports anew, checked against their stored answers on all of PublicTest."""
    images = datasets.load(data)
    table = Table("artifact", "precision", "images", "greatest difference", "other label", "accuracy", "native", "used")
    named = ids or [id for id in artifacts.ids(out) if artifacts.has_weights(id, out)]
    members = (artifacts.card(id, out).recipe.get("members", (id,)) for id in named)
    for id in dict.fromkeys(chain.from_iterable(members)):
        card, predictor = artifacts.card(id, out), catalog.load(id, out)
        with artifacts.revising(id, out) as folder:
            about = add(folder, card, predictor, artifacts.predictions(id, out), images)
        for precision, found in about["precisions"].items():
            table.add_row(id, *_row(precision, found))
    Console().print(table)


def _row(precision: str, found: Mapping[str, Any]) -> list[str]:
    return [
        precision,
        f"{found['images']:,}",
        f"{found['greatest_difference']:.1e}",
        str(found["other_label"]),
        f"{found['accuracy']:.2%}",
        f"{found['native_accuracy']:.2%}",
        "yes" if found["passed"] else "no",
    ]
