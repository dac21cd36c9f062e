"""One trial of the quiz as a component of ours: it shows a face, takes the answer, and measures the reaction time.

Only what a person may know goes to the browser: a picture without a name, the place in the run, the seven labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from fer_core.human.quiz import RunState, Task
from fer_core.human.sampling import Options
from fer_core.types import EMOTIONS

_FILES = Path(__file__).parent / "trial"
_COMPONENT = st.components.v2.component(
    "seven_faces_trial",
    html=(_FILES / "trial.html").read_text("utf-8"),
    css=(_FILES / "trial.css").read_text("utf-8"),
    js=(_FILES / "trial.js").read_text("utf-8"),
)
SURE = ("a guess", "unsure", "fairly", "quite sure", "certain")
"""The five answers to how sure a person is, 1 to 5."""
FEEDBACK_MILLISECONDS = 1800
"""How long the fixation lasts where it has the feedback to the face before on it."""


def trial(state: RunState, task: Task, picture: str | None, on_answer: Callable[[Mapping[str, Any]], None],
          note: str = "") -> None:  # fmt: skip
    """Draws the trial and calls `on_answer` with item, label, reaction_ms and confidence before the next run.

    `picture` is a data URI, None for a check of attention; `note` is the feedback to the face before.
    """
    key = f"trial-{state.rater}"

    def answered() -> None:
        if answer := st.session_state[key].get("answer"):
            on_answer(answer)

    _COMPONENT(key=key, data=_data(state, task, picture, note), on_answer_change=answered)


def _data(state: RunState, task: Task, picture: str | None, note: str) -> dict[str, Any]:
    options: Options = state.options
    practice = task.kind == "practice"
    return {
        "token": f"{state.rater}:{task.position}",
        "item": task.position,
        "picture": picture,
        "asked": f"A check of attention, no face: please answer “{task.asked}”." if task.asked else None,
        "question": "Answer as the check asks." if task.asked else "Which of the seven does this face show?",
        "progress": f"{task.position} of {state.total}",
        "share": state.answered / state.total,
        "note": note or ("Practice, does not count" if practice else ""),
        "labels": list(EMOTIONS),
        "confidence": list(SURE) if options.confidence and task.asked is None else None,
        "fixation": max(options.fixation, FEEDBACK_MILLISECONDS) if note else options.fixation,
        "limit": options.limit,
    }
