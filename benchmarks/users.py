"""Many users at once: each drops photos of twelve faces, all models answer; times, and whether memory stays flat.

    uv run python benchmarks/users.py [--users 10] [--photos 5] [--json FILE]

Users are threads that do what the page Photos does: find faces in turns, then ask each model through its queue.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from machine import describe
from photo import composed
from shipped import answering, askers

from fer_core.detection import DetectionOptions, Detector
from fer_core.queueing import Queue, Turns
from fer_core.reading import read_faces
from fer_core.types import Float32

AT_ONCE = 2
"""As `dashboard.cache.photos`, which a benchmark need not load Streamlit for."""


def main() -> None:
    """Prints the times from upload to answers, alone and with others, and the memory after each round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=10)
    parser.add_argument("--photos", type=int, default=5, help="each user's photos, one after another")
    parser.add_argument("--json", type=Path, help="the same figures for the documentation")
    wanted = parser.parse_args()
    results: dict[str, object] = {"machine": describe(), "users": wanted.users, "photos": wanted.photos}
    server, data = Server(), composed(12, 1280, 720)
    server.answer(data)  # loads and warms up
    alone = [server.answer(data) for _ in range(max(10, wanted.photos))]
    resident = psutil.Process().memory_info
    results["alone_ms"], memory = figures(alone), [resident().rss / 1e6]
    for round in range(3):
        together = crowd(server, data, wanted.users, wanted.photos)
        memory.append(resident().rss / 1e6)
        print(f"round {round + 1}: {figures(together)}, {memory[-1]:.0f} MB")
    results |= {"together_ms": figures(together), "memory_mb": memory}
    print(json.dumps(results, indent=1))
    if wanted.json:
        wanted.json.write_text(json.dumps(results, indent=1) + "\n")


class Server:
    """What all users share: one detector, one copy of each model, one queue before each."""

    def __init__(self) -> None:
        self.detector, self.turns = Detector(), Turns(AT_ONCE)
        self.asked = askers(answering(), lambda model: Queue(model.predict_proba).ask)

    def answer(self, data: bytes) -> float:
        """Milliseconds from a photo's bytes to every model's answer for each face."""
        began = time.perf_counter()
        with self.turns.turn():
            crops = [face.crop for face in read_faces(data, self.detector, DetectionOptions()).faces]
        said: dict[str, Float32] = {}
        for id, ask in self.asked.items():
            said[id] = ask(crops, said)
            assert len(said[id]) == len(crops) > 0
        return 1e3 * (time.perf_counter() - began)


def crowd(server: Server, data: bytes, users: int, photos: int) -> list[float]:
    """The milliseconds of all photos of so many users at once."""
    taken: list[float] = []

    def user() -> None:
        taken.extend(server.answer(data) for _ in range(photos))

    threads = [threading.Thread(target=user) for _ in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == users * photos, "a user's thread failed"
    return taken


def figures(milliseconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and number."""
    high = float(np.percentile(milliseconds, 95))
    return {"median": statistics.median(milliseconds), "p95": high, "n": len(milliseconds)}


if __name__ == "__main__":
    main()
