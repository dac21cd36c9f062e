"""Keras networks train on TensorFlow, JAX and PyTorch alike, and one trained on one answers the same on another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_core import catalog
from tests import backend_case

pytestmark = pytest.mark.usefixtures("tiny")
ROOT = Path(__file__).resolve().parents[1]
TOLERANCE = {"logits": 1e-4, "gradient": 1e-4, "grad_cam": 1e-4}


@pytest.fixture(scope="module", params=["torch", "jax"])
def other(request: pytest.FixtureRequest, tiny: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which a process on that backend has answered and trained; weights.npz came from here."""
    folder = tmp_path_factory.mktemp(request.param)
    weights: dict[str, Any] = dict(catalog.untrained("tiny-keras", seed=5).weights())
    np.savez(folder / "weights.npz", **weights)
    done = subprocess.run(
        [sys.executable, "-m", "tests.backend_case", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=560,
        env=os.environ | {"KERAS_BACKEND": request.param, "TF_CPP_MIN_LOG_LEVEL": "3"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(folder / "trained.npz") as content:
        assert str(content["backend"]) == request.param
    return folder


def assert_alike(found: dict[str, np.ndarray], expected: dict[str, np.ndarray], *may_be_empty: str) -> None:
    for name, tolerance in TOLERANCE.items():
        assert name in may_be_empty or np.abs(expected[name]).max() > 10 * tolerance, f"{name} says something"
        np.testing.assert_allclose(found[name], expected[name], atol=tolerance, err_msg=name)


def test_weights_from_here_answer_the_same_there(other: Path) -> None:
    with np.load(other / "weights.npz") as content:
        ours = backend_case.answers({name: content[name] for name in content.files})
    with np.load(other / "answers.npz") as content:
        assert_alike({name: content[name] for name in content.files}, ours)


def test_weights_trained_there_answer_the_same_here(other: Path) -> None:
    with np.load(other / "trained.npz") as content:
        stored = {name: content[name] for name in content.files}
    weights = {n.removeprefix("weights:"): a for n, a in stored.items() if n.startswith("weights:")}
    theirs = {n.removeprefix("answers:"): a for n, a in stored.items() if n.startswith("answers:")}
    assert_alike(backend_case.answers(weights), theirs, "grad_cam")  # which sees nothing in so small a run


def test_training_there_learns(other: Path) -> None:
    with np.load(other / "trained.npz") as content:
        first_train, first_public, _, last_train, last_public, accuracy = content["ends"]
    assert last_train < first_train and last_public < first_public and accuracy > 0.5, "chance is 0.14"
