"""The maps that were made on request: of one session, so many, the least used go first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

import streamlit as st

from fer_core.saliency import Target
from fer_core.types import ModelCard

MOST = 400
"""Results kept: maps of 0.3 MB at most (`saliency.task.LARGEST`), so that a session holds 120 MB at the worst."""


@dataclass
class Kept:
    """Results by key; safe to use from several threads."""

    most: int = MOST
    _kept: OrderedDict[Hashable, object] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable) -> object | None:
        """What is kept under the key; None where nothing is."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, result: object) -> None:
        """Nothing comes back; the result is kept, and the one that nobody asked for longest is let go."""
        with self._lock:
            self._kept[key] = result
            self._kept.move_to_end(key)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)


@st.cache_resource(show_spinner=False, scope="session")
def made_maps() -> Kept:
    """What was made for this session."""
    return Kept()


@st.cache_resource(show_spinner=False, scope="session")
def made_layers() -> Kept:
    """What the layers of networks made of faces: some tens of megabytes each, so few."""
    return Kept(most=4)


def map_key(card: ModelCard, digest: str, method: str, target: Target, what: str = "map") -> Hashable:
    """What a result depends on: the model and its weights, the face, the method, the target."""
    return what, card.id, card.weights_sha256, digest, method, target
