"""A layer of a Keras network found by name, inside nested networks too, and what it gives out while the network runs.

A nested layer's `output` belongs to the graph of the network that it was made in, not to that of the network around it:
`keras.Model(outer.inputs, inner_layer.output)` ends in "graph disconnected". What passes through the layer when the
whole network is called has no such trouble.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras


def layer(network: keras.Model, name: str) -> keras.layers.Layer:
    """The layer of that name; of a nested network's as "network/layer". ValueError where there is none."""
    found: Any = network
    for part in name.split("/"):
        found = found.get_layer(part)
    return found


def leaves(network: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """Every layer of the network but its inputs, those of nested networks as "network/layer", in order."""
    for one in network.layers:
        if isinstance(one, keras.Model):
            yield from leaves(one, f"{prefix}{one.name}/")
        elif not isinstance(one, keras.layers.InputLayer):
            yield f"{prefix}{one.name}", one


@contextmanager
def tapped(found: keras.layers.Layer, added: Any = None) -> Iterator[list[Any]]:
    """While the block runs, the list that keeps what the layer gives out, `added` to it; then the layer is as it was.

    For one thread at a time: what others make the network give out meanwhile would be kept too.
    """
    call, kept = found.call, []

    def keeping(*args: Any, **kwargs: Any) -> Any:
        output = call(*args, **kwargs)
        kept.append(output if added is None else output + added)
        return kept[-1]

    object.__setattr__(found, "call", keeping)
    try:
        yield kept
    finally:
        object.__delattr__(found, "call")
