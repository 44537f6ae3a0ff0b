"""Files of what was found of a live space, to be shown where the model is not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.errors import writing
from pluriscope_live.record import FORMAT, read_record

MOST: Final = 200
"""Circuits of a file."""
MOST_RUNS: Final = 20_000
"""Runs up to which each unit of each circuit is ablated, by which circuits are distinguished."""


def save(found: Any, file: str | Path, *, name: str = "", rows: Sequence[str] = ()) -> Path:
    """Write what was found as a file that the dashboard takes in, of all circuits the minimal ones, at most 200; model
    and rows stay here.

    Args:
        file: where to.
        name: what to call it; the model's if "".
        rows: names of the rows, in order; "row 1", … without.
    """
    space, is_list = found.space, hasattr(found, "minimal")
    circuits = list(islice(found.minimal if is_list else found.found, MOST))
    ways = {} if is_list else {one.circuit: one.label or one.way for one in found.attempts}
    bits = np.array([one.bits for one in circuits])
    wrong, without = _wrong(space, bits), _without(space, bits)
    entries = [
        {
            "mask": f"{one.number:x}",
            "label": ways.get(one.number, "")[:80],
            "score": one.faithfulness,
            "least_gap": float(one.verdict.least_gap[0]),
            "held_out": one.held_out,
            "complement": float(one.complement.score[0]),
            "spare": list(one.spare),
            "wrong": wrong[number],
            "without": without[number],
        }
        for number, one in enumerate(circuits)
    ]
    record: dict[str, Any] = {"format": FORMAT, "name": name or space.name, "model": space.name, "circuits": entries}
    record |= {"digest_of_model": space.digest, "units": list(space.units), "without": without[-1]}
    record |= {"rules": str(space.protocol), "protocol": space.protocol.document}
    record |= {"doubt": space.doubt} if space.doubt else {}
    record |= {"n_rows": len(space.rows), "rows": list(rows)}
    record |= {"whole_score": float(space.whole.score[0]), "empty_score": float(space.empty.score[0])}
    if is_list:
        record |= {"tested": found.tested, "valid": len(found.numbers), "minimal": len(found.minimal)}
        record["kept"] = [unit for unit, n in found.use.items() if n == len(found.numbers)]
    else:
        record |= {"searches": len(found.attempts), "runs": found.runs, "kept": list(found.kept_by_all)}
        record["trust"] = [dict(one) for one in found.trust]
    read_record(record)  # what the dashboard would refuse is refused here
    with writing(path := Path(file)):
        path.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return path


def _without(space: Any, bits: NDArray[np.bool_]) -> list[dict[str, str]]:
    """By unit the rows decided wrong without it: of each circuit, and of the whole model for all units of any."""
    whole = [*bits, np.ones(space.n_units, dtype=np.bool_)]
    each = [np.flatnonzero(one) for one in (*bits, bits.any(0))]
    if sum(map(len, each)) > MOST_RUNS:
        return [{} for _ in each]
    masks = [one & (np.arange(space.n_units) != unit) for one, units in zip(whole, each, strict=True) for unit in units]
    wrong = iter(_wrong(space, np.array(masks)))
    return [{space.units[unit]: next(wrong) for unit in units} for units in each]


def _wrong(space: Any, masks: NDArray[np.bool_]) -> list[str]:
    """The rows that circuits decide wrong, row 0 the lowest bit."""
    wrong = [one for _, _, logits in space.batches(masks, "rows") for one in (space.gaps(logits) <= 0).cpu().numpy()]
    return [f"{sum(1 << int(row) for row in np.flatnonzero(one)):x}" for one in wrong]
