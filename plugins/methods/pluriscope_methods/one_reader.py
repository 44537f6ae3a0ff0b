"""Search one reader at a time: every choice of what a head, an MLP block or the logits read, with all else whole.

The circuits of a transformer by the edges of queries, keys and values may be too many to search. Those that cut edges
into one reader alone are few: each is run, so what is counted of them is exact. How many of all circuits are valid is
known from draws by size (:mod:`pluriscope.analysis.circuit_sets.strata`).
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.circuit_sets.strata import FIRST_ROUND, StrataCount, count_by_strata
from pluriscope.analysis.methods.report import Analysed, Exact, Part, Report, Settings
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.enumeration import are_circuits
from pluriscope.analysis.subjects.graph import Masks
from pluriscope.analysis.subjects.question import GraphQuestion, SubjectQuestion

MAX_EDGES: Final = 16
"""Edges into one reader whose subsets are all tried."""
MAX_MILLISECONDS: Final = 120_000.0
"""What one reader, or the draws, may be expected to take."""
_MOST_DRAWN, _DRAWING_MILLISECONDS = 2 * FIRST_ROUND, 30_000.0


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
    """Report of what each reader may do without, and how many circuits are valid."""

    possible: Exact = Field(description="Circuits by the edges of queries, keys and values.")
    readers: list[Reader]
    drawn: int = Field(description="Of them drawn by size; 0 where that would take too long.")
    drawn_valid: int
    confidence: float
    interval: tuple[Exact, Exact] = Field(description="How many of them all are valid, with this confidence.")
    why: str = Field("", description='Why the interval is not enough to say; "" where it is.')

    @property
    def most(self) -> Reader:
        """The reader with the most choices, the first of several."""
        return max(self.readers, key=lambda one: one.choices)

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        sentences, most = [], self.most
        if most.choices:
            reads = "the logits read" if most.node == "logits" else f"{most.label} reads"
            valid = f"{most.valid:,} {'is' if most.valid == 1 else 'are'} valid; the smallest keeps {most.smallest}"
            found = f"{valid} of {len(most.edges)} edges" if most.valid else "none is valid"
            sentences.append(f"Of {most.choices:,} choices of what {reads}, with all else whole, {found}.")
        if left_out := [one.label for one in self.readers if one.left_out]:
            sentences.append(f"Left out: {', '.join(left_out)}.")
        if self.drawn:
            low, high = (100 * int(end) / int(self.possible) for end in self.interval)
            share = f"{low:.3g}% to {high:.3g}% of all {int(self.possible):,} circuits by query, key and value"
            sentences.append(
                f"Guaranteed with {self.confidence:.0%} confidence: {share} are valid ({self.drawn:,} drawn)."
            )
            sentences += [self.why] if self.why else []
        return sentences


def find(of: Analysed[GraphQuestion], _: Settings, work: Work = DEFAULT_WORK) -> OneReaderReport:
    """Try every choice of each reader by the finest edges, and estimate the number of valid circuits.

    Args:
        work: gets the progress after each batch; may raise Cancelled. What there is no time for is left out and named.
    """
    question = _finest(of.question)
    space, readers = question.space, _readers(question)
    found = [_reader(question, own, at, len(readers) + 1, work) for at, own in enumerate(readers)]
    count = _counted(question, work)
    return OneReaderReport(
        possible=space.possible,
        readers=found,
        drawn=count.drawn if count else 0,
        drawn_valid=count.valid if count else 0,
        confidence=count.confidence if count else 1.0,
        interval=(count.low, count.high) if count else (0, space.possible),
        why=count.why if count else "",
    )


def milliseconds_of(of: GraphQuestion) -> float:
    """About how long it takes to find the report."""
    question = _finest(of)
    each = [_milliseconds(question, own) for own in _readers(question)]
    milliseconds, n_drawn = question.space.run_milliseconds, _most_drawn(question)
    return sum(one for one in each if one <= MAX_MILLISECONDS) + n_drawn * milliseconds


def _finest(question: GraphQuestion) -> GraphQuestion:
    """The question about the finest edges."""
    settings = question.kind.settings
    finest = {name: values[0] for name, values in settings.items() if name == "granularity"}
    return replace(question, rules={**question.rules, **finest})


def _readers(question: GraphQuestion) -> list[list[int]]:
    """The edges into each reader."""
    return [list(own) for column in question.space.graph.readers for own in column]


def _milliseconds(question: GraphQuestion, own: list[int]) -> float:
    """About how long every choice among the edges into one reader takes; infinite where they are too many."""
    graph, n = question.graph, 1 << len(own)
    layer = graph.nodes[graph.edges[own[0]].target].layer
    after = sum(graph.nodes[other].layer > layer for other in graph.removable)  # a choice changes these, too
    each = question.space.run_milliseconds * (1 + after) / len(graph.removable)
    return n * each if len(own) <= MAX_EDGES else inf


def _reader(question: GraphQuestion, own: list[int], at: int, of: int, work: Work) -> Reader:
    """Try every choice among the edges into one reader."""
    space, graph, n = question.space, question.graph, 1 << len(own)
    node = graph.nodes[graph.edges[own[0]].target]
    masks, left_out = np.ones((0, graph.n_bits), dtype=np.bool_), f"{n:,} sets of its edges are too many to try"
    if _milliseconds(question, own) <= MAX_MILLISECONDS:
        masks, left_out = np.ones((n, graph.n_bits), dtype=np.bool_), ""
        masks[:, own] = np.arange(n)[:, None] >> np.arange(len(own)) & 1
        masks = masks[are_circuits(space, masks)]
    try:
        valid = masks[_valid(question, masks, at, of, work)][:, own]
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


def _valid(question: GraphQuestion, masks: Masks, at: int, of: int, work: Work) -> NDArray[np.bool_]:
    """Test which circuits are right on enough rows."""
    found, batch = np.zeros(len(masks), dtype=np.bool_), question.space.batch
    for start in range(0, len(masks), batch):
        work.report_step("readers", at, of, f"{start:,} of {len(masks):,} circuits")
        part = slice(start, start + batch)
        found[part] = question.are_valid(masks[part])
    return found


def _counted(question: GraphQuestion, work: Work) -> StrataCount | None:
    """Count the valid circuits; None where that takes too long."""
    most = _most_drawn(question)
    return count_by_strata(question, replace(work, ended={}), most=most) if most else None


def _most_drawn(question: GraphQuestion) -> int:
    """How many circuits are drawn at most; 0 where that takes too long."""
    milliseconds = question.space.run_milliseconds
    if FIRST_ROUND * milliseconds > MAX_MILLISECONDS or question.space.possible_by_bits is None:
        return 0
    return max(FIRST_ROUND, min(int(_DRAWING_MILLISECONDS / milliseconds), _MOST_DRAWN))
