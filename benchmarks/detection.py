"""What detection finds on labelled photos, and how long it takes, beside facenet-pytorch's own code.

    uv run python benchmarks/detection.py [FOLDER] [--runs 20] [--photos 1000] [--json FILE]

FOLDER holds photos, in subfolders too, and boxes.json: {"name.jpg": {"boxes_xywh": [[x, y, width, height], ...]}}.
Without it only times and memory are measured, on pictures with the faces of skimage's astronaut.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
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
CHANGES = ((1.0, 0.0), (0.8, 8.0), (1.13, -13.0))
"""Scale and turn in degrees under which both methods' faces are compared."""


def main() -> None:
    """Prints what is found on the labelled photos, whether both methods find the same, the times and the memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--photos", type=int, default=1000, help="detections over which memory has to stay flat")
    parser.add_argument("--json", type=Path, help="the same figures for the documentation")
    wanted = parser.parse_args()
    results: dict[str, object] = {"machine": describe()}
    print(results["machine"])
    compiled, reference = Detector(), Detector("cpu", "facenet-pytorch")
    if wanted.folder:
        photos = list(labelled(wanted.folder))
        results["found"] = report_found(photos, compiled, reference)
        results["same"] = report_same(photos, compiled, reference)
    peers = {"facenet-pytorch": reference, "compiled": compiled}
    results["times"] = [row for scene in SCENES for row in report_times(*scene, wanted.runs, peers)]
    results["memory"] = report_memory(compiled, wanted.photos)
    if wanted.json:
        wanted.json.write_text(json.dumps(results, indent=1) + "\n")


def labelled(folder: Path) -> Iterator[tuple[Uint8, np.ndarray]]:
    """Each labelled photo of the folder with its boxes x1, y1, x2, y2, float64 (N, 4)."""
    by_name = {path.name: path for path in sorted(folder.rglob("*")) if path.is_file()}
    for name, about in json.loads((folder / "boxes.json").read_text()).items():
        boxes = np.array(about["boxes_xywh"], np.float64).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        yield read_photo(by_name[name].read_bytes()).image, boxes


def report_found(
    photos: Sequence[tuple[Uint8, np.ndarray]], fast: Detector, reference: Detector
) -> list[dict[str, object]]:
    """Recall and false positives of facenet-pytorch's defaults, of ours, and of stricter and looser ones."""
    usual = DetectionOptions()
    ways: dict[str, tuple[Detector, DetectionOptions]] = {
        "facenet-pytorch's defaults": (reference, dataclasses.replace(usual, confidence=0.0)),
        "ours": (fast, usual),
        "ours, confidence 0": (fast, dataclasses.replace(usual, confidence=0.0)),
        "ours, confidence 0.99": (fast, dataclasses.replace(usual, confidence=0.99)),
        "ours, smallest 30": (fast, dataclasses.replace(usual, minimum_face=30)),
        "ours, smallest 40": (fast, dataclasses.replace(usual, minimum_face=40)),
    }
    rows: list[dict[str, object]] = []
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
        interval = [recall.low, recall.high]
        rows.append(
            {"way": name, "found": hits, "faces": faces, "recall": recall.value, "interval": interval, "boxes": boxes}
        )
    return rows


def matched(found: Sequence[Face], truth: np.ndarray) -> int:
    """How many labelled faces have a box of their own, the best pairs first."""
    near = overlaps(truth, np.array([face.box for face in found], np.float64).reshape(-1, 4))
    count = 0
    while near.size and near.max() >= SAME:
        row, column = np.unravel_index(near.argmax(), near.shape)
        near[row], near[:, column], count = 0, 0, count + 1
    return count


def report_same(photos: Sequence[tuple[Uint8, np.ndarray]], mine: Detector, reference: Detector) -> dict[str, object]:
    """How near the compiled method's faces are to facenet-pytorch's own, on each photo in three sizes and turns."""
    options, ious, points, counts = DetectionOptions(confidence=0.0), [], [], [0, 0]
    for image in (changed(photo, *change) for photo, _ in photos for change in CHANGES):
        found, theirs = mine.detect(image, options), reference.detect(image, options)
        counts = [counts[0] + len(found), counts[1] + len(theirs)]
        near = overlaps(*(np.array([f.box for f in faces]).reshape(-1, 4) for faces in (theirs, found)))
        for i, face in enumerate(theirs):
            best = int(near[i].argmax()) if len(found) else -1
            ious.append(float(near[i, best]) if best >= 0 else 0.0)
            points.append(float(np.abs(found[best].landmarks - face.landmarks).max()) if best >= 0 else np.inf)
    above = wilson_interval(int((np.array(ious) > 0.95).sum()), len(ious))
    within = wilson_interval(int((np.array(points) < 1).sum()), len(points))
    print(
        f"\ncompiled finds {counts[0]} faces, facenet-pytorch {counts[1]}; IoU above 0.95 for {above.value:.2%} "
        f"({above.low:.2%} to {above.high:.2%}), least {min(ious):.4f}; landmarks within a pixel for "
        f"{within.value:.2%}, median distance {np.median(points):.5f}, greatest {max(points):.4f}\n"
    )
    return {
        "faces": counts[1], "found": counts[0], "share_iou_95": above.value, "interval": [above.low, above.high],
        "least_iou": min(ious), "share_landmarks_1": within.value, "greatest_landmarks": max(points),
    }  # fmt: skip


def changed(photo: Uint8, scale: float, degrees: float) -> Uint8:
    """The photo in another size and turned about its centre."""
    image = Image.fromarray(photo)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    return np.array(image.rotate(degrees, Image.Resampling.BICUBIC))


def report_times(
    faces: int, width: int, height: int, runs: int, detectors: Mapping[str, Detector]
) -> Iterator[dict[str, object]]:
    """The times of all detectors on one composed photo."""
    picture = np.array(Image.open(BytesIO(composed(faces, width, height))))
    for smallest in (20, 40):
        options = DetectionOptions(minimum_face=smallest)
        peers = {name: partial(detector.detect, picture, options) for name, detector in detectors.items()}
        print(f"{width} x {height}, {faces} faces, smallest {smallest} px, ms")
        for name, figures in in_turns(peers, runs).items():
            found = len(peers[name]())
            words = "".join(f"  {word} {value:8.1f}" for word, value in figures.items())
            print(f"  {name:16}{words}  n={runs}, {found} found")
            scene = {"width": width, "height": height, "faces": faces, "smallest": smallest}
            yield scene | {"peer": name, "runs": runs, "found": found} | figures


def in_turns(peers: Mapping[str, Callable[[], object]], runs: int) -> dict[str, dict[str, float]]:
    """Each peer's milliseconds, all peers once before any of them again: what else the machine does meets all.

    The first run is not counted. "processor" is the least time that all threads together computed.
    """
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in peers}
    for _ in range(runs + 1):
        for name, work in peers.items():
            began, spent = time.perf_counter(), time.process_time()
            work()
            times[name].append((1e3 * (time.perf_counter() - began), 1e3 * (time.process_time() - spent)))
    figures = {}
    for name, pairs in times.items():
        wall, processor = zip(*pairs[1:], strict=True)
        middle, high = statistics.median(wall), float(np.percentile(wall, 95))
        figures[name] = {"minimum": min(wall), "median": middle, "p95": high, "processor": min(processor)}
    return figures


def report_memory(detector: Detector, photos: int) -> dict[str, float]:
    """Megabytes of the process before and after that many detections on pictures of changing size."""
    picture = np.array(Image.open(BytesIO(composed(4, 480, 320))))
    sizes = [np.ascontiguousarray(picture[: 320 - 7 * (i % 9), : 480 - 11 * (i % 9)]) for i in range(9)]
    resident = psutil.Process().memory_info
    for i in range(photos // 10):
        detector.detect(sizes[i % 9])
    before = resident().rss / 1e6
    for i in range(photos):
        detector.detect(sizes[i % 9])
    after = resident().rss / 1e6
    print(f"memory before and after {photos} photos: {before:.0f} and {after:.0f} MB")
    return {"photos": photos, "before_mb": before, "after_mb": after}


if __name__ == "__main__":
    main()
