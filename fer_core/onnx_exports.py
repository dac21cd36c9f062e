"""What the compiled engine reads of an artifact: the network as ONNX, and how its answers were checked.

The ONNX file holds the graph alone; its weights are those of the artifact's safetensors file, to which it refers as
ONNX's external data. So both engines compute with the very same numbers, stored once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from fer_core import artifacts
from fer_core.artifacts import ENGINE, EXPORT, WEIGHTS, ArtifactError
from fer_core.compiled import Precision, has_bfloat16
from fer_core.types import unknown

ALLOWED = {"float32": 0.0005, "bfloat16": 0.001}
"""How far a precision's accuracy on PublicTest may lie from the native engine's, 0..1, for it to be used."""
GREATEST = 1e-4
"""The greatest difference of any probability from the native engine's that an export in float32 may have."""


@dataclass(frozen=True)
class Export:
    """A checked export: `graph` is the ONNX file, `about` what the check found, see `trainers.export`."""

    graph: Path
    about: Mapping[str, Any]

    def chosen(self, precision: str = "auto") -> Precision:
        """The precision to compute in; "auto": the fastest that this processor has and that passed the check."""
        if precision == "auto":
            passed = self.about["precisions"].get("bfloat16", {}).get("passed", False)
            return "bfloat16" if passed and has_bfloat16() else "float32"
        for known in get_args(Precision):
            if precision == known:
                return known
        raise ValueError(unknown("precision", precision, ("auto", *get_args(Precision))))


def here(id: str, root: Path | None = None) -> bool:
    """Whether the artifact has an export and the weights that it refers to."""
    folder = (root or artifacts.default_root()) / id
    return all((folder / name).is_file() for name in (EXPORT, ENGINE, WEIGHTS))


def read(id: str, root: Path | None = None) -> Export:
    """The artifact's export, files checked by sha256; ArtifactError where it is absent, damaged or of other weights."""
    folder, remedy = (root or artifacts.default_root()) / id, f"Make it with: python -m trainers export {id}"
    card = artifacts.card(id, root)
    try:
        about = json.loads((folder / ENGINE).read_text())
        for name, promised in ((EXPORT, about["sha256"]), (WEIGHTS, card.weights_sha256)):
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != promised:
                raise ArtifactError(f"{folder / name} is damaged: its sha256 is not the promised one. {remedy}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{id!r} has no export that can be read: {error}. {remedy}") from error
    if about.get("weights_sha256") != card.weights_sha256:
        raise ArtifactError(f"{folder / EXPORT} was made of other weights than the artifact has now. {remedy}")
    return Export(folder / EXPORT, about)


def save_graph(folder: Path, graph: bytes) -> Path:
    """The file in `folder` that holds the exported graph from now on."""
    path = folder / EXPORT
    path.write_bytes(graph)
    return path


def save_about(folder: Path, about: Mapping[str, Any]) -> None:
    """Nothing comes back; what the check found is in `folder`, with the graph's sha256."""
    sha256 = hashlib.sha256((folder / EXPORT).read_bytes()).hexdigest()
    (folder / ENGINE).write_text(json.dumps({"sha256": sha256, **about}, indent=1, allow_nan=False) + "\n")


def remove(folder: Path) -> None:
    """Nothing comes back; `folder` has no export any more."""
    for name in (EXPORT, ENGINE):
        (folder / name).unlink(missing_ok=True)
