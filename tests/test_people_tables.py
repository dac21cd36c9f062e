"""The tables of people that pages draw."""

import pandas as pd

from dashboard import people_tables


def called(raters, nicknames=None):
    """What the table of people calls these raters, one answer each."""
    table = pd.DataFrame({
        "rater": raters, "nickname": nicknames or [None] * len(raters), "kind": "practice", "face": "a",
        "truth": "sad", "label": "sad", "correct": 1, "reaction_ms": 500,
    })  # fmt: skip
    return sorted(people_tables.people(table)["person"])


def test_people_without_a_nickname_are_called_by_the_head_of_their_random_name():
    assert called(["3fa94c0b11d2", "9912ab34cd56"]) == ["3fa94c", "9912ab"]
    assert called(["3fa94c0b11d2", "9912ab34cd56"], ["Ada", None]) == ["9912ab", "Ada"]


def test_names_from_elsewhere_are_shown_whole():
    for names in (["subject-01", "subject-02"], ["000000000001", "000000000002"], ["aabbcc000001", "aabbcc000002"]):
        assert called(names) == names
