"""Artifacts: whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_core import artifacts
from fer_core.artifacts import ArtifactError
from tests.artifact_cases import CARD, CURVES, STORED, WEIGHTS, contents, fill, make

ROOT = Path(__file__).resolve().parents[1]


def test_everything_comes_back_as_it_was_written(tmp_path: Path) -> None:
    make(tmp_path)
    assert artifacts.ids(tmp_path) == ("torch-native",)
    card = artifacts.card("torch-native", tmp_path)
    assert card == replace(CARD, weights_sha256=card.weights_sha256, weights_bytes=card.weights_bytes)
    assert card.weights_bytes == (tmp_path / "torch-native" / "weights.safetensors").stat().st_size
    stored = artifacts.predictions("torch-native", tmp_path)
    for name in ("ids", "truth", "splits", "probabilities"):
        came, went = getattr(stored, name), getattr(STORED, name)
        np.testing.assert_array_equal(came, went)
        assert came.dtype == went.dtype, name
    assert artifacts.curves("torch-native", tmp_path) == CURVES
    assert artifacts.metrics("torch-native", tmp_path) == {"PublicTest": {"n": 2}}
    assert artifacts.environment("torch-native", tmp_path) == {"python": "3.11"}
    assert artifacts.has_weights("torch-native", tmp_path)


def test_weights_are_kept_as_float16_unless_they_overflow_it(tmp_path: Path) -> None:
    from safetensors.numpy import load

    raw = load((make(tmp_path) / "weights.safetensors").read_bytes())
    assert {name: array.dtype for name, array in raw.items()} == {
        "kernel": np.float16, "bias": np.float16, "variance": np.float32,
    }  # fmt: skip
    weights = artifacts.weights("torch-native", tmp_path)
    assert {array.dtype for array in weights.values()} == {np.dtype(np.float32)}
    assert weights["variance"][1] == 1e5
    for name, array in artifacts.stored_precision(WEIGHTS).items():
        np.testing.assert_array_equal(weights[name], array.astype(np.float32), strict=True)
    np.testing.assert_allclose(weights["kernel"], WEIGHTS["kernel"], rtol=1e-3)


def test_a_card_is_utf_8_where_the_system_writes_another_encoding(tmp_path: Path) -> None:
    code = f"""from pathlib import Path
from tests.artifact_cases import make
make(Path({str(tmp_path)!r}), title="Na\\xefve \\u201cnet\\u201d")"""
    plain = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=plain, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert artifacts.card("torch-native", tmp_path).title == "Naïve “net”"


def test_no_artifacts_are_no_error(tmp_path: Path) -> None:
    assert artifacts.ids(tmp_path) == artifacts.ids(tmp_path / "nowhere") == ()


def test_the_environment_says_where_artifacts_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    make(tmp_path)
    assert artifacts.ids() == ("torch-native",) and artifacts.card("torch-native").seed == 3


def test_a_failure_inside_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="power"), artifacts.writing("torch-native", tmp_path) as folder:
        fill(folder)
        raise RuntimeError("power")
    assert contents(tmp_path) == {} and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_inside_leaves_the_previous_artifact(tmp_path: Path, failure: type[BaseException]) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(failure), artifacts.writing("torch-native", tmp_path) as folder:
        fill(folder, title="Another")
        raise failure
    assert contents(tmp_path) == before and len(list(tmp_path.iterdir())) == 1


def test_nothing_is_listed_while_it_is_being_written(tmp_path: Path) -> None:
    with artifacts.writing("torch-native", tmp_path) as folder:
        fill(folder)
        assert artifacts.ids(tmp_path) == ()
    assert artifacts.ids(tmp_path) == ("torch-native",)


def test_a_folder_left_by_a_kill_is_not_listed(tmp_path: Path) -> None:
    context = artifacts.writing("torch-native", tmp_path)
    fill(context.__enter__())  # and the process is gone
    assert len(list(tmp_path.glob("*/card.json"))) == 1
    assert artifacts.ids(tmp_path) == ()


def test_an_artifact_without_a_card_is_not_made(tmp_path: Path) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    refused = pytest.raises(ArtifactError, match=r"'torch-native' wrote no card\.json")
    with refused, artifacts.writing("torch-native", tmp_path) as folder:
        artifacts.save_weights(folder, WEIGHTS)
    assert contents(tmp_path) == before


def test_a_new_artifact_replaces_the_old_one_whole(tmp_path: Path) -> None:
    stale = make(tmp_path) / "stale.txt"
    stale.write_text("of the previous make")
    make(tmp_path, title="Another")
    assert artifacts.card("torch-native", tmp_path).title == "Another"
    assert not stale.exists() and len(list(tmp_path.iterdir())) == 1


def test_two_makers_at_once_leave_the_later_one(tmp_path: Path) -> None:
    with artifacts.writing("torch-native", tmp_path) as outer:
        fill(outer, title="Later")
        make(tmp_path, title="Sooner")
    assert artifacts.card("torch-native", tmp_path).title == "Later"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_run_left_is_swept_a_day_later(tmp_path: Path) -> None:
    for name, hours, inside in (
        ("killed", 25, "card.json"),
        ("at-work", 23, "card.json"),
        ("made-room", 25, "old/card.json"),
    ):
        file = tmp_path / f".staging-{name}" / inside
        file.parent.mkdir(parents=True)
        file.write_text("half")
        then = time.time() - hours * 3600
        os.utime(tmp_path / f".staging-{name}", (then, then))
    make(tmp_path)
    assert artifacts.ids(tmp_path) == ("torch-native",)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".staging-at-work", ".staging-made-room", "torch-native"]


def test_the_old_artifact_comes_back_where_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)
    before, rename = contents(tmp_path), Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name.startswith(".staging-"):
            raise OSError("no")
        return rename(self, target)

    with pytest.raises(OSError, match="no"), artifacts.writing("torch-native", tmp_path) as folder:
        fill(folder, title="Another")
        monkeypatch.setattr(Path, "rename", refuse)
    assert contents(tmp_path) == before and len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_leaves_the_previous_artifact(tmp_path: Path, full_disk) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    with (
        full_disk(100),
        pytest.raises(OSError, match="File too large"),
        artifacts.writing("torch-native", tmp_path) as f,
    ):
        fill(f, title="Another")
    assert contents(tmp_path) == before and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("id", ["../outside", "a/b", "/tmp/outside", "..", ".", "", ".staging-x", "reference"])
def test_ids_that_are_paths_or_taken_are_refused(tmp_path: Path, id: str) -> None:
    root = tmp_path / "root"
    make(root)
    make(tmp_path, "outside")
    before = contents(tmp_path)
    for read in (artifacts.card, artifacts.weights, artifacts.predictions, artifacts.has_weights):
        with pytest.raises(ArtifactError, match="Unknown artifact"):
            read(id, root)
    with pytest.raises(ArtifactError, match="plain name"), artifacts.writing(id, root) as folder:
        fill(folder)
    assert contents(tmp_path) == before


def test_an_unknown_id_is_answered_with_the_nearest_and_a_command(tmp_path: Path) -> None:
    make(tmp_path)
    make(tmp_path, "keras-native")
    with pytest.raises(ArtifactError, match="Did you mean 'torch-native'") as caught:
        artifacts.card("torch-nativ", tmp_path)
    assert "keras-native, torch-native" in str(caught.value)
    assert "python -m trainers train torch-nativ" in str(caught.value)


def test_weights_too_large_to_ship_are_missed_only_when_asked_for(tmp_path: Path) -> None:
    (make(tmp_path) / "weights.safetensors").unlink()
    assert artifacts.ids(tmp_path) == ("torch-native",) and not artifacts.has_weights("torch-native", tmp_path)
    assert artifacts.card("torch-native", tmp_path).title == "A test"
    assert len(artifacts.predictions("torch-native", tmp_path).truth) == 3
    with pytest.raises(ArtifactError, match=r"weights\.safetensors is not here.*trainers train torch-native"):
        artifacts.weights("torch-native", tmp_path)


@pytest.mark.parametrize("place", [0, 60, -1])
def test_one_flipped_bit_in_the_weights_is_found(tmp_path: Path, place: int) -> None:
    file = make(tmp_path) / "weights.safetensors"
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    with pytest.raises(ArtifactError, match=r"weights\.safetensors is damaged: its sha256 .* train again") as caught:
        artifacts.weights("torch-native", tmp_path)
    assert str(file) in str(caught.value)


def test_a_full_disk_leaves_the_reference_as_it_was(tmp_path: Path, full_disk) -> None:
    found = artifacts.reference()
    artifacts.save_reference(found, {"people": 1}, tmp_path)
    before = contents(tmp_path)
    other = replace(found, ids=found.ids[::-1].copy())
    with full_disk(1000), pytest.raises(OSError, match="too large"):
        artifacts.save_reference(other, {"people": 2}, tmp_path)
    assert contents(tmp_path) == before
    np.testing.assert_array_equal(artifacts.reference(tmp_path).ids, found.ids)
