"""Checks that stand beside a map: what it lies on, whether it tells what the model needs, whether methods agree."""

from fer_core.face_regions import REGIONS, region_areas, region_shares, regions

__all__ = ["REGIONS", "region_areas", "region_shares", "regions"]
