"""A run's counts are of its own photos, and it goes on from a ledger that was torn anywhere."""

import pytest
from collection_cases import card, certain, picture, reads

from fer_core.detection import DetectionOptions
from fer_core.photo_sources import Input
from fer_core.predict_run import Run, RunError, ledger_path


class _Happy:
    def predict_proba(self, crops):
        return certain("happy")(crops)


def _run(out) -> Run:
    run = Run([card()], DetectionOptions(), out)
    run.__dict__.update(read=reads(), predictors=[_Happy()])  # in place of a detector and a network
    return run


def _photo(seed: int, name: str = "") -> Input:
    return Input(name or f"{seed}.png", picture(seed))


def test_faces_are_counted_of_this_runs_photos_alone(tmp_path):
    _run(tmp_path / "faces.csv").take(_photo(1))
    second = _run(tmp_path / "faces.csv")
    second.take(_photo(2))
    assert (second.faces, second.before) == (3, 0)
    second.take(_photo(1))
    assert (second.faces, second.before) == (6, 1)
    third = _run(tmp_path / "faces.csv")
    third.take(Input("gone.png", None, "not there"))
    assert (third.faces, third.before) == (0, 0)


def test_a_photo_named_twice_is_neither_an_earlier_one_nor_counted_twice(tmp_path):
    run = _run(tmp_path / "faces.csv")
    for _ in range(2):
        run.take(_photo(1))
    assert (run.before, run.faces, dict(run.counts)) == (0, 3, {"read": 1})
    again = _run(tmp_path / "faces.csv")
    for _ in range(2):
        assert again.take(_photo(1)) is None
    assert (again.before, again.faces) == (1, 3)


def test_an_earlier_picture_under_another_name_counts_its_faces_once(tmp_path):
    _run(tmp_path / "faces.csv").take(_photo(1))
    run = _run(tmp_path / "faces.csv")
    row = run.take(_photo(1, "copy.png"))
    assert row is not None and row.outcome == "same"
    run.take(_photo(1))
    assert (run.before, run.faces) == (1, 3)


@pytest.mark.parametrize("restart", [False, True])
def test_a_folder_in_place_of_a_table_is_told_with_a_name_that_will_do(restart, tmp_path):
    with pytest.raises(RunError, match=r"is a folder\. Name a file with --out, such as .*faces\.csv") as told:
        Run([card()], DetectionOptions(), tmp_path, restart)
    assert "--restart" not in str(told.value) and not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_told_by_its_own_name(tmp_path):
    (tmp_path / "file").write_text("in the way", "utf-8")
    out = tmp_path / "file" / "faces.csv"
    with pytest.raises(RunError, match=r"cannot be written: .*Name another with --out") as told:
        Run([card()], DetectionOptions(), out)
    assert str(told.value).startswith(str(out))


def test_of_two_runs_with_one_table_the_first_to_write_goes_on_and_no_two_photos_share_a_number(tmp_path):
    out = tmp_path / "faces.csv"
    first, second = _run(out), _run(out)
    first.take(_photo(1))
    before = out.read_bytes()
    with pytest.raises(RunError, match=r"Another run writes to .*once that has ended, and it goes on"):
        second.take(_photo(2))
    assert out.read_bytes() == before
    first.take(_photo(3))
    again = _run(out)
    again.take(_photo(2))
    assert (again.next, again.before, again.faces) == (4, 0, 3)


def test_two_tables_that_differ_in_their_suffix_have_each_their_own_ledger(tmp_path):
    _run(tmp_path / "faces.csv").take(_photo(1))
    before = (tmp_path / "faces.csv").read_bytes()
    _run(tmp_path / "faces.txt").take(_photo(2))
    again = _run(tmp_path / "faces.csv")
    assert again.take(_photo(1)) is None
    assert (again.before, again.faces, (tmp_path / "faces.csv").read_bytes()) == (1, 3, before)


@pytest.mark.parametrize("cut", [1, 2, 5, 12, 13, 20, 80, 90])
def test_a_ledger_torn_anywhere_in_its_last_row_goes_on(cut, tmp_path):
    first = _run(tmp_path / "faces.csv")
    for seed in range(3):
        first.take(_photo(seed))
    whole, faces = ledger_path(tmp_path / "faces.csv").read_bytes(), (tmp_path / "faces.csv").read_bytes()
    ledger_path(tmp_path / "faces.csv").write_bytes(whole[:-cut])
    run = _run(tmp_path / "faces.csv")
    assert (run.next, len(run.done)) == (3, 2)
    for seed in range(3):
        run.take(_photo(seed))
    assert ledger_path(tmp_path / "faces.csv").read_bytes() == whole
    assert (tmp_path / "faces.csv").read_bytes() == faces


def test_files_torn_inside_a_letter_go_on(tmp_path):
    out = tmp_path / "faces.csv"
    _run(out).take(_photo(1))
    whole, faces = ledger_path(out).read_bytes(), out.read_bytes()
    ledger_path(out).write_bytes(whole + b"2,\xc3")  # half of an e with an accent
    out.write_bytes(faces + b"2,\xc3")
    assert _run(out).next == 2
    assert (ledger_path(out).read_bytes(), out.read_bytes()) == (whole, faces)
