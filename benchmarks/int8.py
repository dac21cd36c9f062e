"""What int8 would bring: shipped networks quantized, their accuracy and speed beside bfloat16's and float32's.

    FER2013_PATH=fer2013.csv uv run python benchmarks/int8.py [IDS ...] [--images 256]

Static quantization by ONNX Runtime (QDQ, a scale a channel, ranges of least and greatest), calibrated on Training
images, run by OpenVINO as the dashboard runs its exports. Nothing is kept: docs/decisions/0006-compiled-engine.md says
why.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from machine import describe
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from fer_core import artifacts, catalog, datasets, onnx_exports
from fer_core.compiled import Network
from fer_core.preprocess import network_input
from fer_core.types import Float32, InputSpec

BATCH = 32


class Lessons(CalibrationDataReader):
    """The images that ranges are measured on, a batch at a time."""

    def __init__(self, x: Float32) -> None:
        self._batches: Iterator[Float32] = iter(np.array_split(x, max(len(x) // BATCH, 1)))

    def get_next(self) -> dict[str, Float32] | None:
        """The next batch by the name of the network's input; None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {"x": batch}


def main() -> None:
    """Prints a line for each network and precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", help="artifacts; all that have an export where none is named")
    parser.add_argument("--images", type=int, default=256, help="Training images to calibrate on")
    wanted = parser.parse_args()
    data = datasets.load(None)
    print(describe())
    for id in wanted.ids or [id for id in artifacts.ids() if onnx_exports.here(id)]:
        with tempfile.TemporaryDirectory() as folder:
            measure(id, data, wanted.images, Path(folder))


def measure(id: str, data: datasets.Dataset, images: int, folder: Path) -> None:
    """Prints accuracy on PublicTest, labels other than float32's, and speed of one network in three precisions."""
    graph, shape = onnx_exports.read(id).graph, catalog.spec(artifacts.card(id).architecture).input
    training, public = data.split("Training"), data.split("PublicTest")
    few = np.random.default_rng(0).permutation(len(training.faces))[:images]
    networks = {
        "float32": Network(graph), "bfloat16": Network(graph, precision="bfloat16"),
        "int8": Network(quantized(graph, _input(training.faces[few], shape), folder)),
    }  # fmt: skip
    x = _input(public.faces, shape)
    said = {name: _labels(network, x) for name, network in networks.items()}
    times = {name: [_seconds(network, x[:BATCH]) for _ in range(3)] for name, network in networks.items()}  # warm
    for _ in range(20):
        for name, network in networks.items():
            times[name].append(_seconds(network, x[:BATCH]))
    for name in networks:
        rates = BATCH / np.array(times[name][3:])
        print(
            f"{id:28} {name:9} PublicTest {100 * np.mean(said[name] == public.labels):.2f} %, "
            f"{100 * np.mean(said[name] != said['float32']):.2f} % other labels, {np.median(rates):,.0f} images/s "
            f"({rates.min():,.0f} to {rates.max():,.0f})"
        )


def quantized(graph: Path, x: Float32, folder: Path) -> Path:
    """The graph in int8, with weights inside, in `folder`; ranges measured on network inputs x."""
    whole, ready, out = (folder / f"{name}.onnx" for name in ("whole", "ready", "int8"))
    onnx.save(onnx.load(graph), whole)
    quant_pre_process(whole, ready, skip_symbolic_shape=True)
    quantize_static(
        ready, out, Lessons(x), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )  # fmt: skip
    return out


def _input(grey: np.ndarray, shape: InputSpec) -> Float32:
    return network_input(np.repeat(grey[..., None], 3, axis=-1), shape)


def _labels(network: Network, x: Float32) -> np.ndarray:
    return np.concatenate([network(part)[0].argmax(axis=1) for part in np.array_split(x, 16)])


def _seconds(network: Network, x: Float32) -> float:
    began = time.perf_counter()
    network(x)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
