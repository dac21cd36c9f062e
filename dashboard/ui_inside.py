"""Widgets and words of the Inside page; plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from dashboard import cache, charts, inside_pictures, ui_url
from dashboard.chosen_face import ChosenFace
from dashboard.looks import distinct
from dashboard.words import percent
from fer_core.inside import Kernels
from fer_core.types import Float32, ModelCard

PARTS = {"kernels": "First kernels", "features": "Layer by layer"}
A_PAGE = 24
LOADING = "The network and its framework are loaded into the server now. The first time this takes some seconds."
BEGAN = {"random": "drawn by chance from the training's seed", "imagenet": "learned on ImageNet"}
KERNELS = """Each pair is one kernel of the first layer, before training on the left and after it on the right, on one
scale: red adds, blue takes away. The start is made anew: {began}. Change: how far the kernel moved, as a share of
its length before; cosine: 1 where only its length changed."""
COLOURS = """Of kernels that read colours the mean over red, green and blue is drawn and in the table; change and cosine
are of all their weights."""
FEATURES = """What the layer gives out, a picture a channel, the strongest first: black is {low:.2g}, white {high:.2g},
the least and the most in this layer."""


def model(cards: Sequence[ModelCard]) -> ModelCard:
    """The model to look into; the choice lives in the URL."""
    by_id = {card.id: card for card in cards}
    titles = distinct({card.id: card.title for card in cards})
    first = next((id for id in by_id if by_id[id].architecture == "keras-native"), next(iter(by_id)))
    return by_id[ui_url.one(st.selectbox, "Model", titles, "model", first, width=420) or first]


def kernels(found: Kernels) -> None:
    """Draws the kernels before and after training, some at a time."""
    order = inside_pictures.most_changed(found)
    pages = -(-len(order) // A_PAGE)
    page = st.pagination(pages, key="kernels-page", bind="query-params") if pages > 1 else 1
    change, likeness = found.change, found.likeness
    with st.container(horizontal=True, gap="medium"):
        for i in order[(page - 1) * A_PAGE : page * A_PAGE]:
            began = found.names[i] or BEGAN[found.began].split(" ")[0]
            said = f"change {percent(change[i])}, cosine {likeness[i]:.2f}".replace("-", "−")
            with st.container(width=200, gap="xsmall"):
                st.image(inside_pictures.pair(found, i), width=200,
                         alt=f"Kernel {i + 1}, {began}, before and after training: {said}")  # fmt: skip
                st.caption(f"**{i + 1}**" + f" {found.names[i]}" * bool(found.names[i]) + f"  \n{said}")
    st.caption(KERNELS.format(began=BEGAN[found.began]) + f" {COLOURS}" * (found.after.shape[-1] > 1))
    table = inside_pictures.kernel_table(found)
    charts.twin(table, "kernels", "a row a kernel: its change and its weights")


def layer(outputs: Mapping[str, Float32]) -> str:
    """The layer to look at, the first at first; the choice lives in the URL."""
    titles = {name: f"{place}. {name}, {maps.shape[2]} × {maps.shape[0]} × {maps.shape[1]}"
              for place, (name, maps) in enumerate(outputs.items(), start=1)}  # fmt: skip
    first = next(iter(titles))
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        chosen = ui_url.one(st.selectbox, "Layer: channels × height × width", titles, "layer", first) or first
    names = list(titles)
    at = names.index(chosen)
    before, after = names[max(0, at - 1)], names[min(at + 1, len(names) - 1)]
    with right, st.container(horizontal=True):
        st.button("Layer before", icon=":material/chevron_left:", disabled=chosen == before, on_click=ui_url.put,
                  args=("layer", [before]), shortcut="Left")  # fmt: skip
        st.button("Layer after", icon=":material/chevron_right:", icon_position="right", disabled=chosen == after,
                  on_click=ui_url.put, args=("layer", [after]), shortcut="Right")  # fmt: skip
    return chosen


def features(name: str, maps: Float32, face: ChosenFace) -> None:
    """Draws what a layer makes of the face, (h, w, C): a picture a channel, some at a time."""
    table = inside_pictures.feature_table(maps)
    low, high = float(np.nanmin(maps)), float(np.nanmax(maps))
    pages = -(-len(table) // A_PAGE)
    page = st.pagination(pages, key=f"features-page-{name}") if pages > 1 else 1
    with st.container(horizontal=True, gap="small"):
        for row in table.iloc[(page - 1) * A_PAGE : page * A_PAGE].to_dict("records"):
            channel = int(row["channel"])
            with st.container(width=96, gap="xsmall"):
                st.image(inside_pictures.feature_map(maps[:, :, channel - 1], low, high), width=96,
                         alt=f"Channel {channel} of {name} for {face.name}: mean {row['mean']:.2g}")  # fmt: skip
                st.caption(f"{channel}: {row['mean']:.2g}")
    silent = int((table["at 0 or below"] == 1).sum())
    st.caption(FEATURES.format(low=low, high=high) + f" Under each its channel and mean. {silent} of {len(table)} "
               "channels are nowhere above 0 for this face.")  # fmt: skip
    charts.twin(
        table, f"features-{name}", "a row a channel: mean, largest value, share of places at 0 or below", key="features"
    )


def outputs(card: ModelCard, face: ChosenFace) -> Mapping[str, Float32]:
    """What every layer that keeps places gives out for the face, by name, (h, w, C) each."""
    key, kept = ("layers", card.id, card.weights_sha256, face.digest), cache.made_layers()
    found = kept.get(key)
    if found is None:
        with st.spinner(LOADING):
            found = cache.predictor(card.id, card.weights_sha256).layer_outputs(face.crop)
        kept.put(key, found)
    return found  # type: ignore[return-value]  # what was put under this key
