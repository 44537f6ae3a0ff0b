"""The backbone of a set of circuits: the edges and hidden neurons that every circuit of the set has.

The edges of a network fall into three parts: those in every circuit of the set (the backbone), those in some, and those
in none. How often each edge is used tells which is which, so the backbone of all valid circuits is known exactly also
where they were counted without listing them (:class:`~analysis.circuits.distribution.CircuitDistribution`).

Where only a sample of the circuits is known, what is in some but not all of the sampled ones is certainly optional.
What is in all or none of them may still be optional.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.circuit_sets.chance import Coverage
from analysis.circuits.distribution import CircuitDistribution


@dataclass(frozen=True)
class Backbone:
    """What a set of circuits has in common.

    Args:
        of: circuits looked at, at least 1.
        edges: mask of the edges that every one of them keeps.
        never: mask of the edges that none of them keeps.
        edge_use: for each edge in mask order, how many of them keep it.
        neuron_use: for each hidden layer and neuron, in how many of them it is active.
        coverage: which circuits were looked at.
    """

    of: int
    edges: int
    never: int
    edge_use: tuple[int, ...]
    neuron_use: tuple[tuple[int, ...], ...]
    coverage: Coverage

    @property
    def exact(self) -> bool:
        """Whether the three parts are those of the whole set."""
        return self.coverage == "all"

    @property
    def n_edges(self) -> int:
        """Edges in every circuit."""
        return self.edges.bit_count()

    @property
    def n_never(self) -> int:
        """Edges in no circuit."""
        return self.never.bit_count()

    @property
    def n_optional(self) -> int:
        """Edges in some circuits but not in all."""
        return len(self.edge_use) - self.n_edges - self.n_never


def backbone_of(distribution: CircuitDistribution, coverage: Coverage) -> Backbone | None:
    """The backbone of the circuits that a distribution is of; None where it is of none.

    Args:
        distribution: how often each edge and neuron is used.
        coverage: which circuits it was made from.
    """
    of = distribution.of
    if not of:
        return None
    return Backbone(
        of,
        sum(1 << edge for edge, use in enumerate(distribution.edge_use) if use == of),
        sum(1 << edge for edge, use in enumerate(distribution.edge_use) if use == 0),
        distribution.edge_use,
        distribution.neuron_use,
        coverage,
    )


def backbone_words(backbone: Backbone, part: str = "edge") -> str:
    """The three parts of a network's edges, or what else masks name, in one sentence: no more than was looked at."""
    shared, some = _many(backbone.n_edges, part), _many(backbone.n_optional, part)
    some += f" {'is' if backbone.n_optional == 1 else 'are'} in some of them"
    if backbone.exact and backbone.of == 1:
        return f"The only valid circuit has {shared}."
    if backbone.exact:
        return f"All {backbone.of:,} valid circuits share {shared}, and {some}."
    which = {"sampled": " sampled", "listed": ""}.get(backbone.coverage, " found before the search stopped")
    if backbone.of == 1:
        return f"There is only 1 valid circuit{which}, so what others have in common with it is not known."
    verb = "is" if backbone.n_edges == 1 else "are"
    return f"{shared} {verb} in every one of the {backbone.of:,} valid circuits{which}, and {some}."


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
