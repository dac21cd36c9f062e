"""A detector that remembers what its networks said, so that another confidence or crop rule costs no search."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np

from fer_core.detection import DetectionOptions, Detector, Method
from fer_core.types import Float32, Uint8

Found = tuple[Float32, Float32]
PHOTOS = 500
"""Answers kept at once, some kilobytes each; the one that nobody asked for longest goes first."""


class RememberingDetector(Detector):
    """The same faces as `Detector` gives; a photo that was searched before is only cut and filtered anew.

    What the three networks say depends on the photo's pixels, the smallest face and the thresholds, and on nothing
    else. Safe to use from several threads.
    """

    def __init__(self, device: str = "cpu", method: Method | None = None, photos: int = PHOTOS) -> None:
        """`photos` is how many answers are kept; the rest is `Detector`'s."""
        super().__init__(device, method)
        self._most = photos
        self._known: OrderedDict[tuple[object, ...], Found] = OrderedDict()
        self._lock = threading.Lock()

    def _candidates(self, image: Uint8, options: DetectionOptions) -> Found:
        pixels = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=20).digest()
        key = (pixels, image.shape, int(options.minimum_face), options.thresholds)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        found = super()._candidates(image, options)
        with self._lock:
            self._known[key] = found
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return found
