"""A long-lived server: memory stays flat over a thousand predictions, and with ten users' group photos at once."""

import gc
import threading

import numpy as np
import psutil

from fer_core import catalog
from fer_core.queueing import Queue

ID = "torch-compact"
PHOTOS, USERS, FACES = 1000, 10, 12
GROWTH = 30.0
"""Megabytes that an allocator may take or keep; 1,000 photos' crops are 120 MB."""


def megabytes():
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6


def photo(seed):
    """The crops of one photo: 1 to 8 of any sizes, as detection gives them."""
    chance = np.random.default_rng(seed)
    sizes = chance.integers(20, 150, chance.integers(1, 9))
    return [chance.integers(0, 256, (side, side, 3), dtype=np.uint8) for side in sizes]


def test_a_thousand_photos_leave_no_memory_behind():
    model = catalog.load(ID, engine="compiled")
    for seed in range(60):  # every number of faces was met, so that its kernels are there
        model.predict_proba(photo(seed))
    before = megabytes()
    for seed in range(PHOTOS):
        p = model.predict_proba(photo(seed))
        assert np.isfinite(p).all()
    assert megabytes() - before < GROWTH


def test_ten_users_with_twelve_faces_at_once_are_all_answered_and_memory_is_given_back():
    model = catalog.load(ID, engine="compiled")
    queue, wrong = Queue(model.predict_proba, most_waiting=60), []
    chance = np.random.default_rng(0)
    photos = chance.integers(0, 256, (USERS, FACES, 64, 64, 3), dtype=np.uint8)
    expected = [model.predict_proba(faces) for faces in photos]

    def user(number, rounds):
        for _ in range(rounds):
            p = queue.ask(list(photos[number]))
            if not np.allclose(p, expected[number], atol=1e-5):
                wrong.append(number)

    def crowd(rounds):
        threads = [threading.Thread(target=user, args=(number, rounds)) for number in range(USERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(300)
        assert not any(thread.is_alive() for thread in threads)

    crowd(5)
    before = megabytes()
    crowd(15)
    assert not wrong and queue.waiting == 0
    assert megabytes() - before < GROWTH
