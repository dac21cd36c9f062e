"""Every kind of damaged data is refused with a message that names file, row and remedy."""

from __future__ import annotations

import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from fer_core import fer2013_members as archives, fer2013_source as source
from fer_core.datasets import load, save
from fer_core.types import EMOTIONS
from tests import fer2013_builder as make

pytest_plugins = ("tests.fer2013_fixtures",)
pytestmark = pytest.mark.usefixtures("own_places")


def _edit(data: make.Sample, tmp_path: Path, old: str, new: str, row: int = 3) -> Path:
    """fer2013.csv with `old` replaced in the header (row -1) or in a row."""
    place = make.write_csv(data, tmp_path / "fer2013.csv")
    lines = place.read_text().split("\n")
    lines[row + 1] = re.sub(old, new, lines[row + 1], count=1)
    place.write_text("\n".join(lines))
    return place


DAMAGE = {
    "column pixels": (r"pixels", "pixls", -1, source.ColumnError, "'pixels'.*Did you mean to call 'pixls' so"),
    "column emotion": (r"emotion", "emotoin", -1, source.ColumnError, "'emotion'.*'emotoin'"),
    "column Usage": (r"Usage", "Usge", -1, source.ColumnError, "'Usage'.*'usge'"),
    "no header": (r"emotion,pixels,Usage", "1,2,3", -1, source.ColumnError, "published files have emotion,pixels"),
    "short row": (r" \d+,T", ",T", 3, source.PixelError, r"row 3, line 5 of the file: expected.*found 2,303.*download"),
    "long row": (r",T", " 7,T", 3, source.PixelError, r"row 3.*found 2,305"),
    "too bright": (r" \d+,T", " 256,T", 3, source.PixelError, r"row 3.*0\.\.255, found 256"),
    "negative": (r" \d+,T", " -1,T", 3, source.PixelError, r"row 3.*found -1"),
    "huge": (r" \d+,T", " 99999999999999999999,T", 3, source.PixelError, r"row 3"),
    "fraction": (r" \d+,T", " 1.5,T", 3, source.PixelError, r"row 3.*whole numbers"),
    "a word": (r" \d+,T", " x,T", 3, source.PixelError, r"row 3.*whole numbers"),
    "no pixels": (r",.*,", ",,", 3, source.PixelError, r"row 3.*found 0"),
    "fields missing": (r",.*", "", 3, source.PixelError, r"row 3.*found 1 fields"),
    "label 7": (r"^\d", "7", 3, source.LabelError, r"row 3, line 5 of the file: Unknown emotion '7'.*0 to 6"),
    "label word": (r"^\d", "hapy", 3, source.LabelError, r"row 3.*Did you mean 'happy'"),
    "contempt": (r"^\d", "contempt", 3, source.LabelError, r"row 3.*none of FER2013's seven"),
    "split": (r"Training", "Trainig", 3, source.LabelError, r"line 5 of the file: Unknown split 'Trainig'.*'Training'"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_csv_is_refused_with_file_row_and_remedy(damage, data, tmp_path):
    old, new, row, error, message = DAMAGE[damage]
    with pytest.raises(error, match=message) as raised:
        load(_edit(data, tmp_path, old, new, row))
    assert "fer2013.csv" in str(raised.value)
    assert not list((tmp_path / "cache").glob("*"))


def test_lines_are_the_files_own_where_blank_ones_are_skipped(data, tmp_path):
    place = _edit(data, tmp_path, r" \d+,T", ",T")
    lines = place.read_text().split("\n")
    place.write_text("\n".join([lines[0], "", lines[1], "", *lines[2:]]))
    with pytest.raises(source.PixelError, match="row 3, line 7 of the file"):
        load(place)


def test_a_csv_that_cannot_be_read_says_where(data, tmp_path):
    place = _edit(data, tmp_path, r",T", f"{' 0' * 70_000},T")
    with pytest.raises(source.FormError, match=r"near line 5 of the file: .*field larger"):
        load(place)


def _without(data: make.Sample, emotion: str, split: int | None = None) -> make.Sample:
    """The sample without an emotion, at all or in one split."""
    gone = (data.labels == EMOTIONS.index(emotion)) & ((data.splits == split) | (split is None))
    return make.Sample(data.faces[~gone], data.labels[~gone], data.splits[~gone], data.votes[~gone])


def test_a_missing_class_is_named(data, tmp_path):
    place = make.write_csv(_without(data, "disgust"), tmp_path / "fer2013.csv")
    for _ in range(2):  # read, and from the cache
        with pytest.raises(source.MissingClassError, match=r'fer2013\.csv.*none of disgust.*labels = "six"'):
            load(place)


def test_data_without_a_class_will_do_where_fewer_are_wanted(data, tmp_path):
    place = make.write_csv(_without(data, "disgust"), tmp_path / "fer2013.csv")
    found = load(place, emotions="six")
    assert len(found) == 36
    assert any(note.startswith("No image is of disgust: only recipes whose label set") for note in found.notes)
    assert len(load(place, emotions=())) == 36
    save(found, tmp_path / "mine.npz")
    assert len(load(tmp_path / "mine.npz")) == 36
    with pytest.raises(source.MissingClassError, match=r"mine\.npz.*none of disgust"):
        load(tmp_path / "mine.npz", emotions=EMOTIONS)
    with pytest.raises(source.MissingClassError, match="none of disgust"):
        load(place)


def test_no_label_set_is_advised_where_none_leaves_the_class_out(data, tmp_path):
    with pytest.raises(source.MissingClassError, match=r"none of happy\. .*Download it again\.$"):
        load(make.write_csv(_without(data, "happy"), tmp_path / "fer2013.csv"))


def test_a_class_that_one_split_lacks_is_a_note_that_names_both(data, tmp_path):
    found = load(make.write_csv(_without(data, "disgust", 2), tmp_path / "fer2013.csv"))
    lacks = [note for note in found.notes if "has no image of" in note]
    assert len(lacks) == 1 and lacks[0].startswith("PrivateTest has no image of disgust: is a folder missing")


def test_a_folder_that_the_test_part_of_a_tree_lacks_is_a_note(data, tmp_path):
    place = make.write_ananthu(data, tmp_path / "tree")
    shutil.rmtree(place / "test" / "disgusted")
    assert any(note.startswith("Test has no image of disgust:") for note in load(place).notes)


@pytest.mark.parametrize(("name", "content"), [("fer2013.csv", b""), ("fer2013.csv", b"emotion,pixels,Usage\n")])
def test_an_empty_file_is_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(source.EmptyDataError, match=r"fer2013\.csv"):
        load(tmp_path / name)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(source.EmptyDataError, match="empty folder"):
        load(make.new(tmp_path / "nothing"))


def test_something_else_is_refused(tmp_path):
    (tmp_path / "notes.md").write_text("hello")
    (tmp_path / "more.md").write_text("hello")
    with pytest.raises(source.FormError, match=r"train/<emotion>/.*found"):
        load(tmp_path)
    (tmp_path / "binary.bin").write_bytes(bytes(range(256)))
    with pytest.raises(source.FormError, match="first bytes"):
        load(tmp_path / "binary.bin")


def test_the_challenges_test_csv_cannot_be_evaluated(data, tmp_path):
    folder = make.write_challenge(data, tmp_path / "challenge")
    with pytest.raises(source.NoLabelsError, match=r"test\.csv.*icml_face_data"):
        load(folder / "test.csv")


def test_a_misspelt_folder_is_named(data, tmp_path):
    place = make.write_msambare(data, tmp_path / "tree")
    (place / "train" / "happy").rename(place / "train" / "hapy")
    with pytest.raises(source.LabelError, match=r"train/hapy.*Did you mean 'happy'"):
        load(place)


def test_emotions_without_train_and_test_are_refused(data, tmp_path):
    place = make.write_ananthu(data, tmp_path / "tree")
    with pytest.raises(source.LabelError, match=r"expected train/angry/"):
        load(place / "train")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_an_unreadable_picture_is_named(content, data, tmp_path):
    place = make.write_msambare(data, tmp_path / "tree")
    next((place / "train" / "sad").iterdir()).write_bytes(content)
    with pytest.raises(source.PictureError, match=r"train/sad/Training_.*cannot be read.*remove"):
        load(place)


def test_a_huge_picture_is_refused(data, tmp_path):
    place = make.write_msambare(data, tmp_path / "tree")
    Image.new("L", (5000, 10)).save(next((place / "train" / "sad").iterdir()))
    with pytest.raises(source.PictureError, match="5000 x 10"):
        load(place)


def test_a_damaged_parquet_is_named(data, tmp_path):
    place = make.write_parquet(data, tmp_path / "f.parquet")
    place.write_bytes(place.read_bytes()[:-50])
    with pytest.raises(source.FormError, match=r"f\.parquet"):
        load(place)


@pytest.mark.parametrize("null", [None, {"bytes": None, "path": "x.png"}])
def test_a_parquet_whose_pixels_are_null_says_that_there_are_none(null, tmp_path):
    pq.write_table(pa.table({"emotion": [0], "pixels": [null], "Usage": ["Training"]}), tmp_path / "f.parquet")
    with pytest.raises(source.PixelError, match=r"f\.parquet, row 0: .*found none: the value is null"):
        load(tmp_path / "f.parquet")


def test_a_parquet_that_tells_no_split_is_refused(data, tmp_path):
    place = make.write_hugging_face(data, tmp_path / "hf")
    (place / "train-00000-of-00001.parquet").rename(place / "data.parquet")
    with pytest.raises(source.LabelError, match="Unknown split 'data'"):
        load(place / "data.parquet")


HOSTILE = ["../fer2013.csv", "/etc/fer2013.csv", "a/../../fer2013.csv", "C:\\fer2013.csv", "..\\fer2013.csv"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_zip_whose_names_lead_out_of_it_is_refused(name, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, "emotion,pixels,Usage\n")
    with pytest.raises(source.ArchiveError, match="leads out"):
        load(tmp_path / "a.zip")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b.csv", ".", "train"]), max_size=3),
    st.sampled_from(["/", "\\"]),
    st.lists(st.sampled_from(["x", "happy"]), max_size=2),
)
def test_no_name_with_dots_gets_through(before, separator, after):
    with pytest.raises(source.ArchiveError):
        archives._check_name(Path("a.zip"), separator.join([*before, "..", *after]))


def test_links_in_archives_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("fer2013.csv")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(source.ArchiveError, match="is a link"):
        load(tmp_path / "a.zip")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("fer2013.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(source.ArchiveError, match="link"):
        load(tmp_path / "a.tar.gz")


@pytest.mark.parametrize(("limit", "value"), [("MAX_BYTES", 50_000), ("MAX_MEMBERS", 3)])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_archives_that_unpack_to_an_absurd_size_are_refused(limit, value, kind, data, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, limit, value)
    place = make.write_msambare(data, tmp_path / "tree")
    if kind == "zip":
        packed = make.zipped(place, tmp_path / "a.zip")
    else:
        packed = tmp_path / "a.tar.gz"
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(place, "tree")
    with pytest.raises(source.ArchiveError, match="expected at most"):
        load(packed)


def test_a_zip_cut_short_or_damaged_says_so(data, tmp_path):
    place = make.zipped_csv(data, tmp_path)
    whole = bytearray(place.read_bytes())
    whole[5000] ^= 255
    place.write_bytes(whole)
    with pytest.raises(source.FormError, match=r"a\.zip.*Download"):
        load(place)
    place.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(source.FormError, match=r"a\.zip.*cut short"):
        load(place)


def test_a_tar_cut_short_says_so(data, tmp_path):
    place = make.tarred(make.write_csv(data, tmp_path / "fer2013.csv"), tmp_path / "a.tar.gz")
    place.write_bytes(place.read_bytes()[:-5000])
    with pytest.raises(source.FormError, match="cannot be unpacked"):
        load(place)


def test_shadow_files_in_archives_are_passed_over(data, tmp_path):
    tree = make.write_msambare(data, tmp_path / "tree")
    (tree / "__MACOSX" / "train" / "happy").mkdir(parents=True)
    (tree / "__MACOSX" / "train" / "happy" / "._x.png").write_bytes(b"junk")
    (tree / "train" / "happy" / "._y.png").write_bytes(b"junk")
    make.assert_is(load(make.zipped(tree, tmp_path / "a.zip")), data)
