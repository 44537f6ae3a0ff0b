"""The backbone of a set of circuits: the edges and hidden neurons that every circuit of the set has.

The edges of a network fall into three parts: those in every circuit of the set (the backbone), those in some, and those
in none. How often each edge is used decides its part, so the backbone of all valid circuits is known exactly also
where they were counted without listing them (:class:`~pluriscope.analysis.circuits.distribution.CircuitDistribution`).

Where only a sample of the circuits is known, what is in some but not all of the sampled ones is certainly optional.
What is in all or none of them may still be optional, unless a solver proved that it is not
(:func:`pluriscope_large.formulas.searching.find_edge_use`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pluriscope.analysis.circuits.distribution import CircuitDistribution
from pluriscope.analysis.circuits.result import CircuitSearch, EdgeUse


@dataclass(frozen=True)
class Backbone:
    """The edges and neurons that the circuits of a set have in common.

    Args:
        of: circuits looked at, at least 1.
        edges: mask of the edges that every one of them keeps.
        never: mask of the edges that none of them keeps.
        edge_use: for each edge in mask order, how many of them keep it.
        neuron_use: for each hidden layer and neuron, in how many of them it is active.
        exact: whether the three parts are those of all valid circuits.
    """

    of: int
    edges: int
    never: int
    edge_use: tuple[int, ...]
    neuron_use: tuple[tuple[int, ...], ...]
    exact: bool

    @property
    def n_edges(self) -> int:
        """Edges in every circuit."""
        return self.edges.bit_count()


def backbone_of(search: CircuitSearch) -> Backbone | None:
    """The backbone of the valid circuits that a search looked at, or of all where that was proved; None of none."""
    if search.method == "none":
        return None
    return backbone_in(search.distribution, search.edge_use, exact=search.counted)


def backbone_in(
    distribution: CircuitDistribution, proved: EdgeUse | None = None, *, exact: bool = True
) -> Backbone | None:
    """The backbone of the circuits that a distribution is of; None where it is of none.

    Args:
        distribution: how often each edge and neuron is used.
        proved: what holds of all valid ones; None where that was not proved.
        exact: whether it is of all that are meant.
    """
    of = distribution.of
    if not of:
        return None
    return Backbone(
        of,
        proved.always if proved else sum(1 << edge for edge, use in enumerate(distribution.edge_use) if use == of),
        proved.never if proved else sum(1 << edge for edge, use in enumerate(distribution.edge_use) if use == 0),
        distribution.edge_use,
        distribution.neuron_use,
        exact or proved is not None,
    )
