"""A quiz about the user's own labelled photos: people beside the models that read the same faces."""

import base64
import re
from dataclasses import replace

import numpy as np
import pytest
from collection_cases import answered_collection, card, certain, collection

from dashboard import cache, collection_facts, ui_quiz
from dashboard.cache import people as people_cache
from fer_core import collection_edit as edit
from fer_core.collection_answers import answer
from fer_core.human import classes, display, quiz
from fer_core.human.faces import PIXELS, pixel_id
from fer_core.human.sampling import Options, plan
from fer_core.types import EMOTIONS
from tests.human_cases import labelled
from tests.page_runs import opened, run, said, text
from tests.quiz_pages import PASSPHRASE, button, in_url, trials

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


def begun(id):
    """The page of the quiz after somebody with that work consented and began a quiz about the own faces."""
    at = opened("quiz", work=id, faces="own")
    at.checkbox[0].check().run()
    return button(at, "Begin").click().run()


def lent(id):
    """The faces that a quiz about them lends to this server."""
    begun(id)
    (faces,) = cache.lent_faces().by_source.values()
    return faces


def sit(quiz_database, faces, wrong=0, options=ONE_EACH, **more):
    """The code of somebody who answers all, the first `wrong` wrongly."""
    code = quiz.start(quiz_database, faces, options, consent=True, **more)
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
    assert "all: 6 faces, 1 min" in str(opened("quiz", work=work[0], faces="own").radio[0].options)  # of two labels


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


def test_a_result_after_a_restart_says_nothing_of_fer2013(noise_faces, quiz_database, work):
    code = sit(quiz_database, lent(work[0]), wrong=2)
    cache.lent_faces().by_source.clear()  # the server was started anew
    at = opened("my_result", run=code)
    assert not re.search("FER2013|FER\\+|PrivateTest|Crowd", text(at) + said(at))
    assert "rows posed" in said(at)
    missed = next(one.value for one in at.dataframe if "you" in one.value)
    assert missed.columns.tolist() == ["face", "label", "you"]


def test_everybody_on_one_axis(alone, quiz_database, work):
    faces = lent(work[0])
    sit(quiz_database, faces, wrong=1)
    at = opened("humans_and_models", work=work[0], faces=faces.name)
    assert "Nobody has answered" in text(at)  # six answers are too few to be placed
    table = cache.beside(faces.name)
    assert [rater.id for rater in table.models] == ["model-a", "model-b"] and table.names == faces.ids


def test_the_faces_come_back_with_the_collection(alone, quiz_database, work):
    code = quiz.start(quiz_database, lent(work[0]), ONE_EACH, consent=True)
    cache.lent_faces().by_source.clear()  # the server was started anew
    at = opened("quiz", run=code)
    assert "come back with the code" in text(at) and not trials(at)
    group = classes.open_class(quiz_database, "3b", PASSPHRASE, labelled(), ONE_EACH)  # of a set that is not here
    at = opened("quiz", **{"class": group})
    assert "come back with the code" in text(at) and "noise" in at.warning[0].value and "Begin" not in str(at.button)
    at = opened("quiz", run=code, work=work[0])
    assert trials(at)[0]["picture"].startswith("data:image/png;base64,")
    assert trials(opened("quiz", run=code))  # lent again


def test_after_a_restart_whoever_has_the_photos_and_a_code_brings_them_back(alone, quiz_database, twelve):
    faces = lent(twelve)
    code, group = sit(quiz_database, faces), classes.open_class(quiz_database, "3b", PASSPHRASE, faces, ONE_EACH)
    number = classes.enter(quiz_database, group, PASSPHRASE)
    sit(quiz_database, faces, class_code=group)

    def restarted(page, **query):
        cache.lent_faces().by_source.clear()
        cache.lent_faces().models.clear()
        at = run(page, **query)
        if page == "class_results":
            at.session_state["class-entered"] = (group, number)
            at.run()
        return not at.exception and cache.quiz_faces(faces.name) is not None

    for page, query in (("quiz", {"class": group}), ("my_result", {"run": code}), ("class_results", {"class": group})):
        assert not restarted(page, **query) and restarted(page, work=twelve, **query), page
    sit(quiz_database, faces, options=replace(ONE_EACH, per_class=6))
    people_cache._all_answers.clear()  # instead of waiting three seconds
    assert not restarted("humans_and_models") and restarted("humans_and_models", work=twelve)


def test_own_faces_are_forgotten_with_the_last_run_and_class_about_them(alone, quiz_database, work, monkeypatch):
    first = in_url(begun(work[0]), "run")
    (faces,) = cache.lent_faces().by_source.values()
    group = classes.open_class(quiz_database, "3b", PASSPHRASE, faces, ONE_EACH)
    code = sit(quiz_database, faces)
    cache.lent_faces().by_source["photos-of-before"] = faces  # nobody's any more

    def delete(page, said, **query):
        at = opened(page, **query)
        if page == "class_results":
            at.session_state["class-entered"] = (group, classes.enter(quiz_database, group, PASSPHRASE))
            at.run()
            next(f for f in at.text_input if "to be sure" in f.label).set_value(PASSPHRASE)
        else:
            at.checkbox[0].check().run()
        button(at, said).click().run()
        assert not at.exception
        return cache.quiz_faces(faces.name) is not None

    assert delete("my_result", "Delete", run=code) and "photos-of-before" not in cache.lent_faces().by_source
    assert delete("class_results", "Delete the class and all its answers for ever", **{"class": group})
    assert cache.face_uri(faces.name, faces.ids[0], "original")
    assert not delete("my_result", "Delete", run=first) and not cache.lent_faces().models
    monkeypatch.setattr(display, "png", lambda crop: b"drawn anew")
    cache.lent_faces().by_source[faces.name] = faces
    anew = cache.face_uri(faces.name, faces.ids[0], "original")
    assert anew and base64.b64decode(anew.partition(",")[2]) == b"drawn anew", "the picture was forgotten too"
    people_cache._face_uri.clear()


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


@pytest.fixture
def twelve(work):
    """The id of a work of four photos with twelve faces, two photos happy and two sad, which a model read."""
    made = answer(collection(("a.png", "b.png", "c.png", "d.png")), card(), certain("happy"))
    for photo, label in zip(made.photos, ("happy", "sad") * 2, strict=True):
        made = edit.label_photo(made, photo.sha256, label)
    id = cache.new_work_id()
    cache.works().put(id, made)
    return id


def pictures(at):
    """How many pictures of faces the tables of a page hold."""
    return sum(one.value["picture"].str.startswith("data:").sum() for one in at.dataframe if "picture" in one.value)


def test_looking_at_the_ways_in_lends_nothing(alone, quiz_database, work):
    for page in ("quiz", "class_results"):
        opened(page, work=work[0], faces="own")
        assert not cache.lent_faces().by_source
    at = opened("class_results", work=work[0], faces="own")
    next(f for f in at.text_input if f.label == "Title").set_value("3c")
    next(f for f in at.text_input if "8 characters" in f.label).set_value(PASSPHRASE)
    button(at, "Open the class").click().run()
    assert cache.quiz_faces(classes.facts(quiz_database, in_url(at, "class")).source) is not None


@pytest.mark.parametrize("fer2013", [True, False])
def test_only_who_has_the_photos_or_a_code_sees_them(request, quiz_database, twelve, fer2013):
    request.getfixturevalue("noise_faces" if fer2013 else "alone")
    at = begun(twelve)
    (faces,) = cache.lent_faces().by_source.values()
    code, truth = in_url(at, "run"), dict(zip(faces.ids, faces.labels.tolist(), strict=True))
    while task := quiz.state(quiz_database, code).task:
        label = task.asked or EMOTIONS[truth[str(task.face)]]
        quiz.answer(quiz_database, code, task.position, label, 700)
    group = classes.open_class(quiz_database, "3b", PASSPHRASE, faces, ONE_EACH)
    for more in ({}, {"faces": faces.name}, {"faces": faces.name, "run": "0" * 16, "class": "A" * 10}):
        at = opened("humans_and_models", **more)
        assert faces.name not in str(at.main).lower() and not pictures(at), more
    for key, value in (("work", twelve), ("run", code), ("class", group)):
        at = opened("humans_and_models", **{key: value, "faces": faces.name})
        assert pictures(at) and at.selectbox[0].value == faces.name, key
    at = run("humans_and_models")
    at.session_state["class-entered"] = (group, classes.enter(quiz_database, group, PASSPHRASE))
    assert faces.name in str(at.run().selectbox[0].options).lower()  # the teacher, whatever the address says


def test_a_quiz_is_as_long_as_its_labels_allow(alone, quiz_database):
    faces = labelled(10, classes=2)
    cache.lent_faces().by_source[faces.name] = faces
    options = ui_quiz.sized(10, faces)
    planned = plan(faces, options, 1, 2)
    kinds = [one.kind for one in planned]
    assert [kinds.count(kind) for kind in ("test", "repeat", "attention")] == [20, 4, 1]
    assert ui_quiz.minutes(options, faces) == round(len(planned) * ui_quiz.SECONDS_A_FACE / 60) == 2
    seven = labelled(20)
    assert ui_quiz.sized(10, seven) == Options() and ui_quiz.minutes(Options(), seven) == 7
    group = classes.open_class(quiz_database, "3b", PASSPHRASE, faces, options)
    assert "**20 faces** for the class, 2 min." in text(opened("quiz", **{"class": group}))
