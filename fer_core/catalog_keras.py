"""The table of Keras architectures; a network of `keras.applications` is one line in it."""

from __future__ import annotations

from typing import Any

from fer_core.types import InputSpec, ModelSpec

_GREY_48 = InputSpec(size=48, channels=1)
_UNIT = {"mean": (0.0,), "std": (255.0,)}
_SIGNED = {"mean": (127.5,), "std": (127.5,)}
_CAFFE = {"mean": (123.68, 116.779, 103.939), "std": (1.0,) * 3}
_IMAGENET = {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375)}

_COPENHAGEN = "Krebs et al., Emotion Detection, University of Copenhagen 2024"
_MOODMIRROR = "Paliulis et al., MoodMirror, 2023"
_DZUBAK = "Dzubak, Facial Emotion Detection, 2024"
_BURNEY = "Burney et al., Emotion Recognition in Still Images, 2020"
_LITE0 = "Tan and Le 2019, arXiv:1905.11946; Lite variant: Liu 2020"
_MODELS = "fer_core.models"


def _application(
    id: str, title: str, application: str, size: int, values: dict[str, Any], parameters: int, source: str, **head: Any
) -> ModelSpec:
    """A network of keras.applications, fed with pictures of that size and range; `head` as keras_applications.build has it."""
    build, pretrained = (f"{_MODELS}.keras_applications:{name}" for name in ("build", "imagenet"))
    fed = _GREY_48 if head.get("whitened") else InputSpec(size=size, channels=3, **values)
    options = {"application": application, "size": size, **head}
    rectified = not application.startswith("EfficientNet")  # those have swish
    return ModelSpec(
        id, f"{title} (Keras)", "keras", build, fed, parameters, "features", source, options, pretrained, rectified
    )


_DEEP = {"dense": (256, 32), "norm": True, "dropout": 0.3}
_B3 = {"dense": (1024, 256), "dropout": 0.3}
_MOOD_HEAD = {"pool": "flatten", "dense": (256,), "dropout": 0.5}
_EXTRA = {"dense": (256,)}

_WHITENED = (
    ("ResNet50V2", 28_887_561), ("ResNet101V2", 47_949_321), ("InceptionV3", 27_125_545), ("InceptionResNetV2", 59_655_913),
    ("DenseNet121", 12_353_097), ("DenseNet169", 17_962_953), ("VGG16", 20_026_697), ("VGG19", 25_336_393), ("NASNetMobile", 9_585_533),
)  # fmt: skip
"""Burney et al.'s networks at 96 px, the smallest round size that all of them take; parameters with seven labels."""
OUTPUTS = {"": "softmax", "-relu": "relu", "-sigmoid": "sigmoid"}

SPECS = (
    ModelSpec("keras-native", "Native Keras CNN", "keras", f"{_MODELS}.keras_native:build", _GREY_48, 232_803, "conv_4", _COPENHAGEN, grad_cam_border=2),
    ModelSpec("keras-efficientnet-lite0", "EfficientNet-Lite0 (Keras)", "keras", f"{_MODELS}.keras_efficientnet_lite0:build", InputSpec(size=96, channels=3, mean=(127.0,), std=(128.0,)), 3_421_991, "block6_1_expand_relu", _LITE0, pretrained=f"{_MODELS}.keras_efficientnet_lite0:imagenet"),
    ModelSpec("moodmirror-basic", "MoodMirror basic (Keras)", "keras", f"{_MODELS}.keras_moodmirror:basic", _GREY_48, 3_710_087, "block4_conv", _MOODMIRROR),
    ModelSpec("moodmirror-advanced", "MoodMirror advanced (Keras)", "keras", f"{_MODELS}.keras_moodmirror:advanced", _GREY_48, 723_335, "block3_add", _MOODMIRROR),
    _application("keras-resnet50v2", "ResNet50V2, dense 256 and 32", "ResNet50V2", 128, _UNIT, 24_098_951, _COPENHAGEN, **_DEEP),
    _application("keras-resnet50v2-one", "ResNet50V2, one dense layer", "ResNet50V2", 128, _UNIT, 23_579_143, _COPENHAGEN),
    _application("keras-efficientnetv2b3", "EfficientNetV2B3, flattened", "EfficientNetV2B3", 128, _IMAGENET, 38_361_669, _COPENHAGEN, pool="flatten", **_B3),
    _application("keras-efficientnetv2b3-average", "EfficientNetV2B3, averaged", "EfficientNetV2B3", 128, _IMAGENET, 14_768_709, _COPENHAGEN, **_B3),
    _application("moodmirror-vgg19", "VGG19", "VGG19", 48, _CAFFE, 20_157_511, _MOODMIRROR, **_MOOD_HEAD),
    _application("moodmirror-efficientnetb0", "EfficientNetB0", "EfficientNetB0", 48, _IMAGENET, 4_379_299, _MOODMIRROR, **_MOOD_HEAD),
    _application("moodmirror-efficientnetb5", "EfficientNetB5", "EfficientNetB5", 48, _IMAGENET, 29_039_863, _MOODMIRROR, **_MOOD_HEAD),
    _application("dzubak-vgg16", "VGG16", "VGG16", 48, _CAFFE, 14_718_279, _DZUBAK),
    _application("dzubak-vgg16-dense", "VGG16, dense 256", "VGG16", 48, _CAFFE, 14_847_815, _DZUBAK, **_EXTRA),
    _application("dzubak-resnet50v2", "ResNet50V2", "ResNet50V2", 48, _SIGNED, 23_579_143, _DZUBAK),
    _application("dzubak-resnet50v2-dense", "ResNet50V2, dense 256", "ResNet50V2", 48, _SIGNED, 24_091_143, _DZUBAK, **_EXTRA),
    _application("dzubak-efficientnetb0", "EfficientNetB0", "EfficientNetB0", 48, _IMAGENET, 4_058_531, _DZUBAK),
    _application("dzubak-efficientnetb0-dense", "EfficientNetB0, dense 256", "EfficientNetB0", 48, _IMAGENET, 4_379_299, _DZUBAK, **_EXTRA),
    *(_application(f"burney-{name.lower()}{end}", f"{name}, whitened{end.replace('-', ', ')}", name, 96, _UNIT, parameters, _BURNEY, whitened=True, output=output) for name, parameters in _WHITENED for end, output in OUTPUTS.items()),
)  # fmt: skip
"""The architectures; `parameters` as Keras counts them, running statistics included, with seven labels."""
