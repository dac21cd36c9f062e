"""The wrapper around the compiled runtime: right answers, threads, and a cache on disk that cannot do harm."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fer_core import compiled
from fer_core.compiled import Network

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An ONNX file: x (N, 6) to relu(x w) (N, 3) and to -x."""
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["m"]),
            helper.make_node("Relu", ["m"], ["y"]),
            helper.make_node("Neg", ["x"], ["z"]),
        ],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", k]) for name, k in (("y", 3), ("z", 6))],
        [numpy_helper.from_array(WEIGHTS, "w")],
    )
    path = tmp_path_factory.mktemp("onnx") / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


def _x(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 6)).astype(np.float32)


def test_it_computes_what_the_model_says_for_any_batch(model, tmp_path):
    network = Network(model, threads=1, folder=tmp_path)
    for n in (1, 5, 0, 64, 1):
        y, z = network(_x(n))
        np.testing.assert_allclose(y, np.maximum(_x(n) @ WEIGHTS, 0), atol=1e-5)
        np.testing.assert_array_equal(z, -_x(n))
    assert network.calls == 5


def test_answers_are_the_callers_own(model, tmp_path):
    network = Network(model, folder=tmp_path)
    first = network(_x(4))[1]
    network(_x(4, seed=1))
    np.testing.assert_array_equal(first, -_x(4))


def test_many_threads_get_each_their_own_answer(model, tmp_path):
    network = Network(model, folder=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        for seed, (_, z) in enumerate(pool.map(lambda seed: network(_x(1 + seed % 7, seed)), range(200))):
            np.testing.assert_array_equal(z, -_x(1 + seed % 7, seed))


def test_the_compiled_form_is_kept_and_read_again(model, tmp_path, monkeypatch):
    expected = Network(model, folder=tmp_path)(_x(3))[0]
    (kept,) = (tmp_path / "compiled").iterdir()
    monkeypatch.setattr(compiled, "_keep", lambda *_: pytest.fail("it was compiled again"))
    np.testing.assert_array_equal(Network(model, folder=tmp_path)(_x(3))[0], expected)
    assert kept.is_file()


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: b[:99] + b"\0\0" + b[101:]])
def test_a_damaged_cache_is_made_anew(model, tmp_path, damage):
    Network(model, folder=tmp_path)
    (kept,) = (tmp_path / "compiled").iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    y, _ = Network(model, folder=tmp_path)(_x(3))
    np.testing.assert_allclose(y, np.maximum(_x(3) @ WEIGHTS, 0), atol=1e-5)
    assert len(kept.read_bytes()) == len(whole)


def test_one_graph_over_other_weights_in_the_file_beside_it_is_compiled_anew(model, tmp_path):
    graph = onnx.load(model)
    for factor in (1, 2):
        graph.graph.initializer[0].CopyFrom(numpy_helper.from_array(factor * WEIGHTS, "w"))
        place = tmp_path / str(factor) / "small.onnx"
        place.parent.mkdir()
        onnx.save(graph, place, save_as_external_data=True, location="weights.bin", size_threshold=0)
        graph = onnx.load(place)
        np.testing.assert_allclose(
            Network(place, folder=tmp_path)(_x(3))[0], np.maximum(_x(3) @ (factor * WEIGHTS), 0), atol=1e-5
        )
    one, two = (tmp_path / n / "small.onnx" for n in "12")
    assert one.read_bytes() == two.read_bytes()  # so that only the weights tell them apart


def test_precision_threads_and_weights_have_each_their_own_form(model, tmp_path):
    Network(model, threads=1, folder=tmp_path)
    Network(model, threads=2, folder=tmp_path)
    Network(model, threads=1, precision="bfloat16", folder=tmp_path)
    other = onnx.load(model)
    other.graph.initializer[0].CopyFrom(numpy_helper.from_array(2 * WEIGHTS, "w"))
    y, _ = Network(other.SerializeToString(), threads=1, folder=tmp_path)(_x(3))
    np.testing.assert_allclose(y, np.maximum(_x(3) @ (2 * WEIGHTS), 0), atol=1e-5)
    assert len(list((tmp_path / "compiled").iterdir())) == 4


def test_a_full_disk_costs_only_the_cache(model, tmp_path, full_disk):
    with full_disk(100):
        network = Network(model, folder=tmp_path)
    np.testing.assert_array_equal(network(_x(2))[1], -_x(2))
    assert not list((tmp_path / "compiled").iterdir())


def test_a_file_where_the_cache_should_be_costs_only_the_cache(model, tmp_path):
    (tmp_path / "file").write_text("in the way")
    np.testing.assert_array_equal(Network(model, folder=tmp_path / "file")(_x(2))[1], -_x(2))


def test_old_forms_go(model, tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "MOST_KEPT", 2)
    for threads in (1, 2, 3, 4):
        Network(model, threads=threads, folder=tmp_path)
    assert len(list((tmp_path / "compiled").iterdir())) == 2


def test_several_processes_may_make_it_at_once_and_load_no_framework(model, tmp_path):
    code = (
        "import sys, pathlib, numpy as np\n"
        "from fer_core.compiled import Network\n"
        "assert 'openvino' not in sys.modules\n"
        f"for _ in range(3): y, z = Network(pathlib.Path({str(model)!r}), folder=pathlib.Path({str(tmp_path)!r}))"
        "(np.ones((2, 6), np.float32))\n"
        "print(z.sum(), sorted({'torch', 'tensorflow', 'keras', 'streamlit', 'onnx'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", code]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate(timeout=200)[0].strip() for process in running] == ["-12.0 []"] * 4
    assert len(list((tmp_path / "compiled").iterdir())) == 1


def test_what_is_no_model_is_refused_in_words(tmp_path):
    with pytest.raises(ValueError, match="Expected an ONNX model"):
        Network(b"no model", folder=tmp_path)


def test_an_unknown_precision_is_refused_with_the_nearest(model, tmp_path):
    with pytest.raises(ValueError, match="bfloat16"):
        Network(model, precision="bfloat", folder=tmp_path)  # type: ignore[arg-type]
