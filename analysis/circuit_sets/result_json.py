"""Backbone, chance and the most different pair as result files have them."""

from __future__ import annotations

from typing import Any

from analysis.circuit_sets.backbone import backbone_of, coverage_of, no_backbone_reason
from analysis.circuit_sets.chance import chances
from analysis.circuit_sets.most_different import DifferentPair
from analysis.circuits.result import CircuitSearch
from analysis.protocol import Protocol
from analysis.result_file import exact


def circuit_set_json(search: CircuitSearch, protocol: Protocol, pair: DifferentPair | None) -> dict[str, Any]:
    """What a result file says of the valid circuits as a set.

    Args:
        search: what is known of them.
        protocol: whose space was searched.
        pair: the most different listed circuits; None where fewer than two are listed.

    Returns:
        ``backbone``, ``chance`` and ``most_different``. Each is None where it is not known, and beside it stands the
        reason under the same key with ``_reason`` added; where numbers are not exact, that is said.
    """
    return {**_backbone_json(search), **_chance_json(search, protocol), **_most_different_json(search, pair)}


def _backbone_json(search: CircuitSearch) -> dict[str, Any]:
    coverage = coverage_of(search.method, search.truncated_at)
    backbone = backbone_of(search.distribution, coverage)
    if backbone is None:
        return {"backbone": None, "backbone_reason": no_backbone_reason(coverage, search.n_tested)}
    found: dict[str, Any] = {
        "edges": search.layout.to_hex(backbone.edges),
        "never": search.layout.to_hex(backbone.never),
    }
    if not backbone.exact:
        found |= {"exact": False, "estimated": coverage == "sampled", "of": exact(backbone.of)}
    return {"backbone": found}


def _chance_json(search: CircuitSearch, protocol: Protocol) -> dict[str, Any]:
    known = chances(search, protocol)
    if all(chance.exact for chance in known.values()):
        return {"chance": {str(size): [exact(one.low), exact(one.possible)] for size, one in known.items()}}
    return {
        "chance": None,
        "chance_reason": "how many circuits of each size are valid is not known exactly",
        "chance_intervals": {
            str(size): [[exact(one.low), exact(one.high)], exact(one.possible)] for size, one in known.items()
        },
        "chance_confidence": next((one.confidence for one in known.values() if one.confidence is not None), None),
    }


def _most_different_json(search: CircuitSearch, pair: DifferentPair | None) -> dict[str, Any]:
    if pair is None:
        reason = "no valid circuit is listed" if not len(search.masks) else "only one valid circuit is listed"
        return {"most_different": None, "most_different_reason": reason}
    found: dict[str, Any] = {
        "distance": [pair.distance.numerator, pair.distance.denominator],
        "a": search.layout.to_hex(pair.first),
        "b": search.layout.to_hex(pair.second),
    }
    if not pair.exact or search.truncated_at is not None:
        found |= {"exact": False, "estimated": search.method != "listed", "of": pair.of}
    return {"most_different": found}
