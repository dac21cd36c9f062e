"""Photos from files and ZIPs that are damaged or too large."""

import zipfile
from io import BytesIO

import numpy as np
import pytest

from fer_core import photos
from fer_core.photo_sources import from_zip, opened


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
