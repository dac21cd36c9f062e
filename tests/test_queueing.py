"""Many users at one model: batched together, in turns, bounded; who left is not computed for."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fer_core.queueing import Queue, Turns


class LeftError(Exception):
    """The user closed the page."""


def crop(value):
    return np.full((2, 2, 3), value, np.uint8)


class Model:
    """Answers a face with its value; counts how it was asked. Its gate can be shut."""

    def __init__(self):
        self.batches, self.inside, self.most_inside = [], 0, 0
        self.gate, self.began = threading.Event(), threading.Event()
        self.gate.set()

    def __call__(self, faces):
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.batches.append([int(face[0, 0, 0]) for face in faces])
        self.began.set()
        assert self.gate.wait(20)
        self.inside -= 1
        return np.array([[face[0, 0, 0], 0] for face in faces], np.float32).reshape(-1, 2)


def until(condition):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "waited for nothing"
        time.sleep(0.005)


def shut(model, queue, pool):
    """A request of one face that holds the model, so that others line up behind it."""
    model.gate.clear()
    first = pool.submit(queue.ask, [crop(255)])
    assert model.began.wait(20)
    return first


def test_answers_come_in_the_order_of_the_faces_also_over_several_batches():
    model = Model()
    p = Queue(model, batch=4).ask([crop(i) for i in range(10)])
    np.testing.assert_array_equal(p[:, 0], np.arange(10))
    assert [len(batch) for batch in model.batches] == [4, 4, 2]
    assert Queue(model).ask([]).shape == (0, 2)


def test_faces_of_several_users_go_together_and_each_gets_their_own():
    model = Model()
    queue = Queue(model, batch=64)
    with ThreadPoolExecutor(11) as pool:
        first = shut(model, queue, pool)
        asked = [pool.submit(queue.ask, [crop(20 * u + f) for f in range(12)]) for u in range(10)]
        until(lambda: queue.waiting == 120)
        model.gate.set()
        first.result(20)
        for user, future in enumerate(asked):
            np.testing.assert_array_equal(future.result(20)[:, 0], np.arange(20 * user, 20 * user + 12))
    assert [len(batch) for batch in model.batches] == [1, 64, 56]
    assert model.most_inside == 1


def test_one_face_does_not_wait_behind_a_user_with_hundreds():
    model = Model()
    queue = Queue(model, batch=8)
    with ThreadPoolExecutor(3) as pool:
        first = shut(model, queue, pool)
        many = pool.submit(queue.ask, [crop(1)] * 300)
        until(lambda: queue.waiting == 300)
        one = pool.submit(queue.ask, [crop(7)])
        until(lambda: queue.waiting == 301)
        model.gate.set()
        assert one.result(20)[0, 0] == 7 and len(many.result(20)) == 300 and first.result(20).shape == (1, 2)
    assert 7 in model.batches[1]


def test_the_line_is_bounded_and_those_outside_come_in_as_they_came():
    model = Model()
    queue = Queue(model, batch=4, most_waiting=10)
    with ThreadPoolExecutor(9) as pool:
        shut(model, queue, pool)
        asked = []
        for user in range(8):
            asked.append(pool.submit(queue.ask, [crop(user)] * 5))
            until(lambda user=user: len(queue._waiting) + len(queue._outside) == user + 1)
        assert queue.waiting <= 10 and len(queue._outside) == 6
        model.gate.set()
        assert [future.result(20)[0, 0] for future in asked] == list(range(8))
    first_seen = list(dict.fromkeys(value for batch in model.batches[1:] for value in batch))
    assert first_seen == list(range(8)) and queue.waiting == 0


def test_a_request_larger_than_the_room_is_still_answered():
    assert len(Queue(Model(), batch=4, most_waiting=3).ask([crop(1)] * 20)) == 20


def test_cancelled_work_is_not_computed():
    model, gone = Model(), threading.Event()
    queue = Queue(model, batch=4, most_waiting=100)

    def alive():
        if gone.is_set():
            raise LeftError

    with ThreadPoolExecutor(3) as pool:
        shut(model, queue, pool)
        leaving = pool.submit(queue.ask, [crop(9)] * 80, alive)
        outside = pool.submit(queue.ask, [crop(8)] * 90, alive)
        until(lambda: queue.waiting == 80 and len(queue._outside) == 1)
        gone.set()
        for future in (leaving, outside):
            with pytest.raises(LeftError):
                future.result(20)
        assert queue.waiting == 0 and not queue._outside
        model.gate.set()
    assert model.batches == [[255]]
    assert queue.ask([crop(3)])[0, 0] == 3, "others go on"


def test_who_leaves_in_the_midst_of_computing_stops_after_that_batch():
    model, calls = Model(), []

    def alive():
        calls.append(1)
        if len(calls) == 3:
            raise LeftError

    queue = Queue(model, batch=4)
    with pytest.raises(LeftError):
        queue.ask([crop(1)] * 100, alive)
    assert len(model.batches) < 4 and queue.waiting == 0


def test_an_error_reaches_those_in_the_batch_and_nobody_after():
    answers = iter([RuntimeError("no memory")])

    def predict(faces):
        for error in answers:
            raise error
        return np.zeros((len(faces), 2), np.float32)

    queue = Queue(predict)
    with pytest.raises(RuntimeError, match="no memory"):
        queue.ask([crop(1)])
    assert queue.ask([crop(1)]).shape == (1, 2)


def test_what_are_no_faces_never_enters_the_line():
    queue, model = Queue(Model()), [np.zeros((2, 2), np.uint8)]
    with pytest.raises(ValueError, match="RGB"):
        queue.ask(model)


def test_many_threads_hammering_are_all_answered():
    model = Model()
    queue = Queue(model, batch=16, most_waiting=60)

    def user(seed):
        chance = np.random.default_rng(seed)
        for _ in range(40):
            values = chance.integers(0, 256, chance.integers(0, 30))
            np.testing.assert_array_equal(queue.ask([crop(v) for v in values])[:, 0], values)

    with ThreadPoolExecutor(12) as pool:
        for future in [pool.submit(user, seed) for seed in range(12)]:
            future.result(60)
    assert model.most_inside == 1 and queue.waiting == 0


def test_turns_are_bounded_taken_in_order_and_given_up():
    turns, inside, order, lock = Turns(2), [], [], threading.Lock()
    let_go, gone = threading.Event(), threading.Event()

    def work(number, alive=lambda: None):
        with turns.turn(alive):
            with lock:
                order.append(number)
                inside.append(number)
                assert len(inside) <= 2
            assert let_go.wait(20)
            with lock:
                inside.remove(number)

    def leaving():
        if gone.is_set():
            raise LeftError

    with ThreadPoolExecutor(8) as pool:
        futures = []
        for number in range(8):
            futures.append(pool.submit(work, number, leaving if number == 4 else lambda: None))
            until(lambda n=number: len(turns._line) + len(inside) == n + 1)
        gone.set()
        with pytest.raises(LeftError):
            futures[4].result(20)
        let_go.set()
        for number in (0, 1, 2, 3, 5, 6, 7):
            futures[number].result(20)
    assert order[:2] in ([0, 1], [1, 0]) and 4 not in order and len(order) == 7
    assert not turns._line and turns._free == 2
