"""One reader at a time: of each head, each MLP block and the logits every choice of what it reads, with all else whole.

The circuits of a transformer by the edges of queries, keys and values may be too many to search. Those that cut edges
into one reader alone are few: each is run, so what is counted of them is exact. How many of all circuits are valid is
guaranteed by some drawn uniformly, within the interval of Clopper and Pearson (1934).
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from analysis.circuits.estimating import share_interval
from analysis.errors import BeyondLimits
from analysis.progress import OutOfTime
from analysis.report import Analysed, Exact, Part, Report, Settings
from analysis.subjects.enumeration import are_circuits, most_wrong
from analysis.subjects.graph import Masks
from analysis.subjects.subject import Space, Subject, gaps
from analysis.work import DEFAULT_WORK, Work

MAX_EDGES: Final = 16
"""Edges into one reader whose subsets are all tried."""
MAX_MILLISECONDS: Final = 120_000.0
"""What one reader, or the draws, may be expected to take."""
_MOST_DRAWN, _LEAST_DRAWN, _DRAWING_MILLISECONDS = 2_000, 200, 30_000.0
_MAX_TRIED, _AT_ONCE, _SEED, _CONFIDENCE = 1 << 20, 1 << 12, 0, 0.95


class Reader(Part):
    """Every choice of what one node reads."""

    node: str
    label: str
    edges: dict[str, int] = Field(description="Each edge into it, and how many of the valid choices keep it.")
    choices: int = Field(description="Sets of its edges that are circuits with all other edges kept.")
    valid: int
    smallest: int | None = Field(description="Fewest edges of a valid choice; null where none is valid.")
    left_out: str = Field(description='Why it was left out, all numbers being 0; "" if it was not.')


class OneReaderReport(Report):
    """What each reader may do without, and an estimate of how many circuits are valid."""

    possible: Exact = Field(description="Circuits by the edges of queries, keys and values.")
    readers: list[Reader]
    drawn: int = Field(description="Of them drawn uniformly and independently; 0 where that would take too long.")
    drawn_valid: int
    confidence: float
    interval: tuple[Exact, Exact] = Field(description="Clopper and Pearson's, for how many of them all are valid.")

    @property
    def most(self) -> Reader:
        """The reader with the most choices, the first of several."""
        return max(self.readers, key=lambda one: one.choices)

    def findings(self, question: Any = None) -> list[str]:
        told, most = [], self.most
        if most.choices:
            reads = "the logits read" if most.node == "logits" else f"{most.label} reads"
            valid = f"{most.valid:,} {'is' if most.valid == 1 else 'are'} valid; the smallest keeps {most.smallest}"
            found = f"{valid} of {len(most.edges)} edges" if most.valid else "none is valid"
            told.append(f"Of {most.choices:,} choices of what {reads}, with all else whole, {found}.")
        if left_out := [one.label for one in self.readers if one.left_out]:
            told.append(f"Left out: {', '.join(left_out)}.")
        if self.drawn:
            low, high = (100 * int(end) / int(self.possible) for end in self.interval)
            share = f"{low:.3g}% to {high:.3g}% of all {int(self.possible):,} circuits by query, key and value"
            about = f"{self.drawn:,} drawn uniformly, {self.confidence:.0%} interval"
            told.append(f"An estimate: {share} are valid ({about}).")
        return told


def find(of: Analysed, _: Settings, work: Work = DEFAULT_WORK) -> OneReaderReport:
    """Every choice of each reader by the finest edges, and the estimate.

    Args:
        work: told after each batch; may raise Cancelled. What there is no time for is left out, and that is told.
    """
    model, kind = of.question.subject, of.question.kind
    finest = {name: values[0] for name, values in kind.settings.items() if name == "granularity"}
    space = model.space({**of.question.rules, **finest})
    readers = [list(own) for column in space.graph.readers for own in column]
    told = [_reader(model, space, own, at, len(readers) + 1, work) for at, own in enumerate(readers)]
    drawn, valid = _drawn(model, space, len(readers), work)
    low, high = (end * space.possible for end in share_interval(valid, drawn, _CONFIDENCE)) if drawn else (0, 1)
    ends = (floor(low), ceil(high) if drawn else space.possible)
    return OneReaderReport(
        possible=space.possible, readers=told, drawn=drawn, drawn_valid=valid, confidence=_CONFIDENCE, interval=ends
    )


def _reader(model: Subject, space: Space, own: list[int], at: int, of: int, work: Work) -> Reader:
    """Every choice among the edges into one reader."""
    graph, n = space.graph, 1 << len(own)
    node = graph.nodes[graph.edges[own[0]].target]
    after = sum(graph.nodes[other].layer > node.layer for other in graph.removable)  # a choice changes these, too
    milliseconds = n * space.run_milliseconds * (1 + after) / len(graph.removable)
    masks, left_out = np.ones((0, graph.n_bits), dtype=np.bool_), f"{n:,} sets of its edges are too many to try"
    if len(own) <= MAX_EDGES and milliseconds <= MAX_MILLISECONDS:
        masks, left_out = np.ones((n, graph.n_bits), dtype=np.bool_), ""
        masks[:, own] = np.arange(n)[:, None] >> np.arange(len(own)) & 1
        masks = masks[are_circuits(space, masks)]
    try:
        valid = masks[_valid(model, space, masks, at, of, work)][:, own]
    except OutOfTime:
        masks, valid, left_out = masks[:0], masks[:0, own], "the time was up"
    return Reader(
        node=node.name,
        label=node.label,
        edges=dict(zip((graph.edge_names[bit] for bit in own), valid.sum(axis=0).tolist(), strict=True)),
        choices=len(masks),
        valid=len(valid),
        smallest=int(valid.sum(axis=1).min()) if len(valid) else None,
        left_out=left_out,
    )


def _valid(model: Subject, space: Space, masks: Masks, at: int, of: int, work: Work) -> NDArray[np.bool_]:
    """Which of some circuits are right on enough rows."""
    found = np.zeros(len(masks), dtype=np.bool_)
    for start in range(0, len(masks), space.batch):
        work.tell("readers", at, of, f"{start:,} of {len(masks):,} circuits")
        part = slice(start, start + space.batch)
        found[part] = (gaps(space.run(masks[part]), model.answers) <= 0).sum(axis=1) <= most_wrong(model)
    return found


def _drawn(model: Subject, space: Space, at: int, work: Work) -> tuple[int, int]:
    """How many circuits were drawn uniformly, and how many of them are valid; none where that takes too long."""
    n_bits, n = space.graph.n_bits, int(_DRAWING_MILLISECONDS / space.run_milliseconds)
    n = min(max(n, _LEAST_DRAWN), _MOST_DRAWN)
    try:
        branches = space.branches()
    except BeyondLimits:  # a node has too many edges to list the sets of them: each edge by itself
        branches = tuple(np.arange(n_bits) == np.array([[-1], [bit]]) for bit in range(n_bits))
    draws, circuits, tried = np.random.default_rng(_SEED), np.zeros((0, n_bits), dtype=np.bool_), 0
    try:
        while len(circuits) < n and tried < _MAX_TRIED and n * space.run_milliseconds <= MAX_MILLISECONDS:
            work.check()
            masks = np.logical_or.reduce([one[draws.integers(len(one), size=_AT_ONCE)] for one in branches])
            circuits = np.concatenate([circuits, masks[are_circuits(space, masks)]])[:n]
            tried += _AT_ONCE
        return len(circuits), int(_valid(model, space, circuits, at, at + 1, work).sum())
    except OutOfTime:
        return 0, 0
