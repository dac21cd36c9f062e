"""How much a network computes for one face: the multiply-adds of its convolutions and matrix products.

The measure by which the field compares what small networks cost (Howard et al. 2017, arXiv:1704.04861), read from the
export's graph, so that both frameworks are counted alike.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fer_core import artifacts
from fer_core.test_time import VIEWS
from fer_core.types import ModelCard


def of_model(card: ModelCard, root: Path | None = None) -> int | None:
    """The multiply-adds of one answer, over all views of a face and all members; None where an export does not say."""
    try:
        members = [artifacts.card(id, root) for id in card.recipe.get("members", ())]
        found = [of_model(one, root) for one in members] or [_stored(card.id, root)]
    except artifacts.ArtifactError:
        return None
    views = VIEWS.get(card.recipe.get("test_time", "none"))  # None: a card of another version of the program
    return None if views is None or None in found else views * sum(one or 0 for one in found)


def _stored(id: str, root: Path | None) -> int | None:
    file = (root or artifacts.default_root()) / id / artifacts.ENGINE
    try:
        return int(json.loads(file.read_text("utf-8"))["multiply_adds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def multiply_adds(graph: Path) -> int:
    """The multiply-adds of one face through an exported network, activations, norms and pooling left out.

    RuntimeError where the file is no ONNX graph.
    """
    from openvino import Core

    model = Core().read_model(graph)
    model.reshape([1, *(side.get_length() for side in list(model.input().partial_shape)[1:])])
    return sum(_of(op) for op in model.get_ordered_ops())


def _of(op: object) -> int:
    kind = op.get_type_name()  # type: ignore[attr-defined]  # OpenVINO's nodes have no types
    if kind not in ("Convolution", "GroupConvolution", "MatMul"):
        return 0
    first, second, out = (tuple(part.get_shape()) for part in (op.input(0), op.input(1), op.output(0)))  # type: ignore[attr-defined]
    if kind == "MatMul":
        return int(np.prod(out)) * first[-2 if op.get_attributes()["transpose_a"] else -1]  # type: ignore[attr-defined]
    return int(np.prod(out[2:]) * np.prod(second))
