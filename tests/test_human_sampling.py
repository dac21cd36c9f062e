"""What a run shows: balanced, shuffled, from its seed alone."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fer_core import artifacts, datasets
from fer_core.human.errors import HumanError
from fer_core.human.faces import Fer2013Faces, LabelledFaces, face_id, pixel_id, row_of
from fer_core.human.sampling import Options, longest, plan
from tests.human_cases import labelled

FACES = labelled(12)
TRUTH: dict[str | None, int] = dict(zip(FACES.ids, FACES.labels.tolist(), strict=True))


def picture(id, faces=FACES):
    found = faces.crop(id)
    assert found is not None
    return found


WHOLE = st.integers(0, 2**31 - 1)
CHOICES = st.builds(
    Options,
    per_class=st.integers(1, 10), repeats=st.integers(0, 12), checks=st.integers(0, 4), practice=st.integers(0, 9),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(CHOICES, WHOLE, WHOLE)
def test_every_run_is_balanced_and_comes_again_from_its_seeds(options, faces_seed, seed):
    found = plan(FACES, options, faces_seed, seed)
    assert found == plan(FACES, options, faces_seed, seed)
    kinds = Counter(p.kind for p in found)
    n = 7 * options.per_class
    assert kinds["test"] == n and kinds["attention"] == options.checks and kinds["practice"] == options.practice
    assert kinds["repeat"] == min(options.repeats, max(1, 2 * n // 5))
    test = [p.face for p in found if p.kind == "test"]
    assert len(set(test)) == n
    assert set(Counter(TRUTH[face] for face in test).values()) == {options.per_class}
    assert [p.kind for p in found[: options.practice]] == ["practice"] * options.practice
    assert not {p.face for p in found if p.kind == "practice"} & set(test)
    assert all(p.truth == TRUTH[p.face] for p in found if p.face is not None)
    assert all(p.face is None for p in found if p.kind == "attention")
    _repeats_come_late(found, n)


def _repeats_come_late(found, n):
    order = [p for p in found if p.kind in ("test", "repeat")]
    first = {p.face: i for i, p in enumerate(order) if p.kind == "test"}
    again = [(p.face, i) for i, p in enumerate(order) if p.kind == "repeat"]
    assert len({face for face, _ in again}) == len(again)
    assert all(i - first[face] >= max(1, n // 5) for face, i in again)


def test_the_order_of_the_set_does_not_matter_and_the_seed_does():
    turned = LabelledFaces("turned", [(picture(id), TRUTH[id]) for id in reversed(FACES.ids)])
    assert plan(FACES, Options(), 3, 4) == plan(turned, Options(), 3, 4)
    assert plan(FACES, Options(), 3, 4) != plan(FACES, Options(), 3, 5)
    same, other = (frozenset(p.face for p in plan(FACES, Options(), seed, 4) if p.kind == "test") for seed in (3, 5))
    assert same == frozenset(p.face for p in plan(FACES, Options(), 3, 9) if p.kind == "test") != other


def test_all_faces_and_all_orders_are_equally_likely():
    options = Options(per_class=3, repeats=0, checks=0, practice=0)
    drawn: Counter = Counter()
    led: Counter = Counter()
    for seed in range(600):
        found = plan(FACES, options, seed, seed)
        drawn.update(p.face for p in found)
        led[found[0].truth] += 1
    # 600 runs take each of a class's 12 faces 150 times, sd 10.6; each class leads 86 times, sd 8.6; within 5 sd
    assert len(drawn) == 84 and all(97 < n < 203 for n in drawn.values())
    assert all(43 < led[k] < 129 for k in range(7))


def test_neighbours_are_no_more_often_alike_than_by_chance():
    options = Options(per_class=10, repeats=0, checks=0, practice=0)
    alike = [a.truth == b.truth for s in range(40) for a, b in pairwise(plan(FACES, options, s, s))]
    assert abs(np.mean(alike) - 9 / 69) < 5 * np.sqrt(9 / 69 * 60 / 69 / len(alike))


def test_too_few_faces_are_refused_with_the_smallest_class():
    few = LabelledFaces("few", [(picture(id), TRUTH[id]) for id in FACES.ids if TRUTH[id] != 1 or id == FACES.ids[12]])
    assert longest(few) == 1
    with pytest.raises(HumanError, match="at least 2 faces of each class, got 1 of disgust"):
        plan(few, Options(per_class=2), 0, 0)
    with pytest.raises(HumanError, match="expected labelled faces, got none"):
        plan(LabelledFaces("none", []), Options(), 0, 0)


@pytest.mark.parametrize(
    "bad", [{"per_class": 0}, {"repeats": -1}, {"checks": 21}, {"limit": 10}, {"view": "smoth"}, {"fixation": 9999}]
)
def test_options_that_make_no_sense_are_refused(bad):
    with pytest.raises(HumanError, match=next(iter(bad))):
        Options(**bad)


def test_options_survive_the_database_and_later_versions():
    options = Options(per_class=3, limit=3000, view="pixels")
    assert Options.from_dict(options.to_dict() | {"unheard_of": 1}) == options
    assert Options.from_dict({}) == Options()


def test_the_default_set_is_what_the_models_were_tested_on_and_never_saw():
    reference = artifacts.reference()
    faces = Fer2013Faces(reference, None)
    rows = [row_of(id) for id in faces.ids]
    at = {id: i for i, id in enumerate(reference.ids.tolist())}
    assert all(datasets.SPLITS[reference.splits[at[row]]] == "PrivateTest" for row in rows)
    assert not any(reference.copied[at[row]] for row in rows)
    assert [int(reference.truth[at[row]]) for row in rows] == faces.labels.tolist()
    assert longest(faces) >= 20 and faces.crop(faces.ids[0]) is None


def test_the_pictures_come_from_the_dataset_by_their_row():
    reference = artifacts.reference()
    chance = np.random.default_rng(0)
    order = chance.permutation(len(reference.ids))
    pictures = chance.integers(0, 256, (len(order), 48, 48), dtype=np.uint8)
    data = datasets.Dataset(
        pictures, reference.truth[order], reference.splits[order], reference.ids[order], None, "", ""
    )
    faces = Fer2013Faces(reference, data)
    for id in faces.ids[:50]:
        place = data.ids.tolist().index(row_of(id))
        assert np.array_equal(picture(id, faces), pictures[place])
    assert faces.crop("fer2013:0") is None and faces.crop("sha256:0") is None


def test_ids_tell_faces_apart():
    flat, tall = np.zeros((4, 9), np.uint8), np.zeros((9, 4), np.uint8)
    assert pixel_id(flat) != pixel_id(tall) and pixel_id(flat) == pixel_id(flat.copy())
    assert row_of(face_id(32298)) == 32298
    assert row_of("fer2013:x") is row_of("sha256:12") is row_of(None) is row_of("") is row_of("fer2013:") is None
    assert LabelledFaces("two", [(flat, 1), (flat, 1), (tall, 2)]).labels.tolist() == [1, 2]


def test_the_only_face_of_a_quiz_comes_before_its_repeat():
    one, options = labelled(per_class=1, classes=1), Options(per_class=1, repeats=1, checks=0, practice=0)
    assert {tuple(p.kind for p in plan(one, options, seed, seed)) for seed in range(20)} == {("test", "repeat")}
