"""Which models the compiled engine answers for."""

from __future__ import annotations

from fer_core import artifacts, onnx_exports


def answering() -> list[str]:
    """The ids of all that have an export, or whose members all have one: what the page Photos asks."""
    members = {id: artifacts.card(id).recipe.get("members", (id,)) for id in artifacts.ids()}
    return [id for id, own in members.items() if all(onnx_exports.here(member) for member in own)]
