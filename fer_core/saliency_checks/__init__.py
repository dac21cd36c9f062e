"""Checks that stand beside a map.

What it lies on, whether it tells what the model needs, whether methods agree, and whether a method looks at the model's
weights at all.
"""

from fer_core.face_regions import REGIONS, region_areas, region_shares, regions
from fer_core.saliency_checks.agreement import Agreement, agreement
from fer_core.saliency_checks.faithfulness import Curves, insertion_deletion
from fer_core.saliency_checks.randomised import THRESHOLD, Outcome, Sanity, sanity, study

__all__ = [
    "REGIONS",
    "THRESHOLD",
    "Agreement",
    "Curves",
    "Outcome",
    "Sanity",
    "agreement",
    "insertion_deletion",
    "region_areas",
    "region_shares",
    "regions",
    "sanity",
    "study",
]
