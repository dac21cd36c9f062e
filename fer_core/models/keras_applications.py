"""Any network of `keras.applications` with a head of one's own: size, pooling, dense layers and output as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

GREY = 48
"""The side of the grey pictures that `whitened` networks take."""
BGR = ("VGG16", "VGG19")
"""Those whose published weights read blue, green, red; here all networks read red, green, blue."""


@keras.saving.register_keras_serializable("seven_faces")
class Preprocess(layers.Layer):
    """Grey pictures centred, scaled and whitened by what the trainer learnt of its images; as they came until then."""

    def build(self, shape: tuple[int, ...]) -> None:
        """Makes the mean and the scale of a pixel and the whitening matrix, which no optimizer moves."""
        pixels = shape[1] * shape[2]
        fixed: dict[str, Any] = {"trainable": False, "dtype": "float32"}
        self.mean = self.add_weight(shape=(), initializer="zeros", name="mean", **fixed)
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale", **fixed)
        self.matrix = self.add_weight(shape=(pixels, pixels), initializer="identity", name="matrix", **fixed)

    def call(self, x: Any) -> Any:
        """The pictures (N, s, s, 1), in standard deviations."""
        flat = (ops.reshape(x, (-1, x.shape[1] * x.shape[2])) - self.mean) / self.scale
        return ops.reshape(ops.matmul(flat, self.matrix), (-1, *x.shape[1:]))


@keras.saving.register_keras_serializable("seven_faces")
class LogActivation(layers.Layer):
    """The logarithm of an output activation, so that softmax of it is that activation divided by its sum.

    That is what Keras's categorical cross entropy makes of outputs that are no probabilities.
    """

    def __init__(self, activation: str, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.activation = activation

    def call(self, x: Any) -> Any:
        """Logits, of x's shape."""
        return ops.log(keras.activations.get(self.activation)(x) + 1e-7)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return super().get_config() | {"activation": self.activation}


def build(
    classes: int = 7, *, application: str, size: int, pool: str = "avg", dense: Sequence[int] = (), norm: bool = False,
    dropout: float = 0.0, whitened: bool = False, output: str = "softmax",
) -> keras.Model:  # fmt: skip
    """The network: float32 (N, size, size, 3) to logits (N, classes).

    `application` is a function of `keras.applications`; its layer names are kept, and layer "features" is its last one.
    `pool` is "avg" or "flatten"; then come layers of `dense` widths, each with ReLU, BatchNorm where `norm`, and
    dropout. With average pooling the network takes pictures of any size. `whitened` networks take grey (N, 48, 48, 1),
    preprocess them and enlarge them to `size`. `output` is the last layer's activation: "softmax", "relu" or "sigmoid".
    """
    any_size = pool == "avg" and not application.startswith("NASNet")
    side = None if any_size else size
    inputs = keras.Input((GREY, GREY, 1) if whitened else (side, side, 3))
    x = _enlarged(inputs, size) if whitened else inputs
    backbone = _backbone(application, x)
    x = layers.Identity(name="features")(backbone)
    flat = layers.Flatten(name="head_flatten") if pool == "flatten" else layers.GlobalAveragePooling2D(name="head_pool")
    x = flat(x)
    for number, width in enumerate(dense, 1):
        x = layers.Dense(width, activation="relu", name=f"head_dense_{number}")(x)
        x = layers.BatchNormalization(name=f"head_norm_{number}")(x) if norm else x
        x = layers.Dropout(dropout, name=f"head_dropout_{number}")(x) if dropout else x
    x = layers.Dense(classes, dtype="float32", name="logits")(x)
    x = x if output == "softmax" else LogActivation(output, name="log_output")(x)
    return keras.Model(inputs, x, name=application)


def _enlarged(grey: Any, size: int) -> Any:
    x = Preprocess(name="preprocess")(grey)
    x = layers.Resizing(size, size, name="resize")(x)
    return layers.Concatenate(name="colour")([x, x, x])


def _backbone(application: str, x: Any) -> Any:
    """The features, (N, h, w, C), of x in the range of values that the published weights expect."""
    options: dict[str, Any] = {"include_top": False, "weights": None, "input_tensor": x}
    if application.startswith("EfficientNetV2"):
        options["include_preprocessing"] = False
    if not application.startswith("EfficientNetB"):
        return getattr(keras.applications, application)(**options).output
    # These scale and normalise inside, by weights of a layer that would have to be told of every change to them. That
    # belongs to the input's specification here: the graph is cut behind it.
    whole = getattr(keras.applications, application)(
        include_top=False, weights=None, input_tensor=keras.Input((None, None, 3))
    )
    cut = keras.Model(whole.get_layer("stem_conv_pad").input, whole.output)
    return keras.models.clone_model(cut, input_tensors=x).output  # so that its layers stand singly, not nested as one


def imagenet(network: keras.Model) -> None:
    """Nothing comes back; the network's backbone has the weights that keras.applications publishes for it.

    OSError where they cannot be downloaded.
    """
    try:
        published = getattr(keras.applications, network.name)(include_top=False, weights="imagenet")
    except Exception as error:  # what keras.utils.get_file raises has no narrower type
        raise OSError(f"keras.applications could not download them ({error}).") from error
    carry_over(published, network)


def carry_over(published: keras.Model, network: keras.Model) -> None:
    """Nothing comes back; the backbone's weights are those of a network of keras.applications without its head."""
    theirs = [layer for layer in published.layers if layer.weights and not isinstance(layer, layers.Normalization)]
    end = [layer.name for layer in network.layers].index("features")
    ours = [layer for layer in network.layers[:end] if layer.weights and not isinstance(layer, Preprocess)]
    for mine, other in zip(ours, theirs, strict=True):
        mine.set_weights(other.get_weights())
    if network.name in BGR:
        kernel, *rest = ours[0].get_weights()
        ours[0].set_weights([kernel[:, :, ::-1], *rest])
