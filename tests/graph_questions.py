"""Questions about small networks of each graph and grain, with the population of their valid circuits as criteria judge
them and every valid circuit by plain runs.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.app.bundled import bundled_models

TWIN: Final = "twin-shifted-classifier"
GRAPHS: Final = (
    (TWIN, "complete"),  # by neurons
    (TWIN, "last-edges"),
    ("parity-3-elman", "complete"),
    ("parity-3-elman", "neurons-mean"),
    ("bars-4x4-conv", "complete"),
    ("bars-4x4-conv", "channels-mean"),
    ("majority-5-attention", "complete"),
    ("majority-5-attention", "heads-mean"),
    ("majority-5-attention", "nodes"),
)
"""Bundled networks with the rules of a grain."""


@cache
def asked(slug: str, rules: str) -> GraphQuestion:
    """The question about a network by some rules."""
    golden = Path(__file__).parent / "golden" / "one-machine" / f"{slug}.json"
    found: GraphQuestion = question_in(golden.read_bytes() if slug == TWIN else bundled_models()[slug], rules)
    return found


@cache
def every_valid(slug: str, rules: str) -> frozenset[int]:
    """The valid circuits, by a run of every mask that is one."""
    question = asked(slug, rules)
    space, graph, answers = question.space, question.graph, question.subject.answers
    masks = graph.bits(range(graph.cut == "edges", 1 << graph.n_bits))
    masks = masks[(space.reduce(masks) == masks).all(axis=1)]
    others = np.arange(len(question.subject.outputs)) != answers[:, None]
    found = set[int]()
    for some in np.array_split(masks, max(1, len(masks) // 1_000)):
        outputs = space.run(some)
        wanted = outputs[:, np.arange(len(answers)), answers]
        right = wanted > np.where(others, outputs, -np.inf).max(axis=2)
        found |= {graph.number(mask) for mask, row in zip(some, right, strict=True) if row.mean() > 0.99}
    return frozenset(found)


def population(slug: str, rules: str) -> Any:
    """All valid circuits, those with the fewest bits first."""
    question = asked(slug, rules)
    found = question.kind.explaining.search(question, DEFAULT_WORK)
    masks = sorted(map(int, found.masks), key=lambda mask: (mask.bit_count(), mask))
    return question.kind.explaining.population(question, found, masks)


def outcomes(criterion: Criterion, slug: str, rules: str) -> dict[int, str]:
    """The outcome of a criterion for each valid circuit."""
    some = population(slug, rules)
    verdicts, graph = criterion.judge(some), asked(slug, rules).graph
    return {graph.number(mask): verdicts.at(at).outcome for at, mask in enumerate(some.items)}
