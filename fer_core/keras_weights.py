"""A Keras network's variables under names that are the same in every process and on every backend."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any


def named_weights(network: Any) -> dict[str, Any]:
    """Every weight and running statistic of a `keras.Model`, by network, layer and variable.

    Layers that nobody named get from Keras a number that goes on counting from one network to the next; here they are
    counted within the network.
    """
    counted: Counter[str] = Counter()
    named = {}
    for layer in network.layers:
        if not layer.weights:
            continue
        name = layer.name
        kind = _snake(type(layer).__name__)
        if re.fullmatch(rf"{kind}(_\d+)?", name):
            counted[kind] += 1
            name = f"{kind}_{counted[kind]}"
        for variable in layer.weights:
            inside = variable.path.rpartition(f"{layer.name}/")[2]
            named[f"{network.name}/{name}/{inside}"] = variable
    return named


def _snake(name: str) -> str:
    """The name that Keras makes of a class: SeparableConv2D is separable_conv2d."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
