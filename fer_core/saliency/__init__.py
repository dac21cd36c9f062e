"""What a model looks at: every method of `METHODS` by one call, `explain`, for models of every framework.

Methods need nothing of a framework but what a predictor answers: gradients at the input, activations with gradients at
a layer, or logits alone. Face, target, size and unit are the same for every model, so that maps stand side by side.
"""

from fer_core.saliency.methods import METHODS, Method, available, explain, shared_scale
from fer_core.saliency.words import describe, remark
from fer_core.saliency.work import Stopped
from fer_core.types import SaliencyMap, Target

__all__ = [
    "METHODS",
    "Method",
    "SaliencyMap",
    "Stopped",
    "Target",
    "available",
    "describe",
    "explain",
    "remark",
    "shared_scale",
]
