"""What the average maps say, as pictures and tables; no streamlit here."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image

from fer_core.average_maps import OUTCOMES, Faces, Group, Study
from fer_core.overlay import overlaid
from fer_core.types import EMOTIONS, Interval, Uint8

CELL = 144
"""Pixels of a cell's side, for screens with small pixels."""
FEWEST = 20
"""Faces below which a mean is not shown: it would be a picture of these."""


def shown(study: Study, label: str, outcome: str) -> Group | None:
    """The group, where it is of faces enough to mean something."""
    group = study.groups.get(label, {}).get(outcome)
    return group if group is not None and group.map is not None and group.n >= FEWEST else None


def top(studies: Mapping[str, Study], outcomes: Sequence[str]) -> float:
    """The largest value of all maps shown, in units of an even spread: the end of the colours' scale."""
    found = [shown(study, label, name) for study in studies.values() for label in study.groups for name in outcomes]
    return max((one.map.top for one in found if one and one.map), default=1.0)


def cell(group: Group, label: str, faces: Faces | None, largest: float, opacity: float) -> Uint8:
    """The mean map over the mean face of its label, grey where there is none: uint8 (CELL, CELL, 3)."""
    assert group.map is not None
    known = faces is not None and label in faces.pixels
    grey = faces.face(label) if faces is not None and known else np.full((48, 48), 128, np.uint8)
    face = Image.fromarray(grey).convert("RGB").resize((CELL, CELL), Image.Resampling.BICUBIC)
    return overlaid(np.asarray(face), np.asarray(group.map.unpacked() / largest, np.float32), opacity)


def picture_table(
    studies: Mapping[str, Study], titles: Mapping[str, str], faces: Faces | None, outcomes: Sequence[str],
    opacity: float,
) -> pd.DataFrame:  # fmt: skip
    """Models x emotions: a row a model and outcome, a cell the mean map as a data URI, None where too few faces."""
    largest, rows = top(studies, outcomes), []
    for id, study in studies.items():
        for outcome in outcomes:
            row: dict[str, object] = {"model": titles[id], "it is": outcome}
            for label in EMOTIONS:
                group = shown(study, label, outcome)
                row[label] = None if group is None else _uri(cell(group, label, faces, largest, opacity))
            rows.append(row)
    return pd.DataFrame(rows)


def share_table(studies: Mapping[str, Study], titles: Mapping[str, str], outcomes: Sequence[str]) -> pd.DataFrame:
    """Every share of every mean map with its interval, 0..1: a row a model, label, outcome and region."""
    rows = []
    for id, study in studies.items():
        for label, groups in study.groups.items():
            for outcome in outcomes:
                group = groups[outcome]
                for region, share in group.shares.items():
                    rows.append({
                        "model": titles[id], "says": label, "and is": outcome, "faces": group.n, "of": group.of,
                        "region": region, "share": share.value, "low": share.low, "high": share.high,
                        "region's size": group.areas[region],
                    })  # fmt: skip
    return pd.DataFrame(rows)


def shares(studies: Mapping[str, Study], region: str, outcome: str) -> dict[str, dict[str, Interval]]:
    """By model, then by what it says: the share of its map on a region."""
    return {
        id: {label: group.shares[region] for label in EMOTIONS if (group := shown(study, label, outcome)) is not None}
        for id, study in studies.items()
    }


def regions(studies: Mapping[str, Study]) -> list[str]:
    """The names of the regions, in their order; none where no map was made."""
    groups = [group for study in studies.values() for by in study.groups.values() for group in by.values()]
    return next((list(group.shares) for group in groups if group.shares), [])


def size(studies: Mapping[str, Study], region: str) -> float:
    """How much of the picture the region is, a mean over the groups, 0..1."""
    found = [group.areas[region] for study in studies.values() for by in study.groups.values() for group in by.values()
             if region in group.areas]  # fmt: skip
    return float(np.mean(found)) if found else 0.0


def spoken(studies: Mapping[str, Study], titles: Mapping[str, str], outcome: str) -> str:
    """For those who cannot see the maps: the region that each model's mean map is densest on, by what it says."""
    said = []
    for id, study in studies.items():
        densest = []
        for label in study.groups:
            if group := shown(study, label, outcome):
                parts = {r: s.value / max(group.areas[r], 1e-9) for r, s in group.shares.items() if r != "rest"}
                most = max(parts, key=lambda region: parts[region])
                densest.append(f"{label} {most} {parts[most]:.1f} times an even spread")
        said.append(f"{titles[id]}, {OUTCOMES[outcome]}: {', '.join(densest) or 'no maps'}")
    return "; ".join(said)


def _uri(picture: Uint8) -> str:
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
