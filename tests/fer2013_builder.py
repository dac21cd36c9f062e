"""Small FER2013 datasets in every published form, made by the tests themselves."""

from __future__ import annotations

import csv
import io
import json
import os
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from fer_core.datasets import Dataset
from fer_core.ferplus import VOTE_COLUMNS
from fer_core.types import EMOTIONS

REAL = os.environ.get("FER2013_PATH")
needs_real = pytest.mark.skipif(not REAL, reason="FER2013_PATH is not set: the published dataset is not here")

SPLITS = ("Training", "PublicTest", "PrivateTest")
ANANTHU = {"disgust": "disgusted", "fear": "fearful", "surprise": "surprised"}
"""Where that Kaggle dataset names an emotion otherwise."""


@dataclass(frozen=True)
class Sample:
    faces: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    votes: np.ndarray

    def text(self, row: int | np.signedinteger) -> str:
        return " ".join(map(str, self.faces[row].ravel()))


def sample(seed: int = 0, per_class: tuple[int, int, int] = (3, 1, 2)) -> Sample:
    """Smooth random pictures in the order of the csv: Training, PublicTest, PrivateTest, labels mixed."""
    random = np.random.default_rng(seed)
    splits = np.repeat(np.arange(3, dtype=np.uint8), np.array(per_class) * len(EMOTIONS))
    labels = np.concatenate([random.permutation(np.repeat(np.arange(7, dtype=np.uint8), n)) for n in per_class])
    noise = gaussian_filter(random.normal(size=(len(labels), 48, 48)), (0, 3, 3))
    low, high = noise.min((1, 2), keepdims=True), noise.max((1, 2), keepdims=True)
    faces = np.rint((noise - low) / (high - low) * 255).astype(np.uint8)
    votes = np.stack([random.multinomial(10, np.ones(10) / 10) for _ in labels]).astype(np.uint8)
    return Sample(faces, labels, splits, votes)


def write_csv(data: Sample, path: Path) -> Path:
    """fer2013.csv"""
    lines = [f"{data.labels[i]},{data.text(i)},{SPLITS[data.splits[i]]}" for i in range(len(data.labels))]
    path.write_text("\n".join(["emotion,pixels,Usage", *lines]) + "\n")
    return path


def write_icml(data: Sample, path: Path) -> Path:
    """icml_face_data.csv"""
    lines = [f"{data.labels[i]},{SPLITS[data.splits[i]]},{data.text(i)}" for i in range(len(data.labels))]
    path.write_text("\n".join(["emotion, Usage, pixels", *lines]) + "\n")
    return path


def write_challenge(data: Sample, folder: Path) -> Path:
    """train.csv and test.csv, quoted and with Windows line ends as published."""
    folder.mkdir(exist_ok=True)
    train = np.flatnonzero(data.splits == 0)
    test = np.flatnonzero(data.splits > 0)
    (folder / "train.csv").write_bytes(
        "".join(["emotion,pixels\r\n", *(f'{data.labels[i]},"{data.text(i)}"\r\n' for i in train)]).encode()
    )
    (folder / "test.csv").write_bytes("".join(["pixels\r\n", *(f'"{data.text(i)}"\r\n' for i in test)]).encode())
    return folder


def write_msambare(data: Sample, folder: Path, rows: bool = True, suffix: str = "png") -> Path:
    """train/ and test/, folders by emotion, the split in each name; `rows` numbers them by row, else as Kaggle does."""
    for i, (face, label, split) in enumerate(zip(data.faces, data.labels, data.splits, strict=True)):
        number = f"{i:08d}" if rows else str(10_000_019 * (i + 1) % 99_999_989)
        place = folder / ("test" if split else "train") / EMOTIONS[label] / f"{SPLITS[split]}_{number}.{suffix}"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face).save(place)
    return folder


def write_ananthu(data: Sample, folder: Path, names: tuple[str, ...] = ("train", "test", "test")) -> Path:
    """train/ and test/, other names of emotions, im0.png and on; `names` are the folders of the three splits."""
    counts: dict[Path, int] = {}
    for face, label, split in zip(data.faces, data.labels, data.splits, strict=True):
        place = folder / names[split] / ANANTHU.get(EMOTIONS[label], EMOTIONS[label])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face).save(place / f"im{counts.get(place, 0)}.png")
        counts[place] = counts.get(place, 0) + 1
    return folder


def png(face: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(face).save(buffer, "PNG")
    return buffer.getvalue()


def write_parquet(data: Sample, path: Path, pixels: str = "text") -> Path:
    """One table with a column of splits; `pixels` text, list, raw or picture."""
    columns = {
        "text": [data.text(i) for i in range(len(data.labels))],
        "list": [face.ravel().tolist() for face in data.faces],
        "raw": [face.tobytes() for face in data.faces],
        "picture": [{"bytes": png(face), "path": None} for face in data.faces],
    }
    table = {
        "emotion": data.labels.tolist(),
        "pixels": columns[pixels],
        "Usage": [SPLITS[split] for split in data.splits],
    }
    pq.write_table(pa.table(table), path)
    return path


def write_hugging_face(data: Sample, folder: Path) -> Path:
    """train-, validation- and test- files of pictures whose labels are numbered in alphabetical order."""
    folder.mkdir(exist_ok=True)
    names = sorted(EMOTIONS)
    about = json.dumps({"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}})
    for index, word in enumerate(("train", "validation", "test")):
        rows = np.flatnonzero(data.splits == index)
        labels = [names.index(EMOTIONS[label]) for label in data.labels[rows]]
        table = pa.table({"image": [{"bytes": png(data.faces[i]), "path": None} for i in rows], "label": labels})
        pq.write_table(table.replace_schema_metadata({"huggingface": about}), folder / f"{word}-00000-of-00001.parquet")
    return folder


def zipped_csv(data: Sample, folder: Path) -> Path:
    return zipped(write_csv(data, new(folder / "in") / "fer2013.csv").parent, folder / "a.zip")


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"archive/{file.relative_to(folder)}")
    return path


def tarred(file: Path, path: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        archive.add(file, f"fer2013/{file.name}")
    return path


def write_votes(data: Sample, path: Path) -> Path:
    """fer2013new.csv, its image numbers drifting from the row as the published ones do."""
    with path.open("w", newline="") as handle:
        out = csv.writer(handle)
        out.writerow(["Usage", "Image name", *VOTE_COLUMNS])
        for i, (votes, split) in enumerate(zip(data.votes, data.splits, strict=True)):
            out.writerow([SPLITS[split], "" if i == 5 else f"fer{i + (i > 5):07d}.png", *votes])
    return path


def new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def assert_is(found: Dataset, data: Sample) -> None:
    """The dataset is the sample, in its order, with its rows as ids."""
    np.testing.assert_array_equal(found.faces, data.faces)
    np.testing.assert_array_equal(found.labels, data.labels)
    np.testing.assert_array_equal(found.splits, data.splits)
    np.testing.assert_array_equal(found.ids, np.arange(len(data.labels)))
    assert found.faces.dtype == found.labels.dtype == found.splits.dtype == np.uint8
    assert found.ids.dtype == np.int32
