"""Result files of models of any kind: `pluriscope-result/1` with circuits alone.

The outer format is that of networks (:mod:`analysis.result_file`). There is one output; interpretations and algorithms
are left out, since they are not looked for, and an empty list would say that there are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from analysis import ENGINE_VERSION
from analysis.circuit_sets.masks import MasksFound
from analysis.digest import canonical_json, sha256_hex
from analysis.result_file import RESULT_FORMAT, exact
from analysis.subjects.subject import Rules, Space, Subject, SubjectKind

_OUTPUT: Final = 0


def model_result_json(
    kind: SubjectKind,
    model: Subject,
    rules: Rules,
    found: MasksFound | None,
    *,
    masks: bool = True,
    seconds: float = 0.0,
    refusal: str = "",
) -> dict[str, Any]:
    """What was found of the circuits of a model, as JSON values.

    Args:
        rules: that circuits were searched under.
        found: None if there are too many circuits to search.
        masks: whether to list the masks of valid circuits.
        seconds: that the search took.
        refusal: why it was not made; "" if it was.
    """
    space = model.space(rules)
    missing = missing_of_model(space, found, refusal)
    document: dict[str, Any] = {
        "format": RESULT_FORMAT,
        "network": model.digest,
        "protocol": kind.protocol(rules).document,
        "data": {
            "digest": task_digest(model),
            "clean": True,
            "description": "the rows of the task",
            "validation_rows": len(model.rows),
        },
        "engine": ENGINE_VERSION,
        "seconds": {"circuits": round(seconds, 6)},
        "exhaustive": not missing,
        "outputs": [
            {"output": _OUTPUT, "task": dict(model.task_document), "circuits": _circuits_json(space, found, masks)}
        ],
    }
    return document | ({"missing": missing} if missing else {})


def task_digest(model: Subject) -> str:
    """SHA-256 of a model's task without its name, as sorted-key JSON."""
    return sha256_hex(canonical_json({key: value for key, value in model.task_document.items() if key != "name"}))


def missing_of_model(space: Space, found: MasksFound | None, refusal: str = "") -> list[str]:
    """One sentence if not every valid circuit was listed; none otherwise.

    Args:
        found: None if it was not searched.
        refusal: why not.
    """
    where = f"output {_OUTPUT}"
    if found is None:
        return [f"{where}: {space.possible:,} circuits are possible, none was tested: {refusal}"]
    if not found.exhaustive:
        return [
            f"{where}: {found.valid:,} valid circuits were found among {found.tested:,} of {found.possible:,} possible "
            "ones; time or memory ended before the others were tested"
        ]
    if not found.complete:
        return [
            f"{where}: {found.valid:,} circuits are valid, counted exactly; the {len(found.masks):,} with the fewest "
            f"{space.graph.cut} are listed"
        ]
    return []


def _circuits_json(space: Space, found: MasksFound | None, masks: bool) -> dict[str, Any]:
    graph = space.graph
    told: dict[str, Any] = {"possible": exact(space.possible), "masks_possible": exact(1 << graph.n_bits)}
    if found is None:
        return told | {
            "valid": None,
            "exhaustive": False,
            "truncated_at": 0,
            "method": "none",
            "listed": 0,
            "tested": 0,
        }
    told |= {"valid": exact(found.valid)}
    told |= {
        "exhaustive": found.complete,
        "truncated_at": None if found.complete else len(found.masks),
        "method": "listed" if found.complete or not found.exhaustive else "counted",
        "listed": len(found.masks),
        "tested": exact(found.tested),
        "distribution": _distribution_json(found),
    }
    if masks:
        told["masks"] = [graph.to_hex(mask) for mask in found.masks.tolist()]
        if not found.complete and len(found.drawn):  # none of what is stored
            told["drawn"] = [graph.to_hex(mask) for mask in found.drawn.tolist()]
    return told


def _distribution_json(found: MasksFound) -> Mapping[str, Any]:
    return {
        "of": exact(found.valid),
        "by_edges": {str(bits): exact(count) for bits, count in found.by_bits.items()},
        "edge_use": [exact(count) for count in found.bit_use],
    }
