"""What a training run leaves: folders of artifacts, written whole or not at all.

The only module that knows the file names inside `artifacts/`.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from fer_core.types import Float32, ModelCard, Uint8, remake, unknown
from fer_core.whole import STAGING, put, staged, sweep

CARD, METRICS, PREDICTIONS, CURVES = "card.json", "metrics.json", "predictions.npz", "curves.csv"
ENVIRONMENT, WEIGHTS = "environment.json", "weights.safetensors"
EXPORT, QUANTIZED, ENGINE = "model.onnx", "model.int8.onnx", "engine.json"
REFERENCE, TEST_IMAGES = "reference", "test_images.npz"
STUDIES = {n: f"{n}.json" for n in ("crop_rule", "face_size", "sanity", "what_if", "average_maps", "test_time")}
"""What a study of that name leaves, beside the reference or in the folder of the artifact that it is about."""
_Arrays = TypeVar("_Arrays", "StoredPredictions", "Reference")


class ArtifactError(ValueError):
    """An artifact is absent, damaged or of another make; the message names the file and says what to do."""


@dataclass(frozen=True)
class StoredPredictions:
    """Uncalibrated answers on every evaluation image.

    `ids` int32 (N,): rows of fer2013.csv; `truth` uint8 (N,): FER2013's label, index into `EMOTIONS` whatever the
    model's labels; `splits` uint8 (N,): index into `fer_core.datasets.SPLITS`; `probabilities` float32 (N, K),
    columns in the order of the model's labels, temperature 1.
    """

    ids: np.ndarray
    truth: Uint8
    splits: Uint8
    probabilities: Float32


@dataclass(frozen=True, eq=False)
class Reference:
    """What is known of FER2013's test images without the pictures, so that pages need no dataset.

    `ids` int32 (N,), `truth` and `splits` uint8 (N,) as in `StoredPredictions`; `votes` uint8 (N, 10), FER+'s ten
    taggers in the order of `fer_core.crowd.VOTES`; `copied` bool (N,): whether Training has an exact copy of the image.
    """

    ids: np.ndarray
    truth: Uint8
    splits: Uint8
    votes: Uint8
    copied: np.ndarray


def default_root() -> Path:
    """Where artifacts live: SEVEN_FACES_ARTIFACTS where it is set, else `artifacts/` beside this package."""
    named = os.environ.get("SEVEN_FACES_ARTIFACTS")
    return Path(named) if named else Path(__file__).resolve().parents[1] / "artifacts"


def ids(root: Path | None = None) -> tuple[str, ...]:
    """The ids of all complete artifacts, sorted; empty where there are none."""
    folder = root or default_root()
    return tuple(sorted(p.parent.name for p in folder.glob(f"*/{CARD}") if not p.parent.name.startswith(STAGING)))


def changed(id: str, root: Path | None = None) -> int:
    """When the artifact, or `REFERENCE`, last changed, in nanoseconds; 0 where it is not there. A key for caches."""
    files = [path.stat().st_mtime_ns for path in ((root or default_root()) / id).glob("*.*")]
    return max(files, default=0)


def has_weights(id: str, root: Path | None = None) -> bool:
    """Whether the artifact's weights, or all its members', are here; a run too large to ship leaves all but them."""
    folder, members = _folder(id, root), card(id, root).recipe.get("members")
    if members is None:
        return (folder / WEIGHTS).is_file()
    return all(member in ids(root) and has_weights(member, root) for member in members)


def card(id: str, root: Path | None = None) -> ModelCard:
    """The card of an artifact; ArtifactError where there is none of that id or it cannot be read."""
    path = _folder(id, root) / CARD
    try:
        return TypeAdapter(ModelCard).validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ArtifactError(f"{path} is no model card: {place}: {first['msg']}. Train {id!r} again.") from error
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error}. Train {id!r} again.") from error


def weights(id: str, root: Path | None = None) -> dict[str, np.ndarray]:
    """The weights by name as float32, after a check of the file's sha256 against the card."""
    path = _folder(id, root) / WEIGHTS
    if not path.is_file():
        raise ArtifactError(f"{path} is not here. Make it with: {remake(id)}")
    data = path.read_bytes()
    found, promised = hashlib.sha256(data).hexdigest(), card(id, root).weights_sha256
    if found != promised:
        raise ArtifactError(
            f"{path} is damaged: its sha256 is {found[:12]}…, the card says {promised[:12]}…. Restore or train again."
        )
    from safetensors.numpy import load

    return {name: np.asarray(array, np.float32) for name, array in load(data).items()}


def metrics(id: str, root: Path | None = None) -> dict[str, Any]:
    """What metrics.json holds: for each split, the fields of an EvaluationReport."""
    return dict(_read_json(_folder(id, root) / METRICS))


def environment(id: str, root: Path | None = None) -> dict[str, Any]:
    """The machine and the versions of the libraries of the training run."""
    return dict(_read_json(_folder(id, root) / ENVIRONMENT))


def curves(id: str, root: Path | None = None) -> list[dict[str, float]]:
    """One row an epoch: losses in nats, accuracies 0..1, seconds; none where nothing was trained."""
    if card(id, root).epochs == 0:
        return []
    path = _folder(id, root) / CURVES
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}. Make it with: {remake(id)}") from error
    if not rows:
        raise ArtifactError(f"{path} cannot be read: it has no epoch. Make it with: {remake(id)}")
    return rows


def predictions(id: str, root: Path | None = None) -> StoredPredictions:
    """The stored answers on both test parts; ArtifactError where the file cannot be read."""
    return _arrays(StoredPredictions, _folder(id, root) / PREDICTIONS, f"python -m trainers evaluate {id} --predict")


def _arrays(kind: type[_Arrays], path: Path, remedy: str) -> _Arrays:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return kind(**{field.name: stored[field.name] for field in fields(kind)})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ArtifactError(f"{path} cannot be read: {error}. Make it with: {remedy}") from error


def reference(root: Path | None = None) -> Reference:
    """What is known of the test images; ArtifactError where nobody made it yet or it cannot be read."""
    return _arrays(Reference, (root or default_root()) / REFERENCE / TEST_IMAGES, "python -m trainers evaluate")


def reference_metrics(root: Path | None = None) -> dict[str, Any]:
    """What metrics.json of the reference holds: by human rater and set, the fields of an EvaluationReport."""
    return dict(_read_json((root or default_root()) / REFERENCE / METRICS))


def save_reference(found: Reference, metrics: Mapping[str, Any], root: Path | None = None) -> None:
    """Nothing comes back; the reference and the people's metrics are kept."""
    folder, buffer = (root or default_root()) / REFERENCE, BytesIO()
    np.savez_compressed(buffer, **{f.name: getattr(found, f.name) for f in fields(found)})
    put(folder / TEST_IMAGES, buffer.getvalue())
    put(folder / METRICS, (json.dumps(metrics, indent=1, allow_nan=False) + "\n").encode())


def study(name: str, id: str = REFERENCE, root: Path | None = None) -> dict[str, Any]:
    """What a study of `STUDIES` found, of an artifact or in general; ArtifactError where it was not made."""
    return dict(_read_json(_study(name, id, root), name.replace("_", "-")))


def save_study(name: str, content: Mapping[str, Any], id: str = REFERENCE, root: Path | None = None) -> None:
    """Nothing comes back; what the study found is kept, whole, in place of what was there."""
    put(_study(name, id, root), (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def _study(name: str, id: str, root: Path | None) -> Path:
    if name not in STUDIES:
        raise KeyError(unknown("study", name, STUDIES))
    folder = (root or default_root()) / REFERENCE if id == REFERENCE else _folder(id, root)
    return folder / STUDIES[name]


@contextmanager
def revising(id: str, root: Path | None = None) -> Iterator[Path]:
    """A copy of the artifact to change that takes its place if the block ends well."""
    with writing(id, root) as folder:
        shutil.copytree(_folder(id, root), folder, dirs_exist_ok=True)
        yield folder


@contextmanager
def writing(id: str, root: Path | None = None) -> Iterator[Path]:
    """A folder to fill that becomes the artifact `id` if the block ends well; until then a previous one stays."""
    if not id or Path(id).name != id or id.startswith(".") or id == REFERENCE:
        raise ArtifactError(f"Expected an artifact's id as a plain name such as 'torch-native', got {id!r}.")
    home = root or default_root()
    home.mkdir(parents=True, exist_ok=True)
    sweep(home)
    with staged(home / id) as folder:
        yield folder
        if not (folder / CARD).is_file():
            raise ArtifactError(f"The run of {id!r} wrote no {CARD}; the artifact was not made.")


def stored_precision(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights as they are kept: float16, except where an entry would overflow it; no answer may depend on more."""
    half = {}
    for name, array in weights.items():
        with np.errstate(over="ignore"):
            small = np.asarray(array, np.float16)
        half[name] = small if np.isfinite(small).all() else np.asarray(array, np.float32)
    return half


def save_weights(folder: Path, weights: Mapping[str, np.ndarray]) -> tuple[str, int]:
    """sha256 and size in bytes of the weights file written to `folder`."""
    from safetensors.numpy import save

    data = save({name: np.ascontiguousarray(array) for name, array in stored_precision(weights).items()})
    (folder / WEIGHTS).write_bytes(data)
    return hashlib.sha256(data).hexdigest(), len(data)


def save_predictions(folder: Path, stored: StoredPredictions) -> None:
    """Nothing comes back; the answers are in `folder`."""
    np.savez_compressed(folder / PREDICTIONS, **{f.name: getattr(stored, f.name) for f in fields(stored)})


def save_curves(folder: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Nothing comes back; one line an epoch is in `folder`, in place of those that were there, whole."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    put(folder / CURVES, text.getvalue().encode())


def save_evidence(folder: Path, metrics: Mapping[str, Any], environment: Mapping[str, Any]) -> None:
    """Nothing comes back; metrics and environment are in `folder`."""
    for name, content in ((METRICS, metrics), (ENVIRONMENT, environment)):
        (folder / name).write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", "utf-8")


def save_card(folder: Path, card: ModelCard) -> None:
    """Nothing comes back; the card is in `folder`, last of all files."""
    (folder / CARD).write_text(json.dumps(asdict(card), indent=1, ensure_ascii=False) + "\n", "utf-8")


def _folder(id: str, root: Path | None) -> Path:
    folder = (root or default_root()) / id
    if id in ids(root):
        return folder
    raise ArtifactError(f"{unknown('artifact', id, ids(root))} Make it with: {remake(id)}")


def _read_json(path: Path, command: str = "evaluate") -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        remedy = f"python -m trainers {command}" + f" {path.parent.name}" * (path.parent.name != REFERENCE)
        raise ArtifactError(f"{path} cannot be read: {error}. Make it with: {remedy}") from error
