"""The cache is quick, honest about change, and mended when damaged."""

from __future__ import annotations

import io
import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_core import dataset_cache, datasets
from fer_core.datasets import load
from fer_core.types import EMOTIONS
from tests import fer2013_builder as make
from tests.fer2013_builder import REAL, needs_real

pytest_plugins = ("tests.fer2013_fixtures",)
pytestmark = pytest.mark.usefixtures("own_places")


def test_the_second_load_reads_only_the_cache(data, tmp_path, monkeypatch):
    place = make.write_csv(data, tmp_path / "fer2013.csv")
    first = load(place)
    monkeypatch.setattr(datasets, "read_source", lambda path: pytest.fail("read again"))
    second = load(place)
    make.assert_is(second, data)
    assert (second.sha256, second.form, second.notes) == (first.sha256, first.form, first.notes)


def test_mapped_faces_stay_on_disk_and_are_the_same(data, tmp_path):
    place = make.write_csv(data, tmp_path / "fer2013.csv")
    whole = load(place)
    for found in (load(place, mapped=True), load(place, cache=tmp_path / "other", mapped=True)):
        assert isinstance(found.faces, np.memmap)
        make.assert_is(found, data)
        assert found.sha256 == whole.sha256 and found.notes == whole.notes
        with pytest.raises(ValueError, match="read-only"):
            found.faces[0] = 0
        part = found.split("PublicTest")
        np.testing.assert_array_equal(part.faces, data.faces[data.splits == 1])
        assert part.sha256 == whole.split("PublicTest").sha256


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="tells what is mapped on Linux only")
def test_faces_that_were_looked_at_do_not_stay_in_memory(data, tmp_path):
    faces = load(make.write_csv(data, tmp_path / "fer2013.csv"), mapped=True).faces
    for place in range(len(faces)):
        np.testing.assert_array_equal(faces[place], data.faces[place])
    assert not isinstance(faces[[2, 0]], np.memmap)
    np.testing.assert_array_equal(faces[[2, 0]], data.faces[[2, 0]])
    assert resident(tmp_path) == 0
    assert faces.sum() == data.faces.sum() and resident(tmp_path) > 0  # the measure can tell


def resident(folder):
    """Kilobytes in memory of files below a folder."""
    mapped, found = False, 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            mapped = str(folder) in line
        elif mapped and line.startswith("Rss:"):
            found += int(line.split()[1])
    return found


def test_a_compressed_npz_can_be_loaded_mapped_too(data, tmp_path):
    found = load(make.write_csv(data, tmp_path / "fer2013.csv"))
    [file] = (tmp_path / "cache").glob("*.npz")
    with np.load(file) as stored:
        np.savez_compressed(tmp_path / "small.npz", **stored)
    again = load(tmp_path / "small.npz", mapped=True)
    make.assert_is(again, data)
    assert again.sha256 == found.sha256 and not isinstance(again.faces, np.memmap)


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("damage", ["cut", "flip", "junk", "empty", "foreign"])
def test_a_damaged_cache_is_made_again_with_a_note(damage, mapped, data, tmp_path):
    place = make.write_csv(data, tmp_path / "fer2013.csv")
    load(place)
    [file] = (tmp_path / "cache").glob("*.npz")
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 255
    foreign = io.BytesIO()
    np.savez(foreign, other=np.zeros(3))
    kinds = {
        "cut": bytes(whole[:5000]),
        "flip": bytes(whole),
        "junk": b"junk",
        "empty": b"",
        "foreign": foreign.getvalue(),
    }
    file.write_bytes(kinds[damage])
    again = load(place, mapped=mapped)
    make.assert_is(again, data)
    assert any("damaged" in note for note in again.notes)
    assert not any("damaged" in note for note in load(place).notes)


def test_a_source_that_changed_is_read_again_and_the_old_cache_goes(data, tmp_path):
    place = make.write_csv(data, tmp_path / "fer2013.csv")
    load(place)
    other = make.sample(seed=9)
    make.write_csv(other, place)
    os.utime(place, ns=(1, 1))
    make.assert_is(load(place), other)
    assert len(list((tmp_path / "cache").glob("*"))) == 1


def test_an_old_cache_that_is_still_mapped_on_windows_is_no_fault(data, tmp_path, monkeypatch):
    place = make.write_csv(data, tmp_path / "fer2013.csv")
    load(place, mapped=True)
    [old], unlink = (tmp_path / "cache").glob("*.npz"), Path.unlink

    def refuse(self, missing_ok=False):
        if self == old:
            raise PermissionError(13, "The process cannot access the file", str(self))
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    os.utime(place, ns=(1, 1))
    again = load(place, mapped=True)
    assert isinstance(again.faces, np.memmap) and not any("cannot be written" in note for note in again.notes)


def test_a_picture_that_changed_in_a_tree_is_seen(data, tmp_path):
    place = make.write_msambare(data, tmp_path / "tree")
    load(place)
    picture = place / "train" / EMOTIONS[data.labels[0]] / "Training_00000000.png"
    Image.new("L", (48, 48), 9).save(picture)
    assert (load(place).faces[0] == 9).all()


def test_a_link_to_nothing_is_passed_over(data, tmp_path):
    (tmp_path / "there").mkdir()
    make.write_csv(data, tmp_path / "there" / "fer2013.csv")
    (tmp_path / "there" / ".#fer2013.csv").symlink_to("somebody@somewhere.1:2")  # an editor's lock
    make.assert_is(load(tmp_path / "there"), data)


def test_a_file_that_cannot_be_read_is_told_of(data, tmp_path, monkeypatch):
    place = make.write_csv(data, tmp_path / "fer2013.csv")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(datasets, "read_source", refuse)  # root, whom tests may run as, is refused nothing
    with pytest.raises(datasets.DatasetError, match=r"fer2013\.csv cannot be read: Permission denied"):
        load(place)


def test_a_cache_that_cannot_be_written_costs_only_time(data, tmp_path):
    (tmp_path / "file").write_text("in the way")
    found = load(make.write_csv(data, tmp_path / "fer2013.csv"), cache=tmp_path / "file" / "cache")
    make.assert_is(found, data)
    assert any("cannot be written" in note for note in found.notes)


def test_a_failed_write_leaves_what_was_there(data, tmp_path, monkeypatch):
    place = make.write_csv(data, tmp_path / "fer2013.csv")
    found = load(place)
    file = tmp_path / "mine.npz"
    datasets.save(found, file)
    before = file.read_bytes()

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(dataset_cache.np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        datasets.save(found, file)
    assert file.read_bytes() == before
    assert not list(tmp_path.glob(".writing-*"))


@pytest.mark.parametrize("mapped", [False, True])
def test_a_foreign_npz_is_refused(mapped, tmp_path):
    np.savez(tmp_path / "x.npz", faces=np.zeros(3))
    with pytest.raises(dataset_cache.DamagedFileError, match=r"x\.npz.*Give fer2013\.csv"):
        load(tmp_path / "x.npz", mapped=mapped)


@needs_real
def test_the_published_dataset_loads_in_under_a_second_from_its_cache(tmp_path):
    datasets.save(load(REAL, cache=tmp_path), tmp_path / "mine.npz")
    start = time.process_time()
    load(REAL, cache=tmp_path)
    assert time.process_time() - start < 1
