"""What the quiz and its results say: of the face before, of answers that came too late, of few faces and of ties."""

from dataclasses import replace

from fer_core.human import quiz
from tests.page_runs import opened, text
from tests.quiz_pages import TINY, button, opened_class, sat, trials

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


def test_where_models_beat_people_the_faces_that_most_people_missed_come_first(noise_faces, quiz_database):
    group = opened_class(noise_faces, quiz_database)
    for options in ({"class_code": group}, {"class_code": group}, {}, {}, {}):
        sat(quiz_database, noise_faces, wrong=14, **options)
    table = [f.value for f in opened("humans_and_models").dataframe if "people right" in f.value][-1]
    assert set(table["people right"]) == {"0 of 2", "0 of 1"}
    by_models = table.groupby("models right", sort=False)["people right"]
    assert all(rows.is_monotonic_decreasing for _, rows in by_models)
