"""Caches of what finds faces in photos, for all users; what is found is in `works`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.cache.models import alive
from fer_core import collection_add
from fer_core.collection_add import Read
from fer_core.detection import DetectionOptions, Detector
from fer_core.queueing import Turns
from fer_core.reading import PhotoReading
from fer_core.remembering import RememberingDetector

AT_ONCE = 2
"""Photos of all users that are searched at the same time; each takes hundreds of megabytes while it is."""


@st.cache_resource(show_spinner=False)
def detector() -> Detector:
    """The face detector, one for all users; it remembers what it found in the last photos."""
    return RememberingDetector()


def reader() -> Read:
    """The way to read a photo here: one after another as they came, whoever's they are, and only while wanted."""
    read, wanted, turns = collection_add.reader(detector()), alive(), _turns()

    def in_turn(data: bytes, options: DetectionOptions) -> PhotoReading:
        with turns.turn(wanted):
            return read(data, options)

    return in_turn


@st.cache_resource(show_spinner=False)
def _turns() -> Turns:
    return Turns(AT_ONCE)


@st.cache_data(show_spinner=False)
def example_photo() -> bytes:
    """A photo of one face that every machine has: NASA's portrait of the astronaut Eileen Collins, public domain."""
    import skimage

    return (Path(skimage.__file__).parent / "data" / "astronaut.png").read_bytes()
