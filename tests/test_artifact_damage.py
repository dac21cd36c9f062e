"""Every kind of damage to an artifact is named with its file and a remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer_core import artifacts
from fer_core.artifacts import ArtifactError
from tests.artifact_cases import STORED, contents, make


def cut(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


def remove(file: Path) -> None:
    file.unlink()


def scramble(file: Path) -> None:
    """Bytes that are no text, no zip, no JSON."""
    file.write_bytes(b"\xff\xfe\x00" * 50)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def flip_inside(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for place in range(60, len(data), 97):
        data[place] ^= 0xFF
    file.write_bytes(data)


def forget_a_key(file: Path) -> None:
    content = json.loads(file.read_text())
    del content["weights_sha256"]
    file.write_text(json.dumps(content))


READERS = {
    "card.json": artifacts.card,
    "metrics.json": artifacts.metrics,
    "environment.json": artifacts.environment,
    "predictions.npz": artifacts.predictions,
    "curves.csv": artifacts.curves,
}
DAMAGES = [
    ("card.json", (cut, scramble, empty, forget_a_key)),
    ("metrics.json", (cut, scramble, empty, remove)),
    ("environment.json", (cut, scramble, empty, remove)),
    ("predictions.npz", (cut, scramble, empty, remove, flip_inside)),
    ("curves.csv", (cut, scramble, empty, remove)),
]


@pytest.mark.parametrize(("name", "damage"), [(name, damage) for name, damages in DAMAGES for damage in damages])
def test_a_damaged_file_is_named_with_a_remedy(tmp_path: Path, name: str, damage: Callable[[Path], None]) -> None:
    damage(make(tmp_path) / name)
    with pytest.raises(ArtifactError, match=rf"{name} (cannot be read|is no model card)") as caught:
        READERS[name]("torch-native", tmp_path)
    remedies = ("trainers train torch-native", "trainers evaluate torch-native", "Train 'torch-native' again")
    assert any(remedy in str(caught.value) for remedy in remedies)


def test_predictions_that_lack_an_array_are_refused(tmp_path: Path) -> None:
    np.savez(make(tmp_path) / "predictions.npz", ids=STORED.ids, truth=STORED.truth)
    with pytest.raises(ArtifactError, match=r"predictions\.npz cannot be read: .*splits"):
        artifacts.predictions("torch-native", tmp_path)


def test_a_revision_keeps_what_it_does_not_touch(tmp_path: Path) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    with artifacts.revising("torch-native", tmp_path) as folder:
        artifacts.save_evidence(folder, {"PublicTest": {"n": 3}}, {"python": "3.12"})
    after = contents(tmp_path)
    assert after.keys() == before.keys()
    changed = {Path(name).name for name in after if after[name] != before[name]}
    assert changed == {"metrics.json", "environment.json"}


def test_a_failed_revision_changes_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(RuntimeError), artifacts.revising("torch-native", tmp_path) as folder:
        (folder / "weights.safetensors").write_bytes(b"half")
        raise RuntimeError
    with pytest.raises(ArtifactError, match="Unknown artifact"), artifacts.revising("no-such", tmp_path):
        pass
    assert contents(tmp_path) == before and len(list(tmp_path.iterdir())) == 1


def test_a_change_is_seen(tmp_path: Path) -> None:
    assert artifacts.changed("torch-native", tmp_path) == 0
    make(tmp_path)
    first = artifacts.changed("torch-native", tmp_path)
    make(tmp_path, title="Another")
    assert artifacts.changed("torch-native", tmp_path) > first > 0


def test_the_reference_comes_back_and_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"test_images\.npz cannot be read.*python -m trainers evaluate"):
        artifacts.reference(tmp_path)
    votes, copied = np.arange(30, dtype=np.uint8).reshape(3, 10), np.array([True, False, False])
    kept = artifacts.Reference(STORED.ids, STORED.truth, STORED.splits, votes, copied)
    artifacts.save_reference(kept, {"person": {"PublicTest": {"n": 2}}}, tmp_path)
    found = artifacts.reference(tmp_path)
    for name in ("ids", "truth", "splits", "votes", "copied"):
        np.testing.assert_array_equal(getattr(found, name), getattr(kept, name), strict=True)
    assert artifacts.reference_metrics(tmp_path) == {"person": {"PublicTest": {"n": 2}}}
    assert artifacts.ids(tmp_path) == ()
    cut(tmp_path / "reference" / "test_images.npz")
    with pytest.raises(ArtifactError, match=r"test_images\.npz cannot be read"):
        artifacts.reference(tmp_path)


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    file = make(tmp_path) / "predictions.npz"
    np.savez(file, ids=np.array([print], object), truth=STORED.truth, splits=STORED.splits, probabilities=STORED.ids)
    with pytest.raises(ArtifactError, match="allow_pickle=False"):
        artifacts.predictions("torch-native", tmp_path)


def test_nan_is_not_written_into_evidence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        artifacts.save_evidence(tmp_path, {"PublicTest": {"accuracy": float("nan")}}, {})
