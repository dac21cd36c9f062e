"""Networks as ONNX, run by OpenVINO: float32 in, float32 out, each compiled once for a machine and kept on disk.

The one place that knows the runtime; docs/decisions/0006-compiled-engine.md says why it is this one. Importing this
module loads nothing; the first `Network` loads OpenVINO in a third of a second, and no deep-learning framework.
"""

from __future__ import annotations

import functools
import hashlib
import os
import threading
from contextlib import suppress
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal, get_args
from uuid import uuid4

import numpy as np

from fer_core.dataset_cache import cache_folder
from fer_core.types import Float32, unknown

Precision = Literal["float32", "bfloat16", "int8"]
"""What a network computes in; int8: what its graph has quantized, all else in bfloat16."""
_HINTS = {"float32": "f32", "bfloat16": "bf16", "int8": "bf16"}
MOST_KEPT = 64
"""Compiled networks on disk; those made longest ago go first."""


class Network:
    """A compiled network, safe to call from several threads: `streams` calls run at once, the others wait.

    Each uses its share of the `threads`. `calls` counts them. The compiled form is kept in the cache folder, under the
    sha256 of the ONNX file and of the weights it names, the runtime's version, precision, threads and processor; it is
    written beside its place and renamed, so that two processes may make it at once, and made anew where it is damaged.
    """

    def __init__(
        self,
        model: Path | bytes,
        threads: int | None = None,
        precision: Precision = "float32",
        folder: Path | None = None,
        streams: int = 1,
    ) -> None:
        """`model`: an ONNX file or its bytes; `threads`: None takes one for each core that this process may use.

        ValueError where the model is none that can be compiled; `folder` as in `dataset_cache.cache_folder`.
        """
        if precision not in get_args(Precision):
            raise ValueError(unknown("precision", precision, get_args(Precision)))
        self.precision, self.calls = precision, 0
        self._counting = threading.Lock()
        made = _compiled(model, threads or cores(), precision, folder, streams)
        _settle_types()
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(streams):
            self._idle.put(made.create_infer_request())

    def __call__(self, *inputs: Float32) -> list[Float32]:
        """The network's outputs in the model's order, float32, of inputs in the model's order."""
        whole = [np.ascontiguousarray(one, np.float32) for one in inputs]
        with self._counting:
            self.calls += 1
        request = self._idle.get()
        try:
            request.infer(whole, share_inputs=True)
            return [np.array(tensor.data, np.float32) for tensor in request.output_tensors]
        finally:
            self._idle.put(request)


def _settle_types() -> None:
    """Nothing comes back; OpenVINO made its table of types in one thread: two at once can wait for each other."""
    import openvino

    openvino.Type.f32.to_dtype()


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_bfloat16() -> bool:
    """Whether this machine's processor multiplies bfloat16 natively, so that it is worth its rounding."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@functools.cache
def _core() -> Any:
    from openvino import Core

    return Core()


def _compiled(model: Path | bytes, threads: int, precision: Precision, folder: Path | None, streams: int) -> Any:
    settings = {
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": streams,
        "PERFORMANCE_HINT": "LATENCY",
    }
    file = cache_folder(folder) / "compiled" / f"{_key(model, settings)}.blob"
    if (kept := _imported(file, settings)) is not None:
        return kept
    try:
        # by its path where it has one: weights may lie in a file beside it
        read = _core().read_model(BytesIO(model) if isinstance(model, bytes) else model)
        made = _core().compile_model(read, "CPU", settings)
    except RuntimeError as error:
        raise ValueError(f"Expected an ONNX model that OpenVINO can compile: {str(error).strip()[-300:]}") from error
    _keep(made, file)
    return made


def _key(model: Path | bytes, settings: dict[str, Any]) -> str:
    processor = _core().get_property("CPU", "FULL_DEVICE_NAME")
    about = repr((version("openvino"), processor, sorted(settings.items())))
    return f"{_digest(model)[:32]}-{hashlib.sha256(about.encode()).hexdigest()[:16]}"


def _digest(model: Path | bytes) -> str:
    """The sha256 of a graph and of every file beside it that it names: one graph serves many weights."""
    data = model if isinstance(model, bytes) else model.read_bytes()
    whole = hashlib.sha256(data)
    for beside in () if isinstance(model, bytes) else sorted(model.parent.iterdir()):
        if beside != model and beside.is_file() and beside.name.encode() in data:
            whole.update(hashlib.sha256(beside.read_bytes()).digest())
    return whole.hexdigest()


def _imported(file: Path, settings: dict[str, Any]) -> Any:
    """The compiled network kept in that file; None where there is none, or a damaged one."""
    try:
        stored = file.read_bytes()
        if hashlib.sha256(stored[32:]).digest() != stored[:32]:
            return None
        return _core().import_model(BytesIO(stored[32:]), "CPU", settings)
    except (OSError, RuntimeError):
        return None


def _keep(made: Any, file: Path) -> None:
    """Nothing comes back; the compiled network is in that file, or nowhere where it cannot be written."""
    blob = made.export_model().getvalue()
    whole = hashlib.sha256(blob).digest() + blob
    beside = file.with_name(f".writing-{uuid4().hex}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(whole)
        beside.replace(file)
        kept = sorted(file.parent.glob("*.blob"), key=lambda old: -old.stat().st_mtime_ns)
        for old in kept[MOST_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError:
        return  # a cache: the next process compiles again
    finally:
        with suppress(OSError):  # of a folder that may not even be looked into
            beside.unlink(missing_ok=True)
