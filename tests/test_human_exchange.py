"""Answers out as CSV and in again: nothing lost on the way, and what does not fit is named by row and column."""

import io

import pandas as pd
import pytest

from fer_core.human import classes, quiz
from fer_core.human.answers_table import CODEBOOK, COLUMNS, class_answers, codebook, everybody, own_answers
from fer_core.human.errors import ImportRefusedError
from fer_core.human.exchange import codebook_csv, import_csv, to_csv
from fer_core.human.scores import score
from tests.human_cases import SHORT, sit

pytest_plugins = ("tests.human_fixtures",)
HEAD = "rater,face,truth,label\n"


def test_what_goes_out_comes_in_again(database, faces):
    group = classes.open_class(database, "3b", "horse battery", faces, SHORT)
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
    for nickname in ("=cmd|'/c calc'!A1", "+1", "-1", "@x"):
        code = quiz.start(database, faces, SHORT, consent=True, nickname=nickname)
        quiz.answer(database, code, 1, "happy", 5)
        line = to_csv(own_answers(database, code)).decode().splitlines()[1]
        assert f",'{nickname}," in line


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
