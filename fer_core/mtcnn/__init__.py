"""MTCNN's three networks (Zhang et al. 2016, arXiv:1604.02878), compiled, and the threads that run them.

pnet.onnx, rnet.onnx and onet.onnx hold the weights of facenet-pytorch 2.6.0 (Copyright (c) 2019 Timothy Esler, MIT
licence, beside them), written by tools/mtcnn_onnx.py. tests/test_mtcnn.py holds them against that package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from fer_core.compiled import Network, Precision, cores, has_bfloat16

MOST_WORKERS = 8
"""More threads than that have nothing to do on a photo of usual size."""
Part = TypeVar("Part")
Answer = TypeVar("Answer")


class Looking(NamedTuple):
    """A network that looks at candidates: in `side` x `side` pixels, `batch` of them at a time.

    Its answers are float32 (N, 4) moves of a box's edges, O-Net's (N, 10) points, and (N, 2) scores of no face and a
    face, as wide as `widths`.
    """

    run: Network
    side: int
    batch: int
    widths: tuple[int, ...]


class Networks:
    """The compiled networks and the threads that run them; several callers may share one.

    `pnet` gives moves (N, 4, h, w) and scores (N, 2, h, w). `screens`: whether the processor multiplies bfloat16, and
    "rnet_screen" and "onet_screen" in `looking` do so. Everything else is float32.
    """

    def __init__(self, workers: int | None = None) -> None:
        """`workers` threads; None takes the processor's cores, at most 8."""
        self.workers = workers or min(MOST_WORKERS, cores())
        self.screens = has_bfloat16()
        self._pool = ThreadPoolExecutor(self.workers, "mtcnn")
        self.pnet = self._network("pnet")
        self.looking = {}
        for name, side, batch, widths in (("rnet", 24, 32, (4, 2)), ("onet", 48, 8, (4, 10, 2))):
            self.looking[name] = Looking(self._network(name), side, batch, widths)
            if self.screens:
                self.looking[f"{name}_screen"] = Looking(self._network(name, "bfloat16"), side, batch, widths)

    def each(self, function: Callable[[Part], Answer], parts: Iterable[Part], /) -> Iterable[Answer]:
        """What the function gives for each part, in their order; on all threads at once."""
        return self._pool.map(function, parts)

    def _network(self, name: str, precision: Precision = "float32") -> Network:
        """One network on one thread for each worker: small ones waste the time of two that share one."""
        file = Path(__file__).with_name(f"{name}.onnx")
        return Network(file, self.workers, precision, streams=self.workers)
