"""The tables of the study of trained transformers: circuits at each granularity, and who the induction heads are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from analysis.studies.statistics import share_of, spread_of
from benchmarks.findings.model_circuits import DESIGN, results
from benchmarks.findings.tables import head, number, percent, quartiles, row

GRANULARITIES: Final = {"nodes": "nodes", "heads": "heads", "": "qkv"}
"""Rules as addresses write them, and what they are called."""


def model_circuits_table() -> Iterator[str]:
    """Valid and minimal circuits by task and granularity."""
    yield from head(
        ("task", "parts", "models", "possible", "valid circuits", "fewest parts", "minimal circuits", "exactly one")
    )
    for task in json.loads(DESIGN.read_text())["tasks"]:
        for rules, words in GRANULARITIES.items():
            spaces = spaces_of(task, rules)
            keys = ("valid", "fewest", "minimal")
            valid, fewest, minimal = (quartiles(spread_of([space[key] for space in spaces])) for key in keys)
            if any(space["listed"] < space["valid"] for space in spaces):
                minimal = f"≥ {minimal}"  # of those that are listed; others may be minimal, too
            one = percent(share_of(sum(map(has_one, spaces)), len(spaces)))
            yield row((task, words, len(spaces), f"{spaces[0]['possible']:,}", valid, fewest, minimal, one))


def has_one(space: dict[str, Any]) -> bool:
    """Whether there is exactly one minimal circuit.

    Raises:
        ValueError: one is known, and not all valid circuits were listed.
    """
    if space["minimal"] == 1 and space["listed"] < space["valid"]:
        raise ValueError("whether there is a second minimal circuit is not known")
    return bool(space["minimal"] == 1)


def model_roles_table() -> Iterator[str]:
    """Whether all listed circuits of a model of the induction task have the model's induction heads."""
    yield from head(("parts", "models", "all circuits agree with the model", "mean share of circuits that do"))
    for rules, words in GRANULARITIES.items():
        spaces = spaces_of("induction", rules)
        shares = [space["induction_in_circuits"].get(space["induction"], 0) / space["listed"] for space in spaces]
        agreed = percent(share_of(sum(share == 1.0 for share in shares), len(shares)))
        yield row((words, len(spaces), agreed, f"{100 * sum(shares) / len(shares):.1f}%"))


def model_heads_table() -> Iterator[str]:
    """Which heads are induction heads in the models of the induction task."""
    counts = Counter(space["induction"] for space in spaces_of("induction", ""))
    yield from head(("induction heads", "models"))
    for heads, n in counts.most_common():
        yield row((heads, number(n)))


def spaces_of(task: str, rules: str) -> list[dict[str, Any]]:
    """What was found under some rules in the models of a task that converged."""
    return [
        space
        for one in results()
        if one["task"] == task and one["converged"]
        for space in one["spaces"]
        if space["rules"] == rules
    ]
