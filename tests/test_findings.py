"""`python -m trainers findings`: sentences, tables and figures follow from the stored studies."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict, replace

import pytest

from fer_core import artifacts
from fer_core.average_maps import Group, Study
from fer_core.types import EMOTIONS, Interval
from tests.artifact_cases import make
from tests.test_average_maps import made as mapped
from tests.test_what_if import made as asked
from trainers import findings


def around(value):
    return Interval(value, value - 0.05, value + 0.05)


def studies(root, **flips):
    """An artifact whose labels change so often under each disturbance named."""
    sha256 = artifacts.card("torch-native", root).weights_sha256
    whole = asked(weights_sha256=sha256)
    curves = dict(whole.curves)
    for name, share in flips.items():
        curves[name] = tuple(replace(point, flips=around(share)) for point in curves[name])
    artifacts.save_study("what_if", asdict(replace(whole, curves=curves)), "torch-native", root)
    one = Group(40, 50, 0, None, {"mouth": around(0.3)}, {"mouth": 0.1})
    group = {"right": one, "wrong": replace(one, shares={"mouth": around(0.17)})}
    few = {o: replace(one, n=3, shares={"mouth": around(0.9)}) for o, one in group.items()}
    maps: Study = mapped(weights_sha256=sha256, groups={"fear": group, "disgust": few})
    artifacts.save_study("average_maps", asdict(maps), "torch-native", root)


@pytest.fixture
def root(tmp_path):
    make(tmp_path)
    knows(tmp_path, EMOTIONS)
    return tmp_path


def knows(root, labels):
    card = root / "torch-native" / artifacts.CARD
    card.write_text(json.dumps(json.loads(card.read_text()) | {"labels": labels}))


def test_a_model_of_fewer_labels_is_not_told_of(root):
    studies(root, mirror=0.25)
    assert len(findings.found(root)) == 3
    knows(root, EMOTIONS[2:])
    assert findings.found(root) == []


def test_sentences_are_what_was_measured(root):
    studies(root, mirror=0.25, down=0.4)
    mirror, moved, maps = findings.found(root)
    assert "25 % of a model's labels change" in mirror.sentence
    assert moved.sentence.startswith("Move a face up by 30 % of its frame, and torch-native changes 40 % of its labels")
    assert "within 13.0 points" in maps.sentence  # groups of three faces do not count


def test_a_difference_of_mean_maps_is_held_against_chance_and_against_single_faces(root):
    """What a mean hides: 13 points are 0.81 standard deviations of 40 maps whose mean is known to 5 points."""
    studies(root)
    maps = findings.found(root)[-1]
    assert "in 1 of 1 comparisons the intervals lie apart, where chance alone would part about 0." in maps.measured
    assert "is 0.81 in the middle of the comparisons and 0.81 at most" in maps.measured
    assert "tells whether it is right" not in maps.sentence  # which no study of means has asked


def test_equal_shares_lie_apart_by_chance_in_one_of_two_hundred():
    pair = findings._Pair(around(0.3), around(0.3), 40, 40)
    assert pair.apart_by_chance == pytest.approx(0.00557, abs=1e-5) and pair.effect == 0 and not pair.apart
    assert findings._Pair(Interval(0, 0, 0), Interval(0, 0, 0), 40, 40).effect == 0


def test_the_page_has_every_number_and_a_figure_that_can_be_drawn(root, tmp_path):
    studies(root, mirror=0.25)
    path = tmp_path / "docs" / "findings.md"
    path.parent.mkdir()
    assert findings.write(root, path) and not findings.write(root, path)
    text = path.read_text()
    assert "25.0 % (20.0 to 30.0)" in text and "](finding-mirror.svg)" in text
    drawn = ElementTree.parse(path.with_name("finding-mirror.svg")).getroot()
    bars = [one for one in drawn.iter() if one.tag.endswith("rect")][1:]
    assert len(bars) == 1 and float(bars[0].get("width", 0)) == pytest.approx(420 * 0.25 / 0.3, abs=0.1)


def test_without_studies_there_are_no_findings(root):
    assert findings.found(root) == []
