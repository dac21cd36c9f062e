"""fer_core.mtcnn: the committed networks are facenet-pytorch's, and the compiled ones answer as it does."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import fer_core.mtcnn
from fer_core.mtcnn import Networks

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(fer_core.mtcnn.__file__).parent
SIDES = {"pnet": (70, 91), "rnet": (24, 24), "onet": (48, 48)}


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks()


def theirs(name):
    from facenet_pytorch.models import mtcnn

    return {"pnet": mtcnn.PNet, "rnet": mtcnn.RNet, "onet": mtcnn.ONet}[name]().eval()


@pytest.mark.parametrize("name", SIDES)
def test_the_weights_are_facenet_pytorchs(name):
    stored = {w.name: numpy_helper.to_array(w) for w in onnx.load(FOLDER / f"{name}.onnx").graph.initializer}
    expected = {key: value.numpy() for key, value in theirs(name).state_dict().items()}
    assert stored.keys() == expected.keys()
    assert not stored["conv1.weight"][:, 3:].any()
    stored["conv1.weight"] = stored["conv1.weight"][:, :3]
    assert all(np.array_equal(stored[key].ravel(), expected[key].ravel()) for key in expected)


@pytest.mark.parametrize("name", SIDES)
def test_the_answers_are_facenet_pytorchs(networks, name):
    import torch

    x = np.random.default_rng(5).uniform(-1, 1, (3, *SIDES[name], 4)).astype(np.float32)
    run = networks.pnet if name == "pnet" else networks.looking[name].run
    with torch.inference_mode():
        expected = theirs(name)(torch.tensor(x[..., :3]).permute(0, 3, 1, 2).contiguous())
    actual = run(x)
    assert len(actual) == len(expected)
    for mine, other in zip(actual, expected, strict=True):
        assert mine.dtype == np.float32 and mine.shape == tuple(other.shape)
        assert np.abs(mine - other.numpy()).max() < 1e-5


@pytest.mark.parametrize("name", ["rnet", "onet"])
def test_screening_answers_are_near(networks, name):
    if not networks.screens:
        pytest.skip("this processor has no bfloat16")
    x = np.random.default_rng(6).uniform(-1, 1, (64, *SIDES[name], 4)).astype(np.float32)
    exact, rough = networks.looking[name].run(x)[-1], networks.looking[f"{name}_screen"].run(x)[-1]
    assert 0 < np.abs(exact - rough).max() < 0.15


def test_the_command_writes_the_committed_files(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import mtcnn_onnx

    monkeypatch.setattr(sys, "argv", ["mtcnn_onnx.py", str(tmp_path)])
    mtcnn_onnx.main()
    for name in SIDES:
        assert (tmp_path / f"{name}.onnx").read_bytes() == (FOLDER / f"{name}.onnx").read_bytes()


def test_every_network_says_how_wide_its_answers_are(networks):
    for run, side, batch, widths in networks.looking.values():
        answers = run(np.zeros((batch, side, side, 4), np.float32))
        assert [answer.shape for answer in answers] == [(batch, width) for width in widths]
