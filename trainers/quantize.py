"""An export whose heaviest convolution computes in int8, where that one is most of the network's work.

Quantized after training, a scale for each output channel of its weights and one for its input, whose range is measured
on Training images (Jacob et al. 2018, arXiv:1712.05877). All else stays as it was, so that few answers change.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fer_core.compiled import Network
from fer_core.types import Float32

SHARE = 0.5
"""Of a network's multiply-adds that one convolution has to hold: below half, int8 gains little over bfloat16."""
BATCH = 32
TINY = 1e-12


def graph(exported: Path, x: Float32) -> bytes | None:
    """The ONNX file of that export with its heaviest convolution in int8; None where none holds `SHARE` of the work.

    `x` are network inputs (N, s, s, c) of Training images. What is not quantized stays a reference to the weights.
    """
    import onnx

    whole = onnx.load(exported)
    convolutions = [node for node in whole.graph.node if node.op_type == "Conv"]
    if not convolutions:
        return None
    node, weights, share = _heaviest(whole, convolutions, x[:1])
    if share < SHARE or weights.ndim != 4:
        return None
    parts = [x[first : first + BATCH] for first in range(0, len(x), BATCH)]
    seen = [_tensors(whole, [node.input[0]], part)[0] for part in parts]
    low, high = min(0.0, *(float(part.min()) for part in seen)), max(float(part.max()) for part in seen)
    model = onnx.load(exported, load_external_data=False)
    _replace(model.graph, node.name, weights, low, high)
    _sweep(model.graph)
    return bytes(model.SerializeToString(deterministic=True))


def _heaviest(model: Any, convolutions: list[Any], x: Float32) -> tuple[Any, Float32, float]:
    """The one of these nodes with the most multiply-adds a face, its weights, and its share of the work of all."""
    weights = _tensors(model, [node.input[1] for node in convolutions], x)
    answers = _tensors(model, [node.output[0] for node in convolutions], x)
    work = [float(np.prod(a.shape[2:]) * w.size) for a, w in zip(answers, weights, strict=True)]
    first = int(np.argmax(work))
    return convolutions[first], weights[first], work[first] / sum(work)


def _tensors(model: Any, names: list[str], x: Float32) -> list[Float32]:
    """What these tensors of the graph hold for that input."""
    from onnx import ModelProto, ValueInfoProto

    asked = ModelProto.FromString(model.SerializeToString())
    del asked.graph.output[:]
    asked.graph.output.extend([ValueInfoProto(name=name) for name in names])
    return Network(asked.SerializeToString())(x)


def _replace(graph: Any, name: str, weights: Float32, low: float, high: float) -> None:
    """Nothing comes back; that node reads its input, in low..high, and its weights (out, in, h, w) through int8."""
    from onnx import helper, numpy_helper

    place, node = next((n, one) for n, one in enumerate(graph.node) if one.name == name)
    step = np.float32(max(high - low, TINY) / 255)  # what only ever saw zeros has no range
    scales = np.abs(weights).max(axis=(1, 2, 3)).clip(min=TINY) / 127
    kept = {
        "step": step, "zero": np.uint8(round(-low / float(step))), "scales": scales.astype(np.float32),
        "weights": np.rint(weights / scales[:, None, None, None]).astype(np.int8),
        "zeros": np.zeros(len(scales), np.int8),
    }  # fmt: skip
    graph.initializer.extend(numpy_helper.from_array(np.asarray(one), f"int8.{key}") for key, one in kept.items())
    made = [
        helper.make_node("QuantizeLinear", [node.input[0], "int8.step", "int8.zero"], ["int8.x"]),
        helper.make_node("DequantizeLinear", ["int8.x", "int8.step", "int8.zero"], ["int8.seen"]),
        helper.make_node("DequantizeLinear", ["int8.weights", "int8.scales", "int8.zeros"], ["int8.learnt"], axis=0),
    ]
    node.input[0], node.input[1] = "int8.seen", "int8.learnt"
    for one in reversed(made):
        graph.node.insert(place, one)


def _sweep(graph: Any) -> None:
    """Nothing comes back; nodes and weights that nothing reads any more are gone."""
    ends = {output.name for output in graph.output}
    while True:
        read = ends.union(*(node.input for node in graph.node))
        idle = [node for node in graph.node if not read.intersection(node.output)]
        for node in idle:
            graph.node.remove(node)
        if not idle:
            break
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in read]:
        graph.initializer.remove(tensor)
