"""What the pages of the human benchmark share: codes in the URL, the ways in, consent, and designed empty states."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import partial

import streamlit as st

from dashboard import cache, collection_facts, ui_url, ui_work
from dashboard.pages_table import VIEWS
from fer_core.human import classes, codes, quiz
from fer_core.human.database import Database
from fer_core.human.errors import HumanError
from fer_core.human.faces import Faces, LabelledFaces
from fer_core.human.sampling import VIEWS as LOOKS, Options, longest
from fer_core.types import EMOTIONS

RUN, CLASS, FACES = "run", "class", "faces"
"""What the codes are called in the URL."""
STATE = "quiz-state"
"""Where the run stands that this session answers, as it was seen last; for this session only."""
OWN = "labelled faces "
"""How the names of sets of the users' own photos begin."""
LENGTHS = {5: "short", 10: "standard", 20: "long"}
SECONDS_A_FACE = 4.5
CONSENT = "I agree that my answers and reaction times are kept here under a random name. I can export and delete them."
TASK = (
    "You see faces as the models get them, **48 × 48 pixels** enlarged to 288. For each, choose the one of seven "
    "emotions that it shows, with the buttons or the keys **1 to 7**. Look at the cross first; the face follows. Be "
    "right rather than fast. The first faces are practice; a few come twice; now and then a check asks for a "
    "given answer."
)


def opened() -> Database | None:
    """The open database, None, with what is wrong, where it cannot be opened."""
    try:
        return cache.quiz_database()
    except HumanError as problem:
        st.error(str(problem), icon=":material/database_off:")
        return None


def faces_here() -> Faces | None:
    """The faces that a new quiz takes: FER2013's where its pictures are here, or the labelled ones at work.

    Where there are both, the user is asked.
    """
    tested, own = cache.fer2013_faces(), labelled_faces()
    if tested is None or own is None:
        return tested or own
    ways = {"fer2013": "FER2013's test faces", "own": f"Your labelled photos, {len(own.ids):,} faces"}
    return own if ui_url.one(st.segmented_control, "Faces", ways, FACES, "fer2013", required=True) == "own" else tested


def labelled_faces() -> LabelledFaces | None:
    """The labelled faces of the collection at work; None where there are none."""
    collection = ui_work.peek()
    pairs = [(one.face.crop, EMOTIONS.index(one.label)) for one in collection.faces if one.label in EMOTIONS] if (
        collection is not None
    ) else []  # fmt: skip
    if collection is None or not pairs:
        return None
    faces = LabelledFaces("", pairs)
    said = sorted(f"{id}{label}" for id, label in zip(faces.ids, faces.labels.tolist(), strict=True))
    faces.name = OWN + hashlib.sha256("".join(said).encode()).hexdigest()[:12]
    if faces.name in cache.lent_faces().by_source:  # more models may have read them since
        cache.lent_faces().models[faces.name] = collection_facts.raters(collection, faces.ids)
    return faces


def lend(source: str) -> bool:
    """Whether the set of that name is the collection's at work; if so, quizzes on this server show it from now on.

    For the moment when a quiz about it begins, and again for whoever has its code: memory forgets at a restart.
    """
    if not source.startswith(OWN):  # FER2013's, say: no need to look at the collection
        return False
    collection, faces = ui_work.peek(), labelled_faces()
    if collection is None or faces is None or faces.name != source:
        return False
    cache.lent_faces().models[source] = collection_facts.raters(collection, faces.ids)
    cache.lent_faces().by_source[source] = faces
    return True


def no_faces() -> None:
    """Draws the two ways to faces, where there are none on this machine."""
    st.info(
        "There are no faces for a quiz on this machine yet. There are two ways to get some.", icon=":material/face:"
    )
    left, right = st.columns(2)
    with left.container(border=True):
        st.markdown("**FER2013**: the faces that the models were tested on, so that you stand beside them.")
        st.code("uv run python -m trainers data fetch", language="bash")
        st.caption("Or set `FER2013_PATH` to where fer2013.csv is, and start the dashboard again.")
    with right.container(border=True):
        st.markdown("**Your own photos**: label the faces in them on the page Collection, and the quiz shows those.")
        if (VIEWS / "collection.py").exists() and st.button("Collect and label faces", icon=":material/add_a_photo:"):
            st.switch_page(VIEWS / "collection.py")


def run_code(words: str = "Go on, or see a result, with a resume code") -> str | None:
    """The resume code in the URL, or the one that the user types here; None, and the field, until there is one."""
    if code := st.query_params.get(RUN):
        return str(code)
    with st.form("resume", border=True):
        typed = st.text_input(words, max_chars=40, placeholder="XXXX-XXXX-XXXX-XXXX", autocomplete="off")
        if st.form_submit_button("Go on", icon=":material/resume:") and typed:
            go_to_run(typed)
    return None


def go_to_run(typed: str) -> None:
    """Nothing comes back; the page is drawn anew with that run in its URL, or says why the code cannot be one."""
    try:
        st.query_params[RUN] = codes.run_code(typed)
    except HumanError as problem:
        st.warning(str(problem), icon=":material/key_off:")
        return
    st.rerun()


def forget_run() -> None:
    """Nothing comes back; the URL names no run any more."""
    st.query_params.pop(RUN, None)


def leave_run(words: str, icon: str | None = None) -> None:
    """Draws a button that leaves the run in the URL and draws the whole page anew."""
    if st.button(words, icon=icon):
        forget_run()
        st.rerun()


def faces_gone(source: str) -> None:
    """Draws what to do where the faces of a run that was begun, or of a class, are not on this machine now."""
    st.warning(f"The faces of this quiz, {source}, are not on this machine now. The answers so far are kept.",
               icon=":material/hide_image:")  # fmt: skip
    if source.startswith("FER2013"):
        no_faces()
        return
    st.markdown("They are somebody's labelled photos, which are kept in memory only. Load their saved collection, then "
                "come back with the code: the quiz goes on.")  # fmt: skip
    if st.button("Load the collection", icon=":material/upload:"):
        st.switch_page(VIEWS / "collection.py")


def quiz_options(faces: Faces) -> Options:
    """The options that the user chose, for these faces."""
    most = longest(faces)
    looks = [look for look in LOOKS if look != "original" or isinstance(faces, LabelledFaces)]
    lengths = [n for n in LENGTHS if n <= most] or [max(1, most)]
    usual = lengths.index(10) if 10 in lengths else len(lengths) - 1
    per_class = st.radio("Length", lengths, index=usual, format_func=partial(_length, faces=faces))
    with st.expander("Conditions"):
        view = st.selectbox("The face is shown at", looks, format_func=LOOKS.__getitem__)
        limit = st.selectbox(
            "Time for each face", [None, 10_000, 5_000, 2_000],
            format_func=lambda ms: "as long as you like" if ms is None else f"{ms // 1000} seconds",
        )  # fmt: skip
        confidence = st.toggle("Ask how sure I am after each answer")
        feedback = st.toggle("Practice mode: tell me the label after each answer. Such a run is not compared.")
    return sized(
        int(per_class or lengths[usual]), faces, view=view, limit=limit, confidence=confidence, feedback=feedback
    )


def sized(per_class: int, faces: Faces, **more: object) -> Options:
    """Options whose repeats and checks of attention go with the number of faces: one in five, and one in 35."""
    n = shown(per_class, faces)
    return Options(per_class=per_class, repeats=n // 5, checks=1 + n // 35, **more)  # type: ignore[arg-type]


def minutes(options: Options, faces: Faces) -> int:
    """About how many minutes a quiz about these faces takes."""
    n = shown(options.per_class, faces)
    practice = min(options.practice, len(faces.ids) - n)  # of those that the test leaves
    return max(1, round((n + options.repeats + options.checks + practice) * SECONDS_A_FACE / 60))


def shown(per_class: int, faces: Faces) -> int:
    """How many faces the test shows: so many of each label that there is."""
    return per_class * len(set(faces.labels.tolist()))


def _length(per_class: int, faces: Faces) -> str:
    long = minutes(sized(per_class, faces), faces)
    return f"{LENGTHS.get(per_class, 'all')}: {shown(per_class, faces)} faces, {long} min"


def kept(code: str) -> quiz.RunState | None:
    """Where the run of that code stood when this session last saw it; None where it was another's, as on one tablet."""
    state: quiz.RunState | None = st.session_state.get(STATE)
    with suppress(HumanError):  # a code that cannot be one
        return state if state is not None and state.code == codes.run_code(code) else None
    return None


def code_note(code: str, condition: str = "") -> None:
    """Says the resume code and what it is for, and how the faces are shown."""
    use = "With it you go on in any browser, see your result and delete your data."
    shown = f" Faces: {condition}." if condition else ""
    st.caption(f"Your resume code: `{codes.shown(code)}`. {use}{shown}")


def begin(database: Database, faces: Faces, group: classes.ClassFacts | None) -> None:
    """Draws what a new run needs, and begins it."""
    with st.container(border=True):
        if group is not None:
            n, long = shown(group.options.per_class, faces), minutes(group.options, faces)
            st.markdown(f"**{n} faces** for the class, {long} min.{rules(group.options)}")
            st.text(group.title)
        options = group.options if group else quiz_options(faces)
        nickname = st.text_input("Nickname, or nothing", max_chars=quiz.LONGEST_NICKNAME, autocomplete="off",
                                 help="Only you and the class's teacher see it.")  # fmt: skip
        consent = st.checkbox(CONSENT)
        if st.button("Begin", type="primary", icon=":material/play_arrow:", disabled=not consent):
            try:
                code = quiz.start(database, faces, options, consent=consent, nickname=nickname,
                                  class_code=group.code if group else None)  # fmt: skip
            except HumanError as problem:
                st.error(str(problem), icon=":material/error:")
            else:
                lend(faces.name)
                go_to_run(code)


def rules(options: Options) -> str:
    """What whoever joins a class has to know of the choices that its teacher made, in words."""
    limit = f" Answer each within **{options.limit / 1000:g} seconds**: later is wrong." if options.limit else ""
    return limit + (" You are told the label after each answer." if options.feedback else "")


def join_class() -> None:
    """Draws the field for a class's code."""
    with st.form("join", border=True):
        typed = st.text_input("With a class? Its code", max_chars=40, placeholder="XXXXX-XXXXX", autocomplete="off")
        if st.form_submit_button("Join the class", icon=":material/school:") and typed:
            try:
                st.query_params[CLASS] = codes.class_code(typed)
                st.rerun()
            except HumanError as problem:
                st.warning(str(problem), icon=":material/key_off:")
