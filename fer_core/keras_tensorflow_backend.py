"""A Keras network's logits and gradients on TensorFlow: each traced once, with an open batch axis."""

from __future__ import annotations

import keras
import tensorflow as tf

from fer_core.types import ModelSpec


class Steps:
    """What a predictor asks of the network."""

    def __init__(self, network: keras.Model, spec: ModelSpec) -> None:
        self._network, self._layer = network, spec.grad_cam_layer
        side, channels = spec.input.size, spec.input.channels
        signature = [tf.TensorSpec((None, side, side, channels), tf.float32)]
        self.logits = tf.function(lambda x: network(x, training=False), input_signature=signature)
        target = [*signature, tf.TensorSpec((), tf.int32)]
        self.gradient = tf.function(self._input_gradient, input_signature=target)
        self.activations = tf.function(self._layer_gradient, input_signature=target)

    def _input_gradient(self, x: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            logit = tf.gather(self._network(x, training=False), index, axis=1)
        return tape.gradient(logit, x)

    def _layer_gradient(self, x: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        layer = self._network.get_layer(self._layer)
        both = keras.Model(self._network.inputs, [layer.output, self._network.outputs[0]])
        with tf.GradientTape() as tape:
            tape.watch(x)
            activations, logits = both(x, training=False)
            logit = tf.gather(logits, index, axis=1)
        return activations, tape.gradient(logit, activations)
