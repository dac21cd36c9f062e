"""What the quiz and its results say: of the face before, of answers that came too late, of few faces and of ties."""

import re
from dataclasses import replace

from dashboard.words import counted
from fer_core import artifacts
from fer_core.human import quiz
from fer_core.human.answers_table import own_answers
from fer_core.human.faces import Fer2013Faces
from tests.page_runs import opened, said, text
from tests.quiz_pages import PASSPHRASE, TINY, button, opened_class, sat, trials

pytest_plugins = ("tests.quiz_fixtures",)
TOLD = "You: sad. Label: fear"


def test_the_label_of_the_last_face_is_told_at_the_end_and_at_no_face_of_the_next_run(noise_faces, quiz_database):
    done = sat(quiz_database, noise_faces, options=replace(TINY, feedback=True))
    at = opened("quiz")
    at.session_state["quiz-note"] = TOLD  # the browser's last answer was taken
    at.query_params["run"] = done
    assert TOLD in text(at.run())
    at.query_params["run"] = sat(quiz_database, noise_faces, most=0)  # Take another
    (sent,) = trials(at.run())
    assert sent["note"] == "Practice, does not count" and not at.warning


def test_why_an_answer_to_a_deleted_run_was_not_taken_is_not_said_in_the_next_one(noise_faces, quiz_database):
    gone = sat(quiz_database, noise_faces, most=3)
    quiz.erase(quiz_database, gone)  # in another tab
    at = opened("quiz")
    at.session_state["quiz-problem"] = quiz.UNKNOWN
    at.query_params["run"] = gone
    at.run()
    button(at, "Begin anew, or type the code again").click().run()
    at.query_params["run"] = sat(quiz_database, noise_faces, most=0)
    assert trials(at.run()) and not at.warning


def test_a_class_has_the_interval_of_its_accuracy_and_is_told_what_its_ties_count_as(noise_faces, quiz_database):
    group = opened_class(noise_faces, quiz_database)
    for wrong in (0, 4):
        sat(quiz_database, noise_faces, wrong=wrong, class_code=group, options=TINY)
    at = opened("class_results", **{"class": group})
    at.text_input[1].set_value(PASSPHRASE)
    button(at, "Show results").click().run()
    assert re.search("95 % interval [0-9.]+.% to [0-9.]+.%, n = 28", text(at))
    assert "of 14 faces there is none" in text(at) and "counted as wrong" in text(at) and "one person" not in text(at)
    assert "counted as wrong" in text(opened("humans_and_models"))
    sat(quiz_database, noise_faces)
    from dashboard.cache import people as people_cache

    people_cache._all_answers.clear()  # instead of waiting three seconds
    assert "one person alone answered" in text(opened("humans_and_models"))


def test_answers_that_came_too_late_are_said_beside_the_matrix_that_lacks_them(noise_faces, quiz_database):
    faces = Fer2013Faces(artifacts.reference(), noise_faces)
    code = quiz.start(quiz_database, faces, replace(TINY, limit=2000), consent=True)
    while task := quiz.state(quiz_database, code).task:
        quiz.answer(quiz_database, code, task.position, None if task.position % 2 else "sad", 900)
    table = own_answers(quiz_database, code)
    late = int(table.loc[table["kind"] == "test", "label"].isna().sum())
    assert 0 < late < 14 and f"{counted(late, 'answer')} came too late" in text(opened("my_result", run=code))
    assert "too late" not in text(opened("my_result", run=sat(quiz_database, noise_faces)))


def test_what_resampling_cannot_know_has_no_interval(noise_faces, quiz_database):
    group = opened_class(noise_faces, quiz_database)
    codes = [sat(quiz_database, noise_faces, class_code=group) for _ in range(2)]
    for at in (opened("my_result", run=codes[0]), opened("humans_and_models")):
        assert "1.000" in {m.value for m in at.metric} and "1.000 to 1.000" not in text(at)


def test_where_models_beat_people_the_faces_that_most_people_missed_come_first(noise_faces, quiz_database):
    group = opened_class(noise_faces, quiz_database)
    for joined in (group, group, None, None, None):
        sat(quiz_database, noise_faces, wrong=14, class_code=joined)
    table = [f.value for f in opened("humans_and_models").dataframe if "people right" in f.value][-1]
    assert {"0 of 2", "0 of 1"} <= set(table["people right"])
    by_models = table.groupby("models right", sort=False)["people right"]
    assert all(rows.is_monotonic_decreasing for _, rows in by_models)


def test_whoever_joins_a_class_is_told_its_time_limit_before_the_first_face(noise_faces, quiz_database):
    hurried = opened("quiz", **{"class": opened_class(noise_faces, quiz_database, replace(TINY, limit=2000))})
    assert "within **2 seconds**" in text(hurried) and "told the label" not in text(hurried)
    told = opened("quiz", **{"class": opened_class(noise_faces, quiz_database, replace(TINY, feedback=True))})
    assert "told the label after each" in text(told) and "within" not in text(told)


def test_nobody_is_said_to_be_before_or_behind_all_taggers(noise_faces, quiz_database):
    for wrong, place in ((0, "> 99"), (14, "< 1")):
        at = opened("my_result", run=sat(quiz_database, noise_faces, wrong=wrong))
        assert {m.label: m.value for m in at.metric}["Percentile"] == place


def test_one_person_is_one_and_whoever_sat_twice_is_said_to_count_twice(noise_faces, quiz_database):
    sat(quiz_database, noise_faces)
    at = opened("humans_and_models")
    assert "Accuracy of 1 person and of models" in said(at) and "1 person on 14 faces" in text(at)
    assert "sat twice counts twice" in text(at)
