"""A quiz about the user's own labelled photos: people beside the models that read the same faces."""

import numpy as np
import pytest
from collection_cases import answered_collection

from dashboard import cache, collection_facts
from fer_core import collection_edit as edit
from fer_core.human import quiz
from fer_core.human.faces import PIXELS, pixel_id
from fer_core.human.sampling import Options
from fer_core.types import EMOTIONS
from tests.page_runs import opened, text
from tests.quiz_pages import trials

pytest_plugins = ("tests.quiz_fixtures",)
ONE_EACH = Options(per_class=3, repeats=0, checks=0, practice=0, fixation=100)


@pytest.fixture
def work():
    """The id of a collection whose first photo is happy and whose second is sad, and the collection."""
    made = answered_collection()
    for photo, label in zip(made.photos, ("happy", "sad"), strict=True):
        made = edit.label_photo(made, photo.sha256, label)
    id = cache.new_work_id()
    cache.works().put(id, made)
    cache.lent_faces().by_source.clear()
    cache.lent_faces().models.clear()
    yield id, made
    cache.lent_faces().by_source.clear()
    cache.lent_faces().models.clear()


@pytest.fixture
def alone(monkeypatch):
    """No FER2013 on this machine."""
    monkeypatch.delenv("FER2013_PATH", raising=False)
    cache.dataset.clear()


def lent(id):
    """The faces that the welcome page lends to quizzes."""
    opened("quiz", work=id, faces="own")
    (faces,) = cache.lent_faces().by_source.values()
    return faces


def sit(quiz_database, faces, wrong=0):
    """The code of somebody who answers all, the first `wrong` wrongly."""
    code = quiz.start(quiz_database, faces, ONE_EACH, consent=True)
    truth = dict(zip(faces.ids, faces.labels.tolist(), strict=True))
    n = 0
    while task := quiz.state(quiz_database, code).task:
        quiz.answer(quiz_database, code, task.position, EMOTIONS[(truth[str(task.face)] + (n < wrong)) % 7], 700)
        n += 1
    return code


def test_the_models_answers_are_those_of_the_collection(work):
    _, made = work
    names = [pixel_id(face.face.crop) for face in made.faces]
    assert names == [PIXELS + face.found.digest for face in made.faces]
    first, second = collection_facts.raters(made, names)
    assert [EMOTIONS[k] for k in first.answered] == ["happy"] * 6
    assert [EMOTIONS[k] for k in second.answered] == ["happy", "sad"] * 3
    assert collection_facts.raters(made, [*names, PIXELS + "0" * 64]) == ()


def test_with_both_the_user_chooses(noise_faces, quiz_database, work):
    at = opened("quiz", work=work[0])
    assert "FER2013" in str(at.button_group[0].options) and "6 faces" in str(at.button_group[0].options)
    assert "140 faces" in str(at.radio[0].options)  # FER2013's by default
    assert "all: 21 faces" in str(opened("quiz", work=work[0], faces="own").radio[0].options)


def test_a_result_stands_beside_the_models(alone, quiz_database, work):
    code = sit(quiz_database, lent(work[0]), wrong=2)
    at = opened("my_result", run=code)
    against = next(one.value for one in at.dataframe if "McNemar p" in one.value)
    assert against["model"].tolist() == ["Model-A", "Model-B"] and against["faces"].tolist() == [6, 6]
    right = np.array([4, 4]) / 6 - np.array([3, 4]) / 6  # happy is right three times, happy and sad in turn four times
    np.testing.assert_allclose(against["people less model"], 100 * right)
    missed = next(one.value for one in at.dataframe if "you" in one.value)
    assert len(missed) == 2 and missed["Model-A"].tolist() == ["happy"] * 2 and "crowd" not in missed
    assert "PrivateTest" not in text(at) and "Percentile" not in [one.label for one in at.metric]


def test_everybody_on_one_axis(alone, quiz_database, work):
    faces = lent(work[0])
    sit(quiz_database, faces, wrong=1)
    at = opened("humans_and_models", faces=faces.name)
    assert "Nobody has answered" in text(at)  # six answers are too few to be placed
    table = cache.beside(faces.name)
    assert [rater.id for rater in table.models] == ["model-a", "model-b"] and table.names == faces.ids


def test_the_faces_come_back_with_the_collection(alone, quiz_database, work):
    code = quiz.start(quiz_database, lent(work[0]), ONE_EACH, consent=True)
    cache.lent_faces().by_source.clear()  # the server was started anew
    at = opened("quiz", run=code)
    assert "come back with the resume code" in text(at) and not trials(at)
    at = opened("quiz", run=code, work=work[0])
    assert trials(at)[0]["picture"].startswith("data:image/png;base64,")
    assert trials(opened("quiz", run=code))  # lent again


def test_the_address_of_the_work_is_not_put_into_the_quizs(noise_faces, quiz_database, work):
    at = opened("quiz")
    at.session_state["work-id"] = work[0]
    at.run()
    assert "own" in str(at.button_group[0].options) or "Your labelled photos" in str(at.button_group[0].options)
    assert "work" not in at.query_params


def test_the_original_resolution_is_offered_where_there_is_one(noise_faces, quiz_database, work):
    def looks(**query):
        at = opened("quiz", work=work[0], **query)
        return str(next(box for box in at.selectbox if box.label == "The face is shown at").options)

    assert "as photographed" not in looks() and "as photographed" in looks(faces="own")
