"""MTCNN's three networks from facenet-pytorch's own weights as ONNX: fer_core/mtcnn/{pnet,rnet,onet}.onnx.

    uv run python tools/mtcnn_onnx.py [FOLDER]

Their input is float32 (N, H, W, 4), values -1..1: red, green, blue, and one that is ignored, since four numbers a pixel
are gathered faster than three. Outputs are `moves` (of a box's edges), `points` (O-Net's) and `scores` (no face, face).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parents[1] / "fer_core" / "mtcnn"
POOLS = {"pnet": (2, 0, 0), "rnet": (3, 3, 0), "onet": (3, 3, 2, 0)}
"""Side of the maximum taken after each convolution, 0 for none."""
HEADS = {
    "pnet": {"moves": "conv4_2", "scores": "conv4_1"},
    "rnet": {"moves": "dense5_2", "scores": "dense5_1"},
    "onet": {"moves": "dense6_2", "points": "dense6_3", "scores": "dense6_1"},
}


def main() -> None:
    """Writes the three files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for name in POOLS:
        onnx.save(exported(name), folder / f"{name}.onnx")


def exported(name: str) -> onnx.ModelProto:
    """The network "pnet", "rnet" or "onet" with facenet-pytorch's weights."""
    from facenet_pytorch.models import mtcnn

    network = {"pnet": mtcnn.PNet, "rnet": mtcnn.RNet, "onet": mtcnn.ONet}[name]()
    graph = _Graph({key: value.numpy() for key, value in network.state_dict().items()})
    last = graph.add("Transpose", ["x"], perm=[0, 3, 1, 2])
    for number, side in enumerate(POOLS[name], start=1):
        last = graph.layer("Conv", last, f"conv{number}", f"prelu{number}")
        if side:
            last = graph.add("MaxPool", [last], kernel_shape=[side, side], strides=[2, 2], ceil_mode=1)
    if name != "pnet":
        number = len(POOLS[name]) + 1
        last = graph.add("Flatten", [graph.add("Transpose", [last], perm=[0, 3, 2, 1])], axis=1)
        last = graph.layer("Gemm", last, f"dense{number}", f"prelu{number}")
    for output, weights in HEADS[name].items():
        answer = graph.layer("Conv" if name == "pnet" else "Gemm", last, weights)
        graph.add(*(("Softmax", [answer]) if output == "scores" else ("Identity", [answer])), into=output)
    return graph.model(name)


class _Graph:
    """Nodes and weights, in the order of adding."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: list[str], into: str | None = None, **attributes: Any) -> str:
        """The name of the new node's output."""
        name = into or f"{kind}{len(self.nodes)}".lower()
        if kind == "Softmax":
            attributes = {"axis": 1}
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def layer(self, kind: str, last: str, weights: str, activation: str = "") -> str:
        """A convolution or dense layer, and the PReLU after it where there is one."""
        attributes: dict[str, Any] = {"transB": 1} if kind == "Gemm" else {}
        kernel = self.weights[f"{weights}.weight"]
        if weights == "conv1":  # the channel that is ignored
            kernel = np.concatenate([kernel, np.zeros_like(kernel[:, :1])], axis=1)
        names = [self._constant(f"{weights}.weight", kernel), self._constant(f"{weights}.bias")]
        last = self.add(kind, [last, *names], **attributes)
        if activation:
            slopes = self.weights[f"{activation}.weight"]
            shape = (-1, 1, 1) if kind == "Conv" else (-1,)
            last = self.add("PRelu", [last, self._constant(f"{activation}.weight", slopes.reshape(shape))])
        return last

    def _constant(self, name: str, values: np.ndarray | None = None) -> str:
        self.constants.append(numpy_helper.from_array(self.weights[name] if values is None else values, name))
        return name

    def model(self, name: str) -> onnx.ModelProto:
        """The whole, checked."""
        side = {"pnet": None, "rnet": 24, "onet": 48}[name]
        shape = ["N", side or "H", side or "W", 4]
        answers = ["N", "C", "h", "w"] if name == "pnet" else ["N", "C"]
        float32 = TensorProto.FLOAT
        outputs = [helper.make_tensor_value_info(output, float32, answers) for output in HEADS[name]]
        inputs = [helper.make_tensor_value_info("x", float32, shape)]
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        model.doc_string = "MTCNN (Zhang et al. 2016), weights of facenet-pytorch 2.6.0 (MIT licence, Tim Esler)"
        onnx.checker.check_model(model, full_check=True)
        return model


if __name__ == "__main__":
    main()
