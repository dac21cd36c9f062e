"""What is loaded when: answers and pages need no deep-learning framework, each seen in a fresh process."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fer_core import artifacts, onnx_exports

ROOT = Path(__file__).resolve().parents[1]
FRAMEWORKS = {
    "torch",
    "torchvision",
    "tensorflow",
    "keras",
    "jax",
    "captum",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "openvino_telemetry",
}  # the last would tell Intel
SLOW = {"scipy", "sklearn", "statsmodels", "skimage", "sqlalchemy", "alembic", "imagehash", "psycopg", "rich"}
EXPORTED = [id for id in artifacts.ids() if onnx_exports.here(id)]
TELL = f"import sys; print(sorted({FRAMEWORKS | SLOW!r} & set(sys.modules)), 'openvino' in sys.modules)"


def _told(code):
    done = subprocess.run([sys.executable, "-c", code + "\n" + TELL], capture_output=True, text=True, cwd=ROOT,
                          timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().splitlines()


FACES = "import numpy as np\nfaces = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)\n"


def test_prediction_through_the_catalog_loads_no_framework():
    told = _told(
        f"{FACES}from fer_core import catalog\n"
        f"for id in {EXPORTED}: print(catalog.load(id, engine='auto').predict_proba(faces).shape[0])"
    )
    assert told == ["5"] * len(EXPORTED) + ["[] True"]


def test_prediction_as_the_dashboard_does_it_loads_no_framework():
    told = _told(
        f"{FACES}from dashboard import cache\n"
        f"cards = [card for card in cache.cards()[0] if card.id in {EXPORTED}]\n"
        "for card in cards: print(cache.queue(card.id, card.weights_sha256).ask(list(faces)).shape[0])"
    )
    assert told == ["5"] * len(EXPORTED) + ["[] True"]


@pytest.mark.parametrize("engine", ["native", "compiled"])
def test_gradients_and_the_native_engine_load_the_models_own_framework(engine):
    told = _told(
        f"{FACES}from fer_core import catalog\nmodel = catalog.load('torch-compact', engine={engine!r})\n"
        "print(model.input_gradient(faces, 'happy').shape)"
    )
    assert told[0] == "(5, 48, 48, 1)" and "'torch'" in told[1] and "'tensorflow'" not in told[1]


def test_the_first_page_waits_for_nothing_that_it_does_not_show():
    told = _told(
        "from streamlit.testing.v1 import AppTest\n"
        "page = AppTest.from_file('dashboard/views/home.py', default_timeout=200).run()\n"
        "assert not page.exception, page.exception\nprint(page.title[0].value)\n"
        "import sys; print({'pandas', 'pyarrow', 'dashboard.cache.workplace'} & set(sys.modules) or 'lean')"
    )
    assert told == ["Seven Faces", "lean", "[] False"]


def test_what_the_server_loads_beforehand_is_what_the_first_pages_need_and_no_framework():
    told = _told("import sys\nfrom dashboard import warm\nwarm.drawn.set()\nwarm.warm()\nbefore = set(sys.modules)\n"
                 "from streamlit.testing.v1 import AppTest\n"
                 "for page in ('home', 'photos'):\n"
                 "    page = AppTest.from_file(f'dashboard/views/{page}.py', default_timeout=200).run()\n"
                 "    assert not page.exception, page.exception\n"
                 "heads = ('pandas.core', 'plotly.graph_objs._figure', 'dashboard.', 'openvino')\n"
                 "print([name for name in {*sys.modules} - before if name.startswith(heads)])")  # fmt: skip
    assert told == ["[]", "['skimage'] True"], "Photos' example is skimage's"


def test_models_are_loaded_before_a_photo_comes_and_one_that_cannot_be_is_passed_over(tmp_path):
    for id in ("keras-native", "torch-native", "torch-compact"):
        shutil.copytree(artifacts.default_root() / id, tmp_path / id)
    (tmp_path / "torch-native" / "model.onnx").write_bytes(b"torn")
    (tmp_path / "torch-compact" / "model.onnx").unlink()  # would need PyTorch
    told = _told(f"import os\nos.environ['SEVEN_FACES_ARTIFACTS'] = {str(tmp_path)!r}\n"
                 "from fer_core import catalog\nasked, load = [], catalog.load\n"
                 "catalog.load = lambda id, **more: (asked.append(id), load(id, **more))[1]\n"
                 "from dashboard import cache\ncache.ready()\nprint(sorted(asked))\n"
                 "card = next(card for card in cache.cards()[0] if card.id == 'keras-native')\n"
                 "cache.queue(card.id, card.weights_sha256)\nprint(len(asked))")  # fmt: skip
    assert told == ["['keras-native', 'torch-native']", "2", "['skimage'] True"]


def test_photos_modules_wait_until_a_first_page_is_drawn_or_nobody_comes():
    told = _told("import sys, threading\nfrom dashboard import warm\n"
                 "one = threading.Thread(target=warm.warm, args=(600,))\none.start()\n"
                 "while 'dashboard.cache.settled' not in sys.modules: one.join(0.1)\n"
                 "one.join(1)\nprint(one.is_alive(), 'pandas' in sys.modules)\n"
                 "warm.drawn.set()\none.join()\nprint('pandas' in sys.modules)\n"
                 "warm.drawn.clear()\nwarm.warm(0.01)")  # fmt: skip
    assert told == ["True False", "True", "['skimage'] True"]
