"""Measures of before: studies that have them open with their values, and none is taken of another network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from analysis.studies.measures.measure import Kind, Measure, Measured

GONE: Final = "is not measured any more"
_KEYS: Final[Mapping[Kind, str]] = {
    "count": "functions-most alignments-valid-over-layers alignments-minimal-over-layers held-out-classes "
    "held-out-aligned-alignments rung-single rung-sets rung-integer rung-integer-any rung-orthogonal rung-oblique "
    "aligned-valid aligned-mediating aligned-leaving aligned-joint aligned-clean aligned-zero aligned-interval "
    "aligned-thirty aligned-many algorithms-irredundant alignments-minimal-irredundant",
    "yes-no": "one-irredundant-algorithm one-irredundant-alignment",
    "number": "functions-per-neuron interpretations-first-1 interpretations-first-5 interpretations-first-10 "
    "interpretations-first-15 interpretations-first-20 interpretations-first-30 sae-explained",
    "share": "held-out-random held-out-fitted held-out-shortest held-out-short-fitted held-out-resample held-out-best "
    "held-out-unchanged held-out-aligned-random held-out-aligned-fitted held-out-aligned-shortest "
    "held-out-aligned-short-fitted held-out-aligned-minimal held-out-aligned-irredundant held-out-aligned-margin "
    "held-out-aligned-largest held-out-aligned-best held-out-aligned-unchanged sae-alice sae-bob sae-alice-written "
    "sae-bob-written sae-single sae-found-again-6 sae-found-again-3",
    "category": "told-probes told-used told-sae told-sae-written told-das",
    "set": "probed-formulas used-formulas circuit-patterns alignment-patterns",
}


def _retired(key: str, kind: Kind) -> Measure:
    told = f"This measure {GONE}: its values are those of an earlier version."
    return Measure(key, key.replace("-", " "), told, kind, lambda _: Measured(None, note=GONE))


RETIRED: Final[Mapping[str, Measure]] = {
    key: _retired(key, kind) for kind, keys in _KEYS.items() for key in keys.split()
}
