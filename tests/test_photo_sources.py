"""Photos from files and ZIPs that are damaged or too large."""

import os
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from collection_cases import rezipped, worked_collection
from streamlit.testing.v1 import AppTest

from dashboard import cache, ui_photos
from fer_core import photo_sources, photos
from fer_core.collection import Collection
from fer_core.collection_add import ReadInput, ledger_row
from fer_core.collection_file import to_bytes
from fer_core.photo_sources import Input, find, from_uploads, from_zip, number, opened


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_damaged_member_of_any_method_is_told_and_the_next_is_read(method):
    noise = np.random.default_rng(0).bytes(3000)
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name in ("a.jpg", "b.jpg"):
            archive.writestr(name, noise)
    data = bytearray(buffer.getvalue())
    data[60:64] = b"\xff" * 4
    first, second = from_zip("class.zip", bytes(data))
    assert first.data is None and "damaged" in first.problem
    assert second.data == noise and not second.problem


def test_a_photo_of_hundreds_of_megabytes_is_not_told_to_have_fifty(tmp_path):
    with (tmp_path / "big.jpg").open("wb") as handle:
        handle.write(b"\xff\xd8\xff\xe0")
        handle.truncate(320_000_000)  # a hole: it takes no room on the disk
    (found,) = opened(tmp_path / "big.jpg")
    assert found.data is not None
    with pytest.raises(photos.PhotoError, match=r"has more than 50 MB; photos of up to 50 MB are read"):
        photos.read_photo(found.data)


def test_a_dropped_folder_is_read_as_one_on_disk():
    there = ["day/a.JPG", "day/.DS_Store", "day/notes.txt", "day/.thumbs/b.jpg", "__MACOSX/a.jpg", "notes.txt", ".c"]
    found = list(from_uploads([(name, b"hello") for name in there]))
    assert [(one.name, one.skipped) for one in found] == [
        ("day/a.JPG", False), ("day/notes.txt", True), ("notes.txt", False), (".c", False),
    ]  # fmt: skip
    assert found[1].data is None and found[2].data == b"hello"


def test_a_file_that_is_named_itself_is_taken_wherever_it_is(tmp_path):
    path = tmp_path / ".hidden" / "photo"
    path.parent.mkdir()
    path.write_bytes(b"hello")
    (one,) = find([str(path)])
    assert list(opened(one)) == [Input(path.as_posix(), b"hello")]


def test_what_may_not_be_looked_into_is_told_and_the_others_are_found(tmp_path, monkeypatch):
    for name in ("closed", ".closed"):
        (tmp_path / name).mkdir()
    (tmp_path / "a.jpg").write_bytes(b"x")
    (tmp_path / "moved.jpg").symlink_to("elsewhere.jpg")
    looked = os.scandir

    def guarded(place="."):  # rights would not stop the user root
        if str(place).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(place))
        return looked(place)

    monkeypatch.setattr(os, "scandir", guarded)
    long = "x" * 300
    given = [one for found in find([str(tmp_path), long]) for one in opened(found)]
    assert [(Path(one.name).name, one.data) for one in given] == [
        ("a.jpg", b"x"), ("closed", None), ("moved.jpg", None), (long, None)
    ]  # fmt: skip
    assert given[1].problem == "This folder cannot be opened: Permission denied. Check your rights to it."
    assert "No such file" in given[2].problem and "too long" in given[3].problem


@pytest.mark.parametrize("originals", [True, False])
def test_a_saved_collection_is_no_zip_of_photos(originals):
    """Its crops would be searched for faces, and nothing in it found, the labels and corrections lost."""
    data = to_bytes(worked_collection(), originals)
    (one,) = from_uploads([("class.faces", data)])
    assert one.data is None and "Load it on the page Collection" in one.problem and not one.skipped
    with_a_photo = rezipped(data, lambda members: [*members, ("day/a.jpg", b"hello")])
    assert ("class.faces/day/a.jpg", b"hello") in [
        (one.name, one.data) for one in from_zip("class.faces", with_a_photo)
    ]


def test_what_is_not_read_is_said_once():
    (one,) = from_uploads([("day/notes.txt", b"hello")])
    row = ledger_row(1, ReadInput(one.name, None, None, one.problem, one.skipped), None)
    assert ui_photos.outcome(row).lower().count("not read") == 1


def test_an_empty_name_is_not_taken_for_the_folder_one_is_in(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(b"hello")
    monkeypatch.chdir(tmp_path)
    (one,) = find([""])
    assert isinstance(one, Input) and one.data is None and "empty name" in one.problem
    assert list(find(["."])) == [Path("a.jpg")]


def zipped(*sizes):
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, size in enumerate(sizes):
            archive.writestr(f"{n}.jpg", bytes(size))
        archive.writestr("__MACOSX/0.jpg", b"x")
    return buffer.getvalue()


def counted(log, word, made):
    log.append(word)
    return made


def test_one_photo_of_an_upload_is_unpacked_at_a_time_and_none_to_count_them(monkeypatch):
    made: list[str] = []
    member = photo_sources._member
    monkeypatch.setattr(photo_sources, "_member", lambda *of: counted(made, "unpacked", member(*of)))
    files = [("a.zip", zipped(9, 9)), ("b.zip", zipped(9)), ("c.jpg", b"hello"), ("torn.zip", zipped(9)[:30])]
    assert number(files) == 5 and not made
    for n, one in enumerate(from_uploads(files), start=1):
        assert len(made) == min(n, 3), one.name
    assert n == 5


def _take():
    from dashboard import ui_photos
    from tests.test_photo_sources import zipped

    ui_photos.take([("a.zip", zipped(9, 9, 9))])


def test_the_page_reads_each_photo_before_it_unpacks_the_next(monkeypatch):
    done: list[str] = []
    member = photo_sources._member

    def read(data, options):
        done.append("read")
        raise photos.PhotoError("no photo")

    monkeypatch.setattr(photo_sources, "_member", lambda *of: counted(done, "unpacked", member(*of)))
    monkeypatch.setattr(cache, "reader", lambda: read, raising=False)
    at = AppTest.from_function(_take, default_timeout=60)
    at.query_params["work"] = id = cache.new_work_id()
    cache.works().put(id, Collection())
    assert not at.run().exception and done == ["unpacked", "read"] * 3
    now = cache.works().get(id)
    assert now is not None and [row.outcome for row in now.ledger] == ["failed"] * 3


def test_the_zips_of_one_upload_have_one_limit(monkeypatch):
    monkeypatch.setattr(photo_sources, "MAX_UNPACKED", 100)
    files = [("a.zip", zipped(60)), ("b.zip", zipped(60)), ("c.zip", zipped(40))]
    assert [one.data is not None for one in from_uploads(files)] == [True, False, True]
    assert [one.data is not None for one in from_uploads(files[1:2])] == [True]
