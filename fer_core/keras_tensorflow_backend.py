"""A Keras network's logits and gradients on TensorFlow: each traced once, with an open batch axis."""

from __future__ import annotations

import keras
import tensorflow as tf

from fer_core.tapped_keras_backend import layer, tapped
from fer_core.types import ModelSpec


@tf.RegisterGradient("SevenFacesGuidedRelu")
def _guided_relu(op: tf.Operation, gradient: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.ReluGrad(gradients=tf.nn.relu(gradient), features=op.outputs[0])


@tf.RegisterGradient("SevenFacesGuidedRelu6")
def _guided_relu6(op: tf.Operation, gradient: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.Relu6Grad(gradients=tf.nn.relu(gradient), features=op.outputs[0])


GUIDED = {"Relu": "SevenFacesGuidedRelu", "Relu6": "SevenFacesGuidedRelu6"}
"""What stands in for a rectifier's gradient in guided backpropagation (Springenberg et al. 2015, arXiv:1412.6806)."""


class Steps:
    """What a predictor asks of the network."""

    def __init__(self, network: keras.Model, spec: ModelSpec) -> None:
        self._network, self._layer = network, layer(network, spec.grad_cam_layer)
        side, channels = spec.input.size, spec.input.channels
        signature = [tf.TensorSpec((None, side, side, channels), tf.float32)]
        self.logits = tf.function(lambda x: network(x, training=False), input_signature=signature)
        target = [*signature, tf.TensorSpec((None,), tf.float32)]
        self.gradient = tf.function(self._input_gradient, input_signature=target)
        self.guided = tf.function(self._guided_gradient, input_signature=target)
        self.activations = tf.function(self._layer_gradient, input_signature=target)

    def _input_gradient(self, x: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            score = tf.linalg.matvec(self._network(x, training=False), weights)
        return tape.gradient(score, x)

    def _guided_gradient(self, x: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with tf.compat.v1.get_default_graph().gradient_override_map(GUIDED):
            score = tf.linalg.matvec(self._network(x, training=False), weights)
        return tf.gradients(score, x)[0]  # a tape would not ask the map

    def _layer_gradient(self, x: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape, tapped(self._layer) as kept:
            tape.watch(x)
            score = tf.linalg.matvec(self._network(x, training=False), weights)
        return kept[0], tape.gradient(score, kept[0])
