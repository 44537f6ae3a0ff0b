"""``python -m benchmarks.findings.model_circuits``: how many circuits trained transformers have, by granularity.

What is trained and asked stands in ``app/bundled/findings/one-induction-circuit.design.json``, what is found beside it,
a line for each model. A run continues where an earlier one was ended. Its tables are made by
:mod:`benchmarks.findings.model_table`.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.models.attention import ATTENTION, AttentionModel
from analysis.models.attention_tasks import task_named
from analysis.models.attention_training import AttentionSpec, train_attention
from analysis.models.circuits import find_circuits, mask_bits
from analysis.models.judging import NOT_ASKED, roles_told
from benchmarks.findings.model_studies import design_file, results_file

STUDY: Final = "one-induction-circuit"
DESIGN: Final = Path(str(design_file(STUDY)))
RESULTS: Final = Path(str(results_file(STUDY)))


def main() -> int:
    """Train what the design names, find circuits, and write a line for each that is not there yet."""
    design = json.loads(DESIGN.read_text())
    known = {(one["task"], one["seed"]) for one in results()}
    for task in design["tasks"]:
        for seed in design["seeds"]:
            if (task, seed) in known:
                continue
            sizes = {key: design[key] for key in ("layers", "heads", "d_model", "d_head")}
            outcome = train_attention(AttentionSpec(task_named(task), seed=seed, **sizes))
            told: dict[str, Any] = {"task": task, "seed": seed, "converged": outcome.converged, "spaces": []}
            if outcome.converged and outcome.model is not None:
                told["digest"] = outcome.model.digest
                told["spaces"] = [found(outcome.model, rules, design["listed"]) for rules in design["rules"]]
            with RESULTS.open("a") as file:
                file.write(json.dumps(told, sort_keys=True) + "\n")
            sys.stderr.write(f"{task} {seed}: {[space['valid'] for space in told['spaces']]}\n")
    return 0


def results() -> list[dict[str, Any]]:
    """What was found so far, in the order of the file."""
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def found(model: AttentionModel, text: str, listed: int) -> dict[str, Any]:
    """What a search under some rules found of one model.

    Args:
        model: a trained one.
        text: rules as addresses write them.
        listed: most circuits that are looked at one by one, those with the fewest edges; all are counted.
    """
    rules = ATTENTION.rules(text)
    start = time.process_time()
    circuits, space = find_circuits(model, rules, limit=listed), model.space(rules)
    whole = space.reduce(np.ones((1, space.graph.n_bits), dtype=np.bool_))
    masks = np.concatenate([whole, *(mask_bits(space, one.mask)[None] for one in circuits.circuits)])
    in_whole, *in_circuits = (told.get("induction", NOT_ASKED) for told in roles_told(ATTENTION, space, masks))
    return {
        "rules": text,
        "possible": circuits.possible,
        "valid": circuits.valid,
        "listed": len(circuits.circuits),
        "fewest": min(circuits.by_bits, default=None),
        "minimal": sum(bool(one.minimal) for one in circuits.circuits),
        "induction": in_whole,
        "induction_in_circuits": dict(Counter(in_circuits).most_common()),
        "seconds": round(time.process_time() - start, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
