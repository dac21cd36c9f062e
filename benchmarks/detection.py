"""What detection finds on labelled photos, and how long it takes, beside facenet-pytorch's own code.

    uv run python benchmarks/detection.py [FOLDER] [--runs 10]

FOLDER holds photos, in subfolders too, and boxes.json: {"name.jpg": {"boxes_xywh": [[x, y, width, height], ...]}}.
Without it only the times are measured, on pictures with the faces of skimage's astronaut.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from machine import describe
from photo import composed
from PIL import Image

from fer_core.comparison import wilson_interval
from fer_core.detection import DetectionOptions, Detector
from fer_core.photos import read_photo
from fer_core.types import Face, Uint8
from trainers.pasting import overlaps

SAME = 0.5
"""Intersection over union at which a box counts as the labelled face, as in WIDER FACE (Yang et al. 2016)."""
SCENES = ((12, 1280, 720), (40, 1920, 1080))
"""Faces, width and height of the pictures that are timed."""


def main() -> None:
    """Prints what is found on the labelled photos, whether both methods find the same, and the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=10)
    wanted = parser.parse_args()
    print(describe())
    fast, reference = Detector("cpu"), Detector("cpu", "facenet-pytorch")
    if wanted.folder:
        photos = list(labelled(wanted.folder))
        report_found(photos, fast, reference)
        report_same(photos, fast, reference)
    for faces, width, height in SCENES:
        picture = np.array(Image.open(BytesIO(composed(faces, width, height))))
        for smallest in (20, 40):
            options = DetectionOptions(minimum_face=smallest)
            print(f"{width} x {height}, {faces} faces, smallest {smallest} px, ms")
            for name, detector in (("facenet-pytorch", reference), ("fast", fast)):
                found = len(detector.detect(picture, options))
                print(f"  {name:18} {timed(partial(detector.detect, picture, options), wanted.runs)}, {found} found")


def labelled(folder: Path) -> Iterator[tuple[Uint8, np.ndarray]]:
    """Each labelled photo of the folder with its boxes x1, y1, x2, y2, float64 (N, 4)."""
    by_name = {path.name: path for path in sorted(folder.rglob("*")) if path.is_file()}
    for name, about in json.loads((folder / "boxes.json").read_text()).items():
        boxes = np.array(about["boxes_xywh"], np.float64).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        yield read_photo(by_name[name].read_bytes()).image, boxes


def report_found(photos: Sequence[tuple[Uint8, np.ndarray]], fast: Detector, reference: Detector) -> None:
    """Prints recall and false positives of facenet-pytorch's defaults, of ours, and of stricter and looser ones."""
    usual = DetectionOptions()
    ways: dict[str, tuple[Detector, DetectionOptions]] = {
        "facenet-pytorch's defaults": (reference, dataclasses.replace(usual, confidence=0.0)),
        "ours": (fast, usual),
        "ours, confidence 0": (fast, dataclasses.replace(usual, confidence=0.0)),
        "ours, confidence 0.99": (fast, dataclasses.replace(usual, confidence=0.99)),
        "ours, smallest 30": (fast, dataclasses.replace(usual, minimum_face=30)),
        "ours, smallest 40": (fast, dataclasses.replace(usual, minimum_face=40)),
    }
    print(f"\n{len(photos)} labelled photos, IoU {SAME}\n{'':28}recall, 95 %                        false positives")
    for name, (detector, options) in ways.items():
        hits, faces, boxes = 0, 0, 0
        for image, truth in photos:
            found = detector.detect(image, options)
            hits, faces, boxes = hits + matched(found, truth), faces + len(truth), boxes + len(found)
        recall = wilson_interval(hits, faces)
        print(
            f"{name:28}{hits:3}/{faces} {recall.value:6.1%} ({recall.low:.1%} to {recall.high:.1%})"
            f"        {boxes - hits} of {boxes} boxes"
        )


def matched(found: Sequence[Face], truth: np.ndarray) -> int:
    """How many labelled faces have a box of their own, the best pairs first."""
    near = overlaps(truth, np.array([face.box for face in found], np.float64).reshape(-1, 4))
    count = 0
    while near.size and near.max() >= SAME:
        row, column = np.unravel_index(near.argmax(), near.shape)
        near[row], near[:, column], count = 0, 0, count + 1
    return count


def report_same(photos: Sequence[tuple[Uint8, np.ndarray]], fast: Detector, reference: Detector) -> None:
    """Prints how near the fast method's faces are to facenet-pytorch's own."""
    options, ious, points, counts = DetectionOptions(confidence=0.0), [], [], [0, 0]
    for image, _ in photos:
        mine, theirs = fast.detect(image, options), reference.detect(image, options)
        counts = [counts[0] + len(mine), counts[1] + len(theirs)]
        near = overlaps(*(np.array([f.box for f in found]).reshape(-1, 4) for found in (theirs, mine)))
        for i, face in enumerate(theirs):
            best = int(near[i].argmax()) if len(mine) else -1
            ious.append(near[i, best] if best >= 0 else 0.0)
            points.append(np.abs(mine[best].landmarks - face.landmarks).max() if best >= 0 else np.inf)
    above = wilson_interval(int((np.array(ious) > 0.95).sum()), len(ious))
    print(
        f"\nfast finds {counts[0]} faces, facenet-pytorch {counts[1]}; IoU above 0.95 for {above.value:.1%} "
        f"({above.low:.1%} to {above.high:.1%}), least {min(ious):.4f}; landmarks within {max(points):.4f} pixels\n"
    )


def timed(work: Callable[[], object], runs: int) -> str:
    """The median and the 95th percentile of the time of `work`, and the processor time it took, in words."""
    work()
    times, processor = [], []
    for _ in range(runs):
        began, spent = time.perf_counter(), time.process_time()
        work()
        times.append(1e3 * (time.perf_counter() - began))
        processor.append(1e3 * (time.process_time() - spent))
    middle, worst = statistics.median(times), float(np.percentile(times, 95))
    return f"median {middle:7.1f}  p95 {worst:7.1f}  processor time {statistics.median(processor):7.1f}  n={runs}"


if __name__ == "__main__":
    main()
