"""Photos from files and ZIPs that are damaged or too large."""

import zipfile
from io import BytesIO

import numpy as np
import pytest

from fer_core import photos
from fer_core.photo_sources import Input, find, from_uploads, from_zip, opened


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
