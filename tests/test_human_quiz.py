"""Taking the quiz, on SQLite and on a real PostgreSQL: nothing lost, nothing there twice, bad input refused."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fer_core.human import classes, codes, quiz
from fer_core.human.answers_table import class_answers, everybody, own_answers
from fer_core.human.errors import (
    AnsweredOtherwiseError,
    AnswerRefusedError,
    HumanError,
    NotShownError,
    PassphraseError,
    UnknownCodeError,
    WrongClassError,
)
from fer_core.human.sampling import Options
from fer_core.types import EMOTIONS
from tests.human_cases import SHORT, accurate, labelled, sit

pytest_plugins = ("tests.human_fixtures",)
PASSPHRASE = "horse battery"


def begin(database, faces, options=SHORT, **more):
    return quiz.start(database, faces, options, consent=True, **more)


def test_a_whole_quiz_leaves_every_answer_in_its_place(database, faces):
    code = begin(database, faces, nickname="  Ada ")
    said = {}
    while task := quiz.state(database, code).task:
        label = EMOTIONS[task.position % 7]
        said[task.position] = (task.face, label)
        quiz.answer(database, code, task.position, label, 500.4 + task.position, None)
    state = quiz.state(database, code)
    assert (state.answered, state.total, state.task, state.nickname) == (20, 20, None, "Ada")
    table = own_answers(database, code)
    assert table["position"].tolist() == list(range(1, 21))
    faces_shown = [None if pd.isna(face) else face for face in table["face"]]
    stored = zip(table["position"], faces_shown, table["label"], strict=True)
    assert {p: (f, label) for p, f, label in stored} == said
    assert table["reaction_ms"].tolist() == [500 + i for i in range(1, 21)]
    assert table["kind"].value_counts().to_dict() == {"test": 14, "repeat": 3, "practice": 2, "attention": 1}
    shown = table[table["face"].notna()]
    truth = dict(zip(faces.ids, (EMOTIONS[k] for k in faces.labels), strict=True))
    assert shown["truth"].tolist() == [truth[face] for face in shown["face"]]
    assert (table["correct"] == (table["truth"] == table["label"])).all()


def test_an_answer_is_there_before_the_next_face_and_twice_is_once(database, faces):
    code = begin(database, faces)
    assert quiz.answer(database, code, 1, "happy", 700).new
    assert len(own_answers(database, code)) == 1 and quiz.state(database, code).answered == 1
    again = quiz.answer(database, code, 1, "happy", 9_999)
    assert not again.new and "already" in again.remark
    with pytest.raises(AnsweredOtherwiseError, match=r"happy\. The first answer counts"):
        quiz.answer(database, code, 1, "sad", 700)
    kept = own_answers(database, code)
    assert kept["label"].tolist() == ["happy"] and kept["reaction_ms"].tolist() == [700]


@pytest.mark.parametrize("position", [2, 20, 21, 0, -1, 2**70, 1.5, "1", None, True])
def test_an_answer_to_a_face_that_was_not_shown_is_refused(database, faces, position):
    code = begin(database, faces)
    with pytest.raises(NotShownError, match="Go on with the one that is shown"):
        quiz.answer(database, code, position, "happy", 700)
    assert own_answers(database, code).empty


def test_an_unknown_label_or_confidence_is_refused(database, faces):
    code = begin(database, faces)
    with pytest.raises(ValueError, match=r"Unknown emotion 'hapy'\. Did you mean 'happy'"):
        quiz.answer(database, code, 1, "hapy", 700)
    with pytest.raises(AnswerRefusedError, match="expected 1 to 5"):
        quiz.answer(database, code, 1, "happy", 700, 6)
    with pytest.raises(AnswerRefusedError, match="no time limit"):
        quiz.answer(database, code, 1, None, None)
    assert own_answers(database, code).empty


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(-5, "clock ran backwards"), (600_001, "ten minutes"), (float("nan"), "no number"), ("soon", "no number"),
     (float("inf"), "ten minutes"), pytest.param(10**400, "ten minutes", id="huge"),
     pytest.param(-(10**400), "clock ran backwards", id="hugely negative")],
)  # fmt: skip
def test_a_reaction_time_that_no_clock_measured_is_left_out_and_the_answer_kept(database, faces, milliseconds, said):
    code = begin(database, faces)
    outcome = quiz.answer(database, code, 1, "fear", milliseconds)
    assert outcome.new and said in outcome.remark
    row = own_answers(database, code).iloc[0]
    assert row["label"] == "fear" and str(row["reaction_ms"]) == "<NA>"


def test_where_the_time_ran_out_nothing_was_answered_and_the_quiz_goes_on(database, faces):
    code = begin(database, faces, replace(SHORT, limit=2000, confidence=True))
    quiz.answer(database, code, 1, None, None)
    quiz.answer(database, code, 2, "sad", 800, 4)
    table = own_answers(database, code)
    assert table["label"].isna().tolist() == [True, False]
    assert table["correct"].tolist()[0] == 0 and table["confidence"].tolist()[1] == 4


def test_any_browser_resumes_where_the_run_stood(database, faces, url):
    from fer_core.human.database import Database

    code = begin(database, faces)
    sit(database, code, faces, lambda truth: truth, most=7)
    here = quiz.state(database, code)
    other = Database(url)  # another process: nothing but the database is shared
    typed = codes.shown(code).lower().replace("0", "o").replace("1", "l")
    assert quiz.state(other, f" {typed} ") == here
    assert sit(other, code, faces, lambda truth: truth) == 13
    other.close()
    assert len(own_answers(database, code)) == 20


def test_two_tabs_at_once_store_one_answer_to_each_face(database, faces):
    code = begin(database, faces)

    def tab(number):
        refused = 0
        for position in range(1, 21):
            try:
                quiz.answer(database, code, position, EMOTIONS[number], 500)
            except (AnsweredOtherwiseError, NotShownError):
                refused += 1
        return refused

    with ThreadPoolExecutor(4) as pool:
        refused = list(pool.map(tab, range(4)))
    assert sum(refused) == 80 - quiz.state(database, code).answered
    table = own_answers(database, code)
    assert table["position"].is_unique and len(table) == quiz.state(database, code).answered > 0


@pytest.mark.parametrize(
    "code", ["", "x", "0" * 16, "ABCDE-FGHJK", "'; DROP TABLE runs; --", "\0" * 16, "é" * 16, "9" * 10_000]
)
def test_an_unknown_code_says_so(database, faces, code):
    with pytest.raises(UnknownCodeError):
        quiz.state(database, code)
    with pytest.raises(UnknownCodeError):
        quiz.answer(database, code, 1, "happy", 1)
    with pytest.raises(UnknownCodeError):
        classes.facts(database, code)
    with pytest.raises(UnknownCodeError):
        quiz.erase(database, code)


def test_a_class_sees_the_same_faces_in_orders_of_their_own(database, faces):
    group = classes.open_class(database, "3b", PASSPHRASE, faces, SHORT)
    runs = [begin(database, faces, Options(), class_code=codes.shown(group).lower()) for _ in range(3)]
    alone = begin(database, faces)
    for code in (*runs, alone):
        sit(database, code, faces, lambda truth: truth)
    table = class_answers(database, classes.enter(database, group, PASSPHRASE))
    assert len(table) == 60 and set(table["class"]) == {"3b"}
    test = table[table["kind"] == "test"]
    assert len({frozenset(rows["face"]) for _, rows in test.groupby("rater")}) == 1
    assert len({tuple(rows["face"]) for _, rows in test.groupby("rater")}) == 3
    assert len(everybody(database)) == 80 and everybody(database)["nickname"].isna().all()


def test_a_code_of_another_class_is_refused(database, faces):
    one, other = (classes.open_class(database, title, PASSPHRASE, faces, SHORT) for title in ("3a", "3b"))
    code = begin(database, faces, class_code=one)
    assert quiz.state(database, code, one).class_code == one
    with pytest.raises(WrongClassError, match="another class"):
        quiz.state(database, code, other)
    with pytest.raises(UnknownCodeError, match="looks like a class code"):
        quiz.state(database, one)
    with pytest.raises(UnknownCodeError, match="looks like a resume code"):
        classes.facts(database, code)


def test_the_teachers_view_needs_the_passphrase(database, faces):
    group = classes.open_class(database, "3b", PASSPHRASE, faces, SHORT)
    for wrong in ("", "Horse battery", PASSPHRASE + " ", "\0", "x" * 10_000, "\ud800"):
        with pytest.raises(PassphraseError):
            classes.enter(database, group, wrong)
    with pytest.raises(PassphraseError, match="8 to 200"):
        classes.open_class(database, "3b", "short", faces, SHORT)
    with database.reading() as session:
        assert PASSPHRASE not in classes.find_class(session, group).passphrase


def test_codes_cannot_be_guessed():
    made = {codes.new_code(codes.CLASS_LENGTH) for _ in range(2000)}
    assert len(made) == 2000 and set("".join(made)) == set(codes.ALPHABET)


@pytest.mark.parametrize("title", ["", "   ", "x" * 81, "a\x00b"])
def test_a_class_needs_a_title(database, faces, title):
    with pytest.raises(HumanError, match="title of 1 to 80"):
        classes.open_class(database, title, PASSPHRASE, faces, SHORT)


def test_without_consent_nothing_is_kept(database, faces):
    with pytest.raises(HumanError, match="consent"):
        quiz.start(database, faces, SHORT, consent=False)
    with database.reading() as session:
        assert session.query(quiz.RunRecord).count() == 0


@pytest.mark.parametrize("nickname", ["x" * 41, "x" * 10_240, "a\0b", "\ud800", "abc\u202edcb", "a\nb"])
def test_a_nickname_that_is_too_long_or_invisible_is_refused(database, faces, nickname):
    with pytest.raises(HumanError, match="nickname"):
        begin(database, faces, nickname=nickname)


@pytest.mark.parametrize(
    "nickname", ["<script>alert(1)</script>", "'; DROP TABLE runs; --", "=1+1", "日本", "👩‍🏫"[:1]]
)
def test_markup_in_a_nickname_is_kept_as_text(database, faces, nickname):
    code = begin(database, faces, nickname=nickname)
    assert quiz.state(database, code).nickname == nickname


def test_erasing_ones_own_run_leaves_the_others(database, faces):
    mine, other = begin(database, faces), begin(database, faces)
    for code in (mine, other):
        sit(database, code, faces, lambda truth: truth, most=5)
    assert quiz.erase(database, mine) == 5
    with pytest.raises(UnknownCodeError):
        quiz.state(database, mine)
    assert len(everybody(database)) == 5 == len(own_answers(database, other))
    with database.reading() as session:
        assert session.query(quiz.ItemRecord).count() == 20


def test_erasing_a_class_takes_the_passphrase_and_all_its_runs(database, faces):
    group = classes.open_class(database, "3b", PASSPHRASE, faces, SHORT)
    sit(database, begin(database, faces, class_code=group), faces, lambda truth: truth)
    with pytest.raises(PassphraseError):
        classes.erase_class(database, group, "something else")
    assert len(everybody(database)) == 20
    assert classes.erase_class(database, group, PASSPHRASE) == 20
    assert everybody(database).empty


def test_a_class_of_another_set_of_faces_is_refused(database, faces):
    group = classes.open_class(database, "3b", PASSPHRASE, faces, SHORT)
    other = labelled(seed=1)
    other.name = "other"
    with pytest.raises(HumanError, match="takes its faces from 'noise'"):
        begin(database, other, class_code=group)


def test_no_picture_is_in_the_database(database, faces):
    from fer_core.human.tables import Base

    assert not [
        c for t in Base.metadata.tables.values() for c in t.columns if "BINARY" in str(c.type) or "BLOB" in str(c.type)
    ]
    assert all(len(id) <= 100 for id in faces.ids)


def test_a_thousand_simulated_runs_end_in_the_right_table(database):
    few = labelled(per_class=1, classes=2)
    options = Options(per_class=1, repeats=0, checks=0, practice=0)
    groups = [classes.open_class(database, f"class {i}", PASSPHRASE, few, options) for i in range(4)]
    truth: dict[str | None, str] = {id: EMOTIONS[k] for id, k in zip(few.ids, few.labels.tolist(), strict=True)}

    def person(number):
        code = quiz.start(database, few, consent=True, nickname=str(number), class_code=groups[number % 4])
        say = accurate(number % 10 / 10, np.random.default_rng(number))
        said = {}
        while task := quiz.state(database, code).task:
            said[task.face] = say(truth[task.face])
            quiz.answer(database, code, task.position, said[task.face], 500 + number)
        return said

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(person, range(1000)))
    for i, group in enumerate(groups):
        table = class_answers(database, classes.enter(database, group, PASSPHRASE))
        assert len(table) == 250 * 2 and table["rater"].nunique() == 250
        assert set(table["nickname"].astype(int)) == set(range(i, 1000, 4))
        for nickname, rows in table.groupby("nickname"):
            assert dict(zip(rows["face"], rows["label"], strict=True)) == said[int(str(nickname))]
            assert set(rows["reaction_ms"]) == {500 + int(str(nickname))}
