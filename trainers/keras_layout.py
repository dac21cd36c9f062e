"""A Keras network with its channels first: what a compiled runtime computes in, where Keras keeps channels last.

On PyTorch, Keras turns the axes before and after each convolution of a network with channels last; exported, these
turns keep a runtime from joining a convolution with what follows it, which cost two to four times the time.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


def channels_first(network: keras.Model) -> keras.Model | None:
    """The same network, weights and names for pictures (N, c, s, s); None where a layer fixes the order of the axes.

    Answers are the same: `Flatten` of Keras gives its values in the order of channels last either way.
    """
    if not all(_turns(layer) for layer in network.layers):
        return None
    functional = keras.Model(network.inputs, network.outputs, name=network.name)
    _, high, wide, channels = network.inputs[0].shape
    inputs = keras.Input((channels, high, wide))
    turned = keras.models.clone_model(functional, input_tensors=[inputs], clone_function=_turned)
    turned.set_weights(network.get_weights())
    return turned


def _turns(layer: layers.Layer) -> bool:
    """Whether that layer can be had with channels first: one of Keras's own that gives no picture a new shape."""
    if isinstance(layer, layers.Reshape):
        return layer.target_shape[:-1] == (1, 1)  # squeeze-excitation's, one value a channel
    return type(layer).__module__.startswith("keras.")


def _turned(layer: layers.Layer) -> layers.Layer:
    config: dict[str, Any] = layer.get_config()
    if "data_format" in config:
        config["data_format"] = "channels_first"
    if "axis" in config and len(layer.output.shape) == 4:
        config["axis"] = 1
    if isinstance(layer, layers.Reshape):
        config["target_shape"] = config["target_shape"][::-1]
    return type(layer).from_config(config)
