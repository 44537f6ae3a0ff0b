"""Stories as they stand in result files."""

from __future__ import annotations

from typing import Any

from analysis.circuits.result import CircuitSearch
from analysis.result_file import exact
from analysis.stories.relation import RELATIONS
from analysis.stories.search import CONFIDENCE, Stories, Unasked


def stories_json(found: Stories | Unasked, circuits: CircuitSearch, *, masks: bool = True) -> dict[str, Any]:
    """What the circuits of one output carry.

    Args:
        found: asked of the listed circuits.
        circuits: the search that listed them.
        masks: whether to name each circuit with its relation.
    """
    if isinstance(found, Unasked):
        state = "undecided" if found.arises else "not_applicable"
        return {"of": exact(circuits.n_valid), **dict.fromkeys(RELATIONS), state: True, "reason": found.reason}
    undrawn = () if circuits.smallest is None else circuits.smallest.undrawn
    told = found.of_draws(circuits.method, circuits.truncated_at is not None, undrawn, circuits.n_valid)
    uniform = circuits.method != "listed" or circuits.truncated_at is None
    document: dict[str, Any] = {"of": told.n_asked, **{relation: told.counts[relation] for relation in RELATIONS}}
    if told.sampled or circuits.truncated_at is not None:
        document["exact"] = False
    if told.sampled and uniform:
        document["estimated"] = True
        document["valid"] = exact(circuits.n_valid)
        document["confidence"] = CONFIDENCE
        ends = {relation: told.interval(relation) for relation in RELATIONS}
        document["interval"] = {relation: [float(low), float(high)] for relation, (low, high) in ends.items()}
    document["algorithms"] = [{"id": one.id, "formula": one.formula} for one in told.algorithms]
    document["network"] = [told.algorithms[number].id for number in sorted(told.whole)]
    document["by_edges"] = {str(edges): dict(row) for edges, row in told.by_edges.items()}
    if masks:
        texts = map(circuits.layout.to_hex, found.masks.tolist())
        document["by_circuit"] = {mask: RELATIONS[code] for mask, code in zip(texts, found.codes.tolist(), strict=True)}
    return document
