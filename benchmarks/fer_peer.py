"""The package fer on the faces that `engines.py` asks about; run by the Python of an environment that has it.

Prints one line of JSON: faces a second with its quantised TensorFlow Lite network, its default, and with its Keras one.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from importlib.metadata import version

import numpy as np
from fer.fer import FER

FACES, SIDE = 32, 48


def main(runs: int) -> None:
    """Prints the figures."""
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, FACES * SIDE, 3), dtype=np.uint8)
    boxes = [(i * SIDE, 0, SIDE, SIDE) for i in range(FACES)]
    found = []
    for name, lite in (("TensorFlow Lite", True), ("Keras", False)):
        detector = FER(use_tflite=lite, offsets=(0, 0))
        speeds = []
        for _ in range(runs + 3):
            began = time.perf_counter()
            assert len(detector.detect_emotions(picture, boxes)) == FACES
            speeds.append(FACES / (time.perf_counter() - began))
        kept = speeds[3:]  # the first ones trace the network
        found.append({"peer": f"fer {version('fer')}, {name}", "n": runs, "faces_a_second": statistics.median(kept),
                      "least": min(kept), "greatest": max(kept)})  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
