"""What a report holds and refuses, and the tables that pages draw from labels."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_core.answers import NONE
from fer_core.metrics import METRICS, EvaluationReport, confusion, evaluate, label_counts
from fer_core.types import EMOTIONS

LABELS = ("a", "b", "c")
Y = np.array([0, 0, 1, 2])
P = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.2, 0.5, 0.3], [0.5, 0.4, 0.1]])


def test_absent_labels_keep_their_place() -> None:
    report = evaluate([6, 6, 3], [6, 3, 3], EMOTIONS, bootstrap=20)
    assert report.confusion[6, 6] == report.confusion[6, 3] == report.confusion[3, 3] == 1
    assert report.confusion.sum() == 3
    assert report.metrics["macro_f1"].value == pytest.approx((2 / 3 + 2 / 3) / 2)  # the five absent are not in the mean
    assert np.isnan(report.per_class.recall[:3]).all()


def test_bare_labels_leave_out_what_needs_probabilities() -> None:
    bare, full = evaluate(Y, P.argmax(axis=1), LABELS), evaluate(Y, P, LABELS)
    assert set(bare.metrics) == {name for name, metric in METRICS.items() if not metric.needs_probabilities}
    assert {name: full.metrics[name].value for name in bare.metrics} == {k: v.value for k, v in bare.metrics.items()}
    assert np.isnan(bare.per_class.auc).all()
    for name in set(METRICS) - set(bare.metrics):
        with pytest.raises(ValueError, match="expected probabilities"):
            METRICS[name](Y, P.argmax(axis=1))


def test_an_answer_that_is_none_of_the_labels_is_wrong_and_counted() -> None:
    report = evaluate([0, 0, 1, 2], [0, NONE, 1, NONE], LABELS, bootstrap=0)
    assert report.metrics["accuracy"].value == 1 / 2
    np.testing.assert_array_equal(report.outside, [1, 0, 1])
    np.testing.assert_allclose(report.per_class.recall, [1 / 2, 1, 0])
    np.testing.assert_allclose(report.per_class.precision, [1, 1, np.nan])


def test_a_report_survives_json() -> None:
    report = evaluate([0, 0, 1], P[:3], LABELS, bootstrap=30)  # c is absent: some figures are NaN
    text = report.to_json()
    assert "NaN" not in text
    again = EvaluationReport.from_json(text)
    assert (again.n, again.labels, again.metrics) == (report.n, report.labels, report.metrics)
    np.testing.assert_array_equal(again.confusion, report.confusion)
    for name, values in vars(report.per_class).items():
        np.testing.assert_array_equal(getattr(again.per_class, name), values)
    nothing = evaluate(Y, P, LABELS, bootstrap=0)
    assert math.isnan(EvaluationReport.from_json(nothing.to_json()).metrics["accuracy"].low)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "3", '{"n": 1, "labels": [], "metrics": {}, "per_class": {}, "confusion": []}']
)
def test_what_is_not_a_report_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expected an evaluation report"):
        EvaluationReport.from_json(text)
    missing = json.loads(evaluate(Y, P, LABELS, bootstrap=0).to_json())
    del missing["confusion"]
    with pytest.raises(ValueError, match="confusion"):
        EvaluationReport.from_dict(missing)


@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([], np.empty((0, 3)), r"N >= 1, got shape \(0,\)"),
        ([0, 3], P[:2], r"labels in 0\.\.2, got 0\.\.3"),
        ([0, -1], P[:2], r"labels in 0\.\.2, got -1\.\.0"),
        ([0.0, 1.0], P[:2], "integer labels, got dtype float64"),
        (["a", "b"], P[:2], "label_index"),
        ([[0], [1]], P[:2], r"got shape \(2, 1\)"),
        ([0, 1], P, "expected 2 rows, one for each label in y, got 4"),
        ([0, 1], P[:2, :2] / P[:2, :2].sum(axis=1, keepdims=True), "expected 3 columns, one for each label, got 2"),
        ([0, 1], P[:2] * 1.01, "sum to 1, got 1.01 in row 0; apply softmax"),
        ([0, 1], [[0.5, 0.5, 0.0], [np.nan, 0.5, 0.5]], "finite probabilities >= 0, got .* in row 1"),
        ([0, 1], [[1.1, -0.1, 0.0], [1.0, 0.0, 0.0]], "finite probabilities >= 0, got .* in row 0"),
        ([0, 1], [0, 1, 2], "expected 2 labels, one for each in y, got 3"),
        ([0, 1], [0, 3], r"p: expected labels in -1\.\.2, got 0\.\.3"),
        ([0, 1], np.zeros((2, 3, 1)), r"got shape \(2, 3, 1\)"),
    ],
)
def test_bad_input_is_refused_with_a_reason(y: list[int], p: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(y, p, LABELS, bootstrap=10)


def test_a_negative_number_of_resamples_is_refused() -> None:
    with pytest.raises(ValueError, match="bootstrap: expected a number of resamples >= 0"):
        evaluate(Y, P, LABELS, bootstrap=-1)


def test_confusion_in_its_three_forms() -> None:
    a, b = [0, 0, 0, 1, 1, NONE], [0, 0, 1, 1, NONE, 0]
    np.testing.assert_array_equal(confusion(a, b, LABELS), [[2, 1, 0], [0, 1, 0], [0, 0, 0]])
    nan = math.nan
    by_truth = np.array([[2 / 3, 1 / 3, 0], [0, 1, 0], [nan, nan, nan]])
    by_prediction = np.array([[1, 1 / 2, nan], [0, 1 / 2, nan], [0, 0, nan]])
    np.testing.assert_allclose(confusion(a, b, LABELS, "by truth"), by_truth)
    np.testing.assert_allclose(confusion(a, b, LABELS, "by prediction"), by_prediction)
    np.testing.assert_array_equal(confusion([], [], LABELS), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="Did you mean 'by truth'"):
        confusion(a, b, LABELS, "by thruth")
    with pytest.raises(ValueError, match="expected 6 labels, one for each in y_a, got 2"):
        confusion(a, b[:2], LABELS)


def test_label_counts() -> None:
    np.testing.assert_array_equal(label_counts([2, 0, 2, NONE], 4), [1, 0, 2, 0])
    np.testing.assert_array_equal(label_counts([], 3), [0, 0, 0])
    with pytest.raises(ValueError, match=r"predicted: expected labels in -1\.\.2, got 0\.\.3"):
        label_counts([0, 3], 3)


def test_the_evaluation_layer_loads_numpy_alone() -> None:
    """Pages import this layer before they draw anything: frameworks and slow libraries wait until they are used."""
    modules = ("metrics", "curves", "calibration", "comparison", "crowd")
    heavy = ("torch", "tensorflow", "keras", "streamlit", "plotly", "sklearn", "scipy", "statsmodels", "pandas")
    code = f"import sys, {', '.join(f'fer_core.{m}' for m in modules)}; print([m for m in {heavy} if m in sys.modules])"
    root = Path(__file__).parents[1]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert found.stdout.strip() == "[]"
