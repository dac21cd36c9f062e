"""A photo as a plotly figure to draw boxes on; no streamlit here."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import plotly.graph_objects as go

from fer_core.collection import CollectedFace, CollectedPhoto

LINE, INK = "#5B4BC4", "#FFFFFF"


def canvas(photo: CollectedPhoto, faces: Sequence[CollectedFace]) -> go.Figure:
    """The photo with its boxes, in pixels of the upright photo on both axes; pulling the mouse selects a box."""
    source = "data:image/jpeg;base64," + base64.b64encode(photo.preview_jpeg or b"").decode()
    corners = [(face.face.box[0], face.face.box[1]) for face in faces]
    figure = go.Figure(
        go.Scatter(
            x=[x for x, _ in corners], y=[y for _, y in corners], mode="markers+text", hoverinfo="skip",
            text=[f" {face.number} " for face in faces], textposition="top right",
            textfont={"color": INK, "size": 15, "weight": 700, "shadow": f"0 0 4px {LINE}, 0 0 4px {LINE}"},
            marker={"opacity": 0, "size": 2}, selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0},
            "textfont": {"color": INK}},
        )
    )  # fmt: skip
    for face in faces:
        x1, y1, x2, y2 = face.face.box
        figure.add_shape(type="rect", x0=x1, y0=y1, x1=x2, y1=y2, line={"color": INK, "width": 4})
        figure.add_shape(type="rect", x0=x1, y0=y1, x1=x2, y1=y2, line={"color": LINE, "width": 2})
    figure.add_layout_image(source=source, x=0, y=0, sizex=photo.width, sizey=photo.height, xref="x", yref="y",
                            sizing="stretch", layer="below")  # fmt: skip
    axis = {"visible": False, "fixedrange": True, "constrain": "domain"}
    figure.update_xaxes(range=[0, photo.width], **axis)
    figure.update_yaxes(range=[photo.height, 0], scaleanchor="x", **axis)
    height = max(260, min(720, round(760 * photo.height / photo.width)))
    return figure.update_layout(
        dragmode="select", margin={"l": 0, "r": 0, "t": 0, "b": 0}, height=height,
        newselection={"line": {"color": "#E0851C", "width": 3, "dash": "solid"}}, showlegend=False,
    )  # fmt: skip
