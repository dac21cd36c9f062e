"""The collection that the user works on: found by the id in the URL, changed by callbacks, kept on the server's side.

The Photos and the Collection page share one (`work` in the URL); the gallery has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import cache
from dashboard.cache.workplace import HOURS, MOST
from dashboard.words import counted
from fer_core.collection import Collection
from fer_core.collection_answers import members_first
from fer_core.types import ModelCard

WORK, GALLERY = "work", "gallery"
"""What the ids are called in the URL."""
SOMEBODY = "A person"
"""Whose a gallery is before it has a name."""
PATIENCE = "The models read the faces. The first time they have to be loaded, which takes some seconds."


def current(key: str = WORK) -> Collection | None:
    """The collection of the id in the URL, or else of this session; None where there is none yet."""
    asked = st.query_params.get(key)
    id = asked or st.session_state.get(_id(key))
    found = cache.works().get(id) if id else None
    if found is None:
        st.session_state.pop(_id(key), None)
        if asked:
            st.query_params.pop(key, None)
            st.session_state[_problem(key)] = (
                f"What this link names is no longer in memory: works are kept for {HOURS} hours after their last use, "
                f"the last {MOST} of all users, until the server stops. Load it from its saved file on the page "
                "Collection, or add the photos again."
            )
        return None
    st.session_state[_id(key)] = id
    if asked != id:
        st.query_params[key] = str(id)
    return found


def peek(key: str = WORK) -> Collection | None:
    """The same, where the page is not about it: nothing is written into its URL, which may be given to others."""
    id = st.query_params.get(key) or st.session_state.get(_id(key))
    return cache.works().get(id) if id else None


def keep(collection: Collection, key: str = WORK) -> None:
    """Nothing comes back; this is the collection at work from now on, under its id in the URL."""
    id = st.session_state.get(_id(key))
    if id is None or cache.works().get(id) is None:
        id = cache.new_work_id()
    cache.works().put(id, collection)
    st.session_state[_id(key)] = id
    st.query_params[key] = id


def swap(old: Collection, new: Collection, key: str = WORK) -> bool:
    """Whether `new` took the place of `old`, the collection at work; not where another window changed it meanwhile."""
    id = st.session_state.get(_id(key))
    if id is not None and cache.works().get(id) is not None:
        return cache.works().swap(id, old, new)
    keep(new, key)
    return True


def begin(collection: Collection, key: str = WORK) -> None:
    """Nothing comes back; this collection takes a new id, and the one before keeps its own."""
    st.session_state.pop(_id(key), None)
    st.query_params.pop(key, None)
    keep(collection, key)


def change(how: Callable[[Collection], Collection], key: str = WORK) -> None:
    """Nothing comes back; the collection is changed, or the reason why it could not be is shown. For callbacks.

    `how` is asked again, about the newest state, where another window changed it meanwhile; and not at all where the
    collection of the URL is no longer in memory, since it is about that one: the user is told so.
    """
    if st.query_params.get(key) and current(key) is None:
        return
    try:
        while not swap(now := newest(key), how(now), key):
            pass
    except ValueError as error:  # CollectionError, PhotoError, EmotionError: all in the user's words
        before = st.session_state.get(_problem(key))  # one of several changes, of which more may be refused
        st.session_state[_problem(key)] = f"{before}  \n{error}" if before else str(error)


def newest(key: str = WORK) -> Collection:
    """The collection at work, and before there is one what a change begins with: the example, an empty gallery."""
    return current(key) or (cache.example_work() if key == WORK else Collection(SOMEBODY))


def problems(key: str = WORK) -> None:
    """Draws what went wrong in a callback, once."""
    said = st.session_state.pop(_problem(key), None)
    if said:
        st.warning(said, icon=":material/error:")


def able(cards: Sequence[ModelCard]) -> list[ModelCard]:
    """Those of the models that can be asked here; draws what is wrong with each other."""
    with st.spinner(PATIENCE):
        wrong = {card.id: cache.unable(card) for card in cards}
    for said in filter(None, wrong.values()):
        st.warning(said, icon=":material/broken_image:")
    return [card for card in cards if not wrong[card.id]]


def read(collection: Collection, cards: Sequence[ModelCard], key: str = WORK) -> Collection:
    """The collection with the answers of these models; they are asked only about faces that they did not see."""
    made = collection
    with st.spinner(PATIENCE):
        for card in members_first(cards):
            made = cache.read_by(made, card)
    if made is not collection and current(key) is collection:
        swap(collection, made, key)
    return made


def undo_buttons(collection: Collection, key: str = WORK) -> None:
    """Draws undo and redo."""
    back, forth = len(collection.edits) - collection.settled, len(collection.undone)
    with st.container(horizontal=True):
        st.button("Undo", icon=":material/undo:", disabled=back <= 0, on_click=change, args=(Collection.undo, key),
                  key=f"{key}-undo", help=f"{counted(max(back, 0), 'correction')} can be undone")  # fmt: skip
        st.button("Redo", icon=":material/redo:", disabled=forth == 0, on_click=change, args=(Collection.redo, key),
                  key=f"{key}-redo", help=f"{forth} can be done again")  # fmt: skip


def _id(key: str) -> str:
    return f"{key}-id"


def _problem(key: str) -> str:
    return f"{key}-problem"


def address(key: str = WORK) -> dict[str, str]:
    """What a link to another page has to say so that it works on the same collection."""
    id = st.session_state.get(_id(key))
    return {key: id} if id else {}
