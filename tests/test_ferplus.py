"""FER+ votes are joined by the row, never by the image's number."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fer_core import ferplus
from fer_core.datasets import load
from tests import fer2013_builder as make

pytest_plugins = ("tests.fer2013_fixtures",)
pytestmark = pytest.mark.usefixtures("own_places")


def test_votes_beside_the_csv_are_joined_by_position(data, tmp_path, known):
    make.write_votes(data, tmp_path / "fer2013new.csv")
    found = load(make.write_csv(data, tmp_path / "fer2013.csv"))
    np.testing.assert_array_equal(found.votes, data.votes)
    np.testing.assert_array_equal(found.split("PrivateTest").votes, data.votes[data.splits == 2])


def test_votes_are_joined_by_row_where_the_order_was_lost(data, tmp_path, known):
    votes = make.write_votes(data, tmp_path / "v.csv")
    found = load(make.write_ananthu(data, tmp_path / "tree"), votes=votes)
    np.testing.assert_array_equal(found.votes, data.votes)


def test_without_a_votes_file_there_are_none(data, tmp_path):
    assert load(make.write_csv(data, tmp_path / "fer2013.csv")).votes is None


def test_votes_of_another_order_are_refused(data, tmp_path):
    turned = make.Sample(data.faces, data.labels, data.splits[::-1], data.votes)
    votes = make.write_votes(turned, tmp_path / "fer2013new.csv")
    place = make.write_csv(data, tmp_path / "fer2013.csv")
    with pytest.raises(ferplus.VotesError, match=r"row 0: its split is PrivateTest.*joined by position"):
        load(place, votes=votes)
    beside = load(place)
    assert beside.votes is None
    assert any("not joined" in note for note in beside.notes)


def test_too_few_votes_are_refused(data, tmp_path):
    votes = make.write_votes(data, tmp_path / "v.csv")
    votes.write_text("\n".join(votes.read_text().split("\n")[:10]))
    with pytest.raises(ferplus.VotesError, match="row 41, found 9 lines"):
        load(make.write_csv(data, tmp_path / "fer2013.csv"), votes=votes)


def test_votes_that_are_none_are_refused(data, tmp_path):
    votes = make.write_votes(data, tmp_path / "v.csv")
    text = votes.read_text()
    place = make.write_csv(data, tmp_path / "fer2013.csv")
    votes.write_text(text.replace("happiness", "hapiness"))
    with pytest.raises(ferplus.VotesError, match=r"Unknown column 'happiness'\. Did you mean 'hapiness'"):
        load(place, votes=votes)
    votes.write_text(re.sub(r"(fer0000002\.png),\d+", r"\1,-3", text))
    with pytest.raises(ferplus.VotesError, match=r"row 2.*ten counts"):
        load(place, votes=votes)
    with pytest.raises(ferplus.VotesError, match="cannot read"):
        load(place, votes=tmp_path / "none.csv")


def test_votes_need_rows(data, tmp_path):
    votes = make.write_votes(data, tmp_path / "v.csv")
    with pytest.raises(ferplus.VotesError, match="no image's row is known"):
        load(make.write_ananthu(data, tmp_path / "tree"), votes=votes)


@pytest.mark.parametrize("form", [make.write_csv, make.write_icml])
def test_votes_are_not_joined_to_other_pictures_by_their_position(data, tmp_path, known, form):
    strangers = make.sample(seed=1)
    votes = make.write_votes(data, tmp_path / "fer2013new.csv")
    place = form(make.Sample(strangers.faces, data.labels, data.splits, data.votes), tmp_path / "fer2013.csv")
    beside = load(place)
    assert beside.votes is None
    assert any("not joined" in note and "not those of these rows" in note for note in beside.notes)
    with pytest.raises(ferplus.VotesError, match=r"images are not those of these rows\. Load FER2013"):
        load(place, votes=votes)


def test_more_than_half_must_say_that_it_is_no_face():
    votes = np.zeros((3, 10), np.uint8)
    votes[0, 9], votes[1, 9], votes[1, 0], votes[2, 9], votes[2, 0] = 10, 5, 5, 6, 4
    assert ferplus.not_a_face(votes).tolist() == [True, False, True]


def test_a_file_of_other_splits_that_merely_lies_beside_is_passed_over(data, tmp_path):
    votes = make.write_votes(data, tmp_path / "fer2013new.csv")
    votes.write_text(votes.read_text().replace("Training", "", 1))
    place = make.write_csv(data, tmp_path / "fer2013.csv")
    found = load(place)
    assert found.votes is None
    assert any("not joined" in note and "row 0: Unknown split ''" in note for note in found.notes)
    with pytest.raises(ferplus.VotesError, match=r"row 0: Unknown split ''.*Take fer2013new\.csv as published"):
        load(place, votes=votes)


def test_blank_lines_among_votes_are_skipped(data, tmp_path, known):
    votes = make.write_votes(data, tmp_path / "v.csv")
    first, *rest = votes.read_text().split("\n")
    votes.write_text("\n".join(["", first, "", *rest, "", ""]))
    found = load(make.write_csv(data, tmp_path / "fer2013.csv"), votes=votes)
    np.testing.assert_array_equal(found.votes, data.votes)


def test_a_row_too_short_for_its_split_is_refused(tmp_path):
    votes = tmp_path / "v.csv"
    votes.write_text(",".join([*ferplus.VOTE_COLUMNS, "Usage"]) + "\n" + ",".join("1" * 10) + "\n")
    with pytest.raises(ferplus.VotesError, match="row 0: Unknown split ''"):
        ferplus.read_votes(votes)
