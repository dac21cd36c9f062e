"""The engine room of Seven Faces: photos in, faces found, every model's answer out; no page, no training loop.

Importing this package loads no deep-learning framework.
"""

from fer_core.types import EMOTIONS, Face, ModelCard, ModelSpec, Prediction

__all__ = ["EMOTIONS", "Face", "ModelCard", "ModelSpec", "Prediction"]
