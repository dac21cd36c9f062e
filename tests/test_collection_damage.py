"""A saved collection that is damaged, hostile or newer is refused with a reason."""

import zipfile
from io import BytesIO
from typing import Annotated

import hypothesis.strategies as st
import pytest
from collection_cases import jpeg, picture, png_of, rezipped, with_manifest, worked_collection
from hypothesis import given, settings
from pydantic import TypeAdapter

from fer_core import artifacts, collection_file, collection_schema as schema
from fer_core.collection import Collection, CollectionError
from fer_core.collection_file import from_bytes, to_bytes
from fer_core.unpacking import MANIFEST


@pytest.fixture(scope="module")
def worked() -> Collection:
    """Two photos, two models, with every kind of correction."""
    return worked_collection()


def _set(*path, to):
    def change(content):
        for step in path[:-1]:
            content = content[step]
        content[path[-1]] = to

    return change


DAMAGED_MANIFESTS = {
    "newer": (_set("version", to=schema.VERSION + 1), "newer version"),
    "other format": (_set("format", to="something"), "choose another file"),
    "NaN box": (_set("photos", 0, "found", 0, "box", to=[float("nan"), 0, 1, 1]), "finite number"),
    "infinite place": (_set("photos", 0, "places", 0, to=[0, 0, 1, float("inf")]), "finite number"),
    "place beyond the photo": (_set("photos", 0, "places", 0, to=[-1e308, 0, 1e308, 9]), "do not fit"),
    "empty box": (_set("photos", 0, "found", 0, "box", to=[9.0, 9.0, 9.0, 9.0]), "does not fit"),
    "box beyond the photo": (_set("photos", 0, "found", 0, "box", to=[-1e9, -1e9, 1e9, 1e9]), "does not fit"),
    "box of no pixel": (_set("photos", 0, "found", 0, "box", to=[9.0, 9.0, 9.5, 9.5]), "does not fit"),
    "landmarks far away": (_set("photos", 0, "found", 0, "landmarks", to=[[1e30, 0.0]] * 5), "does not fit"),
    "number twice": (_set("photos", 0, "number", to=2), "one name"),
    "text for a number": (_set("photos", 0, "width", to="200"), "valid integer"),
    "surplus field": (_set("photos", 0, "path", to="/etc/passwd"), "Extra inputs"),
    "missing field": (lambda content: content.pop("ledger"), "ledger"),
    "unknown emotion": (_set("photos", 0, "label", to="hungry"), "label"),
    "path for a key": (_set("photos", 0, "found", 0, "key", to="../../x-1"), "pattern"),
    "another photo's key": (_set("photos", 0, "found", 0, "key", to="0" * 16 + "-1"), "missing"),
    "key twice": (lambda c: c["photos"][0]["found"].append(c["photos"][0]["found"][0]), "one name"),
    "share above one": (lambda c: c["answers"][0].update(probabilities={"0" * 64: [7.0] * 7}), "probabilities"),
    "sum of two": (lambda c: c["answers"][0].update(probabilities={"0" * 64: [2 / 7] * 7}), "one share a label"),
    "labels out of order": (lambda c: c["answers"][0]["labels"].reverse(), "one share a label"),
    "wild options": (_set("options", "minimum_face", to=-5), "minimum face"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED_MANIFESTS)
def test_a_damaged_manifest_is_refused(worked, name):
    change, said = DAMAGED_MANIFESTS[name]
    with pytest.raises(CollectionError, match=said):
        from_bytes(with_manifest(to_bytes(worked), change))


def _drop_crop(members):
    return [pair for pair in members if not pair[0].startswith("crops/")]


DAMAGED_MEMBERS = {
    "no manifest": (lambda members: members[1:], "no collection.json"),
    "missing crops": (_drop_crop, "is missing"),
    "path trick": (lambda members: [*members, ("../../.bashrc", b"x")], "no part of a collection"),
    "absolute path": (lambda members: [*members, ("/etc/cron.d/x", b"x")], "no part of a collection"),
    "member twice": (lambda members: [*members, members[-1]], "there twice"),
    "crop is text": (lambda m: [(n, b"text" if n.endswith(".png") else d) for n, d in m], "RGB PNG"),
    "crop is a bomb": (lambda m: [(n, png_of(50_000, 50_000) if n.endswith(".png") else d) for n, d in m], "RGB PNG"),
    "crop is torn": (lambda m: [(n, d[:60] if n.endswith(".png") else d) for n, d in m], "RGB PNG"),
    "manifest is no JSON": (lambda members: [(MANIFEST, b"{"), *members[1:]], "damaged"),
    "manifest is deep": (lambda members: [(MANIFEST, b"[" * 200_000), *members[1:]], "damaged"),
    "manifest is a list": (lambda members: [(MANIFEST, b"[]"), *members[1:]], "damaged"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", DAMAGED_MEMBERS)
def test_damaged_members_are_refused(worked, name):
    change, said = DAMAGED_MEMBERS[name]
    with pytest.raises(CollectionError, match=said):
        from_bytes(rezipped(to_bytes(worked), change))


def test_a_member_damaged_inside_is_named_whatever_packed_it(worked):
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(to_bytes(worked))) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        at = new.getinfo(MANIFEST).header_offset + len(MANIFEST) + 60
    data = bytearray(buffer.getvalue())
    data[at : at + 40] = bytes(40)
    with pytest.raises(CollectionError, match=rf"{MANIFEST} cannot be unpacked"):
        from_bytes(bytes(data))


def test_other_pictures_than_promised_are_refused(worked):
    data = to_bytes(worked, originals=True)
    for folder, said in (("originals/", "not the photo"), ("previews/", "another size")):
        small = jpeg(picture(9, size=(30, 30)))
        with pytest.raises(CollectionError, match=said):
            from_bytes(rezipped(data, lambda m, f=folder, s=small: [(n, s if n.startswith(f) else d) for n, d in m]))


def test_a_bomb_and_a_crowd_are_refused_before_anything_is_unpacked(worked):
    crowd = rezipped(to_bytes(worked), lambda members: [*members, *((f"crops/{i}.png", b"") for i in range(100_000))])
    with pytest.raises(CollectionError, match=r"holds 100,0\d\d files"):
        from_bytes(crowd)


def test_a_manifest_that_swells_is_refused(worked, monkeypatch):
    monkeypatch.setattr(collection_file, "MAX_MANIFEST", 1_000_000)
    bomb = rezipped(to_bytes(worked), lambda members: [(MANIFEST, b" " * 5_000_000), *members[1:]])
    assert len(bomb) < 300_000
    with pytest.raises(CollectionError, match="more than 1 MB"):
        from_bytes(bomb)


def test_crops_that_take_too_much_memory_are_refused(worked, monkeypatch):
    monkeypatch.setattr(collection_file, "MAX_CROPS", 1000)
    with pytest.raises(CollectionError, match="crops take more"):
        from_bytes(to_bytes(worked))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_damage_is_an_error_in_words_or_harmless(worked, data):
    whole = bytearray(to_bytes(worked))
    if data.draw(st.booleans()):
        whole = whole[: data.draw(st.integers(0, len(whole)))]
    for _ in range(data.draw(st.integers(0, 8))):
        if whole:
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = from_bytes(bytes(whole))
    except CollectionError as error:
        assert len(str(error)) > 20
    else:
        assert [f.key for f in found.faces] == [f.key for f in worked.faces]


BEACON = "![x](https://elsewhere.example/t.png)"


def test_a_models_title_from_elsewhere_is_no_markup(worked):
    made = from_bytes(with_manifest(to_bytes(worked), _set("answers", 0, "title", to=f"A{BEACON}`<b>")))
    assert [one.title for one in made.answers.values()] == ["A!x(https://elsewhere.example/t.png)b", "Model-B"]


@pytest.mark.parametrize("id", ['=HYPERLINK("https://elsewhere.example","x")', "+1", "-1", "@a", "", "a\nb", BEACON])
def test_a_models_id_is_never_a_formula(worked, id):
    with pytest.raises(CollectionError, match="answers"):
        from_bytes(with_manifest(to_bytes(worked), _set("answers", 0, "id", to=id)))


def test_every_artifact_has_an_id_that_can_be_saved():
    pattern = schema.AnswersPart.model_fields["id"].metadata
    for id in artifacts.ids():
        TypeAdapter(Annotated[str, *pattern]).validate_python(id)
