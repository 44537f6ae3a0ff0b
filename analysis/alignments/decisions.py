"""Decisions of a network when its neuron sets are interchanged, as a table that searches can index."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.alignments.iia import tested_pairs
from pluriscope.analysis.alignments.sites import SiteTable, neuron_sites
from pluriscope.analysis.interventions.interchange import interchange_outputs
from pluriscope.analysis.questions.decisions import NEITHER, decide, margin_to_edge
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question

_CELLS = 4_000_000  # outputs held at once


@dataclass(frozen=True, eq=False)
class SiteDecisions:
    """Every interchange that a protocol tests, on every site.

    Args:
        tested: ``[source, base]`` which pairs are tested.
        decisions: ``[sites, tested pairs]`` 0, 1 or −1, pairs row by row.
        margins: ``[sites]`` smallest distance of an output from the decision's edge, inf if nothing is tested.
    """

    table: SiteTable
    tested: NDArray[np.bool_]
    decisions: NDArray[np.int8]
    margins: NDArray[np.float64]

    @property
    def n_inputs(self) -> int:
        return len(self.tested).bit_length() - 1

    @property
    def n_pairs(self) -> int:
        return int(self.tested.sum())

    @cached_property
    def tested_bits(self) -> NDArray[np.uint64]:
        """The tested bases of each source as a bit set, base 0 least significant, ``[source]``."""
        return _packed(self.tested)

    @cached_property
    def decided_bits(self) -> NDArray[np.uint64]:
        """The tested bases on which the network decides 1, ``[sites, source]``."""
        whole = np.zeros((len(self.decisions), *self.tested.shape), dtype=bool)
        whole[:, self.tested] = self.decisions == 1
        return _packed(whole)

    @cached_property
    def always_decided(self) -> NDArray[np.bool_]:
        """Whether every tested pair is decided 0 or 1, ``[sites]``."""
        always: NDArray[np.bool_] = (self.decisions != NEITHER).all(axis=1)
        return always


def site_decisions(question: Question, work: Work = DEFAULT_WORK) -> SiteDecisions:
    """Interchange every neuron set, once.

    Args:
        work: may end between two tables.

    Raises:
        OutOfTime: the time is up.
        BeyondLimits: too many hidden neurons or neuron sets.
    """
    network, protocol = question.network, question.protocol
    table = neuron_sites(network.hidden_sizes, protocol.alignment_sites)
    tested = tested_pairs(network.n_inputs, protocol.interchange_pairs)
    rule, rows = protocol.alignment_decision, question.data.clean_rows
    decisions = np.empty((len(table.sites), int(tested.sum())), dtype=np.int8)
    margins = np.empty(len(table.sites))
    step = max(1, _CELLS // tested.size)
    for start in range(0, len(table.sites), step):
        work.check()
        part = slice(start, start + step)
        outputs = interchange_outputs(network, table.sites[part], rows)[:, tested]
        decisions[part] = decide(outputs, rule)
        margins[part] = margin_to_edge(outputs, rule).min(axis=1, initial=np.inf)
    return SiteDecisions(table, tested, decisions, margins)


def _packed(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Bit sets along the last axis of at most 64, first least significant."""
    values = np.left_shift(np.uint64(1), np.arange(bits.shape[-1], dtype=np.uint64))
    packed: NDArray[np.uint64] = (bits * values).sum(axis=-1, dtype=np.uint64)
    return packed
