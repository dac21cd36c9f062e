"""How fast each engine answers for every shipped model, and how much memory all models take.

    uv run python benchmarks/engines.py [--rounds 10] [--models A,B] [--untrained A,B] [--fer PYTHON] [--data FER2013]
                                        [--json FILE]

Networks alone, on ready input: OpenVINO in float32 and bfloat16, ONNX Runtime, the model's own framework as the program
calls it, and Keras's `predict`. All peers of a model work in one process in turns, so that they meet the same load.
Large networks that are not shipped are timed with random weights: how fast a network is does not depend on them.
PYTHON is the interpreter of another environment, with the package `fer` and setuptools below 80; it is asked about the
same faces as ours, and, where FER2013 is found, for its accuracy on PrivateTest, which stands beside our cards'.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil
from machine import describe

from fer_core import artifacts, catalog, datasets, onnx_exports
from fer_core.compiled import Network, cores, has_bfloat16
from fer_core.datasets import DatasetError
from fer_core.types import EMOTIONS

HERE = Path(__file__).resolve().parent
BATCH, REPEATS = 32, 6
"""Faces of a batch, and runs of one peer before the next has its turn; the first of them does not count."""
LARGE = "keras-resnet50v2,keras-efficientnetv2b3"
"""The networks at 128 px of the Copenhagen project."""
Peers = Mapping[str, Callable[[np.ndarray], Any]]


def main() -> None:
    """Prints one line for each model and peer; with --json, the same figures for the documentation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--models", default="", help="ids with commas between; all shipped where none is named")
    parser.add_argument("--untrained", default=LARGE, help="networks of the catalog, timed with random weights")
    parser.add_argument("--fer", type=Path, help="the Python of an environment with the package fer")
    parser.add_argument("--data", type=Path, help="FER2013, to judge fer on; else FER2013_PATH, else fer is only timed")
    parser.add_argument("--json", type=Path, help="the same figures for the documentation")
    parser.add_argument("--memory", choices=("compiled", "native"), help="only load all models and say what that took")
    wanted = parser.parse_args()
    if wanted.memory:
        print(json.dumps(memory(wanted.memory)))
        return
    results: dict[str, Any] = {"machine": describe(), "rounds": wanted.rounds, "batch": BATCH}
    print(results["machine"])
    results["memory"] = [child(str(HERE / "engines.py"), "--memory", engine) for engine in ("compiled", "native")]
    timed = wanted.models.split(",") if wanted.models else shipped()
    results["times"] = [row for id in timed for row in report(id, peers(id), wanted.rounds)]
    for id in filter(None, wanted.untrained.split(",")):
        with TemporaryDirectory() as folder:
            results["times"] += report(id, untrained(id, Path(folder)), max(wanted.rounds // 2, 1))
    results["faces"] = faces_a_second(wanted.rounds, wanted.fer, wanted.data)
    print(json.dumps({key: results[key] for key in ("memory", "faces")}, indent=1))
    if wanted.json:
        wanted.json.write_text(json.dumps(results, indent=1) + "\n")


def shipped() -> list[str]:
    """The ids of the models with an export."""
    return [id for id in artifacts.ids() if onnx_exports.here(id)]


def peers(id: str) -> Peers:
    """What computes the network of that artifact: by name, from network input to logits."""
    export = onnx_exports.read(id)
    whole = "int8" in export.about["precisions"]
    return working(catalog.load(id), export.graph, export.file("int8") if whole else None)


def untrained(architecture: str, folder: Path) -> Peers:
    """The same of a network with random weights, whose export is made in `folder`."""
    from trainers import onnx_graph

    network = catalog.untrained(architecture)
    artifacts.save_weights(folder, network.weights())
    graph = onnx_graph.graph(network, folder / artifacts.WEIGHTS)
    return working(network, onnx_exports.save_graph(folder, graph), None)


def working(native: Any, graph: Path, quantized: Path | None) -> Peers:
    """Every way here to compute that network, by name."""
    found: dict[str, Callable[[np.ndarray], Any]] = {"OpenVINO, float32": Network(graph)}
    if has_bfloat16():
        found["OpenVINO, bfloat16"] = Network(graph, precision="bfloat16")
    if quantized:
        rest = "bfloat16" if has_bfloat16() else "float32"
        found[f"OpenVINO, int8 and {rest}"] = Network(quantized, precision="int8")
    found["ONNX Runtime, float32"] = onnx_runtime(graph)
    title = {"keras": "Keras, traced", "torch": "PyTorch, eager"}[native.spec.framework]
    found[title] = native._logits
    if native.spec.framework == "keras":
        found["Keras, predict"] = partial(native._network.predict, verbose=0, batch_size=BATCH)
    return found


def onnx_runtime(graph: Path) -> Callable[[np.ndarray], Any]:
    """The exported graph in ONNX Runtime, one thread a core, which do not spin while others have their turn."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x})


def report(id: str, peers: Peers, rounds: int) -> list[dict[str, object]]:
    """The times of all peers on batches and on single faces of one model, an artifact or a network."""
    shape = catalog.spec(artifacts.card(id).architecture if id in artifacts.ids() else id).input
    x = np.random.default_rng(0).random((BATCH, shape.size, shape.size, shape.channels), np.float32)
    many, one, rows = in_turns(peers, x, rounds), in_turns(peers, x[:1], rounds), []
    for peer in peers:
        speeds = [BATCH / seconds for seconds in many[peer]]
        milliseconds = [1e3 * seconds for seconds in one[peer]]
        row: dict[str, object] = {
            "model": id, "peer": peer, "n": len(speeds),
            "images_a_second": statistics.median(speeds), "least": min(speeds), "greatest": max(speeds),
            "p50": statistics.median(milliseconds), "p95": float(np.percentile(milliseconds, 95)),
        }  # fmt: skip
        print("  ".join(f"{v:9.2f}" if isinstance(v, float) else f"{v!s:24}" for v in row.values()), flush=True)
        rows.append(row)
    return rows


def in_turns(peers: Peers, x: np.ndarray, rounds: int) -> dict[str, list[float]]:
    """Each peer's seconds for x, some runs of it before the next has its turn, all of them `rounds` times."""
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, work in peers.items():
            for repeat in range(REPEATS):
                began = time.perf_counter()
                work(x)
                if repeat:
                    seconds[name].append(time.perf_counter() - began)
    return seconds


def memory(engine: str) -> dict[str, object]:
    """What this process takes, in MB, once all shipped models answered twelve faces in that engine, and the seconds."""
    resident, began = psutil.Process().memory_info, time.perf_counter()
    before = resident().rss / 1e6
    models = [catalog.load(id, engine="compiled" if engine == "compiled" else "native") for id in shipped()]
    for model in models:
        model.predict_proba(np.zeros((12, 48, 48, 3), np.uint8))
    after, took = resident().rss / 1e6, time.perf_counter() - began
    return {"engine": engine, "models": len(models), "before_mb": before, "after_mb": after, "seconds": took}


def faces_a_second(rounds: int, fer: Path | None, data: Path | None) -> list[dict[str, object]]:
    """Faces of 48 x 48 pixels a second from pixels to probabilities and accuracy on PrivateTest, ours and fer's."""
    faces = np.random.default_rng(0).integers(0, 256, (BATCH, 48, 48, 3), dtype=np.uint8)
    models = {id: catalog.load(id, engine="compiled").predict_proba for id in shipped()}
    found: list[dict[str, object]] = []
    for id, seconds in in_turns(models, faces, rounds).items():
        speeds = [BATCH / one for one in seconds]
        found.append({"peer": f"{id}, compiled", "n": len(speeds), "faces_a_second": statistics.median(speeds),
                      "least": min(speeds), "greatest": max(speeds)} | accuracy_of(id))  # fmt: skip
    if fer:
        with TemporaryDirectory() as folder:
            asked = [str(HERE / "fer_peer.py"), str(rounds * (REPEATS - 1)), *judged(Path(folder) / "faces.npz", data)]
            done = subprocess.run([str(fer), *asked], check=True, text=True, capture_output=True)
        found += json.loads(done.stdout.strip().splitlines()[-1])
    return found


def accuracy_of(id: str) -> dict[str, float]:
    """PrivateTest's accuracy, 0..1; nothing of a model of fewer labels, which was asked an easier question."""
    if artifacts.card(id).labels != EMOTIONS:
        return {}
    return {"accuracy": artifacts.metrics(id)["PrivateTest"]["metrics"]["accuracy"][0]}


def judged(path: Path, data: Path | None) -> list[str]:
    """The path, where PrivateTest's faces and the names of their labels are then; none where FER2013 is not found."""
    try:
        part = datasets.load(data).split("PrivateTest")
    except DatasetError as error:
        print(f"fer is timed, not judged: {error}")
        return []
    np.savez(path, faces=part.faces, labels=[EMOTIONS[label] for label in part.labels])
    return [str(path)]


def child(*arguments: str) -> Any:
    """What another process of ours said in its last line."""
    done = subprocess.run([sys.executable, *arguments], check=True, text=True, capture_output=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
