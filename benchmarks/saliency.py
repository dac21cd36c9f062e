"""How long maps take: every method, by one native model and one that began with ImageNet's weights.

    uv run python benchmarks/saliency.py [--faces 12] [--runs 5] [--models torch-compact ...] [--methods grad_cam ...]

Faces are skimage's astronaut. Grad-CAM of 12 faces is to take less than 0.5 s by a native model and 3 s by the other,
on two cores. Slow methods are timed on one face. The first run, with whatever it compiles, is told apart.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import skimage.data
from machine import describe
from PIL import Image

from fer_core import catalog
from fer_core.saliency import METHODS, available, explain

MODELS = ("torch-compact", "keras-native", "torch-native", "torch-efficientnet-lite0")


def main() -> None:
    """Prints the first run, the median, the least, the greatest and how many there were, in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=12)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    wanted = parser.parse_args()
    print(describe())
    face = np.asarray(Image.fromarray(skimage.data.astronaut()[60:180, 165:285]).resize((48, 48)))
    for id in wanted.models:
        model = catalog.load(id)
        for method in (name for name in wanted.methods if name in available(model)):
            count = 1 if METHODS[method].slow else wanted.faces
            faces = np.stack([np.roll(face, shift, axis=1) for shift in range(count)])
            first, *times = (milliseconds(model, faces, method) for _ in range(wanted.runs + 1))
            print(
                f"{id:26} {METHODS[method].title:24} {count:3} faces   first {first:9.1f}   median "
                f"{statistics.median(times):9.1f}   {min(times):.1f} to {max(times):.1f}   n={len(times)}",
                flush=True,
            )


def milliseconds(model, faces: np.ndarray, method: str) -> float:  # noqa: ANN001
    """How long one call takes."""
    began = time.perf_counter()
    explain(model, faces, method, "happy")
    return 1e3 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
