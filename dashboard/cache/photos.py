"""Caches of what finds faces in photos, for all users; what is found is in `works`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fer_core.detection import Detector


@st.cache_resource(show_spinner=False)
def detector() -> Detector:
    """The face detector, one for all users."""
    return Detector()


@st.cache_data(show_spinner=False)
def example_photo() -> bytes:
    """A photo of one face that every machine has: NASA's portrait of the astronaut Eileen Collins, public domain."""
    import skimage

    return (Path(skimage.__file__).parent / "data" / "astronaut.png").read_bytes()
