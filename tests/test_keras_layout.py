"""A Keras network with its channels first answers as it did, whatever it is built of; on PyTorch, where it is used."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TURNED = (
    "keras-native", "keras-efficientnet-lite0", "moodmirror-basic", "moodmirror-advanced", "keras-resnet50v2",
    "moodmirror-efficientnetb0",
)  # fmt: skip
CODE = """
import json, sys
import keras, numpy as np
from fer_core import catalog
from trainers.keras_layout import channels_first
found = {}
for id in json.load(sys.stdin):
    keras.utils.set_random_seed(1)
    network, spec = catalog.network(id), catalog.spec(id)
    rng = np.random.default_rng(0)
    network.set_weights([rng.uniform(0.5, 1.5, w.shape) if w.ndim == 1 else w for w in network.get_weights()])
    turned = channels_first(network)
    if turned is None:
        found[id] = None
        continue
    x = rng.normal(size=(2, spec.input.size, spec.input.size, spec.input.channels)).astype(np.float32)
    y = keras.ops.convert_to_numpy(network(x, training=False))
    z = keras.ops.convert_to_numpy(turned(x.transpose(0, 3, 1, 2), training=False))
    found[id] = [float(np.abs(y).max()), float(np.abs(y - z).max()), float(np.ptp(y, axis=0).max())]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found():
    """Greatest answer, greatest difference and how far two pictures' answers part, by architecture."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], input=json.dumps([*TURNED, "burney-densenet121"]), capture_output=True, text=True,
        cwd=ROOT, env=os.environ | {"KERAS_BACKEND": "torch", "CUDA_VISIBLE_DEVICES": ""}, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("id", TURNED)
def test_it_answers_the_same(found, id):
    greatest, difference, parted = found[id]
    assert difference <= 1e-4 * max(greatest, 1) and parted > 100 * difference


def test_a_network_with_a_layer_of_ours_is_left_as_it_is(found):
    assert found["burney-densenet121"] is None
