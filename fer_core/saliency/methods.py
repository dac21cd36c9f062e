"""The table of methods, and the one call that asks any of them of any model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fer_core.predictor import BasePredictor, Faces, scaled
from fer_core.preprocess import check_faces
from fer_core.saliency import cams, gradients, hiding
from fer_core.saliency.task import Task, size_of
from fer_core.saliency.work import Progress, Stop, Work
from fer_core.types import Float32, SaliencyMap, Target, unknown


@dataclass(frozen=True)
class Method:
    """One way to ask what a model looks at.

    `needs`: what of the model. `signed`: whether below 0 means evidence against the target, which `SaliencyMap.raw`
    keeps and `values` leaves out. `unit`: of the raw numbers, for one pixel of the map. `slow`: seconds, not moments.
    `function` makes raw maps float32 (N, H, W) of a predictor and a task.
    """

    id: str
    title: str
    needs: Literal["gradient", "layer", "predictions"]
    signed: bool
    slow: bool
    unit: str
    function: Callable[[BasePredictor, Task], Float32]
    source: str


_CAM, _SLOPE = "activation x gradient", "logits from black to white"
_METHODS = (
    Method("grad_cam", "Grad-CAM", "layer", False, False, _CAM, cams.grad_cam,
           "Selvaraju et al. 2017, arXiv:1610.02391"),
    Method("grad_cam_plus_plus", "Grad-CAM++", "layer", False, False, _CAM, cams.grad_cam_plus_plus,
           "Chattopadhay et al. 2018, arXiv:1710.11063"),
    Method("hires_cam", "HiResCAM", "layer", False, False, _CAM, cams.hires_cam,
           "Draelos and Carin 2020, arXiv:2011.08891"),
    Method("integrated_gradients", "Integrated gradients", "gradient", True, False, "logits",
           gradients.integrated_gradients, "Sundararajan et al. 2017, arXiv:1703.01365"),
    Method("smooth_grad", "SmoothGrad", "gradient", False, False, _SLOPE, gradients.smooth_grad,
           "Smilkov et al. 2017, arXiv:1706.03825"),
    Method("guided_backpropagation", "Guided backpropagation", "gradient", False, False, _SLOPE,
           gradients.guided_backpropagation, "Springenberg et al. 2015, arXiv:1412.6806"),
    Method("occlusion", "Occlusion", "predictions", True, True, "logits a patch", hiding.occlusion,
           "Zeiler and Fergus 2014, arXiv:1311.2901"),
    Method("rise", "RISE", "predictions", True, True, "logits, shown against hidden", hiding.rise,
           "Petsiuk et al. 2018, arXiv:1806.07421"),
    Method("shapley", "Shapley values", "predictions", True, True, "logits a cell", hiding.shapley,
           "Strumbelj and Kononenko 2010, Journal of Machine Learning Research 11, 1-18"),
)  # fmt: skip

METHODS: dict[str, Method] = {method.id: method for method in _METHODS}


def available(predictor: BasePredictor) -> tuple[str, ...]:
    """The ids of the methods that this model can answer, in the table's order."""
    return tuple(id for id in METHODS if id != "guided_backpropagation" or predictor.guided)


def explain(
    predictor: BasePredictor, faces: Faces, method: str, target: Target, *,
    seed: int = 0, progress: Progress | None = None, stop: Stop | None = None,
) -> SaliencyMap:  # fmt: skip
    """Maps of what in each face speaks for the target, as this model sees it; `raw` has them with their signs.

    Maps are of the faces' own height and width within 192 pixels, 96 x 96 where the faces' differ. Of an ensemble,
    methods that need gradients or a layer give the mean of the members' maps, each divided by its largest magnitude;
    those that need predictions ask the ensemble as one. Of a model with test-time augmentation they give those of the
    whole face.

    `progress(done, of)` hears of every batch; `stop()` is asked before each, and Stopped ends the call where it says
    True. ValueError names the methods or emotions that there are, where this model has not the one that was asked for.
    """
    if method not in METHODS:
        raise ValueError(unknown("method", method, METHODS))
    if method not in available(predictor):
        raise ValueError(f"{predictor.spec.id!r} cannot answer {method!r}. It has: {', '.join(available(predictor))}.")
    predictor.target_weights(target)
    work = Work(progress, stop)
    raw = _raw(predictor, METHODS[method], Task(check_faces(faces), target, size_of(faces), seed, work))
    work.finish()
    return scaled(raw)


def _raw(predictor: BasePredictor, method: Method, task: Task) -> Float32:
    parts = (predictor,) if method.needs == "predictions" else predictor.parts
    maps = [method.function(part, task) for part in parts]
    if len(maps) == 1:
        return maps[0]
    return np.asarray(np.mean([_to_one(one) for one in maps], axis=0), np.float32)


def _to_one(raw: Float32) -> Float32:
    largest = np.abs(raw).max(axis=(1, 2), initial=0.0)
    return np.asarray(raw / np.where(largest > 0, largest, 1)[:, None, None], np.float32)


def shared_scale(maps: Sequence[SaliencyMap]) -> list[Float32]:
    """The maps' values on one scale: each (N, H, W), where 1 is the largest raw maximum of all faces and maps.

    Maps of one method: of several, the units differ. Maps that hold no number are 0.
    """
    top = max((float(np.nanmax(one.maxima, initial=0.0)) for one in maps), default=0.0)
    shares = [np.nan_to_num(one.maxima) / (top or 1.0) for one in maps]
    return [np.asarray(m.values * share[:, None, None], np.float32) for m, share in zip(maps, shares, strict=True)]
