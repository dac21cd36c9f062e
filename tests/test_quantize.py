"""int8: of the convolution that is most of a network, near to the network's answers, refused where it is not whole."""

import shutil

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from fer_core import artifacts, catalog, onnx_exports
from fer_core.artifacts import ArtifactError
from fer_core.compiled import Network, has_bfloat16
from trainers import export, quantize

ID = "torch-native"


def _inputs(n=48, seed=0):
    return np.random.default_rng(seed).random((n, 48, 48, 1), np.float32)


@pytest.fixture(scope="module")
def exported(tiny_artifacts):
    """The graph of a trained network whose second convolution has five sixths of the work, in float32."""
    return onnx_exports.read(ID, tiny_artifacts).graph


@pytest.fixture
def quantized(tiny_artifacts, tmp_path, fer2013_csv, monkeypatch):
    """Artifacts with an export in int8, as a processor with bfloat16 leaves it."""
    root = tmp_path / "artifacts"
    shutil.copytree(tiny_artifacts, root)
    monkeypatch.setattr(export, "has_bfloat16", lambda: True)
    monkeypatch.setattr(onnx_exports, "has_bfloat16", lambda: True)
    export.command([ID], fer2013_csv, root)
    return root


def _network(*wide):
    """A graph of convolutions of 3 x 3 in a row, each as wide as said, on pictures of four channels."""
    nodes, weights, inside, name = [], [], 4, "x"
    for number, outside in enumerate(wide):
        w = np.random.default_rng(number).normal(size=(outside, inside, 3, 3)).astype(np.float32) / inside
        weights.append(numpy_helper.from_array(w, f"w{number}"))
        nodes.append(helper.make_node("Conv", [name, f"w{number}"], [f"y{number}"], name=f"conv{number}"))
        inside, name = outside, f"y{number}"
    ends = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in ("x", name)]
    ends[0].CopyFrom(helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 4, 12, 12]))
    graph = helper.make_graph(nodes, "row", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def test_one_convolution_is_quantized_and_all_else_is_referred_to(exported):
    made = quantize.graph(exported, _inputs())
    assert made is not None
    model, before = onnx.load_from_string(made), onnx.load(exported, load_external_data=False)
    inside = [
        t for t in model.graph.initializer if t.data_location != onnx.TensorProto.EXTERNAL and np.prod(t.dims) > 8
    ]
    assert {t.name for t in inside} == {"int8.weights", "int8.scales", "int8.zeros"}
    assert tuple(next(t for t in inside if t.name == "int8.weights").dims) == (128, 128, 3, 3)
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("Conv") == [node.op_type for node in before.graph.node].count("Conv")
    assert (kinds.count("QuantizeLinear"), kinds.count("DequantizeLinear")) == (1, 2)


def test_answers_stay_near(exported):
    beside = exported.with_name("quantized.onnx")
    beside.write_bytes(quantize.graph(exported, _inputs()) or b"")
    x = _inputs(64, seed=1)
    whole, small = Network(exported)(x)[0], Network(beside)(x)[0]
    beside.unlink()
    distance = np.abs(whole - small).max()
    assert 0 < distance < 0.05 * np.ptp(whole)


@pytest.mark.parametrize(("wide", "expected"), [((8, 8, 4), None), ((4, 64), "w1"), ((64, 1), "w0")])
def test_only_a_convolution_that_is_most_of_the_work(tmp_path, wide, expected):
    path = tmp_path / "row.onnx"
    onnx.save(_network(*wide), path)
    x = np.random.default_rng(0).normal(size=(8, 4, 12, 12)).astype(np.float32)
    made = quantize.graph(path, x)
    if made is None or expected is None:
        assert made is expected
        return
    names = {tensor.name for tensor in onnx.load_from_string(made).graph.initializer}
    assert expected not in names and "int8.weights" in names and len(names) == 6


@pytest.mark.skipif(not has_bfloat16(), reason="with AVX2 alone sums of int8 products saturate; no int8 is used there")
def test_inputs_below_zero_are_kept(tmp_path):
    path = tmp_path / "row.onnx"
    onnx.save(_network(16), path)
    x = np.random.default_rng(0).normal(size=(8, 4, 12, 12)).astype(np.float32)
    near = Network(quantize.graph(path, x) or b"")(x)[0]
    np.testing.assert_allclose(near, Network(path.read_bytes())(x)[0], atol=0.15)
    assert near.min() < -0.5


def test_a_network_without_convolutions_is_left_as_it_is(tmp_path):
    path = tmp_path / "flat.onnx"
    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 4]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "flat", ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    assert quantize.graph(path, np.ones((2, 4), np.float32)) is None


def test_a_convolution_that_only_saw_zeros_answers_as_before(tmp_path):
    path = tmp_path / "row.onnx"
    onnx.save(_network(16), path)
    x = np.zeros((8, 4, 12, 12), np.float32)
    np.testing.assert_array_equal(Network(quantize.graph(path, x) or b"")(x)[0], 0)


def test_the_export_is_checked_and_chosen(quantized):
    found = onnx_exports.read(ID, quantized)
    about = found.about["precisions"]["int8"]
    assert about["passed"] == (abs(about["accuracy"] - about["native_accuracy"]) <= 0.003 + 1e-9)
    assert found.chosen("int8") == "int8" and found.file("int8").name == artifacts.QUANTIZED
    assert found.chosen() == ("int8" if about["passed"] else "bfloat16")
    native, small = catalog.load(ID, quantized), catalog.load(ID, quantized, "compiled", "int8")
    faces = np.random.default_rng(3).integers(0, 256, (16, 48, 48, 3), dtype=np.uint8)
    np.testing.assert_allclose(small.predict_proba(faces), native.predict_proba(faces), atol=0.05)
    assert small.precision == "int8"  # type: ignore[attr-defined]


def test_a_processor_without_bfloat16_computes_in_float32(quantized, monkeypatch):
    monkeypatch.setattr(onnx_exports, "has_bfloat16", lambda: False)
    assert onnx_exports.read(ID, quantized).chosen() == "float32"


def test_int8_is_refused_where_the_export_has_none(quantized):
    found = onnx_exports.read(ID, quantized)
    found.file("int8").unlink()
    with pytest.raises(ValueError, match=r"auto.*float32.*bfloat16"):
        found.chosen("int8")


def test_a_damaged_graph_is_refused_with_the_remedy(quantized):
    path = quantized / ID / artifacts.QUANTIZED
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ArtifactError, match="trainers export torch-native"):
        catalog.load(ID, quantized, "compiled")
    path.unlink()
    with pytest.raises(ArtifactError, match="trainers export torch-native"):
        catalog.load(ID, quantized, "compiled")


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")
@pytest.mark.parametrize("id", [id for id in artifacts.ids() if onnx_exports.here(id)])
def test_every_shipped_model_answers_in_the_fastest_precision_that_passed(id):
    found = onnx_exports.read(id)
    for precision, one in found.about["precisions"].items():
        moved = abs(one["accuracy"] - one["native_accuracy"])
        assert one["passed"] == (moved < onnx_exports.ALLOWED[precision] + 1e-9)
    assert found.about["precisions"][found.chosen()]["passed"]
