"""Where the time of one photo goes: reading, each stage of detection, each model; 1280 x 720 with twelve faces.

    uv run python benchmarks/stages.py [--runs 15] [--json FILE]

Stages are the methods that the dashboard's detector calls, timed around each call, on one photo again and again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe
from photo import composed
from shipped import answering, askers

from fer_core import detection, fast_detection, reading
from fer_core.detection import DetectionOptions, Detector
from fer_core.types import Float32

STAGES: tuple[tuple[Any, str, str], ...] = (
    (reading, "read_photo", "decode the file, turn it upright"),
    (fast_detection, "integral", "one table of sums for all sizes"),
    (fast_detection.Cascade, "_propose", "P-Net on every size, its proposals merged"),
    (fast_detection.Cascade, "_refine", "R-Net on the proposals"),
    (fast_detection.Cascade, "_finish", "O-Net on what is left"),
    (detection.Detector, "detect", ""),
    (reading, "read_faces", ""),
)
"""What is timed, and in which words; those without words hold others and give what is left."""


def main() -> None:
    """Prints each part's median and its share."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json", type=Path, help="the same figures for the documentation")
    wanted = parser.parse_args()
    times: dict[str, list[float]] = defaultdict(list)
    for holder, name, _ in STAGES:
        setattr(holder, name, timed(getattr(holder, name), times[name]))
    data, detector, options = composed(12, 1280, 720), Detector(), DetectionOptions()
    models = answering()
    asked = {id: timed(ask, times[id]) for id, ask in askers(models).items()}
    for _ in range(wanted.runs + 2):
        crops = [face.crop for face in reading.read_faces(data, detector, options).faces]
        said: dict[str, Float32] = {}
        for id, ask in asked.items():
            said[id] = ask(crops, said)
    found = {"machine": describe(), "faces": len(crops), "runs": wanted.runs, "parts": parts(times, list(models))}
    for part in found["parts"]:
        print(f"{part['part']:60} {part['median']:8.2f} ms  {part['least']:8.2f} to {part['greatest']:8.2f}")
    if wanted.json:
        wanted.json.write_text(json.dumps(found, indent=1) + "\n")


def timed(work: Callable[..., Any], taken: list[float]) -> Callable[..., Any]:
    """The function, which notes the milliseconds of each call."""

    def noting(*args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return work(*args, **options)
        finally:
            taken.append(1e3 * (time.perf_counter() - began))

    return noting


def parts(times: dict[str, list[float]], ids: list[str]) -> list[dict[str, Any]]:
    """Each part's median, least and greatest milliseconds after two runs to warm up, in the order of the work."""
    of = {name: np.array(values[2:]) for name, values in times.items()}
    inside = sum(of[name] for name in ("integral", "_propose", "_refine", "_finish"))
    named = {words: of[name] for _, name, words in STAGES if words}
    named["crops by the rule, boxes, order"] = of["detect"] - inside
    named["the preview to draw on"] = of["read_faces"] - of["read_photo"] - of["detect"]
    named |= {f"{id}: all faces": of[id] for id in ids}
    named["together"] = of["read_faces"] + sum(of[id] for id in ids)
    return [
        {"part": words, "median": float(np.median(ms)), "least": float(ms.min()), "greatest": float(ms.max())}
        for words, ms in named.items()
    ]


if __name__ == "__main__":
    main()
