"""Answers out as CSV and in again: nothing lost on the way, and what does not fit is named by row and column."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pandas as pd
import pytest

from fer_core.answers import NONE
from fer_core.human import classes, exchange, quiz
from fer_core.human.agreement import ratings
from fer_core.human.answers_table import CODEBOOK, COLUMNS, class_answers, codebook, everybody, own_answers
from fer_core.human.errors import ImportRefusedError
from fer_core.human.exchange import codebook_csv, import_csv, to_csv
from fer_core.human.scores import score
from tests.human_cases import SHORT, sit

pytest_plugins = ("tests.human_fixtures",)
HEAD = "rater,face,truth,label\n"
MORE = HEAD.strip() + ","


def test_what_goes_out_comes_in_again(database, faces):
    group = classes.open_class(database, "3b", "horse battery", faces, replace(SHORT, limit=2000))
    for nickname in ("Ada", "=1+1", None):
        code = quiz.start(database, faces, consent=True, nickname=nickname, class_code=group)
        sit(database, code, faces, lambda truth: truth if truth != "fear" else "surprise")
    out = class_answers(database, classes.enter(database, group, "horse battery"))
    other = classes.open_class(database, "guests", "horse battery", faces, SHORT)
    number = classes.enter(database, other, "horse battery")
    found = import_csv(database, to_csv(out), number)
    assert (found.raters, found.answers, found.ignored) == (3, 60, ())
    back = class_answers(database, number)
    same = [name for name in COLUMNS if name not in ("class", "started", "answered")]
    pd.testing.assert_frame_equal(out[same], back[same])
    assert abs((out["answered"] - back["answered"]).dt.total_seconds()).max() < 1
    assert set(back["limit_ms"]) == {2000}
    there, here = score(out), score(back)
    assert there and here and there.accuracy == here.accuracy


def test_pandas_and_r_read_it_as_the_codebook_says(database, faces):
    code = quiz.start(database, faces, SHORT, consent=True, nickname='a "quote", a comma')
    sit(database, code, faces, lambda truth: truth)
    table = pd.read_csv(io.BytesIO(to_csv(own_answers(database, code))))
    assert table.columns.tolist() == codebook()["column"].tolist() == [c.name for c in CODEBOOK]
    assert table["reaction_ms"].dtype.kind == table["correct"].dtype.kind == "i"
    assert table["feedback"].dtype.kind == "b" and set(table["nickname"]) == {'a "quote", a comma'}
    assert pd.to_datetime(table["answered"]).dt.tz is not None
    assert pd.read_csv(io.BytesIO(codebook_csv())).shape == (len(CODEBOOK), 3)


def test_a_nickname_is_no_formula_in_a_spreadsheet(database, faces):
    guarded = {"=cmd|'/c calc'!A1": "'=cmd|'/c calc'!A1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "a;=1": "a;'=1",
               "a; =1": "a; =1", "=1;'+2": "'=1;''+2"}  # fmt: skip
    for nickname, cell in guarded.items():
        code = quiz.start(database, faces, SHORT, consent=True, nickname=nickname)
        quiz.answer(database, code, 1, "happy", 5)
        line = to_csv(own_answers(database, code)).decode().splitlines()[1]
        assert f",{cell}," in line


def test_a_random_name_is_no_number_to_pandas(database, faces, monkeypatch):
    for digits in ("012345678901", "1234e5678901", "99999999e999"):
        monkeypatch.setattr(quiz.secrets, "token_hex", lambda n, digits=digits: digits)
        code = quiz.start(database, faces, SHORT, consent=True)
        quiz.answer(database, code, 1, "happy", 5)
        mine = own_answers(database, code)
        assert pd.read_csv(io.BytesIO(to_csv(mine)))["rater"].tolist() == mine["rater"].tolist()


def test_another_experiment_comes_in_with_its_own_words(database):
    text = (
        "rater;face;truth;label;reaction_ms;country\np1;img 1.png;Fearful;Surprised;812;DK\np1;img 2.png;anger;;;DK\n"
    )
    found = import_csv(database, text.encode("utf-8-sig"))
    assert (found.raters, found.answers, found.ignored) == (1, 2, ("country",))
    table = everybody(database)
    assert table["truth"].tolist() == ["fear", "angry"] and table["label"].isna().tolist() == [False, True]
    assert table["kind"].tolist() == ["test", "test"] and table["position"].tolist() == [1, 2]
    assert table["reaction_ms"].iloc[0] == 812


def test_the_same_file_twice_is_stored_once(database):
    import_csv(database, (HEAD + "p1,a,sad,sad\n").encode())
    with pytest.raises(ImportRefusedError, match="'p1' is here already"):
        import_csv(database, (HEAD + "p0,a,sad,sad\np1,a,sad,sad\n").encode())
    assert everybody(database)["rater"].tolist() == ["p1"]  # nothing of the second file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "CSV in UTF-8"),
        ("rater,face,truth\n1,a,sad\n", "Unknown column 'label'"),
        (HEAD, "1 to 500,000 rows of answers, got 0"),
        (HEAD + "p1,a,sad,sad\np1,b,sad,hapy\n", "Row 3, column label: Unknown emotion 'hapy'"),
        (HEAD + "p1,a,contempt,sad\n", "Row 2, column truth: 'contempt' is none"),
        (HEAD + "p1,a,,sad\n", "Row 2, column truth"),
        (HEAD + "p1,a,sad,sad\np1,a,sad,fear\n", "Row 3, column face: 'p1' answers the test face 'a' a second time"),
        (HEAD + ",a,sad,sad\n", "Row 2, column rater: expected a name"),
        (HEAD + "=cmd(),a,sad,sad\n", "Row 2, column rater: expected a name"),
        (HEAD + "p1,<script>,sad,sad\n", "Row 2, column face: expected a name"),
        (HEAD + f"p1,{'x' * 101},sad,sad\n", "Row 2, column face: expected a name"),
        ("rater,face,truth,label,reaction_ms\np1,a,sad,sad,-3\n", "Row 2, column reaction_ms: expected a whole number"),
        ("rater,face,truth,label,reaction_ms\np1,a,sad,sad,1e9\n", "Row 2, column reaction_ms"),
        ("rater,face,truth,label,confidence\np1,a,sad,sad,6\n", "Row 2, column confidence: expected a whole number"),
        ("rater,face,truth,label,kind\np1,a,sad,sad,tset\n", "Row 2, column kind: Unknown kind 'tset'. Did"),
        ("rater,face,truth,label,answered\np1,a,sad,sad,soon\n", "Row 2, column answered"),
        (f"rater,face,truth,label,nickname\np1,a,sad,sad,{'x' * 10_240}\n", "Row 2, column nickname: .* at most 40"),
        (HEAD + 'p1,a,sad,"sad\n', "CSV in UTF-8"),
        (HEAD + "p1,a,sad,sad,\np2,a,sad,sad,\n", "rows have more cells than the head has names. Do they end in a"),
        (HEAD + "p1,a,sad,sad,,\np1,b,sad,sad\n", "rows have more cells than the head has names"),
        (MORE + "position\np1,a,sad,sad,1\np1,b,sad,sad,1\n", "Row 3, column position: 'p1' has place 1 in"),
        (MORE + "position\np1,a,sad,sad,first\n", "Row 2, column position: expected a whole number"),
        (MORE + "position\np1,a,sad,sad,0\n", "Row 2, column position: expected a whole number from 1"),
        (MORE + "position\np1,a,sad,sad,2\np1,b,sad,sad,\n", "Row 3, column position: .* or in none"),
        (MORE + "condition\np1,a,sad,sad,dim\0light\n", "Row 2, column condition: .* invisible characters"),
        (MORE + "limit_ms\np1,a,sad,sad,5\n", "Row 2, column limit_ms: expected a whole number from 500 to 60000"),
        (MORE + "answered\np1,a,sad,sad,0001-01-01T00:00:00+10:00\n", "Row 2, column answered: .* in UTC"),
        (MORE + "started\np1,a,sad,sad,9999-12-31T23:00:00-10:00\n", "Row 2, column started: .* in UTC"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_and_nothing_is_stored(database, text, said):
    with pytest.raises(ImportRefusedError, match=said):
        import_csv(database, text.encode())
    assert everybody(database).empty


@pytest.mark.parametrize("data", [b"\xff\xfe\x00r", b"PK\x03\x04" + bytes(range(256))])
def test_a_file_that_is_no_text_is_refused(database, data):
    with pytest.raises(ImportRefusedError, match="CSV in UTF-8"):
        import_csv(database, data)


def test_a_file_that_is_too_large_is_refused(database):
    with pytest.raises(ImportRefusedError, match="at most 50 MB"):
        import_csv(database, b"x" * 50_000_001)


def test_a_class_and_a_condition_are_no_formulas_either_and_come_in_as_they_were(database, faces):
    group = classes.open_class(database, "=HYPERLINK(1)", "horse battery", faces, SHORT)
    number = classes.enter(database, group, "horse battery")
    shown = {"p1": "+2 dioptres", "p2": "'+2", "p3": "''tis", "p4": "fog", "p5": "dim;-2;'=3;'a"}
    guarded = ["'+2 dioptres", "''+2", "''tis", "fog", "dim;'-2;''=3;'a"]
    rows = "".join(f"{rater},a,sad,sad,{condition}\n" for rater, condition in zip(shown, guarded, strict=True))
    import_csv(database, ("rater,face,truth,label,condition\n" + rows).encode(), number)
    out = class_answers(database, number)
    assert dict(zip(out["rater"], out["condition"], strict=True)) == shown
    cells = pd.read_csv(io.BytesIO(to_csv(out)))
    assert set(cells["class"]) == {"'=HYPERLINK(1)"}
    assert cells["condition"].tolist() == guarded
    import_csv(database, to_csv(out))
    back = everybody(database)
    assert back["condition"].tolist() == 2 * list(shown.values())


@pytest.mark.parametrize("nickname", ["'tHooft", "'=1+1", "''-", "'", "=1"])
def test_a_nickname_keeps_its_own_quotes(database, faces, nickname):
    code = quiz.start(database, faces, SHORT, consent=True, nickname=nickname)
    quiz.answer(database, code, 1, "happy", 5)
    other = classes.open_class(database, "guests", "horse battery", faces, SHORT)
    number = classes.enter(database, other, "horse battery")
    import_csv(database, to_csv(own_answers(database, code)), number)
    assert class_answers(database, number)["nickname"].tolist() == [nickname]


def test_rows_of_another_order_are_sorted_by_their_position(database, faces):
    group = classes.open_class(database, "3b", "horse battery", faces, SHORT)
    for _ in range(2):
        code = quiz.start(database, faces, consent=True, class_code=group)
        sit(database, code, faces, lambda truth: truth)
    out = class_answers(database, classes.enter(database, group, "horse battery"))
    out = out[out["kind"] != "practice"]  # the places of the others stay as they were
    import_csv(database, to_csv(out.sort_values(["kind", "reaction_ms"], ascending=False)))
    back = everybody(database)
    again = back[back["rater"].str.endswith(":2")].assign(rater=lambda rows: rows["rater"].str.removesuffix(":2"))
    there, here = (
        rows.sort_values(["rater", "position"])[["rater", "position", "face", "kind", "reaction_ms"]]
        for rows in (out, again)
    )
    pd.testing.assert_frame_equal(there.reset_index(drop=True), here.reset_index(drop=True))


def test_a_column_of_positions_may_be_blank(database):
    import_csv(database, b"rater,face,truth,label,position\np1,b,sad,sad,\np1,a,sad,sad,\n")
    assert everybody(database)[["face", "position"]].to_numpy().tolist() == [["b", 1], ["a", 2]]


def test_equal_names_of_two_classes_are_two_people(database, faces):
    groups = [classes.open_class(database, title, "horse battery", faces, SHORT) for title in ("3a", "3b", "3c")]
    for group, label in zip(groups, ("sad", "fear", "happy"), strict=True):
        text = f"{HEAD}p1,a,sad,{label}\np1,b,sad,{label}\np{label},a,sad,sad\np1:2,a,sad,angry\n"
        import_csv(database, text.encode(), classes.enter(database, group, "horse battery"))
    table = everybody(database)
    mine = table[table["face"] == "b"].set_index("rater")["label"].to_dict()
    assert mine == {"p1": "sad", "p1:3": "fear", "p1:4": "happy"}  # p1:2 is a name of the file
    matrix, raters, _ = ratings(table)
    assert len(raters) == 9 and (matrix != NONE).sum() == len(table) == 12
    for group in groups:  # in a class each has the own name
        number = classes.enter(database, group, "horse battery")
        assert set(class_answers(database, number)["rater"]) >= {"p1", "p1:2"}


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("in_class", [True, False])
def test_the_same_file_twice_at_the_same_time_is_stored_once(database, faces, monkeypatch, in_class):
    group = classes.open_class(database, "3b", "horse battery", faces, SHORT)
    number = classes.enter(database, group, "horse battery") if in_class else None
    data, begun, done, record = (HEAD + "p1,a,sad,sad\n").encode(), Event(), Event(), exchange._Run.record

    def slow(run, number):
        if not begun.is_set():  # the first import has looked who is here, and waits for the second to look too
            begun.set()
            done.wait(1)
        return record(run, number)

    def second():
        begun.wait(10)
        try:
            return import_csv(database, data, number).answers
        except ImportRefusedError as refused:
            return str(refused)
        finally:
            done.set()

    monkeypatch.setattr(exchange._Run, "record", slow)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(second)
        assert import_csv(database, data, number).answers == 1
        assert "'p1' is here already" in str(late.result())
    assert len(everybody(database)) == 1


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_quiz_begins_while_answers_are_imported_into_its_class(database, faces, monkeypatch):
    group = classes.open_class(database, "3b", "horse battery", faces, SHORT)
    number, record = classes.enter(database, group, "horse battery"), exchange._Run.record

    def meanwhile(run, number):
        assert quiz.start(database, faces, consent=True, class_code=group)
        assert classes.enter(database, group, "horse battery") == number
        return record(run, number)

    monkeypatch.setattr(exchange._Run, "record", meanwhile)
    two = (HEAD + "p1,a,sad,sad\np2,a,sad,sad\n").encode()  # the first is of the class already where the second comes
    assert import_csv(database, two, number).answers == 2


def test_a_class_that_was_deleted_takes_no_answers(database, faces):
    group = classes.open_class(database, "3b", "horse battery", faces, SHORT)
    number = classes.enter(database, group, "horse battery")
    classes.erase_class(database, group, "horse battery")
    with pytest.raises(ImportRefusedError, match="The class was deleted"):
        import_csv(database, (HEAD + "p1,a,sad,sad\n").encode(), number)
    assert everybody(database).empty


def test_a_refusal_names_the_row_of_the_file_though_blank_ones_come_before(database):
    for head, row in ((b"", 5), (b"\r\n\n", 7)):
        with pytest.raises(ImportRefusedError, match=rf"^Row {row}, column label"):
            import_csv(database, head + b"rater,face,truth,label\np1,a,happy,sad\n\n\np1,b,happy,WRONG\n")
    assert import_csv(database, b"rater,face,truth,label\n\np1,a,happy,sad\n,,,\np1,b,happy,sad\n\n").answers == 2
