"""Whether a class activation map is drawn where its cells look, and whether its layer keeps places at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer_core import artifacts, catalog
from fer_core.composite import EnsemblePredictor
from fer_core.predictor import BasePredictor, placed
from fer_core.saliency import METHODS, explain, remark
from fer_core.saliency_checks import Places, places, study
from fer_core.saliency_checks.places import KEPT
from tests.pasted_cases import astronauts
from tests.saliency_cases import FRAMEWORKS, scrambled, unpadded

CAMS = [id for id, method in METHODS.items() if method.needs == "layer"]


def spot(row: int, column: int) -> np.ndarray:
    """A dark face uint8 (1, 48, 48, 3) with a bright spot around that pixel."""
    face = np.full((1, 48, 48, 3), 20, np.uint8)
    face[:, row - 2 : row + 3, column - 2 : column + 3] = 250
    return face


def middle(map2d: np.ndarray) -> tuple[float, float]:
    """The middle of a map's upper half, in pixels."""
    mass = np.maximum(map2d - 0.5, 0)
    rows, columns = np.indices(map2d.shape)
    return float((mass * rows).sum() / mass.sum()), float((mass * columns).sum() / mass.sum())


def measured(model: BasePredictor) -> Places:
    """What the cells read of two faces."""
    found = places(model, np.repeat(astronauts(2)[..., None], 3, axis=3))
    assert found is not None
    return found


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("method", CAMS)
@pytest.mark.parametrize("at", [(14, 33), (24, 24), (35, 12)])
def test_a_network_that_does_not_pad_is_drawn_where_it_looks(framework, method, at):
    found = explain(unpadded(framework), spot(*at), method, "happy").values[0]
    assert np.hypot(*np.subtract(middle(found), at)) < 2.5
    stretched = explain(unpadded(framework, border=0), spot(*at), method, "happy").values[0]
    if at != (24, 24):
        assert np.hypot(*np.subtract(middle(stretched), at)) > 3, "drawn from edge to edge it stands too far out"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_predictors_own_grad_cam_is_the_methods(framework):
    model, face = unpadded(framework), spot(14, 33)
    np.testing.assert_allclose(
        model.grad_cam(face, "happy").values, explain(model, face, "grad_cam", "happy").values, atol=1e-6
    )


def test_cells_that_are_all_alike_stay_so_with_a_border():
    flat = placed(np.full((8, 8), 3, np.float32), 2, (48, 48))
    assert remark(flat, 3.0).startswith("The same everywhere")
    assert placed(np.eye(8, dtype=np.float32), 2, (48, 48))[:4].max() == 0, "a cell reaches one cell beyond its own"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_cells_that_read_where_they_are_drawn_keep_places(framework):
    right, wrong = (measured(unpadded(framework, border)) for border in (2, 0))
    assert right.cells == (8, 8) and right.n == 2 and right.kept
    assert right.follows == pytest.approx(1, abs=0.1) and right.off < 0.05
    assert wrong.follows == pytest.approx(2 / 3, abs=0.1) and wrong.off > 0.08, "8 cells of 12 were stretched to all"


def test_a_layer_that_is_upside_down_does_not():
    found = measured(scrambled())
    assert not found.kept and found.follows == pytest.approx(0, abs=0.15), "1 across and -1 down"
    assert found.off > 0.2


def test_where_nothing_changes_nothing_is_kept(tiny):
    dead = catalog.untrained("tiny-torch")
    dead.load_weights({name: np.zeros_like(array) for name, array in dead.weights().items()})
    assert places(dead, np.zeros((1, 48, 48, 3), np.uint8)) is None
    with pytest.raises(ValueError, match="check its members"):
        places(EnsemblePredictor(catalog.ENSEMBLE, [dead, dead]), np.zeros((1, 48, 48, 3), np.uint8))


def test_the_layer_of_efficientnet_keeps_places_where_its_last_does_not():
    """Each of the last layer's nine cells reads the whole face, so that its map said nothing of where."""
    model = catalog.load("torch-efficientnet-lite0")
    chosen = measured(model)
    model.spec = replace(model.spec, grad_cam_layer="0.17")
    last = measured(model)
    assert chosen.cells == (6, 6) and chosen.kept and chosen.off < 0.1
    assert last.cells == (3, 3) and not last.kept and last.off > 0.15


@pytest.mark.parametrize(
    "id", [id for id in artifacts.ids() if (artifacts.default_root() / id / "sanity.json").exists()]
)
def test_shipped_models_maps_can_say_where(id: str):
    found = study(id).places
    assert found is not None and found.n >= 8
    assert found.follows > KEPT and found.off < 0.15
