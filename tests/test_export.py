"""Exports: made by every training run, checked against the network, small, and never used where they do not fit."""

import json
import shutil
from dataclasses import replace

import numpy as np
import onnx
import pytest

from fer_core import artifacts, catalog, datasets, multiply_adds, onnx_exports
from fer_core.artifacts import ArtifactError
from fer_core.catalog import Engine
from fer_core.composite import EnsemblePredictor, TestTimePredictor
from fer_core.metrics import EvaluationReport
from trainers import export, onnx_graph
from trainers.onnx_graph import ExportError

IDS = ("keras-native", "torch-native")
SHIPPED = artifacts.ids()


def _faces(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 48, 48, 3), dtype=np.uint8)


@pytest.fixture
def copied(tiny_artifacts, tmp_path):
    """Those artifacts at a place of their own, to be damaged."""
    shutil.copytree(tiny_artifacts, tmp_path / "artifacts")
    return tmp_path / "artifacts"


@pytest.mark.parametrize("id", SHIPPED)
def test_every_shipped_model_has_an_export_that_passed_its_check(id):
    if artifacts.card(id).framework == "ensemble" or not artifacts.has_weights(id):
        pytest.skip("it needs none")
    found = onnx_exports.read(id).about["precisions"]
    assert found["float32"]["images"] == 3589
    assert found["float32"]["greatest_difference"] <= 1e-4
    allowed = onnx_exports.ALLOWED
    assert all(abs(one["accuracy"] - one["native_accuracy"]) <= allowed[p] for p, one in found.items() if one["passed"])
    stored = EvaluationReport.from_dict(artifacts.metrics(id)["PublicTest"]).metrics["accuracy"].value
    assert stored == pytest.approx(found["float32"]["accuracy"], abs=5e-4)


@pytest.mark.parametrize("id", IDS)
def test_a_training_run_leaves_an_export_that_answers_as_the_network(tiny_artifacts, id):
    native = catalog.load(id, tiny_artifacts)
    compiled = catalog.load(id, tiny_artifacts, "compiled", "float32")
    np.testing.assert_allclose(compiled.predict_logits(_faces(70)), native.predict_logits(_faces(70)), atol=1e-4)
    assert compiled.parameters() == native.parameters()
    assert type(catalog.load(id, tiny_artifacts, "auto")) is type(compiled)


def test_a_compiled_network_meets_few_faces_at_a_time_for_it_keeps_the_memory_of_the_most(tiny_artifacts, monkeypatch):
    compiled, met = catalog.load(IDS[0], tiny_artifacts, "compiled", "float32"), []
    inner = compiled._logits

    def heard(x):
        met.append(len(x))
        return inner(x)

    monkeypatch.setattr(compiled, "_logits", heard)
    assert len(compiled.predict_logits(_faces(70))) == 70
    assert met == [16, 16, 16, 16, 6]


@pytest.mark.parametrize("id", IDS)
def test_gradients_are_the_native_ones(tiny_artifacts, id):
    native, compiled = catalog.load(id, tiny_artifacts), catalog.load(id, tiny_artifacts, "compiled")
    for ask in ("input_gradient", "grad_cam"):
        a, b = (getattr(one, ask)(_faces(2), "happy") for one in (native, compiled))
        np.testing.assert_allclose(getattr(a, "values", a), getattr(b, "values", b), atol=1e-6)


@pytest.mark.parametrize("id", IDS)
def test_the_graph_holds_no_weights_and_nothing_of_the_machine_that_made_it(tiny_artifacts, id):
    graph = onnx_exports.read(id, tiny_artifacts).graph
    assert graph.stat().st_size < 0.5 * artifacts.card(id, tiny_artifacts).weights_bytes
    model = onnx.load(graph, load_external_data=False)
    large = [t for t in model.graph.initializer if np.prod(t.dims) > 64]
    assert large and all(t.data_location == onnx.TensorProto.EXTERNAL for t in large)
    assert b"site-packages" not in graph.read_bytes() and b"/home" not in graph.read_bytes()
    assert len(onnx.load(graph).graph.initializer[0].raw_data)  # the reference leads somewhere


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_composites_work_over_compiled_members(tiny_artifacts, precision):
    root = tiny_artifacts
    natives, members = ([catalog.load(id, root, *how) for id in IDS] for how in (("native",), ("compiled", precision)))
    near = {"float32": 1e-5, "bfloat16": 0.05}[precision]
    for make in (
        lambda found: EnsemblePredictor(catalog.ENSEMBLE, found, 1.2),
        lambda found: TestTimePredictor(found[0], "flip"),
        lambda found: TestTimePredictor(found[1], "ten_crop"),
    ):
        p, q = (make(found).predict_proba(_faces(6)) for found in (natives, members))
        np.testing.assert_allclose(p, q, atol=near)
    with pytest.raises(AssertionError):  # the faces tell the models apart
        np.testing.assert_allclose(members[0].predict_proba(_faces(6)), members[1].predict_proba(_faces(6)), atol=near)


def _ensemble(root, id, members):
    """The card of an ensemble of these in `root`."""
    cards = [artifacts.card(member, root) for member in members]
    card = replace(
        cards[0], id=id, architecture="ensemble", framework="ensemble",
        recipe={"members": list(members), "members_sha256": {card.id: card.weights_sha256 for card in cards}},
    )  # fmt: skip
    (root / id).mkdir()
    artifacts.save_card(root / id, card)


def test_an_ensemble_is_loaded_with_compiled_members(copied):
    _ensemble(copied, "both", IDS)
    ways: tuple[tuple[Engine, str], ...] = (("auto", "CompiledPredictor"), ("native", "Predictor"))
    for engine, expected in ways:
        one = catalog.load("both", copied, engine)
        assert isinstance(one, EnsemblePredictor)
        assert all(type(member).__name__.endswith(expected) for member in one.members)
    onnx_exports.remove(copied / IDS[0])
    mixed = catalog.load("both", copied, "auto")
    assert isinstance(mixed, EnsemblePredictor)
    assert [type(member).__name__ for member in mixed.members] == ["KerasPredictor", "CompiledPredictor"]


def test_without_an_export_the_native_engine_answers(copied):
    onnx_exports.remove(copied / IDS[1])
    assert not onnx_exports.here(IDS[1], copied)
    assert type(catalog.load(IDS[1], copied, "auto")).__name__ == "TorchPredictor"
    with pytest.raises(ArtifactError, match="trainers export torch-native"):
        catalog.load(IDS[1], copied, "compiled")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [(artifacts.EXPORT, "trainers export torch-native"), (artifacts.WEIGHTS, "Restore or train again"),
     (artifacts.ENGINE, "trainers export torch-native")],
)  # fmt: skip
def test_a_damaged_export_is_refused_with_what_mends_it(copied, name, remedy):
    path = copied / IDS[1] / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2] = b"\xff\xfe"
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match=remedy):
        catalog.load(IDS[1], copied, "compiled")


def test_an_export_of_other_weights_is_refused(copied):
    path = copied / IDS[1] / artifacts.ENGINE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"weights_sha256": "ab" * 32}))
    with pytest.raises(ArtifactError, match="other weights"):
        catalog.load(IDS[1], copied, "compiled")


def test_where_openvino_is_not_a_training_leaves_no_export_and_says_what_makes_it(copied, fer2013_csv, monkeypatch):
    id, folder = "torch-native", copied / "torch-native"
    stored, data = artifacts.predictions(id, copied), datasets.load(fer2013_csv)
    onnx_exports.remove(folder)
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match=f"python -m trainers export {id}, where openvino is installed"):
        export.leave(folder, artifacts.card(id, copied), catalog.load(id, copied), stored, data)
    assert not onnx_exports.file(folder, "float32").exists()


def test_a_keras_network_is_exported_on_the_processor_wherever_keras_would_put_it(copied, monkeypatch):
    monkeypatch.setenv("KERAS_TORCH_DEVICE", "meta")  # as "mps" is on a Mac: tensors that NumPy cannot read
    made = onnx_graph.graph(catalog.load(IDS[0], copied), copied / IDS[0] / artifacts.WEIGHTS)
    assert made == (copied / IDS[0] / artifacts.EXPORT).read_bytes()


def test_an_export_that_answers_otherwise_is_not_left(copied, fer2013_csv, monkeypatch):
    data, folder, card = datasets.load(fer2013_csv), copied / IDS[1], artifacts.card(IDS[1], copied)
    other = catalog.untrained(IDS[1], card.labels, seed=9)
    monkeypatch.setattr(onnx_graph, "referring", lambda model, weights: model.SerializeToString())
    with pytest.raises(ExportError, match="answers otherwise"):
        export.add(folder, card, other, artifacts.predictions(IDS[1], copied), data)
    assert not onnx_exports.here(IDS[1], copied)
    with pytest.warns(UserWarning, match="left without a compiled export"):
        export.leave(folder, card, other, artifacts.predictions(IDS[1], copied), data)


@pytest.mark.parametrize("named", [IDS[1], "alone"])
def test_the_command_makes_exports_of_existing_artifacts_and_of_an_ensembles_members(
    named, copied, fer2013_csv, capsys
):
    _ensemble(copied, "alone", IDS[1:])
    before = onnx_exports.read(IDS[1], copied)
    content = before.graph.read_bytes()
    onnx_exports.remove(copied / IDS[1])
    export.command([named], fer2013_csv, copied)
    assert onnx_exports.read(IDS[1], copied).graph.read_bytes() == content
    assert multiply_adds.of_model(artifacts.card(IDS[1], copied), copied) == multiply_adds.multiply_adds(before.graph)
    assert "float32" in capsys.readouterr().out


def test_bfloat16_is_chosen_where_it_passed_and_the_processor_has_it(tiny_artifacts, monkeypatch):
    export_ = onnx_exports.read(IDS[1], tiny_artifacts)
    passed = {"bfloat16": {"passed": True}}
    for about, has, expected in (
        (passed, True, "bfloat16"),
        (passed, False, "float32"),
        ({"bfloat16": {"passed": False}}, True, "float32"),
        ({}, True, "float32"),
    ):
        monkeypatch.setattr(onnx_exports, "has_bfloat16", lambda has=has: has)
        assert replace(export_, about={"precisions": about}).chosen() == expected
    with pytest.raises(ValueError, match="float32"):
        export_.chosen("float3")


def test_an_unknown_engine_is_refused_with_the_nearest(tiny_artifacts):
    with pytest.raises(ValueError, match="compiled"):
        catalog.load(IDS[0], tiny_artifacts, "compile")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shift", "other", "passed"), [(5e-5, 0, True), (2e-4, 0, False)], ids=["within 1e-4", "beyond"]
)
def test_the_check_measures_differences(shift, other, passed):
    native = np.array([[0.6, 0.4], [0.2, 0.8], [0.7, 0.3]], np.float32)
    moved = native + np.array([[shift, -shift]], np.float32)
    found = export.compared(moved, native, np.array([0, 1, 1]), "float32")
    assert (found["images"], found["other_label"], found["passed"]) == (3, other, passed)
    assert found["accuracy"] == found["native_accuracy"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["greatest_difference"] == pytest.approx(shift, rel=0.01)


def test_an_accuracy_that_moves_too_far_does_not_pass():
    native = np.eye(2, dtype=np.float32)[np.zeros(1000, int)]
    truth, moved = np.zeros(1000, int), native.copy()
    moved[:1] = moved[:1, ::-1]
    assert export.compared(moved, native, truth, "bfloat16")["passed"]
    moved[:2] = native[:2, ::-1]
    found = export.compared(moved, native, truth, "bfloat16")
    assert not found["passed"] and found["other_label"] == 2


def test_images_of_labels_that_a_model_lacks_have_no_share_in_its_accuracy():
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]], np.float32)
    found = export.compared(p, p, np.array([0, 0, -1, -1]), "float32")
    assert found["accuracy"] == found["native_accuracy"] == 0.5 and found["images"] == 4


@pytest.mark.parametrize(("changed", "kept"), [({}, True), ({"runtime": "openvino 1"}, False), (None, False)],
                         ids=["the same", "another runtime", "another graph"])  # fmt: skip
def test_a_processor_without_bfloat16_keeps_what_another_found_of_the_same_export(
    changed, kept, copied, fer2013_csv, monkeypatch
):
    monkeypatch.setattr(export, "has_bfloat16", lambda: False)
    folder = copied / IDS[1]
    export.command([IDS[1]], fer2013_csv, copied)
    about = json.loads((folder / artifacts.ENGINE).read_text("utf-8"))
    assert set(about["precisions"]) == {"float32"}
    found = about["precisions"]["float32"] | {"images": 0}
    (folder / artifacts.QUANTIZED).write_bytes(b"a graph with int8 in it")
    about = {key: one for key, one in about.items() if "sha256" not in key} | (changed or {})
    onnx_exports.save_about(folder, about | {"precisions": {"int8": found, "float32": found}})
    if changed is None:
        (folder / artifacts.EXPORT).write_bytes(b"of other weights")
    export.command([IDS[1]], fer2013_csv, copied)
    again = onnx_exports.read(IDS[1], copied).about["precisions"]
    assert again["float32"]["images"] > 0 and (folder / artifacts.QUANTIZED).is_file() == kept
    assert again.get("int8") == (found if kept else None)
