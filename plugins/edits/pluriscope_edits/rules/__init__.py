"""The rules of editing, one file each, in the order in which pages and documents list them."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.edits.edit import Edit
from pluriscope_edits.rules.deceive import DECEIVE
from pluriscope_edits.rules.fine_tune import FINE_TUNE
from pluriscope_edits.rules.manual import MANUAL
from pluriscope_edits.rules.noise import NOISE
from pluriscope_edits.rules.prune import PRUNE
from pluriscope_edits.rules.quantise import QUANTISE
from pluriscope_edits.rules.rank_one import RANK_ONE
from pluriscope_edits.rules.transplant import TRANSPLANT
from pluriscope_edits.rules.trojan import TROJAN
from pluriscope_edits.rules.unlearn import UNLEARN
from pluriscope_edits.rules.zero import ZERO

RULES: Final[tuple[Edit, ...]] = (
    *(FINE_TUNE, RANK_ONE, UNLEARN, ZERO, NOISE, PRUNE, QUANTISE),
    *(TRANSPLANT, TROJAN, DECEIVE, MANUAL),
)
