"""The planted circuit of a model under one set of rules, and an answer beside a planted circuit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pluriscope.analysis.planted.record import PlantedRecord
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.made import Made
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout
from pluriscope.analysis.subjects.planted_edges import PlantedEdges

Recovery = Literal["recovered", "contains", "inside", "another", "invalid", "planted-invalid"]
"""What an answer is beside the planted circuit:

recovered        the planted circuit, which is valid
contains         valid, the planted circuit and more
inside           valid, a part of the planted circuit
another          valid, and neither of these
invalid          not valid
planted-invalid  the planted circuit, which is not valid
"""


@dataclass(frozen=True)
class PlantedCircuit:
    """A planted circuit, with its bits under one set of rules as edges."""

    circuit: Circuit
    program: str
    made: tuple[Made, ...]

    @classmethod
    def of(cls, planted: PlantedEdges, graph: Graph) -> PlantedCircuit:
        """The planted circuit as the bits of a graph."""
        return cls(Circuit(EdgeLayout((graph.n_bits, 1)), planted.mask(graph)), planted.program, planted.made)


PlantedExplanation = PlantedRecord | PlantedCircuit
"""What was planted, as analyses of one question have it."""


def recovery_of(mask: int, planted: int, *, valid: bool) -> Recovery:
    """Compare an answer with the planted circuit, in a word.

    Args:
        mask: the answer's circuit.
        planted: the planted circuit.
        valid: whether the answer is valid.
    """
    if mask == planted:
        return "recovered" if valid else "planted-invalid"
    if not valid:
        return "invalid"
    if mask & planted == planted:
        return "contains"
    return "inside" if mask & planted == mask else "another"
