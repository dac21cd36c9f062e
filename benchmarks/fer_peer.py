"""The package fer on the faces that `engines.py` asks about; run by the Python of an environment that has it.

    PYTHON benchmarks/fer_peer.py RUNS [FACES]

Prints one line of JSON: faces a second with its quantised TensorFlow Lite network, its default, and with its Keras one;
with FACES, an .npz file of `faces` uint8 (N, 48, 48) and `labels` (N,), names of emotions, its accuracy on them too.
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


def main(runs: int, judged: str = "") -> None:
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
        if judged:
            found[-1]["accuracy"] = accuracy(detector, judged)
    print(json.dumps(found))


def accuracy(detector: FER, judged: str) -> float:
    """How many of the faces in that file it names rightly, 0..1."""
    with np.load(judged) as stored:
        faces, labels = stored["faces"], stored["labels"]
    right = 0
    for first in range(0, len(faces), FACES):
        some = faces[first : first + FACES]
        strip = np.repeat(np.concatenate(list(some), axis=1)[..., None], 3, axis=-1)
        answers = detector.detect_emotions(strip, [(i * SIDE, 0, SIDE, SIDE) for i in range(len(some))])
        said = [max(one["emotions"], key=one["emotions"].get) for one in answers]
        right += sum(a == b for a, b in zip(said, labels[first : first + FACES], strict=True))
    return right / len(faces)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:3])
