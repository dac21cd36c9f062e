"""Checks that stand beside a map.

What it lies on, whether it tells what the model needs, whether methods agree, whether a method looks at the model's
weights at all, and whether the layer of class activation maps keeps places.
"""

from fer_core.face_regions import REGIONS, region_areas, region_shares, regions
from fer_core.saliency_checks.agreement import Agreement, agreement
from fer_core.saliency_checks.faithfulness import Curves, insertion_deletion
from fer_core.saliency_checks.places import KEPT, Places, places
from fer_core.saliency_checks.randomised import THRESHOLD, Outcome, Sanity, sanity, study

__all__ = [
    "KEPT",
    "REGIONS",
    "THRESHOLD",
    "Agreement",
    "Curves",
    "Outcome",
    "Places",
    "Sanity",
    "agreement",
    "insertion_deletion",
    "places",
    "region_areas",
    "region_shares",
    "regions",
    "sanity",
    "study",
]
