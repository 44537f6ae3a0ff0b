"""The tables of the study of trained transformers: circuits at each granularity, and who the induction heads are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from analysis.studies.statistics import share_of, spread_of
from benchmarks.findings.model_circuits import STUDY
from benchmarks.findings.model_studies import SpaceFound, model_study
from benchmarks.findings.tables import head, number, percent, quartiles, row

GRANULARITIES: Final = {"nodes": "nodes", "heads": "heads", "": "qkv"}
"""Rules as addresses write them, and what they are called."""


def model_circuits_table() -> Iterator[str]:
    """Valid and minimal circuits by task and granularity."""
    yield from head(
        ("task", "parts", "models", "possible", "valid circuits", "fewest parts", "minimal circuits", "exactly one")
    )
    for task in model_study(STUDY).design.tasks:
        for rules, words in GRANULARITIES.items():
            spaces = spaces_of(task, rules)
            valid, minimal = (
                quartiles(spread_of(values))
                for values in ([one.valid for one in spaces], [one.minimal for one in spaces])
            )
            fewest = quartiles(spread_of([one.fewest for one in spaces if one.fewest is not None]))
            if not all(one.complete for one in spaces):
                minimal = f"≥ {minimal}"  # of those that are listed; others may be minimal, too
            share = percent(share_of(sum(one.has_one for one in spaces), len(spaces)))
            yield row((task, words, len(spaces), f"{spaces[0].possible:,}", valid, fewest, minimal, share))


def model_roles_table() -> Iterator[str]:
    """Whether all listed circuits of a model of the induction task have the model's induction heads."""
    yield from head(("parts", "models", "all circuits agree with the model", "mean share of circuits that do"))
    for rules, words in GRANULARITIES.items():
        spaces = spaces_of("induction", rules)
        shares = [one.induction_in_circuits.get(one.induction, 0) / one.listed for one in spaces]
        agreed = percent(share_of(sum(share == 1.0 for share in shares), len(shares)))
        yield row((words, len(spaces), agreed, f"{100 * sum(shares) / len(shares):.1f}%"))


def model_heads_table() -> Iterator[str]:
    """Which heads are induction heads in the models of the induction task."""
    counts = Counter(one.induction for one in spaces_of("induction", ""))
    yield from head(("induction heads", "models"))
    for heads, n in counts.most_common():
        yield row((heads, number(n)))


def spaces_of(task: str, rules: str) -> list[SpaceFound]:
    """What was found under some rules in the models of a task that converged."""
    return [space for _, space in model_study(STUDY).spaces(task, rules)]
