"""Choices that live in the URL by their ids, so that a link outlives new titles; a wrong id is said and passed over.

Streamlit's own `bind="query-params"` writes what the user reads, so here it is for numbers and switches only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from dashboard import looks
from fer_core.types import unknown

Titles = Mapping[str, str]
"""What the user reads, by id, in the order shown."""
Widget = Callable[..., Any]
UNDER_WAY = 1.0
"""Seconds in which a browser may still send the URL that it had before we wrote a new one."""


@dataclass(frozen=True)
class _Written:
    """What the URL says of one choice, what it said before, and when it was written."""

    now: tuple[str, ...]
    before: tuple[str, ...]
    seconds: float


def one(
    widget: Widget, label: str, titles: Titles, key: str, default: str | None = None, *,
    changed: Callable[[], None] | None = None, named: bool = False, **look: Any,
) -> str | None:  # fmt: skip
    """The id that the user chose with `st.selectbox`, `st.pills` or the like; `default`, or None, at first.

    `changed` is called when the user chooses another; with `named` the URL names the default too, where another model
    may become it; `look` goes to the widget.
    """
    titles, usual = looks.distinct(titles), [] if default is None else [default]
    ids = _follow(key, titles, usual, _held(key))
    if ids is not None:
        st.session_state[key] = ids[0] if ids else None
    look = _look(widget, key, titles) | _always(widget, default) | look
    chosen = widget(label, list(titles), format_func=titles.__getitem__, key=key, on_change=_tell,
                    args=(key, [] if named else usual, changed), **look)  # fmt: skip
    return default if chosen is None else str(chosen)


def some(widget: Widget, label: str, titles: Titles, key: str, default: Sequence[str], **look: Any) -> list[str]:
    """The ids that the user chose with `st.multiselect` or `st.pills`, in the order chosen; `default` at first."""
    titles, usual = looks.distinct(titles), list(default)
    ids = _follow(key, titles, usual, _held(key))
    if ids is not None:
        st.session_state[key] = ids[: look.get("max_selections")]
    return list(widget(label, list(titles), format_func=titles.__getitem__, key=key, on_change=_tell,
                       args=(key, usual, None), **(_look(widget, key, titles) | look)))  # fmt: skip


def _look(widget: Widget, key: str, titles: Titles) -> dict[str, Any]:
    """What a widget needs besides: rows of choices wrap where they are too wide; it starts from what is chosen now.

    A browser that still loads the widget's own code when the page is drawn anew never gets the value that was set
    before; it starts from the default, and the next click would tell us that everything else was taken out.
    """
    if widget is st.selectbox:
        held = _held(key)
        return {"index": list(titles).index(held[0]) if held else None}
    wraps = {"wrap": True} if widget in (st.pills, st.segmented_control) else {}
    return {"default": st.session_state[key]} | wraps


def _always(widget: Widget, default: str | None) -> dict[str, bool]:
    """What keeps one choice of a row from being empty while the usual one is in force."""
    return {"required": True} if widget in (st.pills, st.segmented_control) and default is not None else {}


def tabs(titles: Titles, key: str) -> dict[str, TabContainer]:
    """A tab by each id, of which one has `.open`; the first at first."""
    usual = [next(iter(titles))]
    open_now = [id for id, title in titles.items() if title in (_held(key) or [])]
    ids = _follow(key, titles, usual, open_now or None)
    if ids is not None:
        st.session_state[key] = titles[ids[0]]
    drawn = st.tabs(list(titles.values()), key=key, on_change=_tell_tab, args=(key, usual, titles))
    return dict(zip(titles, drawn, strict=True))


def wrong(key: str, known: Iterable[str]) -> bool:
    """Whether the URL names an id that is not known: what holds the widget that says so is to stand open."""
    return not set(filter(None, st.query_params.get_all(key))) <= set(known)


def put(key: str, ids: Sequence[str]) -> None:
    """Nothing comes back; the URL names these ids from the next run on, which the widget will follow."""
    st.query_params[key] = list(ids)


def _follow(key: str, titles: Titles, usual: list[str], held: list[str] | None) -> list[str] | None:
    """What the widget is to show from now on, where that is not what it has; says which ids of the URL are wrong."""
    said, written = tuple(st.query_params.get_all(key)), st.session_state.get(_place(key))
    if held is not None and (written is None or said == written.now or _under_way(said, written)):
        if all(id in titles for id in held):
            _say_wrong(key, said, titles, usual)
            return None
        _write(key, usual, usual)  # another choice took this one's options away
        return usual
    _say_wrong(key, said, titles, usual)
    st.session_state[_place(key)] = _Written(said, said, 0.0)
    known = list(dict.fromkeys(id for id in said if id in titles))
    return known if known or said == ("",) else usual


def _say_wrong(key: str, said: Sequence[str], titles: Titles, usual: list[str]) -> None:
    """Draws a note where the URL names ids that are not here."""
    wrong = [id for id in said if id and id not in titles]
    if wrong:
        shown = ", ".join(titles[id] for id in usual) if len(wrong) == len(said) else "the others"
        said_of = unknown(f"“{key}” in the link:", wrong[0][:60], titles)
        st.warning(f"{said_of} Shown instead: {shown or 'no choice'}.", icon=":material/link_off:")


def _held(key: str) -> list[str] | None:
    """What the widget has, None before it was drawn."""
    if key not in st.session_state:
        return None
    value = st.session_state[key]
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _under_way(said: tuple[str, ...], written: _Written) -> bool:
    """Whether the browser sends the URL of before because the new one did not reach it yet."""
    return said == written.before and time.monotonic() - written.seconds < UNDER_WAY


def _tell(key: str, usual: list[str], changed: Callable[[], None] | None) -> None:
    """Nothing comes back; the URL says what the user chose, or nothing where that is the usual."""
    _write(key, usual, _held(key) or [])
    if changed:
        changed()


def _tell_tab(key: str, usual: list[str], titles: Titles) -> None:
    """Nothing comes back; the URL says which tab the user opened."""
    _write(key, usual, [id for id, title in titles.items() if title == st.session_state[key]])


def _write(key: str, usual: list[str], ids: list[str]) -> None:
    before = tuple(st.query_params.get_all(key))
    if ids == usual:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = ids or [""]
    st.session_state[_place(key)] = _Written(tuple(st.query_params.get_all(key)), before, time.monotonic())


def _place(key: str) -> str:
    return f"url:{key}"
