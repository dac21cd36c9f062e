"""Predictors made of predictors: one model asked about several views of a face, several models asked about one face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from fer_core.predictor import BasePredictor, Faces, resized, scaled, softmax
from fer_core.preprocess import check_faces
from fer_core.types import Float32, InputSpec, ModelSpec, SaliencyMap, Target, Uint8, unknown

KEPT = 11 / 12
"""The share of a face's side that one of the ten crops keeps: 44 of FER2013's 48 pixels."""
TEST_TIME = ("none", "flip", "ten_crop")
SMALLEST = 1e-12
"""Probabilities are held above this before their logarithm stands in for logits."""
LUMA = (0.299, 0.587, 0.114)
"""What red, green and blue count in grey: ITU-R 601-2, as `preprocess` has it."""


class _Composite(BasePredictor):
    """What composites share: no network of their own; their logits are logarithms of mean probabilities."""

    def __init__(self, spec: ModelSpec, labels: tuple[str, ...], temperature: float | None) -> None:
        super().__init__(spec, labels, None, temperature)

    def weights(self) -> dict[str, np.ndarray]:
        """None of its own: empty."""
        return {}

    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Nothing comes back; ValueError where there are any, for a composite has none of its own."""
        if weights:
            raise ValueError("A composite has no weights of its own; its members have.")

    def _logits(self, x: Float32) -> Float32:
        raise TypeError("A composite has no network of its own; ask it for predict_logits.")

    def _gradient(self, x: Float32, weights: Float32) -> Float32:
        raise TypeError("A composite has no network of its own; ask its parts.")

    _guided_gradient = _gradient

    def _activations(self, x: Float32, weights: Float32) -> tuple[Float32, Float32]:
        raise TypeError("A composite has no network of its own; ask its parts.")


class TestTimePredictor(_Composite):
    """A predictor whose answer is the mean of its probabilities over several views of each face.

    "flip": the face and its mirror image; "ten_crop": four corners and the centre, each `KEPT` of the side, and their
    mirror images (Krizhevsky et al. 2012). Gradients and Grad-CAM are those of the model and the whole face.
    """

    __test__ = False  # not a test, whatever pytest makes of the name

    def __init__(self, inner: BasePredictor, test_time: str) -> None:
        if test_time not in TEST_TIME:
            raise ValueError(unknown("test-time augmentation", test_time, TEST_TIME))
        super().__init__(inner.spec, inner.labels, inner.temperature)
        self.inner, self._test_time = inner, test_time
        inner.temperature = None  # the temperature belongs to the mean

    @property
    def parts(self) -> tuple[BasePredictor, ...]:
        """The model whose views are taken."""
        return self.inner.parts

    @property
    def guided(self) -> bool:
        """Whether the model allows guided backpropagation."""
        return self.inner.guided

    def parameters(self) -> int:
        """How many parameters the network has."""
        return self.inner.parameters()

    def weights(self) -> dict[str, np.ndarray]:
        """The network's weights by name."""
        return self.inner.weights()

    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Nothing comes back; the network has these weights. ValueError naming the first that does not fit."""
        self.inner.load_weights(weights)

    def predict_logits(self, faces: Faces) -> Float32:
        """The logarithm of the mean probabilities over the views: float32 (N, K)."""
        checked = check_faces(faces)
        answers = [self.inner.predict_proba(view) for view in views(checked, self._test_time)]
        return _log_mean(answers)

    def input_gradient(self, faces: Faces, target: Target) -> Float32:
        """D logit / d network input for the whole face: float32 (N, s, s, c)."""
        return self.inner.input_gradient(faces, target)

    def grad_cam(self, faces: Faces, target: Target) -> SaliencyMap:
        """Grad-CAM of the whole face."""
        return self.inner.grad_cam(faces, target)


class EnsemblePredictor(_Composite):
    """Several predictors behind one interface: the unweighted mean of their probabilities, each calibrated on its own.

    Members know the same labels, else ValueError. Gradients are with respect to the face as the ensemble's own
    `InputSpec` has it, the mean of what the members' gradients come to there; Grad-CAM is the mean of their maps.
    """

    def __init__(self, spec: ModelSpec, members: Sequence[BasePredictor], temperature: float | None = None) -> None:
        if len(members) < 2:
            raise ValueError(f"An ensemble needs two members or more, got {len(members)}.")
        for member in members[1:]:
            if member.labels != members[0].labels:
                raise ValueError(
                    f"An ensemble's members know the same labels; {members[0].spec.id!r} knows {members[0].labels}, "
                    f"{member.spec.id!r} {member.labels}."
                )
        super().__init__(spec, members[0].labels, temperature)
        self.members = tuple(members)

    @property
    def parts(self) -> tuple[BasePredictor, ...]:
        """The members."""
        return tuple(part for member in self.members for part in member.parts)

    @property
    def guided(self) -> bool:
        """Whether all members allow guided backpropagation."""
        return all(member.guided for member in self.members)

    def parameters(self) -> int:
        """How many parameters all members have together."""
        return sum(member.parameters() for member in self.members)

    def predict_logits(self, faces: Faces) -> Float32:
        """The logarithm of the members' mean probabilities: float32 (N, K)."""
        return _log_mean([member.predict_proba(faces) for member in self.members])

    def joined(self, answers: Sequence[Float32]) -> Float32:
        """`predict_proba` of faces that the members were asked about already: theirs in, in order, float32 (N, K)."""
        return softmax(_log_mean(answers) / np.float32(self.temperature or 1.0))

    def input_gradient(self, faces: Faces, target: Target) -> Float32:
        """The gradient of the members' mean logit: float32 (N, s, s, c), logits a unit of the ensemble's input."""
        own = self.spec.input
        found = [_carried(m.input_gradient(faces, target), m.spec.input, own) for m in self.members]
        return np.asarray(np.mean(found, axis=0), np.float32)

    def grad_cam(self, faces: Faces, target: Target) -> SaliencyMap:
        """The mean of the members' maps, each scaled to its own maximum, then scaled anew."""
        side = self.spec.input.size
        checked: Faces = check_faces(faces)
        if not isinstance(checked, np.ndarray):  # members would answer in sizes of their own
            squares = [_square(face, side) for face in checked]
            checked = np.array(squares, np.uint8).reshape(-1, side, side, 3)
        raw = np.mean([member.grad_cam(checked, target).values for member in self.members], axis=0)
        return scaled(raw)


def views(faces: Sequence[Uint8] | Uint8, test_time: str) -> list[list[Uint8]]:
    """The views that a test-time augmentation takes of each face: one list of uint8 (h, w, 3) crops a view."""
    whole = list(faces)
    if test_time == "none":
        return [whole]
    if test_time == "flip":
        return [whole, [face[:, ::-1] for face in whole]]
    places = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.5)]
    crops = [[_corner(face, *place) for face in whole] for place in places]
    return crops + [[face[:, ::-1] for face in crop] for crop in crops]


def _corner(face: Uint8, down: float, right: float) -> Uint8:
    height, width = (max(1, round(KEPT * side)) for side in face.shape[:2])
    top, left = round(down * (face.shape[0] - height)), round(right * (face.shape[1] - width))
    return face[top : top + height, left : left + width]


def _log_mean(probabilities: Sequence[Float32]) -> Float32:
    return np.asarray(np.log(np.maximum(np.mean(probabilities, axis=0, dtype=np.float64), SMALLEST)), np.float32)


def _square(face: Uint8, side: int) -> Uint8:
    return np.asarray(Image.fromarray(face).resize((side, side), Image.Resampling.BILINEAR))


def _carried(gradient: Float32, member: InputSpec, own: InputSpec) -> Float32:
    """A gradient (N, m, m, c) at a member's input as one at the ensemble's, (N, s, s, c) of its own; sums are kept."""
    a_level = gradient / np.asarray(member.std, np.float32)
    if own.channels > member.channels:
        a_level = a_level * np.asarray(LUMA, np.float32)
    elif own.channels < member.channels:
        a_level = a_level.sum(axis=-1, keepdims=True)
    size, share = (own.size, own.size), (member.size / own.size) ** 2
    planes = [[resized(one[..., k], size, Image.Resampling.BOX) for k in range(own.channels)] for one in a_level]
    there = np.array(planes, np.float32).reshape(-1, own.channels, *size).transpose(0, 2, 3, 1)
    return np.asarray(there * share * np.asarray(own.std, np.float32), np.float32)
