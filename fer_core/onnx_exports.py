"""What the compiled engine reads of an artifact: the network as ONNX, and how its answers were checked.

The ONNX file holds the graph alone; its weights are those of the artifact's safetensors file, to which it refers as
ONNX's external data. So both engines compute with the very same numbers, stored once. A second file has the heaviest
convolution in int8, for networks that it is most of, and processors that have bfloat16 for the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from fer_core import artifacts
from fer_core.artifacts import ENGINE, EXPORT, QUANTIZED, WEIGHTS, ArtifactError
from fer_core.compiled import Precision, has_bfloat16
from fer_core.types import unknown

ALLOWED = {"float32": 0.0005, "bfloat16": 0.001, "int8": 0.003}
"""How far a precision's accuracy on PublicTest may lie from the native engine's, 0..1, for it to be used."""
FASTEST: tuple[Precision, ...] = ("int8", "bfloat16")
"""What a processor with bfloat16 computes in, the fastest first."""
GREATEST = 1e-4
"""The greatest difference of any probability from the native engine's that an export in float32 may have."""


@dataclass(frozen=True)
class Export:
    """A checked export: `graph` is the ONNX file, `about` what the check found, see `trainers.export`."""

    graph: Path
    about: Mapping[str, Any]

    def chosen(self, precision: str = "auto") -> Precision:
        """The precision to compute in; "auto": the fastest that this processor has and that passed the check.

        ValueError for one that is unknown or that this export was not made in.
        """
        if precision == "auto":
            passed = [p for p in FASTEST if self.about["precisions"].get(p, {}).get("passed", False)]
            return passed[0] if passed and has_bfloat16() else "float32"
        made = [p for p in get_args(Precision) if p != "int8" or self.file("int8").is_file()]
        for known in made:
            if precision == known:
                return known
        raise ValueError(unknown("precision", precision, ("auto", *made)))

    def file(self, precision: Precision) -> Path:
        """The ONNX file to compute with in that precision."""
        return file(self.graph.parent, precision)


def file(folder: Path, precision: Precision) -> Path:
    """The ONNX file in an artifact's folder to compute with in that precision."""
    return folder / (QUANTIZED if precision == "int8" else EXPORT)


def here(id: str, root: Path | None = None) -> bool:
    """Whether the artifact has an export and the weights that it refers to."""
    folder = (root or artifacts.default_root()) / id
    return all((folder / name).is_file() for name in (EXPORT, ENGINE, WEIGHTS))


def read(id: str, root: Path | None = None) -> Export:
    """The artifact's export, files checked by sha256; ArtifactError where it is absent, damaged or of other weights."""
    folder, remedy = (root or artifacts.default_root()) / id, f"Make it with: python -m trainers export {id}"
    card = artifacts.card(id, root)
    try:
        about = json.loads((folder / ENGINE).read_text("utf-8"))
        promises = [(EXPORT, about["sha256"]), (WEIGHTS, card.weights_sha256)]
        promises += [(QUANTIZED, about["quantized_sha256"])] if "int8" in about["precisions"] else []
        for name, promised in promises:
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != promised:
                cure = "Restore or train again." if name == WEIGHTS else remedy
                raise ArtifactError(f"{folder / name} is damaged: its sha256 is not the promised one. {cure}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{id!r} has no export that can be read: {error}. {remedy}") from error
    if about.get("weights_sha256") != card.weights_sha256:
        raise ArtifactError(f"{folder / EXPORT} was made of other weights than the artifact has now. {remedy}")
    return Export(folder / EXPORT, about)


def save_graph(folder: Path, graph: bytes, name: str = EXPORT) -> Path:
    """The file in `folder` that holds the exported graph from now on; `QUANTIZED` for the one with int8 in it."""
    path = folder / name
    path.write_bytes(graph)
    return path


def save_about(folder: Path, about: Mapping[str, Any]) -> None:
    """Nothing comes back; what the check found is in `folder`, with the sha256 of each graph."""
    named = (("sha256", EXPORT), ("quantized_sha256", QUANTIZED))
    sums = {key: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for key, name in named if (folder / name).is_file()}  # fmt: skip
    (folder / ENGINE).write_text(json.dumps({**sums, **about}, indent=1, allow_nan=False) + "\n", "utf-8")


def remove(folder: Path) -> None:
    """Nothing comes back; `folder` has no export any more."""
    for name in (EXPORT, QUANTIZED, ENGINE):
        (folder / name).unlink(missing_ok=True)
