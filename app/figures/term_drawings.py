"""A small drawing for each of the terms that the glossary begins with, made by the builders of every other page.

The numbers are those of the pretrained XOR network (MIT, © 2025 Maxime Méloux) and of one valid circuit of it, 2b0cf,
with one of its interpretations and the alignment of its first algorithm, rounded to two decimals.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from markupsafe import Markup

from analysis.algorithms.high_level_model import HighLevelModel, Node
from analysis.alignments.alignment import Alignment
from analysis.interventions.neuron_set import NeuronSet
from app.figures.svg import (
    Threshold,
    Tile,
    alignment_tiles,
    circuit_thumb,
    formula_tree,
    interchange_heat,
    number_line,
    truth_tile,
)

WEIGHTS: Final = (
    ((1.05, 1.05), (0.85, 0.97), (0.66, 0.21)),
    ((-1.37, 0.98, 0.24), (1.66, -0.21, -0.08), (-0.81, 0.63, 0.22)),
    ((0.91, -0.80, 0.71),),
)
MASK: Final = "2b0cf"
_A, _B = Node("input", input=0), Node("input", input=1)
_BOTH, _NONE = Node("and", (_A, _B)), Node("and", (Node("not", (_A,)), Node("not", (_B,))))
ALGORITHM: Final = HighLevelModel("and_inverter", 2, Node("and", (Node("not", (_BOTH,)), Node("not", (_NONE,)))))
_INPUTS: Final = ("00", "01", "10", "11")
_XOR, _AND, _OR = (0, 1, 1, 0), (0, 0, 0, 1), (0, 1, 1, 1)
_READ: Final = (
    Tile(1, 0, _AND, "A ∧ B"),
    Tile(1, 1, _OR, "A ∨ B"),
    Tile(2, 0, _XOR, "A ⊕ B"),
    Tile(2, 2, _XOR, "A ⊕ B"),
)
_PLACED: Final = Alignment.of(ALGORITHM.text, {"0": NeuronSet(1, (0,)), "1": NeuronSet(1, (1,))})
_OUTPUT: Final = (0.0, 1.04, 1.05, 0.0)
_OUTPUT_OF_CIRCUIT: Final = (0.0, 0.79, 0.63, 0.0)
_HIDDEN: Final = (-0.01, 0.09, 0.09, 1.14)
_LINE: Final = 260.0
_EDGE: Final = Threshold(0.5, "edge", _XOR)
_SWAPPED: Final = ((0.0, 1.23, 1.23, 2.6), (0.0, 1.04, 1.05, 2.42), (0.0, 1.04, 1.05, 2.42), (-0.02, -0.01, -0.01, 0.0))
_OF_DIFFERENT: Final = tuple(tuple(source != base for base in range(4)) for source in range(4))


@lru_cache(maxsize=1)
def term_drawings() -> Mapping[str, Markup]:
    """The drawings by anchor of their term, in the order in which the terms are best read."""
    agreed = [[True] * 4] * 4
    return {
        "network": circuit_thumb(WEIGHTS, title="A network"),
        "task": truth_tile(_XOR, 30),
        "circuit": circuit_thumb(WEIGHTS, MASK, title="A circuit of it"),
        "valid": number_line(_OUTPUT_OF_CIRCUIT, _INPUTS, (_EDGE,), title="Outputs of that circuit", width=_LINE),
        "margin": number_line(_OUTPUT, _INPUTS, (_EDGE,), title="Outputs of the network", width=_LINE),
        "interpretation": circuit_thumb(WEIGHTS, MASK, _READ, title="An interpretation of that circuit"),
        "cut": number_line(_HIDDEN, _INPUTS, (Threshold(0.62, "cut", _AND),), title="Activations of n1.0", width=_LINE),
        "gate": truth_tile(_AND, 30),
        "algorithm": formula_tree(ALGORITHM, title="An algorithm for XOR"),
        "variable": truth_tile(_OR, 30),
        "alignment": circuit_thumb(
            WEIGHTS, None, alignment_tiles(ALGORITHM, _PLACED), title="An alignment of that algorithm"
        ),
        "interchange-intervention": interchange_heat(
            _SWAPPED, agreed, _OF_DIFFERENT, _INPUTS, title="A ∧ B interchanged on n1.0"
        ),
    }
