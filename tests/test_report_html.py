"""The report's table keeps every answer under the model that gave it."""

import base64
import re
from html.parser import HTMLParser
from io import BytesIO

from collection_cases import add, answer, card, certain, collection, picture, reads
from PIL import Image

from fer_core import collection_edit as edit
from fer_core.collection import Collection
from fer_core.detection import CropRule, DetectionOptions
from fer_core.photo_sources import Input
from fer_core.report_html import report_html


class _Tables(HTMLParser):
    """Every table's rows as lists of their cells' texts."""

    def __init__(self):
        super().__init__()
        self.tables, self.open = [], False

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.open = True

    def handle_endtag(self, tag):
        self.open = self.open and tag not in ("td", "th")

    def handle_data(self, data):
        if self.open:
            self.tables[-1][-1][-1] += data


def _tables(made, ids):
    page = _Tables()
    page.feed(report_html(made, ids, photos=False).decode())
    return page.tables


def test_a_model_that_was_not_asked_about_a_face_leaves_an_empty_cell():
    made = answer(collection(("a.png",)), card("model-a"), certain("happy"))
    made = add(made, [Input("b.png", picture(1))], reads())
    made = answer(made, card("model-b", weights="b" * 64), certain("sad"))
    head, *rows = _tables(made, ["model-a", "model-b"])[0]
    assert head[4:] == ["Model-A", "Model-B"]
    assert [[cell.split(" ")[0] for cell in row[4:]] for row in rows] == [["happy", "sad"]] * 3 + [["", "sad"]] * 3


def test_a_face_that_is_higher_than_wide_keeps_its_shape():
    tight = add(Collection(options=DetectionOptions(crop=CropRule(1.0, "tight"))), [Input("a.png", picture())], reads())
    height, width = tight.faces[0].face.crop.shape[:2]
    (found, *_) = re.findall(
        rb'src="data:image/jpeg;base64,([^"]+)"[^>]*alt="Face', report_html(tight, [], photos=False)
    )
    with Image.open(BytesIO(base64.b64decode(found))) as shown:
        assert width < height and shown.size == (round(96 * width / height), 96)
    assert not re.search(rb'width="\d+"[^>]*alt="Face', report_html(tight, [], photos=False))


def test_the_interval_of_few_faces_is_wilsons_as_on_the_page():
    """Of three faces read right the bootstrap has 100 to 100 %: every sample of three right ones is right."""
    made = answer(collection(("a.png",)), card("model-a"), certain("happy"))
    made = edit.label(made, {face.key: "happy" for face in made.faces})
    assert _tables(made, ["model-a"])[0][1] == ["Model-A", "3", "100.0%", "43.9% to 100.0%", "1.000"]


def test_models_of_one_title_are_told_apart_by_their_ids():
    made = answer(collection(("a.png",)), card("model-a"), certain("happy"))
    for id in ("MODEL-A", "model-c"):
        made = answer(made, card(id, weights="b" * 64), certain("sad"))
    made = edit.label(made, {made.faces[0].key: "happy"})
    tables = _tables(made, ["model-a", "MODEL-A", "model-c"])
    told = ["Model-A (model-a)", "Model-A (MODEL-A)", "Model-C"]
    assert [row[0] for row in tables[0][1:]] == told
    assert tables[-2][0][4:] == told
