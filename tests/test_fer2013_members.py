"""Folders and archives of every compression, also where they are here or damaged."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from typing import Any

import pytest

from fer_core.datasets import load
from fer_core.fer2013_members import beside, members
from fer_core.fer2013_source import FormError
from tests import fer2013_builder as make

pytest_plugins = ("tests.fer2013_fixtures",)
pytestmark = pytest.mark.usefixtures("own_places")


@pytest.mark.parametrize("named", [True, False])
def test_the_folder_one_stands_in_is_read(named, data, tmp_path, monkeypatch):
    place = make.write_csv(data, make.new(tmp_path / "here") / "fer2013.csv").parent
    monkeypatch.chdir(place)
    monkeypatch.setenv("FER2013_PATH", ".")
    make.assert_is(load("." if named else None), data)


def test_what_lies_beside_a_challenges_file_alone(tmp_path):
    for name in ("train.csv", "test.csv", "other.csv"):
        (tmp_path / name).write_text("")
    assert beside(tmp_path / "train.csv") == tmp_path / "test.csv"
    assert beside(tmp_path / "other.csv") is beside(tmp_path.__class__("..")) is None


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_tar_of_every_compression_is_read(kind, data, tmp_path):
    file = make.write_csv(data, tmp_path / "fer2013.csv")
    mode: Any = f"w:{kind}"
    with tarfile.open(tmp_path / "archive", mode) as archive:
        archive.add(file, f"fer2013/{file.name}")
    make.assert_is(load(tmp_path / "archive"), data)
    whole = (tmp_path / "archive").read_bytes()
    (tmp_path / "archive").write_bytes(whole[: len(whole) // 2] + b"\xff" * 40 + whole[len(whole) // 2 + 40 :])
    with pytest.raises(FormError, match="archive: "):
        members(tmp_path / "archive")


def test_a_compressed_csv_is_told_to_be_unpacked(data, tmp_path):
    plain = make.write_csv(data, tmp_path / "fer2013.csv")
    (tmp_path / "fer2013.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    with pytest.raises(FormError, match=r"fer2013\.csv\.gz: .*unpack it and give the csv"):
        load(tmp_path / "fer2013.csv.gz")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_damaged_inside_names_the_member(method, data, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.write(make.write_csv(data, tmp_path / "fer2013.csv"), "fer2013.csv")
    damaged = bytearray((tmp_path / "a.zip").read_bytes())
    damaged[60:64] = b"\xff" * 4
    (tmp_path / "a.zip").write_bytes(damaged)
    with pytest.raises(FormError, match=r"a\.zip: fer2013\.csv cannot be unpacked"):
        load(tmp_path / "a.zip")
