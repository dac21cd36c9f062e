"""How long a group photo takes, detection and every model, and the peak memory of the process.

    uv run python benchmarks/photo.py [--faces 12] [--width 1280] [--height 720] [--runs 10] [PHOTO]

Without a PHOTO, faces of skimage's astronaut are pasted on a plain picture at known places.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import skimage.data
from machine import describe
from PIL import Image

from fer_core import artifacts, catalog
from fer_core.detection import DetectionOptions, Detector
from fer_core.reading import read_faces


def main() -> None:
    """Prints one line a figure: median, least and greatest over the runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", nargs="?", type=Path)
    parser.add_argument("--faces", type=int, default=12)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--runs", type=int, default=10)
    wanted = parser.parse_args()
    data = wanted.photo.read_bytes() if wanted.photo else composed(wanted.faces, wanted.width, wanted.height)
    print(describe())
    began = time.perf_counter()
    detector = Detector()
    models = {id: catalog.load(id, engine="auto") for id in artifacts.ids()}
    reading = read_faces(data, detector, DetectionOptions())
    crops = [face.crop for face in reading.faces]
    for model in models.values():
        model.predict_proba(crops)
    print(f"{'first photo, loading included, s':45} {time.perf_counter() - began:8.2f}")
    print(f"{reading.width} x {reading.height}, {len(crops)} faces found")
    for smallest in (20, 40):
        options = DetectionOptions(minimum_face=smallest)
        report(
            f"read and detect, smallest face {smallest} px, ms",
            wanted.runs,
            lambda o=options: read_faces(data, detector, o),
        )
    for id, model in models.items():
        report(f"{id}, {len(crops)} faces, ms", wanted.runs, lambda m=model: m.predict_proba(crops))
        report(f"{id}, one face, ms", wanted.runs, lambda m=model: m.predict_proba(crops[:1]))
    print(f"{'peak memory of the process, MB':45} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:8.0f}")


def report(name: str, runs: int, work) -> None:  # noqa: ANN001
    """Prints the time of `work` over some runs."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - began))
    print(f"{name:45} median {statistics.median(times):8.2f}   {min(times):.2f} to {max(times):.2f}   n={runs}")


def composed(faces: int, width: int, height: int) -> bytes:
    """A JPEG with so many astronaut's faces in a grid."""
    picture = Image.new("RGB", (width, height), (120, 140, 150))
    columns = int(np.ceil(np.sqrt(faces * width / height)))
    rows = -(-faces // columns)
    side = int(min(width / columns, height / rows) * 0.9)
    face = Image.fromarray(skimage.data.astronaut()[20:220, 120:320]).resize((side, side))
    for i in range(faces):
        picture.paste(face, (i % columns * width // columns, i // columns * height // rows))
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
