"""Vocabulary for practice data, from ``vocabulary.json``.

All names in it are invented; none is meant to be a real company or product.
"""

import json
from pathlib import Path
from typing import Any

_vocabulary: dict[str, Any] = json.loads(
    Path(__file__).with_name("vocabulary.json").read_text("utf-8")
)

Words = list[str]

BRAND_FIRST: Words = _vocabulary["brand_first"]
BRAND_LOCAL: Words = _vocabulary["brand_local"]
AGENCY_FIRST: Words = _vocabulary["agency_first"]
AGENCY_SECOND: Words = _vocabulary["agency_second"]
# What a brand's name ends in, and what such a brand advertises.
TRADES: dict[str, Words] = _vocabulary["trades"]
PRODUCTS: Words = _vocabulary["products"]
SEASONS: Words = _vocabulary["seasons"]
PLACEMENTS: Words = _vocabulary["placements"]
TITLES: Words = _vocabulary["titles"]
TITLES_LOCAL: Words = _vocabulary["titles_local"]
REMARKS: Words = _vocabulary["remarks"]
CATEGORIES: Words = _vocabulary["categories"]
STREETS: Words = _vocabulary["streets"]
CITIES: list[Words] = _vocabulary["cities"]
