"""From a predictor to its network as an ONNX graph that refers to the artifact's weights file.

PyTorch's exporter makes it; a Keras network goes through it too, in a process of its own where Keras runs on PyTorch.
The graph takes float32 (N, s, s, c), N open, as `preprocess.network_input` gives it, and gives logits.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from fer_core.predictor import BasePredictor
from fer_core.types import ModelSpec

MINUTES = 20
"""How long the export of the largest network may take on a slow machine."""


class ExportError(ValueError):
    """Why a network cannot be exported, or why its export is not as good as the network."""


def graph(predictor: BasePredictor, weights: Path) -> bytes:
    """The ONNX file of the predictor's network, whose weights are those that the safetensors file at `weights` holds.

    ExportError where the network has an operation that cannot be exported.
    """
    spec, classes = predictor.spec, len(predictor.labels)
    if spec.framework == "torch":
        return referring(_traced(predictor), weights)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "graph.onnx"
        asked = json.dumps([TypeAdapter(ModelSpec).dump_python(spec, mode="json"), classes, str(weights), str(out)])
        # on the processor, as the exporter's example is: on a Mac Keras would put the network on Apple's GPU
        quiet = {"KERAS_BACKEND": "torch", "KERAS_TORCH_DEVICE": "cpu", "CUDA_VISIBLE_DEVICES": ""}
        quiet["PYTHONPATH"] = os.pathsep.join(sys.path)
        done = subprocess.run([sys.executable, "-m", __name__], input=asked, env=os.environ | quiet, text=True,
                              capture_output=True, timeout=60 * MINUTES, check=False)  # fmt: skip
        if done.returncode:
            raise ExportError(f"{spec.id} cannot be exported to ONNX: {done.stderr.strip()[-500:]}")
        return out.read_bytes()


def _traced(predictor: BasePredictor) -> Any:
    """The onnx.ModelProto of the network, float32 weights inside; its channels come first where they can."""
    import torch

    network, shape, first, options = predictor._network, predictor.spec.input, True, {}
    if predictor.spec.framework == "keras":
        from trainers.keras_layout import channels_first

        turned, options = channels_first(network), {"training": False}
        network, first = (network, False) if turned is None else (turned, True)

    class ChannelsLast(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.network(x.permute(0, 3, 1, 2) if first else x, **options)

    x = torch.zeros(2, shape.size, shape.size, shape.channels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own insides
        try:
            made = torch.onnx.export(
                ChannelsLast().eval(), (x,), dynamo=True, optimize=False, verbose=False, input_names=["x"],
                output_names=["logits"], dynamic_shapes=({0: torch.export.Dim("faces")},),
            )  # fmt: skip
        except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
            raise ExportError(f"{predictor.spec.id} cannot be exported to ONNX: {error}") from error
    assert made is not None
    return made.model_proto


def referring(model: Any, weights: Path) -> bytes:
    """The ONNX file in which every weight of that safetensors file is a reference to its place there.

    Weights are found by their content, and those kept as float16 are cast to float32 in the graph, which the runtime
    does once, when it compiles.
    """
    from onnx import TensorProto, helper, numpy_helper
    from onnx.external_data_helper import set_external_data

    places, casts = _places(weights.read_bytes()), []
    for tensor in model.graph.initializer:
        place = places.get(_content(numpy_helper.to_array(tensor)))
        if place is None:
            continue
        name, (kind, start, length) = tensor.name, place
        tensor.ClearField("raw_data")
        if kind == "F16":
            tensor.name, tensor.data_type = f"{name}.stored", TensorProto.FLOAT16
            casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
        tensor.raw_data = b"placeholder"  # which the next line wants to see
        set_external_data(tensor, weights.name, offset=start, length=length)
        tensor.ClearField("raw_data")
    for node in reversed(casts):
        model.graph.node.insert(0, node)
    return _plain(model, weights)


def _plain(model: Any, weights: Path) -> bytes:
    """The model's bytes without the exporter's notes (this machine's stack traces), but with what it is of."""
    from onnx import helper

    for holder in (model, model.graph, *model.graph.node, *model.graph.initializer, *model.graph.value_info):
        del holder.metadata_props[:]
        holder.doc_string = ""
    del model.graph.value_info[:]
    helper.set_model_props(model, {"weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest()})
    return bytes(model.SerializeToString(deterministic=True))


def _places(stored: bytes) -> dict[tuple[Any, ...], tuple[str, int, int]]:
    """By content: the type, the first byte and the number of bytes of each tensor in a safetensors file."""
    from safetensors.numpy import load

    size = int.from_bytes(stored[:8], "little")
    entries = json.loads(stored[8 : 8 + size])
    places = {}
    for name, array in load(stored).items():
        start, end = (8 + size + offset for offset in entries[name]["data_offsets"])
        places[_content(np.asarray(array, np.float32))] = (entries[name]["dtype"], start, end - start)
    return places


def _content(array: np.ndarray) -> tuple[Any, ...]:
    return array.dtype, array.shape, hashlib.sha256(np.ascontiguousarray(array).tobytes()).digest()


def main() -> None:
    """What the process for a Keras network does: a graph of what the standard input asks for."""
    from fer_core import keras_backend
    from fer_core.catalog import _function

    given, classes, weights, out = json.load(sys.stdin)
    spec = TypeAdapter(ModelSpec).validate_python(given)
    labels = tuple(map(str, range(classes)))
    network = _function(spec.build)(classes=classes, **spec.options)
    predictor = keras_backend.make(spec, labels, network, None)
    from safetensors.numpy import load

    predictor.load_weights({n: np.asarray(a, np.float32) for n, a in load(Path(weights).read_bytes()).items()})
    Path(out).write_bytes(referring(_traced(predictor), Path(weights)))


if __name__ == "__main__":
    main()
